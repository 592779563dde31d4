/*
 * sql_scan.c
 *		Takes a statement apart into tokens, by PostgreSQL's rules with
 *		standard_conforming_strings on.
 */
#include "sql_scan.h"

#include <stdbool.h>
#include <string.h>

#define OPERATOR_CHARACTERS "~!@#^&|`?+-*/%<>="

/* an operator with one of these in it may end in a sign */
#define NOT_OF_STANDARD_SQL "~!@#^&|`?%"

static bool skip_blanks(const char *text, size_t *at);
static bool skip_comment(const char *text, size_t *at);
static SqlToken token_to(SqlTokenKind kind, size_t start, const char *end, const char *text);
static SqlToken scan_word(const char *text, size_t start);
static const char *quoted_end(const char *quote, bool has_escapes);
static const char *string_end(const char *quote, bool has_escapes);
static const char *continuation(const char *after);
static const char *dollar_end(const char *dollar);
static const char *number_end(const char *digit);
static const char *digits_end(const char *digit);
static const char *operator_end(const char *first);
static bool is_space(char c);
static bool is_digit(char c);
static bool begins_word(char c);
static bool is_of_word(char c);

SqlToken
sql_scan(const char *text, size_t from)
{
	size_t start = from;
	const char *first;

	if (!skip_blanks(text, &start))
		return token_to(SQL_BROKEN, start, text + start + strlen(text + start), text);
	first = text + start;
	if (*first == '\0')
		return token_to(SQL_END, start, first, text);
	if (begins_word(*first))
		return scan_word(text, start);
	if (*first == '\'')
		return token_to(SQL_STRING, start, string_end(first, false), text);
	if (*first == '"')
		return token_to(SQL_NAME, start, quoted_end(first, false), text);
	if (*first == '$' && is_digit(first[1]))
		return token_to(SQL_OTHER, start, digits_end(first + 1), text);
	if (*first == '$')
	{
		const char *end = dollar_end(first);

		return end == first ? token_to(SQL_OTHER, start, first + 1, text) :
							  token_to(SQL_STRING, start, end, text);
	}
	if (is_digit(*first) || (*first == '.' && is_digit(first[1])))
		return token_to(SQL_NUMBER, start, number_end(first), text);
	if (strchr(OPERATOR_CHARACTERS, *first))
		return token_to(SQL_OPERATOR, start, operator_end(first), text);
	return token_to(SQL_OTHER, start, first + 1, text);
}

/*
 * Moves behind white space and comments; false: a comment does not end.
 */
static bool
skip_blanks(const char *text, size_t *at)
{
	for (;;)
	{
		const char *next = text + *at;

		if (is_space(*next))
			(*at)++;
		else if (next[0] == '-' && next[1] == '-')
			*at += strcspn(next, "\n\r");
		else if (next[0] == '/' && next[1] == '*')
		{
			if (!skip_comment(text, at))
				return false;
		}
		else
			return true;
	}
}

/*
 * Moves behind the comment that begins here, and those within it; false, and
 * nothing moves: it does not end.
 */
static bool
skip_comment(const char *text, size_t *at)
{
	const char *next = text + *at + 2;
	size_t depth = 1;

	while (depth > 0)
	{
		next += strcspn(next, "*/");
		if (*next == '\0')
			return false;
		if (next[0] == '/' && next[1] == '*')
		{
			depth++;
			next += 2;
		}
		else if (next[0] == '*' && next[1] == '/')
		{
			depth--;
			next += 2;
		}
		else
			next++;
	}
	*at = (size_t) (next - text);
	return true;
}

/*
 * Returns a token that ends there; with a NULL, one that never ends.
 */
static SqlToken
token_to(SqlTokenKind kind, size_t start, const char *end, const char *text)
{
	SqlToken token = {kind, start, 0};

	if (end == NULL)
	{
		token.kind = SQL_BROKEN;
		end = text + start + strlen(text + start);
	}
	token.end = (size_t) (end - text);
	return token;
}

/*
 * Returns a word, or the string or name whose form its one letter tells.
 */
