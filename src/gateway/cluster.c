/*
 * cluster.c
 *		Keeps the name of the database.
 */
#include "cluster.h"

#include <stdio.h>
#include <string.h>

static char name[64];

void
cluster_note(const char *database)
{
	name[0] = '\0';
	if (database == NULL || strlen(database) >= sizeof(name))
		return;
	for (const char *c = database; *c; c++)
		if (*c < ' ' || *c > '~')
			return;
	snprintf(name, sizeof(name), "%s", database);
}

const char *
cluster_name(void)
{
	return name[0] ? name : NULL;
}
