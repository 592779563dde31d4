/*
 * media.h
 *		Media types.
 */
#ifndef RESTATE_GATEWAY_MEDIA_H
#define RESTATE_GATEWAY_MEDIA_H

#include <stdbool.h>

/* Returns whether a Content-Type, NULL where there is none, is JSON or built on it. */
extern bool media_is_json(const char *type);

#endif /* RESTATE_GATEWAY_MEDIA_H */
