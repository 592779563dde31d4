/*
 * console.h
 *		The console, a page of ours below /console.
 */
#ifndef RESTATE_GATEWAY_CONSOLE_H
#define RESTATE_GATEWAY_CONSOLE_H

#include "exchange.h"
#include "options.h"

/* Takes what the page must know of how the gateway was started. */
extern void console_configure(const Options *options);

/* Answers with the file of the console that the path names. */
extern void prepare_console(Exchange *exchange);

/* Sends the client to where the console is. */
extern void prepare_console_redirect(Exchange *exchange);

#endif /* RESTATE_GATEWAY_CONSOLE_H */
