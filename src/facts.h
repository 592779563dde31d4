/*
 * facts.h
 *		What operations decide on, of an invocation and the deployment asked
 *		for, as one value of a statement's row.
 */
#ifndef RESTATE_FACTS_H
#define RESTATE_FACTS_H

#include "postgres.h"

#include "id.h"
#include "status.h"

typedef struct Facts
{
	Status status;
	bool is_workflow;
	bool is_workflow_run;
	bool is_exclusive;
	bool is_pinned;
	bool keeps_result;
	bool keeps_journal;
	bool pause_requested;
	bool awaits_cancel; /* suspended on the signal to end */
	bool has_caller;
	bool deployment_found; /* the one asked for */
	bool has_service_key;
	int32 protocol_version;
	int32 min_protocol_version; /* of the deployment */
	int32 max_protocol_version;
	int64 journal_size;
	int64 journal_commands_size;
	int64 inbox_sequence_number;
	RestateDeploymentId pinned_deployment_id;
	RestateDeploymentId deployment_id;
	RestateInvocationId caller_id;
	uint32 service_name_length; /* both follow, without an end */
	uint32 service_key_length;
} Facts;

extern void facts_read(Datum value, Facts *facts, char **service_name, char **service_key);

#endif /* RESTATE_FACTS_H */
