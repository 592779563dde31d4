/*
 * workers.h
 *		The names that this gateway runs attempts under.
 *
 * What a worker is given is taken from it only when its name is no longer heard
 * of.  So where the answer to a claim is lost, what that has claimed is nobody's until
 * its name falls silent: the gateway goes on under another one, and says that the one
 * before lives for as long only as attempts of it run.
 */
#ifndef RESTATE_GATEWAY_WORKERS_H
#define RESTATE_GATEWAY_WORKERS_H

#include <stdbool.h>

#include "buffer.h"

typedef struct Worker
{
	char name[64]; /* letters, digits, dashes and underscores */
	int nattempts;
	bool has_left; /* the database was told that it ends */
	struct Worker *next;
} Worker;

/*
 * Takes a name that no worker had before, one of its own for NULL; returns false where
 * that cannot be done, and the one before stays.
 */
extern bool workers_renew(const char *name);

/* The one that claims. */
extern Worker *workers_current(void);

/* An attempt is its, or is over. */
extern void worker_use(Worker *worker);
extern void worker_release(Worker *worker);

/* Returns one that has not left, or NULL. */
extern Worker *workers_next_to_leave(void);

/* Writes the names as an array. */
extern void workers_list(Buffer *array);

extern void workers_free(void);

#endif /* RESTATE_GATEWAY_WORKERS_H */
