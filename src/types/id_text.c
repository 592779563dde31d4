/*
 * id_text.c
 *		Ids compared with text: the order that holds ids of both kinds and every
 *		text, and the hash that goes with it.
 *
 * A text that is an id stands as that id.  Ids of a kind stand together where
 * the beginning that their texts share stands by its bytes; a text that is no
 * id stands by its own, after the ids if it is that beginning alone.  So it is
 * before all ids of a kind or after all, and equals none.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "types/compat.h"
#include "types/id.h"

/* Where an id or a text stands: by its head, then ids first, then by the id. */
typedef struct Place
{
	const char *head;
	size_t head_len;
	const uint8 *id; /* null for a text that is no id */
	size_t id_len;
	uint8 read[RESTATE_INVOCATION_ID_BYTES]; /* the id that a text is */
	void *detoasted;						 /* to be freed */
} Place;

typedef void (*FindPlace)(Datum value, Place *place);

PG_FUNCTION_INFO_V1(restate_id_text_hash);
PG_FUNCTION_INFO_V1(restate_id_text_hash_extended);

/*
 * Finds the place of an invocation id.
 */
static void
place_invocation_id(Datum value, Place *place)
{
	place->head = RESTATE_INVOCATION_ID_HEAD;
	place->head_len = strlen(RESTATE_INVOCATION_ID_HEAD);
	place->id = DatumGetInvocationId(value)->data;
	place->id_len = RESTATE_INVOCATION_ID_BYTES;
	place->detoasted = NULL;
}

/*
 * Finds the place of a deployment id.
 */
static void
place_deployment_id(Datum value, Place *place)
{
	place->head = RESTATE_DEPLOYMENT_ID_HEAD;
	place->head_len = strlen(RESTATE_DEPLOYMENT_ID_HEAD);
	place->id = DatumGetDeploymentId(value)->data;
	place->id_len = RESTATE_DEPLOYMENT_ID_BYTES;
	place->detoasted = NULL;
}

/*
 * Finds the place of a text.
 */
static void
place_text(Datum value, Place *place)
{
	text *plain = DatumGetTextPP(value);
	const char *data = VARDATA_ANY(plain);
	size_t len = VARSIZE_ANY_EXHDR(plain);

	/* the length alone tells most texts from ids */
	if (len == RESTATE_INVOCATION_ID_CHARS &&
		restate_decode_invocation_id(data, len, place->read) == RESTATE_ID_OK)
		place_invocation_id(PointerGetDatum(place->read), place);
	else if (len == RESTATE_DEPLOYMENT_ID_CHARS &&
			 restate_decode_deployment_id(data, len, place->read) == RESTATE_ID_OK)
		place_deployment_id(PointerGetDatum(place->read), place);
	else
	{
		place->head = data;
		place->head_len = len;
		place->id = NULL;
		place->id_len = 0;
	}
	place->detoasted = PointerGetDatum(plain) == value ? NULL : plain;
}

/*
 * Lets go of what finding the place took: an index compares very often.
 */
static void
leave_place(Place *place)
{
	if (place->detoasted != NULL)
		pfree(place->detoasted);
}

/*
 * Compares two places.  Returns a number below, at or above 0.
 */
static int
compare_places(const Place *a, const Place *b)
{
	int order = memcmp(a->head, b->head, Min(a->head_len, b->head_len));

	if (order != 0)
		return order;
	if (a->head_len != b->head_len)
		return a->head_len < b->head_len ? -1 : 1;
	if (a->id == NULL || b->id == NULL)
		return (a->id == NULL) - (b->id == NULL);
	return memcmp(a->id, b->id, a->id_len);
}

/*
 * Compares the two arguments of a function, each of the kind that its finder
 * takes.  Returns a number below, at or above 0.
 */
static int
compare_arguments(FunctionCallInfo fcinfo, FindPlace find_left, FindPlace find_right)
{
	Place left;
	Place right;
	int order;

	find_left(PG_GETARG_DATUM(0), &left);
	find_right(PG_GETARG_DATUM(1), &right);
	order = compare_places(&left, &right);
	leave_place(&left);
	leave_place(&right);
	return order;
}

/*
 * Returns the hash of a text: that of the id that it is, as the id's type
 * hashes it, or of its bytes.
 */
Datum
restate_id_text_hash(PG_FUNCTION_ARGS)
{
	Place place;
	Datum hash;

	place_text(PG_GETARG_DATUM(0), &place);
	hash = place.id != NULL ? hash_any(place.id, (int) place.id_len) :
							  hash_any((const unsigned char *) place.head, (int) place.head_len);
	leave_place(&place);
	return hash;
}

/*
 * Returns the 64-bit hash of a text with the seed given, likewise.
 */
Datum
restate_id_text_hash_extended(PG_FUNCTION_ARGS)
{
	uint64 seed = (uint64) PG_GETARG_INT64(1);
	Place place;
	Datum hash;

	place_text(PG_GETARG_DATUM(0), &place);
	hash = place.id != NULL ?
			   hash_any_extended(place.id, (int) place.id_len, seed) :
			   hash_any_extended((const unsigned char *) place.head, (int) place.head_len, seed);
	leave_place(&place);
	return hash;
}

/*
 * Defines the function behind one comparison operator.
 */
#define COMPARISON(function, find_left, find_right, op)                        \
	PG_FUNCTION_INFO_V1(function);                                             \
	Datum function(PG_FUNCTION_ARGS)                                           \
	{                                                                          \
		PG_RETURN_BOOL(compare_arguments(fcinfo, find_left, find_right) op 0); \
	}                                                                          \
	extern Datum function(PG_FUNCTION_ARGS)

/*
 * Defines the functions behind all comparison operators of two types, and the
 * one for their btree.  Each is named by what stands before and after the
 * comparison's name.
 */
#define COMPARISONS(before, after, find_left, find_right)                  \
	COMPARISON(before##lt##after, find_left, find_right, <);               \
	COMPARISON(before##le##after, find_left, find_right, <=);              \
	COMPARISON(before##eq##after, find_left, find_right, ==);              \
	COMPARISON(before##ne##after, find_left, find_right, !=);              \
	COMPARISON(before##ge##after, find_left, find_right, >=);              \
	COMPARISON(before##gt##after, find_left, find_right, >);               \
	PG_FUNCTION_INFO_V1(before##cmp##after);                               \
	Datum before##cmp##after(PG_FUNCTION_ARGS)                             \
	{                                                                      \
		PG_RETURN_INT32(compare_arguments(fcinfo, find_left, find_right)); \
	}                                                                      \
	extern Datum before##cmp##after(PG_FUNCTION_ARGS)

COMPARISONS(restate_invocation_id_, _text, place_invocation_id, place_text);
COMPARISONS(restate_text_, _invocation_id, place_text, place_invocation_id);
COMPARISONS(restate_deployment_id_, _text, place_deployment_id, place_text);
COMPARISONS(restate_text_, _deployment_id, place_text, place_deployment_id);
COMPARISONS(restate_id_text_, , place_text, place_text);
