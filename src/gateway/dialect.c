/*
 * dialect.c
 *		Rewrites what clients of Restate's own server send and PostgreSQL's
 *		grammar refuses.
 *
 * It looks at tokens alone, and knows as much of the grammar as tells where a
 * table may stand.  What it is not sure of it leaves as it is: a query that
 * needs no change is returned byte by byte.
 */
#include "dialect.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "sql_scan.h"

/* brackets within brackets; a query with more is left as it is */
#define MAX_DEPTH 200

/* subqueries that may get the name of the table in them; what comes after has a name of ours */
#define MAX_LOOKUPS 8

/* what a subquery without a name is called, with a number */
#define OUR_NAME "unnamed subquery "

#define SHOW_TABLES                                                                      \
	"SELECT table_catalog::text, table_schema::text, table_name::text, table_type::text" \
	" FROM information_schema.tables WHERE table_schema = 'restate' AND table_type = 'VIEW' ORDER BY 3"

/* What stands between two brackets, or in none. */
typedef struct Level
{
	size_t open;	  /* the token that opens it; of the outermost none */
	bool is_table;	  /* it stands where a table may */
	bool is_subquery; /* and is a query, else tables that are joined */
	bool has_select;
	bool in_from;	 /* behind FROM, before what ends that */
	bool table_next; /* a table may begin here */
	int ntables;	 /* of its FROM, so far */
	size_t table;	 /* the token that the first of them goes by; 0: none */
} Level;

typedef struct Rewrite
{
	const char *query;
	SqlToken *tokens; /* the first is none, the last the end */
	size_t ntokens;
	Buffer result;
	size_t copied; /* of the query */
	Level levels[MAX_DEPTH];
	int depth;
	int named;
	bool may_name;
	bool gives_up;
} Rewrite;

static bool scan_all(Rewrite *rewrite);
static bool is_show_tables(const Rewrite *rewrite);
static void rewrite_tokens(Rewrite *rewrite);
static void take_word(Rewrite *rewrite, size_t at);
static void take_operator(Rewrite *rewrite, size_t at);
static void begin_table(Rewrite *rewrite, size_t at);
static void open_level(Rewrite *rewrite, size_t at);
static void close_level(Rewrite *rewrite, size_t at);
static void close_subquery(Rewrite *rewrite, const Level *subquery, size_t at);
static void name_subquery(Rewrite *rewrite, const Level *subquery, size_t at);
static bool goes_by(const Rewrite *rewrite, const Level *subquery, size_t close);
static bool is_same_name(const Rewrite *rewrite, size_t a, size_t b);
static bool is_key_word(const Rewrite *rewrite, size_t at);
static bool is_char(const Rewrite *rewrite, size_t at, char c);
static bool is_word(const Rewrite *rewrite, size_t at, const char *word);
static bool is_operator(const Rewrite *rewrite, size_t at, const char *name);
static bool is_text(const Rewrite *rewrite, size_t at, SqlTokenKind kind, const char *text);
static bool is_one_of(const Rewrite *rewrite, size_t at, const char *const *words);
static bool is_distinction(const Rewrite *rewrite, size_t at);
static bool is_equality(const Rewrite *rewrite, size_t at);
static void copy_to(Rewrite *rewrite, size_t end);
static char *finish(Rewrite *rewrite);
static size_t token_at(const Rewrite *rewrite, size_t position);
static size_t list_around(const Rewrite *rewrite, size_t at);
static void cast(Rewrite *rewrite, size_t at, const char *type);

static const char *const query_words[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
static const char *const join_words[] = {"JOIN", "INNER", "LEFT", "RIGHT",
										 "FULL", "CROSS", "NATURAL", NULL};
/* what ends the tables of a FROM */
static const char *const end_words[] = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER",
										"LIMIT", "OFFSET", "FETCH", "FOR", "UNION",
										"INTERSECT", "EXCEPT", NULL};
/* what may follow a table in brackets with others */
static const char *const set_words[] = {"UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT",
										"OFFSET", "FETCH", "FOR", NULL};
static const char *const condition_words[] = {"ON", "USING", NULL};
static const char *const array_words[] = {"ANY", "SOME", "ALL", NULL};

