/*
 * read_only.c
 *		Refuses writes to the views, which only read.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(restate_refuse_write);

/*
 * restate.refuse_write(): the trigger of every view.  Raises the server's own
 * error for a view that cannot be written to, with a hint that names what to
 * call instead: the trigger's first argument on INSERT, the second on UPDATE,
 * the third on DELETE.  Returns never.
 */
Datum
restate_refuse_write(PG_FUNCTION_ARGS)
{
	const TriggerData *fired = (TriggerData *) fcinfo->context;
	const Trigger *trigger;
	const char *done;
	int hint;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("restate.refuse_write() is called by triggers only")));
	trigger = fired->tg_trigger;
	if (TRIGGER_FIRED_BY_INSERT(fired->tg_event))
	{
		done = "insert into";
		hint = 0;
	}
	else if (TRIGGER_FIRED_BY_UPDATE(fired->tg_event))
	{
		done = "update";
		hint = 1;
	}
	else
	{
		done = "delete from";
		hint = 2;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot %s view \"%s\"", done, RelationGetRelationName(fired->tg_relation)),
			 errdetail("The views of restate_admin only read."),
			 hint < trigger->tgnargs ? errhint("%s", trigger->tgargs[hint]) : 0,
			 errtable(fired->tg_relation)));
}
