/*
 * zero_pages.h
 *		Memory that holds nothing, given back to the system.
 */
#ifndef RESTATE_GATEWAY_ZERO_PAGES_H
#define RESTATE_GATEWAY_ZERO_PAGES_H

#include <stddef.h>

/*
 * Gives back the pages of a region that hold nothing but zeros, and reads as it
 * did before; does nothing where the region is not ours alone, or not there.
 */
extern void zero_pages_give_back(const char *start, size_t size);

#endif /* RESTATE_GATEWAY_ZERO_PAGES_H */
