"""Real SSH clients, each against one running server and a session in it."""
