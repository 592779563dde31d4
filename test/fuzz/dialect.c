/*
 * dialect.c
 *		Fuzzes the rewriting of queries: what is in quotes and comments stays,
 *		all else stays or becomes one of the few things that it may become.
 */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#include "../../src/gateway/dialect.h"
#include "../../src/gateway/sql_scan.h"

/* A way to put any text where nothing in it counts. */
typedef struct Cover
{
	const char *before;
	const char *after;
	const char *doubled; /* of these characters each is written twice */
	const char *dropped; /* and these are left out */
} Cover;

static const Cover covers[] = {{"'", "'", "'", ""}, {"E'", "'", "'\\", ""}, {"\"", "\"", "\"", ""}, {"N'", "'", "'", ""}, {"U&'", "'", "'", ""}, {"U&\"", "\"", "\"", ""}, {"$q$", "$q$", "", "$"}, {"$$", "$$", "", "$"}, {"a -- ", "\n", "", "\n\r"}, {"a /* /* */ ", " */", "", "*"}, {"B'", "'", "'", ""}};

/* How far a text was gone through, and what stood there. */
typedef struct Place
{
	size_t from;
	char last;
} Place;

/* A token, and how much lies before it. */
typedef struct Step
{
	SqlToken token;
	size_t gap;
} Step;

/* what becomes of SHOW TABLES, which is all of a query */
#define SHOWN "SELECT table_catalog::text"

static void try_query(const char *query);
static void try_covered(const char *text, const Cover *cover);
static void try_cast(const char *query);
static Step step(const char *text, Place *place);
static size_t brackets(const char *text);
static bool is_word(const char *text, SqlToken token, const char *word);
static bool is_same(const char *text, SqlToken token, const char *other_text, SqlToken other);
static char *covered(const char *text, const Cover *cover);
static char *joined(const char *a, const char *b, const char *c);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	try_query(text);
	try_cast(text);
	for (size_t i = 0; i < sizeof(covers) / sizeof(covers[0]); i++)
		try_covered(text, &covers[i]);
	free(text);
	return 0;
}

/*
 * What comes out is the query, with one equals sign for two and names behind
 * brackets; it comes out of itself unchanged.
 */
static void
try_query(const char *query)
{
	char *result = dialect_translate(query);
	char *again;
	Place in = {0, 0};
	Place out = {0, 0};
	bool is_doubled = false;

	CHECK(result != NULL);
	again = dialect_translate(result);
	CHECK(again != NULL && strcmp(again, result) == 0);
	free(again);
	if (strncmp(result, SHOWN, strlen(SHOWN)) != 0 || strncmp(query, SHOWN, strlen(SHOWN)) == 0)
		for (;;)
		{
			Step old = step(query, &in);
			Step new = step(result, &out);

			if (is_word(result, new.token, "AS") && !is_word(query, old.token, "AS"))
			{
				/* a name was put behind brackets */
				CHECK(out.last == ')' && new.gap == 1 && result[new.token.start - 1] == ' ');
				new = step(result, &out);
				CHECK(new.gap == 1 && (new.token.kind == SQL_WORD || new.token.kind == SQL_NAME));
				new = step(result, &out);
			}
			if (is_doubled)
			{
				CHECK(new.gap == old.gap + 1 && result[new.token.start - new.gap] == ' ');
				new.gap--;
			}
			CHECK(old.gap == new.gap &&memcmp(query + old.token.start - old.gap, result + new.token.start - new.gap, old.gap) == 0);
			is_doubled = is_word(query, old.token, "==") && is_word(result, new.token, "=");
			CHECK(is_doubled || is_same(query, old.token, result, new.token));
			if (old.token.kind == SQL_END || old.token.kind == SQL_BROKEN)
				break;
		}
	free(result);
}

/*
 * Nothing that is covered changes, and the rest changes as without it.
 */
