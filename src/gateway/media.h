/*
 * media.h
 *		Media types.
 */
#ifndef RESTATE_GATEWAY_MEDIA_H
#define RESTATE_GATEWAY_MEDIA_H

#include <stdbool.h>

/* Returns whether a Content-Type, NULL where there is none, is JSON or built on it. */
extern bool media_is_json(const char *type);

/* Returns the Content-Type of a file with the name. */
extern const char *media_of_file(const char *name);

#endif /* RESTATE_GATEWAY_MEDIA_H */
