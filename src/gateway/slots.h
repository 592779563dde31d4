/*
 * slots.h
 *		The sessions of a pool: opened, lent, taken back, closed.
 */
#ifndef RESTATE_GATEWAY_SLOTS_H
#define RESTATE_GATEWAY_SLOTS_H

#include "task.h"

typedef struct Slots Slots;

/* A session, whom it belongs to, and whom it serves. */
typedef struct Slot
{
	Session session;
	Slots *slots;
	Task *task;
	bool has_served;
	bool is_spent;				  /* it serves no other task after this one */
	const char *const *resetting; /* the statement that is being run for it */
	Timer reset;
} Slot;

typedef struct SlotsConfig
{
	const char *name;
	const char *conninfo;
	int size;
	size_t largest_piece; /* of an answer, about; 0: any */
} SlotsConfig;

/* What the sessions tell their owner; but for the first, of one that serves a task. */
typedef struct SlotsEvents
{
	void (*changed)(Slots *slots); /* one is idle now, or may be opened */
	void (*result)(Slot *slot, const PGresult *result);
	void (*ended)(Slot *slot); /* a command */
	void (*lost)(Slot *slot);  /* it is closed */
	void (*overflowed)(Slot *slot);
} SlotsEvents;

struct Slots
{
	SlotsConfig config;
	const SlotsEvents *events;
	void *owner;
	Slot *all;
	Slot **idle; /* a stack: the one used last comes first, its caches are warm */
	int nidle;
	int nopening;
	int nopen;	  /* idle or not */
	int failures; /* to open one, in a row */
	Timer retry;  /* while it is set none is opened */
};

/* Returns false where memory has run out. */
extern bool slots_start(Slots *slots, const SlotsConfig *config, const SlotsEvents *events,
						void *owner);

/* Closes all sessions and frees what there is; those that served are told nothing. */
extern void slots_stop(Slots *slots);

/* Begins to open a session; returns whether there is one that may be opened. */
extern bool slots_open_one(Slots *slots);

/* Returns an idle session, to be given back or closed. */
extern Slot *slots_lend(Slots *slots);

/* Takes a session back that has served, if it can serve again; resets: the task may have left something in it. */
extern void slot_take_back(Slot *slot, bool resets);

/* Closes an open session. */
extern void slot_close(Slot *slot);
extern void slots_close_idle(Slots *slots);

#endif /* RESTATE_GATEWAY_SLOTS_H */
