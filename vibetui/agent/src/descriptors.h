/* How many descriptors may be open: ours have to suffice for all connections, programs keep theirs. */
#ifndef VIBE_DESCRIPTORS_H
#define VIBE_DESCRIPTORS_H

/* At start: as many as the bounds of agent.h can need, where the system allows. */
void descriptors_raise(void);
/* In a forked child: what the agent was started with. */
void descriptors_restore(void);

#endif
