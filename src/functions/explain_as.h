/*
 * explain_as.h
 *		An explanation as JSON, and as text that says the same.
 */
#ifndef RESTATE_EXPLAIN_AS_H
#define RESTATE_EXPLAIN_AS_H

#include "postgres.h"

#include "admin/explain.h"

extern char *explain_as_json(const Explanation *explanation);
extern char *explain_as_text(const Explanation *explanation);

/* shared by both */
extern const char *explain_duration(int64 us);
extern TimestampTz explain_until(int64 until);
extern const char *explain_awakeable(const Explanation *explanation, const Wait *wait);

#endif /* RESTATE_EXPLAIN_AS_H */
