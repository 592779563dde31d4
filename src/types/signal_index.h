/*
 * signal_index.h
 *		The signals that have a number: the one that asks a handler to end, and
 *		where those of awakeables begin.  Those between are kept free.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_SIGNAL_INDEX_H
#define RESTATE_SIGNAL_INDEX_H

#define CANCEL_SIGNAL		   1
#define FIRST_AWAKEABLE_SIGNAL 17

#endif /* RESTATE_SIGNAL_INDEX_H */
