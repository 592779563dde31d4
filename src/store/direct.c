/*
 * direct.c
 *		Statements on a few rows, each found by its key, done without the executor: what a
 *		step of an invocation locks and writes, and what submits, starts and completes it.
 *
 * What they do is what their texts in locks.c and work.c say, which run where a table is
 * not plain: see tables.c.
 */
#include "postgres.h"

#include "store/direct.h"

/*
 * Runs the calls as store_execute_whole() does, if that can be done without a statement;
 * returns whether it was.
 */
bool
store_execute_directly(const StoreCall *const *calls, int count, StoreWritten *parts, uint64 *rows)
{
	if (store_is_distributed())
		return false;
	if (parts == NULL)
		return direct_read(calls[0], rows);
	*rows = 0;
	return direct_write(calls, count, parts);
}
