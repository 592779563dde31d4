/*
 * arrow_type.h
 *		Which of Arrow's types a column of a query gets.
 *
 * Restate's own server declares its columns, some of them unsigned, which no
 * type of the server here is.  A column that a query takes from a view as it
 * is, through subqueries too, is known by the view's column, and gets the type
 * that Restate gives the column of that name; any other goes by its type.
 */
#ifndef RESTATE_GATEWAY_ARROW_TYPE_H
#define RESTATE_GATEWAY_ARROW_TYPE_H

#include <libpq-fe.h>
#include <stdbool.h>

typedef enum ArrowType
{
	ARROW_BOOL,
	ARROW_INT64,
	ARROW_UINT64,
	ARROW_UINT32,
	ARROW_FLOAT32,
	ARROW_FLOAT64,
	ARROW_TEXT,		  /* LargeUtf8 */
	ARROW_BYTES,	  /* LargeBinary */
	ARROW_DATE,		  /* days, of 32 bits */
	ARROW_TIME,		  /* Timestamp of milliseconds without a zone */
	ARROW_TIME_ZONED, /* the same in UTC */
	ARROW_DURATION,	  /* of milliseconds */
	ARROW_LIST
} ArrowType;

/* Columns of views that are unsigned. */
typedef struct ArrowOrigin
{
	Oid view;
	int column;
	ArrowType type; /* of the elements, where it is an array */
} ArrowOrigin;

typedef struct ArrowOrigins
{
	ArrowOrigin *list;
	int count;
} ArrowOrigins;

/* The statement that returns them, for arrow_origins_take. */
extern const char arrow_origins_sql[];

/* Takes the result of that statement; returns false where memory has run out. */
extern bool arrow_origins_take(ArrowOrigins *origins, const PGresult *result);
extern void arrow_origins_free(ArrowOrigins *origins);

/* Returns the type of a column of the result that is described; item is a list's elements'. */
extern ArrowType arrow_type_of(const ArrowOrigins *origins, const PGresult *description, int column,
							   ArrowType *item);

#endif /* RESTATE_GATEWAY_ARROW_TYPE_H */
