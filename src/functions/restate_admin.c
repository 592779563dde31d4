/*
 * restate_admin.c
 *		The module: its magic, its version and its configuration parameters.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "types/compat.h"
#include "types/settings.h"

RESTATE_MODULE_MAGIC("restate_admin", RESTATE_ADMIN_VERSION);

bool restate_audit = true;
bool restate_notify = false;
char *restate_reason = NULL;

void _PG_init(void);

/*
 * Defines the configuration parameters when the library is loaded.
 */
void
_PG_init(void)
{
	DefineCustomBoolVariable("restate_admin.audit",
							 "Writes a row to restate.audit for each operation that took effect.",
							 NULL, &restate_audit, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"restate_admin.notify",
		"Notifies channel restate_runnable when an operation makes an invocation ready.",
		"Commits of transactions that notify wait for each other, and such a transaction cannot be prepared.",
		&restate_notify, false, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("restate_admin.reason",
							   "Why operations are being run, as recorded in restate.audit.",
							   NULL, &restate_reason, "", PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("restate_admin");
}
