"""Container engines behind one protocol; nothing outside this folder imports `docker`."""