static SqlToken
scan_word(const char *text, size_t start)
{
	const char *first = text + start;
	const char *end = first;

	if (strchr("eE", *first) && first[1] == '\'')
		return token_to(SQL_STRING, start, string_end(first + 1, true), text);
	if (strchr("bBxX", *first) && first[1] == '\'')
		return token_to(SQL_STRING, start, string_end(first + 1, false), text);
	if (strchr("uU", *first) && first[1] == '&' && first[2] == '\'')
		return token_to(SQL_STRING, start, string_end(first + 2, false), text);
	if (strchr("uU", *first) && first[1] == '&' && first[2] == '"')
		return token_to(SQL_NAME, start, quoted_end(first + 2, false), text);
	while (is_of_word(*end))
		end++;
	return token_to(SQL_WORD, start, end, text);
}

/*
 * Returns what follows the quoted text that begins here, in which the quote is
 * doubled; NULL: it does not end.
 */
static const char *
quoted_end(const char *quote, bool has_escapes)
{
	const char *next = quote + 1;

	for (; *next; next++)
	{
		if (*next == '\\' && has_escapes)
		{
			if (*++next == '\0')
				return NULL;
		}
		else if (*next == *quote && *++next != *quote)
			return next;
	}
	return NULL;
}

/*
 * Returns what follows the string that begins here, with all its pieces; NULL:
 * it does not end.
 */
static const char *
string_end(const char *quote, bool has_escapes)
{
	const char *end = quoted_end(quote, has_escapes);

	while (end)
	{
		const char *next = continuation(end);

		if (next == NULL)
			break;
		end = quoted_end(next, has_escapes);
	}
	return end;
}

/*
 * Returns the quote that continues a string which has ended before this: on
 * a later line, with nothing but comments of one line between; NULL: there is
 * none.
 */
static const char *
continuation(const char *after)
{
	bool is_later_line = false;

	for (;;)
	{
		if (*after == '\n' || *after == '\r')
			is_later_line = true;
		if (is_space(*after))
			after++;
		else if (after[0] == '-' && after[1] == '-')
			after += strcspn(after, "\n\r");
		else
			return is_later_line && *after == '\'' ? after : NULL;
	}
}

/*
 * Returns what follows the string in dollar quotes that begins here, the dollar
 * itself where none does; NULL: it does not end.
 */
static const char *
dollar_end(const char *dollar)
{
	const char *tag_end = dollar + 1;
	size_t len;

	if (begins_word(*tag_end))
		while (is_of_word(*tag_end) && *tag_end != '$')
			tag_end++;
	if (*tag_end != '$')
		return dollar;
	len = (size_t) (tag_end - dollar) + 1;
	for (const char *next = strchr(tag_end + 1, '$'); next; next = strchr(next + 1, '$'))
		if (strncmp(next, dollar, len) == 0)
			return next + len;
	return NULL;
}

/*
 * Returns what follows the number; letters right behind it are another token.
 */
static const char *
number_end(const char *digit)
{
	const char *end = digits_end(digit);

	if (end[0] == '.' && end[1] != '.')
		end = digits_end(end + 1);
	if (*end == 'e' || *end == 'E')
	{
		const char *exponent = end + 1 + (end[1] == '+' || end[1] == '-');

		if (is_digit(*exponent))
			end = digits_end(exponent);
	}
	return end;
}

static const char *
digits_end(const char *digit)
{
	while (is_digit(*digit))
		digit++;
	return digit;
}

/*
 * Returns what follows the operator: a comment ends it, and a sign at its end
 * belongs to what comes next, unless its other characters say otherwise.
 */
static const char *
operator_end(const char *first)
{
	const char *end = first;
	bool keeps_sign = false;

	while (*end && strchr(OPERATOR_CHARACTERS, *end) && strncmp(end, "--", 2) != 0 &&
		   strncmp(end, "/*", 2) != 0)
	{
		keeps_sign = keeps_sign || strchr(NOT_OF_STANDARD_SQL, *end);
		end++;
	}
	while (end > first + 1 && !keeps_sign && (end[-1] == '+' || end[-1] == '-'))
		end--;
	return end;
}

static bool
is_space(char c)
{
	return c != '\0' && strchr(" \t\n\r\f\v", c) != NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
begins_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		   (unsigned char) c >= 0x80;
}

static bool
is_of_word(char c)
{
	return begins_word(c) || is_digit(c) || c == '$';
}