char *
dialect_translate(const char *query)
{
	Rewrite rewrite = {.query = query};

	if (!scan_all(&rewrite))
	{
		free(rewrite.tokens);
		return NULL;
	}
	if (is_show_tables(&rewrite))
	{
		buffer_add_text(&rewrite.result, SHOW_TABLES);
		rewrite.copied = strlen(query);
	}
	else if (rewrite.tokens[rewrite.ntokens - 1].kind == SQL_END)
		rewrite_tokens(&rewrite);
	if (rewrite.gives_up)
	{
		buffer_free(&rewrite.result);
		rewrite.copied = 0;
	}
	return finish(&rewrite);
}

char *
dialect_cast_to_text(const char *query, size_t position)
{
	Rewrite rewrite = {.query = query};
	size_t at;
	size_t open;

	at = scan_all(&rewrite) ? token_at(&rewrite, position) : 0;
	if (at == 0 || is_char(&rewrite, at + 1, ':'))
	{
		free(rewrite.tokens);
		return NULL;
	}
	open = list_around(&rewrite, at);
	if (open && is_one_of(&rewrite, open - 1, array_words) && is_equality(&rewrite, open - 2))
		cast(&rewrite, at, "::text[]");
	else if (open && is_word(&rewrite, open - 1, "IN"))
	{
		for (size_t i = open + 1; !is_char(&rewrite, i, ')'); i++)
			if (rewrite.tokens[i].kind == SQL_STRING)
				cast(&rewrite, i, "::text");
	}
	else if (is_equality(&rewrite, at - 1) || is_equality(&rewrite, at + 1) ||
			 is_distinction(&rewrite, at - 1) || is_word(&rewrite, at - 1, "WHEN"))
		cast(&rewrite, at, "::text");
	if (rewrite.copied > 0)
		return finish(&rewrite);
	free(rewrite.tokens);
	return NULL;
}

/*
 * Finds all tokens; false: memory has run out.
 */
static bool
scan_all(Rewrite *rewrite)
{
	size_t allocated = 0;
	size_t from = 0;
	SqlToken token = {SQL_OTHER, 0, 0};

	for (;;)
	{
		if (rewrite->ntokens == allocated)
		{
			SqlToken *more;

			allocated = allocated ? 2 * allocated : 256;
			more = realloc(rewrite->tokens, allocated * sizeof(*more));
			if (more == NULL)
				return false;
			rewrite->tokens = more;
		}
		rewrite->tokens[rewrite->ntokens++] = token;
		if (token.kind == SQL_END || token.kind == SQL_BROKEN)
			return true;
		token = sql_scan(rewrite->query, from);
		from = token.end;
	}
}

/*
 * Returns whether that is all that the query says.
 */
static bool
is_show_tables(const Rewrite *rewrite)
{
	size_t end = is_char(rewrite, 3, ';') ? 4 : 3;

	return rewrite->ntokens == end + 1 && rewrite->tokens[end].kind == SQL_END &&
		   is_word(rewrite, 1, "SHOW") && is_word(rewrite, 2, "TABLES");
}

/*
 * Goes through the tokens, and gives up where the brackets do not match.
 */
static void
rewrite_tokens(Rewrite *rewrite)
{
	rewrite->may_name = strstr(rewrite->query, OUR_NAME) == NULL;
	for (size_t at = 1; at < rewrite->ntokens && !rewrite->gives_up; at++)
	{
		Level *level = &rewrite->levels[rewrite->depth];
		SqlTokenKind kind = rewrite->tokens[at].kind;

		if (is_char(rewrite, at, '(') || is_char(rewrite, at, '['))
			open_level(rewrite, at);
		else if (is_char(rewrite, at, ')') || is_char(rewrite, at, ']'))
			close_level(rewrite, at);
		else if (is_char(rewrite, at, ','))
			level->table_next = level->in_from;
		else if (is_char(rewrite, at, ';'))
			*level = (Level){.open = level->open};
		else if (kind == SQL_WORD && is_key_word(rewrite, at))
			take_word(rewrite, at);
		else if (kind == SQL_OPERATOR)
			take_operator(rewrite, at);
		else if (level->table_next)
			begin_table(rewrite, at);
	}
	if (rewrite->depth > 0)
		rewrite->gives_up = true;
}

