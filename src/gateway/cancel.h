/*
 * cancel.h
 *		Asks the server to end what a session runs.
 */
#ifndef RESTATE_GATEWAY_CANCEL_H
#define RESTATE_GATEWAY_CANCEL_H

#include <libpq-fe.h>

/*
 * Returns at once; the request may reach the server later, or not at all.  The
 * session is not to be used for anything else afterwards.
 */
extern void cancel_command(PGconn *connection);

#endif /* RESTATE_GATEWAY_CANCEL_H */
