/*
 * uri.h
 *		The URI of a deployment, taken apart.
 */
#ifndef RESTATE_GATEWAY_URI_H
#define RESTATE_GATEWAY_URI_H

#include <stdbool.h>

#define URI_MAX_PATH 1024

typedef struct Uri
{
	char host[256]; /* without the brackets of an IPv6 address */
	char port[6];
	bool is_secure;			 /* https */
	char authority[300];	 /* as requests have it */
	char path[URI_MAX_PATH]; /* without a / at its end: what a request is for is appended */
} Uri;

/* Returns NULL, or why it is no URI that can be called. */
extern const char *uri_parse(const char *text, Uri *uri);

#endif /* RESTATE_GATEWAY_URI_H */
