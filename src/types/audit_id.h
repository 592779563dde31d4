/*
 * audit_id.h
 *		The numbers of the audit's rows: ordered by time, made without a counter
 *		that backends or nodes would have to share.
 */
#ifndef RESTATE_AUDIT_ID_H
#define RESTATE_AUDIT_ID_H

#include <stdint.h>

#define RESTATE_NO_AUDIT_ID (-1)

extern int64_t restate_audit_id_after(int64_t last, int64_t microseconds, uint32_t backend,
									  uint64_t server);

#endif /* RESTATE_AUDIT_ID_H */