/*
 * Follows a key word, or a name: where the tables begin and end.
 */
static void
take_word(Rewrite *rewrite, size_t at)
{
	Level *level = &rewrite->levels[rewrite->depth];

	if (is_word(rewrite, at, "SELECT"))
	{
		level->has_select = true;
		level->in_from = level->table_next = false;
	}
	else if (is_word(rewrite, at, "FROM"))
	{
		if (level->has_select && !is_distinction(rewrite, at))
			level->in_from = level->table_next = true;
	}
	else if (is_word(rewrite, at, "JOIN"))
		level->table_next = level->in_from;
	else if (is_one_of(rewrite, at, end_words))
		level->in_from = level->table_next = false;
	else if (level->table_next && !is_word(rewrite, at, "LATERAL"))
		begin_table(rewrite, at);
}

/*
 * A doubled equals sign is one; not if it is somebody's operator by its schema.
 */
static void
take_operator(Rewrite *rewrite, size_t at)
{
	rewrite->levels[rewrite->depth].table_next = false;
	if (!is_operator(rewrite, at, "=="))
		return;
	if (is_char(rewrite, at - 1, '.') ||
		(is_char(rewrite, at - 1, '(') && is_word(rewrite, at - 2, "OPERATOR")))
		return;
	copy_to(rewrite, rewrite->tokens[at].start);
	buffer_add_text(&rewrite->result, "= ");
	rewrite->copied = rewrite->tokens[at].end;
}

/*
 * A table begins with this name: notes what its columns may be called by.
 */
static void
begin_table(Rewrite *rewrite, size_t at)
{
	Level *level = &rewrite->levels[rewrite->depth];

	level->table_next = false;
	level->ntables++;
	if (level->ntables > 1 ||
		(rewrite->tokens[at].kind != SQL_WORD && rewrite->tokens[at].kind != SQL_NAME))
		return;
	while (is_char(rewrite, at + 1, '.') && at + 2 < rewrite->ntokens)
		at += 2;
	if (is_char(rewrite, at + 1, '('))
		return;
	if (is_word(rewrite, at + 1, "AS"))
		at += 2;
	else if (rewrite->tokens[at + 1].kind == SQL_NAME ||
			 (rewrite->tokens[at + 1].kind == SQL_WORD && !is_one_of(rewrite, at + 1, end_words) &&
			  !is_one_of(rewrite, at + 1, join_words) &&
			  !is_one_of(rewrite, at + 1, condition_words)))
		at++;
	if (rewrite->tokens[at].kind == SQL_WORD || rewrite->tokens[at].kind == SQL_NAME)
		level->table = at;
}

/*
 * Enters brackets.
 */
static void
open_level(Rewrite *rewrite, size_t at)
{
	Level *outer = &rewrite->levels[rewrite->depth];
	Level inner = {.open = at};

	if (rewrite->depth + 1 == MAX_DEPTH)
	{
		rewrite->gives_up = true;
		return;
	}
	if (outer->table_next && is_char(rewrite, at, '('))
	{
		outer->ntables++;
		inner.is_table = true;
		inner.is_subquery = is_one_of(rewrite, at + 1, query_words);
		inner.in_from = inner.table_next = !inner.is_subquery;
	}
	outer->table_next = false;
	rewrite->levels[++rewrite->depth] = inner;
}

/*
 * Leaves brackets.
 */
static void
close_level(Rewrite *rewrite, size_t at)
{
	Level inner = rewrite->levels[rewrite->depth];

	if (rewrite->depth == 0 || is_char(rewrite, inner.open, '(') != is_char(rewrite, at, ')'))
	{
		rewrite->gives_up = true;
		return;
	}
	rewrite->depth--;
	if (inner.is_table && inner.is_subquery)
		close_subquery(rewrite, &inner, at);
}

/*
 * A query where a table may stand has ended: gives it a name where one has to
 * follow and none does.
 */
