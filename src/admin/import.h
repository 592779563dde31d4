/*
 * import.h
 *		Invocations that come from elsewhere.
 */
#ifndef RESTATE_IMPORT_H
#define RESTATE_IMPORT_H

#include "postgres.h"

#include "types/id.h"
#include "types/status.h"

/* An invocation that is imported on an exclusive handler. */
typedef struct Imported
{
	RestateInvocationId id;
	Status status;
	const char *service_name;
	const char *service_key;
	int64 place; /* in the inbox, of one that is pending */
} Imported;

extern bool import_take_key(Imported *imported);

#endif /* RESTATE_IMPORT_H */
