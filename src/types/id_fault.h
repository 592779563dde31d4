/*
 * id_fault.h
 *		What is wrong with a text that is no id, in words.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_ID_FAULT_H
#define RESTATE_ID_FAULT_H

#include <stddef.h>

/* what every description fits into, its NUL included */
#define RESTATE_ID_FAULT_SIZE 320

extern void restate_describe_invocation_id_fault(const char *text, size_t len, char *fault);
extern void restate_describe_deployment_id_fault(const char *text, size_t len, char *fault);

#endif /* RESTATE_ID_FAULT_H */