static void
try_covered(const char *text, const Cover *cover)
{
	char *quoted = covered(text, cover);
	char *query = joined("SELECT ", quoted, " == b FROM (SELECT 1) WHERE a");
	char *expected = joined("SELECT ", quoted, " =  b FROM (SELECT 1) AS \"unnamed subquery 1\" WHERE a");
	char *result = dialect_translate(query);

	CHECK(result != NULL);
	if (strstr(quoted, "unnamed subquery ") == NULL)
		CHECK(strcmp(result, expected) == 0);
	free(result);
	/* a string is cast as a whole */
	if (strcmp(cover->before, "'") == 0 || strcmp(cover->before, "E'") == 0 || strcmp(cover->before, "$$") == 0)
	{
		char *comparison = joined("SELECT ", quoted, " <> b");
		char *cast = dialect_cast_to_text(comparison, strlen("SELECT ") + 1);

		free(comparison);
		free(expected);
		expected = joined("SELECT ", quoted, "::text <> b");
		CHECK(cast != NULL && strcmp(cast, expected) == 0);
		free(cast);
	}
	free(expected);
	free(query);
	free(quoted);
}

/*
 * A cast is put behind strings, and nothing else is touched.
 */
static void
try_cast(const char *query)
{
	for (size_t position = 0; position < 40; position++)
	{
		char *result = dialect_cast_to_text(query, position);
		Place in = {0, 0};
		Place out = {0, 0};
		int casts = 0;

		while (result)
		{
			Step old = step(query, &in);
			Step new = step(result, &out);

			/* there may be a colon behind the string, or a cast of the query's own */
			if (new.gap == 0 && strncmp(result + new.token.start, "::text", 6) == 0 &&
				(old.gap > 0 || strncmp(query + old.token.start, "::text", 6) != 0))
			{
				size_t start = new.token.start;

				CHECK(out.last != ' ');
				out.from = start + 6;
				/* of an array, with one pair of brackets more than the query has */
				if (brackets(result + out.from) > brackets(query + old.token.start))
					out.from += 2;
				new = step(result, &out);
				casts++;
			}
			CHECK(old.gap == new.gap &&is_same(query, old.token, result, new.token));
			if (old.token.kind == SQL_END || old.token.kind == SQL_BROKEN)
				break;
		}
		CHECK(result == NULL || casts > 0);
		free(result);
	}
}

/*
 * Returns the next token, and how much lies before it.
 */
static Step
step(const char *text, Place *place)
{
	Step step = {.token = sql_scan(text, place->from)};

	step.gap = step.token.start - place->from;
	place->last = ' ';
	if (place->from > 0)
		place->last = text[place->from - 1];
	place->from = step.token.end;
	return step;
}

/*
 * Returns how many pairs of brackets the text begins with.
 */
static size_t
brackets(const char *text)
{
	size_t pairs = 0;

	while (strncmp(text + 2 * pairs, "[]", 2) == 0)
		pairs++;
	return pairs;
}

/*
 * Returns whether the token is written so.
 */
static bool
is_word(const char *text, SqlToken token, const char *word)
{
	return token.end - token.start == strlen(word) && strncmp(text + token.start, word, strlen(word)) == 0;
}

/*
 * Returns whether the two tokens are the same.
 */
static bool
is_same(const char *text, SqlToken token, const char *other_text, SqlToken other)
{
	return token.kind == other.kind && token.end - token.start == other.end - other.start &&
		   memcmp(text + token.start, other_text + other.start, token.end - token.start) == 0;
}

/*
 * Returns the text under the cover.
 */
static char *
covered(const char *text, const Cover *cover)
{
	size_t before = strlen(cover->before);
	char *result = malloc(before + 2 * strlen(text) + strlen(cover->after) + 1);
	char *end;

	CHECK(result != NULL);
	memcpy(result, cover->before, before);
	end = result + before;
	for (; *text; text++)
	{
		if (strchr(cover->dropped, *text))
			continue;
		/* with escapes a quote has a backslash before it */
		if (strchr(cover->doubled, *text))
		{
			*end = *text;
			if (*cover->before == 'E')
				*end = '\\';
			end++;
		}
		*end++ = *text;
	}
	memcpy(end, cover->after, strlen(cover->after) + 1);
	return result;
}

/*
 * Returns the three one after the other.
 */
static char *
joined(const char *a, const char *b, const char *c)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
	char *result = malloc(size);

	CHECK(result != NULL);
	snprintf(result, size, "%s%s%s", a, b, c);
	return result;
}
