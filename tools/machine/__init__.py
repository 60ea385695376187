"""`make setup` and `make clean`: gives this machine an engine and the base image, and takes back
exactly what it gave."""