static void
close_subquery(Rewrite *rewrite, const Level *subquery, size_t at)
{
	Level *outer = &rewrite->levels[rewrite->depth];
	bool is_joined = is_one_of(rewrite, at + 1, join_words);

	if (outer->is_table && outer->open + 1 == subquery->open && !is_joined)
	{
		/* first in brackets of their own: these hold a query as well, not tables, unless a name follows */
		if (is_char(rewrite, at + 1, ')') || is_one_of(rewrite, at + 1, set_words))
		{
			outer->is_subquery = true;
			outer->in_from = outer->table_next = false;
			outer->ntables = 2;
		}
	}
	else if (is_joined || rewrite->tokens[at + 1].kind == SQL_END ||
			 is_char(rewrite, at + 1, ')') || is_char(rewrite, at + 1, ',') ||
			 is_char(rewrite, at + 1, ';') || is_one_of(rewrite, at + 1, end_words) ||
			 is_one_of(rewrite, at + 1, condition_words))
		name_subquery(rewrite, subquery, at);
}

/*
 * Names a subquery: after the only table in it, where its columns are called
 * by that, as Restate's server allows; else by a name that nobody uses.
 */
static void
name_subquery(Rewrite *rewrite, const Level *subquery, size_t at)
{
	Level *outer = &rewrite->levels[rewrite->depth];

	if (!rewrite->may_name)
		return;
	copy_to(rewrite, rewrite->tokens[at].end);
	buffer_add_text(&rewrite->result, " AS ");
	if (rewrite->named++ < MAX_LOOKUPS && goes_by(rewrite, subquery, at))
	{
		const SqlToken *name = &rewrite->tokens[subquery->table];

		buffer_add(&rewrite->result, rewrite->query + name->start, name->end - name->start);
		if (outer->ntables == 1)
			outer->table = subquery->table;
	}
	else
		buffer_printf(&rewrite->result, "\"" OUR_NAME "%d\"", rewrite->named);
}

/*
 * Returns whether the columns of the subquery are called by its table outside
 * of it, and nothing else can be meant: there the name stands nowhere but
 * before a dot.
 */
static bool
goes_by(const Rewrite *rewrite, const Level *subquery, size_t close)
{
	bool is_used = false;

	if (subquery->ntables != 1 || subquery->table == 0)
		return false;
	for (size_t at = 1; at + 1 < rewrite->ntokens; at++)
	{
		if (at == subquery->open)
			at = close;
		if (!is_same_name(rewrite, at, subquery->table))
			continue;
		if (is_char(rewrite, at + 1, '.') && !is_char(rewrite, at - 1, '.'))
			is_used = true;
		else if (is_char(rewrite, at + 1, '.') || !is_char(rewrite, at - 1, '.'))
			return false;
	}
	return is_used;
}

/*
 * Returns whether the two tokens are one name, as far as that is plain: without
 * quotes a name is in lower case.
 */
static bool
is_same_name(const Rewrite *rewrite, size_t a, size_t b)
{
	SqlToken one = rewrite->tokens[a];
	SqlToken other = rewrite->tokens[b];

	if ((one.kind != SQL_WORD && one.kind != SQL_NAME) ||
		(other.kind != SQL_WORD && other.kind != SQL_NAME))
		return false;
	if (one.kind == SQL_NAME && rewrite->query[one.start] == '"')
	{
		one.start++;
		one.end--;
	}
	if (other.kind == SQL_NAME && rewrite->query[other.start] == '"')
	{
		other.start++;
		other.end--;
	}
	return one.end - one.start == other.end - other.start &&
		   strncasecmp(rewrite->query + one.start, rewrite->query + other.start,
					   one.end - one.start) == 0;
}

/*
 * Returns whether the word may be a key word: it is a name behind a dot, and
 * a column's behind AS.
 */
static bool
is_key_word(const Rewrite *rewrite, size_t at)
{
	return !is_char(rewrite, at - 1, '.') && !is_word(rewrite, at - 1, "AS");
}

static bool
is_char(const Rewrite *rewrite, size_t at, char c)
{
	return at < rewrite->ntokens && rewrite->tokens[at].kind == SQL_OTHER &&
		   rewrite->tokens[at].end == rewrite->tokens[at].start + 1 &&
		   rewrite->query[rewrite->tokens[at].start] == c;
}

