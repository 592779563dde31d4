/*
 * static.h
 *		The one place that serves files: a directory with a copy of Restate's
 *		web UI, below /ui.
 */
#ifndef RESTATE_GATEWAY_STATIC_H
#define RESTATE_GATEWAY_STATIC_H

#include <stdbool.h>

#include "exchange.h"

/*
 * Takes the directory; NULL: nothing is served.  Returns false, with errno
 * set, where it has no index.html that can be read.
 */
extern bool static_configure(const char *dir);

/* Whether there is a directory. */
extern bool static_is_served(void);

/*
 * Answers with the file that the path names below /ui, and with index.html
 * where it names none: which page that is its script decides.
 */
extern void prepare_ui(Exchange *exchange);

/* Sends the client to where the UI is. */
extern void prepare_ui_redirect(Exchange *exchange);

#endif /* RESTATE_GATEWAY_STATIC_H */
