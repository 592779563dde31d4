/*
 * family.h
 *		The trees that an invocation is in: of restarts, and of calls.
 */
#ifndef RESTATE_FAMILY_H
#define RESTATE_FAMILY_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/answers.h"
#include "types/outcome.h"

/* how many invocations of a tree are looked for */
#define FAMILY_MAX 1000

typedef enum Kinship
{
	RELATION_SELF,
	RELATION_CALLER,
	RELATION_CALL,
	RELATION_SEND,
	RELATION_RESTART
} Kinship;

/* An invocation of a tree. */
typedef struct Relative
{
	RestateInvocationId id;
	struct Relative *parent; /* the original, or the caller; NULL: it is the top */
	List *children;			 /* of Relative */
	int64 depth;			 /* of a restart from the top, of a call from the one asked for */
	Kinship relation;
	const StoreFoundBrief *brief;	  /* NULL: it is gone */
	const char *target;				  /* of one that is gone, as the call has it; or NULL */
	int64 command_index;			  /* of the call in the journal of the caller; -1: not known */
	const StoreFoundAudited *audited; /* the restart, as the audit has it; or NULL */
} Relative;

/* Each returns the tree as a list of Relative, each before its children, or why there is none. */
extern RestateRefusal family_lineage(const RestateInvocationId *id, List **relatives);
extern RestateRefusal family_call_tree(const RestateInvocationId *id, List **relatives);

#endif /* RESTATE_FAMILY_H */
