/*
 * cluster.h
 *		The name that deployments know this cluster by: that of the database.
 */
#ifndef RESTATE_GATEWAY_CLUSTER_H
#define RESTATE_GATEWAY_CLUSTER_H

/* the header that tells it */
#define CLUSTER_HEADER "x-restate-cluster-name"

/* A session has this database. */
extern void cluster_note(const char *database);

/* Returns the name, or NULL where none is known yet, or none that a header can have. */
extern const char *cluster_name(void);

#endif /* RESTATE_GATEWAY_CLUSTER_H */
