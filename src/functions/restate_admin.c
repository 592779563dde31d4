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
int restate_notify = NOTIFIED_OWNERS;
bool restate_retention = true;
char *restate_reason = NULL;

/* as a yes or no it was before, that is still understood */
static const struct config_enum_entry notified[] = {
	{"off", NOTIFIED_NOBODY, false},
	{"delivery", NOTIFIED_OWNERS, false},
	{"all", NOTIFIED_ALL, false},
	{"on", NOTIFIED_ALL, true},
	{"true", NOTIFIED_ALL, true},
	{"yes", NOTIFIED_ALL, true},
	{"1", NOTIFIED_ALL, true},
	{"false", NOTIFIED_NOBODY, true},
	{"no", NOTIFIED_NOBODY, true},
	{"0", NOTIFIED_NOBODY, true},
	{NULL, 0, false}};

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
	DefineCustomEnumVariable(
		"restate_admin.notify",
		"Whom a commit notifies: the worker of an attempt that another has brought something (delivery), also channel restate_runnable when something becomes ready (all), or nobody (off).",
		"Commits of transactions that notify wait for each other, and such a transaction cannot be prepared.",
		&restate_notify, NOTIFIED_OWNERS, notified, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("restate_admin.retention",
							 "Lets restate_tick() remove what has been kept for as long as it is to be.",
							 NULL, &restate_retention, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("restate_admin.reason",
							   "Why operations are being run, as recorded in restate.audit.",
							   NULL, &restate_reason, "", PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("restate_admin");
}