/*
 * Returns whether the token is this word, without quotes.
 */
static bool
is_word(const Rewrite *rewrite, size_t at, const char *word)
{
	return is_text(rewrite, at, SQL_WORD, word);
}

static bool
is_operator(const Rewrite *rewrite, size_t at, const char *name)
{
	return is_text(rewrite, at, SQL_OPERATOR, name);
}

/*
 * Returns whether the token is of the kind and reads so, in any case.
 */
static bool
is_text(const Rewrite *rewrite, size_t at, SqlTokenKind kind, const char *text)
{
	SqlToken token;

	if (at >= rewrite->ntokens || rewrite->tokens[at].kind != kind)
		return false;
	token = rewrite->tokens[at];
	return token.end - token.start == strlen(text) &&
		   strncasecmp(rewrite->query + token.start, text, strlen(text)) == 0;
}

static bool
is_one_of(const Rewrite *rewrite, size_t at, const char *const *words)
{
	for (; *words; words++)
		if (is_word(rewrite, at, *words))
			return true;
	return false;
}

/*
 * Returns whether the token is the last of IS DISTINCT FROM.
 */
static bool
is_distinction(const Rewrite *rewrite, size_t at)
{
	return is_word(rewrite, at, "FROM") && is_word(rewrite, at - 1, "DISTINCT") &&
		   (is_word(rewrite, at - 2, "IS") || is_word(rewrite, at - 2, "NOT"));
}

/*
 * Returns whether the token compares, and not by an order.
 */
static bool
is_equality(const Rewrite *rewrite, size_t at)
{
	return is_operator(rewrite, at, "=") || is_operator(rewrite, at, "<>") ||
		   is_operator(rewrite, at, "!=");
}

/*
 * Adds the query up to there to the result.
 */
static void
copy_to(Rewrite *rewrite, size_t end)
{
	buffer_add(&rewrite->result, rewrite->query + rewrite->copied, end - rewrite->copied);
	rewrite->copied = end;
}

/*
 * Returns the result with the rest of the query, and frees all else; NULL:
 * memory has run out.
 */
static char *
finish(Rewrite *rewrite)
{
	copy_to(rewrite, strlen(rewrite->query));
	free(rewrite->tokens);
	if (!rewrite->result.failed && rewrite->result.data)
		return rewrite->result.data;
	buffer_free(&rewrite->result);
	return NULL;
}

/*
 * Returns the string that begins at the position; 0: none does.
 */
static size_t
token_at(const Rewrite *rewrite, size_t position)
{
	const char *next = rewrite->query;
	size_t offset;

	for (; position > 1 && *next; position--)
		do
			next++;
		while (((unsigned char) *next & 0xC0) == 0x80);
	offset = (size_t) (next - rewrite->query);
	for (size_t at = 1; at < rewrite->ntokens; at++)
		if (rewrite->tokens[at].start == offset)
			return rewrite->tokens[at].kind == SQL_STRING ? at : 0;
	return 0;
}

/*
 * Returns the bracket that opens the list of values that the string stands in,
 * with a word before it; 0: it stands in none.
 */
static size_t
list_around(const Rewrite *rewrite, size_t at)
{
	size_t open = at - 1;
	size_t close = at + 1;

	while (open > 1 && (rewrite->tokens[open].kind == SQL_STRING || is_char(rewrite, open, ',')))
		open--;
	while (close < rewrite->ntokens &&
		   (rewrite->tokens[close].kind == SQL_STRING || is_char(rewrite, close, ',')))
		close++;
	return open > 1 && is_char(rewrite, open, '(') && is_char(rewrite, close, ')') ? open : 0;
}

/*
 * Adds the query up to the string's end, and a cast.
 */
static void
cast(Rewrite *rewrite, size_t at, const char *type)
{
	/* what says how a string with U& is written belongs to it */
	if (is_word(rewrite, at + 1, "UESCAPE") && rewrite->tokens[at + 2].kind == SQL_STRING)
		at += 2;
	copy_to(rewrite, rewrite->tokens[at].end);
	buffer_add_text(&rewrite->result, type);
}
