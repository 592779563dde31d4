/*
 * session_send.h
 *		What a session does of its own to have a command run.
 */
#ifndef RESTATE_GATEWAY_SESSION_SEND_H
#define RESTATE_GATEWAY_SESSION_SEND_H

#include "session.h"

/* Executes the session's statement by its name. */
extern bool session_send_named(Session *session);

/* Executes it in one step, which no pooler tears apart. */
extern bool session_send_unnamed(Session *session);

/* Whether the server holds it, as far as we know. */
extern bool session_is_prepared(const Session *session);
extern void session_note_prepared(Session *session);

/* Notes that a command was given to libpq, if it was, and sees to its being sent. */
extern bool session_sent(Session *session, SessionCommand command, int ok);

/* Watches the session's socket, which may be another one than before. */
extern bool session_watch(Session *session, uint32_t events);

#endif /* RESTATE_GATEWAY_SESSION_SEND_H */
