/*
 * patience.c
 *		Lines of the requests that wait, one for all that are as patient: in each,
 *		who is to be looked for first is the first.
 */
#include "patience.h"

#include "asks.h"
#include "loop.h"

#define HINTED_LEVEL	  0
/* the first two where notifications come, and how patient such a request becomes */
#define FIRST_LEVEL		  1
#define FIRST_TOLD_LEVEL  8
#define LAST_UNTOLD_LEVEL 8

/* for how long a request waits before it is looked for (again), in milliseconds */
static const int patience_ms[] = {0, 10, 20, 40, 80, 160, 320, 640, 1000, 2000, 4000, 8000};

#define LEVELS ((int) (sizeof(patience_ms) / sizeof(*patience_ms)))

typedef struct Line
{
	Ingress *first;
	Ingress *last;
} Line;

static Line lines[LEVELS];
static bool is_told;

static void enter(Ingress *ingress, int level);
static int first_level(void);
static int level_after(int level);

void
patience_told(bool is_told_now)
{
	is_told = is_told_now;
}

void
patience_begin(Ingress *ingress)
{
	enter(ingress, first_level());
}

void
patience_begin_hinted(Ingress *ingress)
{
	enter(ingress, HINTED_LEVEL);
}

void
patience_go_on(Ingress *ingress, bool has_failed)
{
	/* where nothing could be asked, it is not asked at once */
	enter(ingress, has_failed && ingress->level < FIRST_TOLD_LEVEL ? FIRST_TOLD_LEVEL :
																	 ingress->level);
}

void
patience_hint(Ingress *ingress)
{
	/* of one that is asked for, the answer may be from before */
	if (ingress->asked > 0)
		ingress->level = HINTED_LEVEL;
	else
	{
		patience_leave(ingress);
		enter(ingress, HINTED_LEVEL);
	}
}

void
patience_hint_all(void)
{
	for (int level = LEVELS - 1; level > HINTED_LEVEL; level--)
		while (lines[level].first)
			patience_hint(lines[level].first);
}

/*
 * Puts a request at the end of those that are as patient.
 */
static void
enter(Ingress *ingress, int level)
{
	Line *line = &lines[level];

	ingress->level = level;
	ingress->at = loop_now() + (is_told ? poll_ms(patience_ms[level]) : patience_ms[level]);
	ingress->next = NULL;
	ingress->previous = line->last;
	if (line->last)
		line->last->next = ingress;
	else
		line->first = ingress;
	line->last = ingress;
}

void
patience_leave(Ingress *ingress)
{
	Line *line = &lines[ingress->level];

	if (ingress->previous)
		ingress->previous->next = ingress->next;
	else
		line->first = ingress->next;
	if (ingress->next)
		ingress->next->previous = ingress->previous;
	else
		line->last = ingress->previous;
}

int64_t
patience_ends_at(void)
{
	int64_t at = INT64_MAX;

	for (int level = 0; level < LEVELS; level++)
		if (lines[level].first && lines[level].first->at < at)
			at = lines[level].first->at;
	return at;
}

Ingress *
patience_take(int64_t now)
{
	for (int level = 0; level < LEVELS; level++)
	{
		Ingress *ingress = lines[level].first;

		if (ingress == NULL || ingress->at > now)
			continue;
		patience_leave(ingress);
		ingress->level = level_after(level);
		return ingress;
	}
	return NULL;
}

/*
 * Returns the level of a request that nothing is known of.
 */
static int
first_level(void)
{
	return is_told ? FIRST_TOLD_LEVEL : FIRST_LEVEL;
}

/*
 * Returns the level after one at which a request was looked for.
 */
static int
level_after(int level)
{
	int last = is_told ? LEVELS - 1 : LAST_UNTOLD_LEVEL;

	if (level == HINTED_LEVEL)
		return first_level();
	return level < last ? level + 1 : last;
}
