/* What there is: the terminals, who is attached to each, and how clients arrange them. */
#ifndef VIBE_LISTING_H
#define VIBE_LISTING_H

#include "client.h"

/* As LISTING has it; without `offsets` the heads' are zero, so that two can be compared. */
void listing_write(struct writer *writer, bool offsets);
/* False: the text is too long. */
bool listing_arrange(struct text layout);

#endif
