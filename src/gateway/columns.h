/*
 * columns.h
 *		The names of a result's columns.
 */
#ifndef RESTATE_GATEWAY_COLUMNS_H
#define RESTATE_GATEWAY_COLUMNS_H

#include <libpq-fe.h>

#include "buffer.h"

/*
 * Returns a name for each column, no two alike: one that has the name of an
 * earlier one gets a number at its end, so that neither is lost to who reads
 * rows as objects.  NULL where memory has run out.
 */
extern Buffer *columns_name(const PGresult *description);

extern void columns_free(Buffer *names, int ncolumns);

#endif /* RESTATE_GATEWAY_COLUMNS_H */
