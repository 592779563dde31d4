/*
 * health.h
 *		Whether the gateway runs, and whether what it needs is there.
 */
#ifndef RESTATE_HTTP_HEALTH_H
#define RESTATE_HTTP_HEALTH_H

#include <libpq-fe.h>

#include "exchange.h"

/* how long it may take to find out */
#define HEALTH_SECONDS 5

/* extension's version, the role, and which operations it may not call */
#define HEALTH_CALL                                                                                                       \
	"SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'restate_admin'), current_user,"              \
	" (SELECT pg_catalog.string_agg(name, ', ') FROM pg_catalog.unnest('{restate_purge_journal, restate_purge_journal_batch," \
	" restate_delete_invocation, restate_restart_as_new, restate_restart_as_new_batch, restate_cancel,"                   \
	" restate_cancel_batch, restate_kill, restate_kill_batch, restate_purge, restate_purge_batch, restate_pause,"         \
	" restate_pause_batch, restate_resume, restate_resume_batch}'::pg_catalog.text[]) AS name"                            \
	" WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = name"                                             \
	" AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"                                                           \
	" AND pg_catalog.has_function_privilege(oid, 'EXECUTE')))"

extern void prepare_live(Exchange *exchange);
extern void answer_health(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_HTTP_HEALTH_H */
