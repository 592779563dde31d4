/*
 * session_send.c
 *		Sends the commands of sessions, and keeps account of prepared statements.
 */
#include "session_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "hash.h"

bool
session_execute(Session *session, const Statement *statement)
{
	char name[STATEMENT_NAME_SIZE];

	session->statement = *statement;
	if (session_is_prepared(session))
		return session_send_named(session);
	if (session->loses_statements || session->nprepared == SESSION_MAX_STATEMENTS)
		return session_send_unnamed(session);
	statement_name(statement->sql, name);
	return session_sent(session, COMMAND_PREPARE,
						PQsendPrepare(session->connection, name, statement->sql, 0, NULL));
}

bool
session_send_named(Session *session)
{
	const Statement *statement = &session->statement;
	char name[STATEMENT_NAME_SIZE];

	statement_name(statement->sql, name);
	return session_sent(session, COMMAND_EXECUTE,
						PQsendQueryPrepared(session->connection, name, statement->nparams,
											statement->params, statement->lengths, statement->formats,
											statement->is_binary));
}

bool
session_send_unnamed(Session *session)
{
	const Statement *statement = &session->statement;

	return session_sent(session, COMMAND_PLAIN,
						PQsendQueryParams(session->connection, statement->sql, statement->nparams, NULL,
										  statement->params, statement->lengths, statement->formats,
										  statement->is_binary));
}

bool
session_execute_both(Session *session, const Statement *first, const Statement *second)
{
	PGconn *connection = session->connection;
	int ok = PQenterPipelineMode(connection);

	session->is_pipeline = session->is_first = ok;
	ok = ok && PQsendQueryParams(connection, first->sql, first->nparams, NULL, first->params, NULL,
								 NULL, 0);
	ok = ok && PQsendQueryParams(connection, second->sql, second->nparams, NULL, second->params,
								 NULL, NULL, 0);
	return session_sent(session, COMMAND_PLAIN, ok && PQpipelineSync(connection));
}

bool
session_run(Session *session, const char *sql)
{
	return session_sent(session, COMMAND_PLAIN, PQsendQuery(session->connection, sql));
}

bool
session_analyse(Session *session, const char *sql)
{
	return session_sent(session, COMMAND_PLAIN, PQsendPrepare(session->connection, "", sql, 0, NULL));
}

bool
session_describe(Session *session)
{
	return session_sent(session, COMMAND_PLAIN, PQsendDescribePrepared(session->connection, ""));
}

bool
session_fetch(Session *session)
{
	int ok = PQsendQueryPrepared(session->connection, "", 0, NULL, NULL, NULL, 0) &&
			 PQsetSingleRowMode(session->connection);

	return session_sent(session, COMMAND_PLAIN, ok);
}

bool
session_is_prepared(const Session *session)
{
	for (int i = 0; i < session->nprepared; i++)
		if (session->prepared[i] == session->statement.sql)
			return true;
	return false;
}

void
session_note_prepared(Session *session)
{
	session->prepared[session->nprepared++] = session->statement.sql;
}

/*
 * Names a statement after its text: whichever session of
 * the server a pooler gives us, and whoever prepared a statement of that name
 * there, it is this one.
 */
void
statement_name(const char *sql, char name[STATEMENT_NAME_SIZE])
{
	snprintf(name, STATEMENT_NAME_SIZE, "restate_%016" PRIx64, hash_of(sql));
}

void
session_forget_statements(Session *session)
{
	session->nprepared = 0;
}

bool
session_sent(Session *session, SessionCommand command, int ok)
{
	int left;

	session->state = SESSION_BUSY;
	session->command = command;
	session->is_missing = false;
	if (!ok)
		return false;
	left = PQflush(session->connection);
	if (left > 0 && !session_watch(session, EPOLLIN | EPOLLOUT))
		left = -1;
	return left >= 0;
}

bool
session_watch(Session *session, uint32_t events)
{
	int fd = PQsocket(session->connection);

	return fd >= 0 && loop_watch(&session->watch, fd, events);
}
