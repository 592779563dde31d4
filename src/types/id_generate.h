/*
 * id_generate.h
 *		Where the bits of a new id come from: clock and chance, or a hash of
 *		what the id stands for.
 */
#ifndef RESTATE_ID_GENERATE_H
#define RESTATE_ID_GENERATE_H

#include "postgres.h"

extern int64 restate_generate_audit_id(void);
extern uint64 restate_random_bits(void);
extern uint64 restate_key_partition(const text *key);

#endif /* RESTATE_ID_GENERATE_H */
