/* The socket's name, whose appearance means "connectable". */
#ifndef VIBE_LISTENER_H
#define VIBE_LISTENER_H

/* A listening socket (non-blocking), or -1 after a complaint. */
int listener_open(const char *path);

#endif
