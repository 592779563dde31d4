/*
 * id_fault.c
 *		What is wrong with a text that is no id, in words.
 *
 * An id is mostly pasted.  What came along with it (blanks, quotes, a comma),
 * what became of it (another case, percent-encoding, a part cut off) and what
 * it was taken for (an id of something else) is told by name and place.  The
 * text is taken as it is: nothing here makes an id of it.
 *
 * Places and lengths are in characters, the first being 1.  The text is read
 * as UTF-8, but may be any bytes: one that is no part of UTF-8 is a character.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "types/id_codec.h"
#include "types/id_fault.h"

/* One of the two kinds of ids. */
typedef struct Kind
{
	const char *head;
	const char *name;
	size_t chars;
	RestateIdResult (*decode)(const char *text, size_t len, uint8_t *id);
} Kind;

static const Kind invocation = {RESTATE_INVOCATION_ID_HEAD, "an invocation id",
								RESTATE_INVOCATION_ID_CHARS, restate_decode_invocation_id};
static const Kind deployment = {RESTATE_DEPLOYMENT_ID_HEAD, "a deployment id",
								RESTATE_DEPLOYMENT_ID_CHARS, restate_decode_deployment_id};

/* how much of a long text is searched for an id */
#define SEARCHED_BYTES 4096

/* A part of the text. */
typedef struct Part
{
	const char *start;
	size_t len;
} Part;

/* A description that is being written, no longer than its place. */
typedef struct Words
{
	char *text;
	size_t len;
} Words;

/* What stands around a pasted id, and what it is called. */
static const struct
{
	const char *bytes;
	const char *name;
} wrappings[] = {
	{" ", "a space"},
	{"\t", "a tab"},
	{"\n", "a line feed"},
	{"\r", "a carriage return"},
	{"\v", "a vertical tab"},
	{"\f", "a form feed"},
	{"\xc2\xa0", "a no-break space"},
	{"\xa0", "a no-break space"},
	{"\xc2\x85", "a next-line character"},
	{"\xc2\xad", "a soft hyphen"},
	{"\xe1\x9a\x80", "a wide space"},
	{"\xe2\x80\x80", "a wide space"},
	{"\xe2\x80\x81", "a wide space"},
	{"\xe2\x80\x82", "a wide space"},
	{"\xe2\x80\x83", "a wide space"},
	{"\xe2\x80\x84", "a narrow space"},
	{"\xe2\x80\x85", "a narrow space"},
	{"\xe2\x80\x86", "a narrow space"},
	{"\xe2\x80\x87", "a narrow space"},
	{"\xe2\x80\x88", "a narrow space"},
	{"\xe2\x80\x89", "a narrow space"},
	{"\xe2\x80\x8a", "a narrow space"},
	{"\xe2\x80\x8b", "a zero-width space"},
	{"\xe2\x80\x8c", "a zero-width non-joiner"},
	{"\xe2\x80\x8d", "a zero-width joiner"},
	{"\xe2\x80\x8e", "a left-to-right mark"},
	{"\xe2\x80\x8f", "a right-to-left mark"},
	{"\xe2\x80\xa8", "a line separator"},
	{"\xe2\x80\xa9", "a paragraph separator"},
	{"\xe2\x80\xaf", "a narrow no-break space"},
	{"\xe2\x81\x9f", "a narrow space"},
	{"\xe2\x81\xa0", "a word joiner"},
	{"\xe3\x80\x80", "a wide space"},
	{"\xef\xbb\xbf", "a byte order mark"},
	{"\"", "a double quote"},
	{"'", "a single quote"},
	{"`", "a backtick"},
	{"\xe2\x80\x9c", "a curly double quote"},
	{"\xe2\x80\x9d", "a curly double quote"},
	{"\xe2\x80\x9e", "a curly double quote"},
	{"\xe2\x80\x98", "a curly single quote"},
	{"\xe2\x80\x99", "a curly single quote"},
	{"\xe2\x80\x9a", "a curly single quote"},
	{"\xc2\xab", "an angle quote"},
	{"\xc2\xbb", "an angle quote"},
	{"\\", "a backslash"},
	{",", "a comma"},
	{";", "a semicolon"},
	{":", "a colon"},
	{".", "a full stop"},
	{"\xe2\x80\xa6", "an ellipsis"},
	{"(", "a parenthesis"},
	{")", "a parenthesis"},
	{"[", "a bracket"},
	{"]", "a bracket"},
	{"{", "a brace"},
	{"}", "a brace"},
	{"<", "an angle bracket"},
	{">", "an angle bracket"},
	{"/", "a slash"},
	{"\?", "a question mark"},
};

/* The other ids that there are, by what they begin with. */
static const struct
{
	const char *head;
	const char *name;
} others[] = {
	{"sub_1", "the id of a subscription"},
	{"prom_1", "the id of a promise"},
	{"sign_1", "the id of a signal"},
	{"snap_1", "the id of a snapshot"},
};

/*
 * Adds to a description, as far as there is room.
 */
static void __attribute__((format(printf, 2, 3)))
say(Words *words, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(words->text + words->len, RESTATE_ID_FAULT_SIZE - words->len, format, args);
	va_end(args);
	if (len > 0)
		words->len += (size_t) len;
	if (words->len > RESTATE_ID_FAULT_SIZE - 1)
		words->len = RESTATE_ID_FAULT_SIZE - 1;
}

/*
 * Tells whether the text begins with the other, in any case if that is asked
 * for.
 */
static bool
begins_with(Part part, const char *head, bool any_case)
{
	size_t len = strlen(head);

	if (part.len < len)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		char c = part.start[i];

		if (any_case && c >= 'A' && c <= 'Z')
			c = (char) (c - 'A' + 'a');
		if (c != head[i])
			return false;
	}
	return true;
}

/*
 * Returns the bytes of the first character of a text that is not empty.
 */
static size_t
first_character(Part part)
{
	unsigned char lead = (unsigned char) part.start[0];
	size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 :
												   2;

	if (lead < 0xc2 || lead > 0xf4 || len > part.len)
		return 1;
	for (size_t i = 1; i < len; i++)
	{
		if (((unsigned char) part.start[i] & 0xc0) != 0x80)
			return 1;
	}
	return len;
}

/*
 * Returns the bytes of the last character of a text that is not empty.
 */
static size_t
last_character(Part part)
{
	for (size_t len = part.len < 4 ? part.len : 4; len > 1; len--)
	{
		Part end = {part.start + part.len - len, len};

		if (first_character(end) == len)
			return len;
	}
	return 1;
}

/*
 * Returns the number of characters in the text.
 */
static size_t
count_characters(Part part)
{
	size_t count = 0;

	while (part.len > 0)
	{
		size_t len = first_character(part);

		part.start += len;
		part.len -= len;
		count++;
	}
	return count;
}

/*
 * Returns the name of a character that stands around pasted ids, null for
 * another.
 */
static const char *
wrapping_name(const char *character, size_t len)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++)
	{
		if (strlen(wrappings[i].bytes) == len && memcmp(wrappings[i].bytes, character, len) == 0)
			return wrappings[i].name;
	}
	return NULL;
}

/*
 * Returns the text without what stands around it.
 */
static Part
unwrap(Part part)
{
	while (part.len > 0)
	{
		size_t len = first_character(part);

		if (wrapping_name(part.start, len) == NULL)
			break;
		part.start += len;
		part.len -= len;
	}
	while (part.len > 0)
	{
		size_t len = last_character(part);

		if (wrapping_name(part.start + part.len - len, len) == NULL)
			break;
		part.len -= len;
	}
	return part;
}

/*
 * Tells whether the text is an id of the kind.
 */
static bool
is_id(const Kind *kind, Part part)
{
	uint8_t id[RESTATE_INVOCATION_ID_BYTES];

	return kind->decode(part.start, part.len, id) == RESTATE_ID_OK;
}

/*
 * Tells whether the character is one of the digits of an id.
 */
static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Tells whether the character is a hexadecimal digit.
 */
static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/*
 * Says what stands around the text: the outermost character on each side.
 */
static void
say_wrapping(Words *words, Part whole, Part inner)
{
	const char *before = NULL;
	const char *after = NULL;

	if (inner.start > whole.start)
		before = wrapping_name(whole.start, first_character(whole));
	if (inner.start + inner.len < whole.start + whole.len)
	{
		size_t len = last_character(whole);

		after = wrapping_name(whole.start + whole.len - len, len);
	}
	if (before == NULL)
		say(words, "it ends with %s", after);
	else if (after == NULL)
		say(words, "it begins with %s", before);
	else if (before == after || strcmp(before, after) == 0)
		say(words, "it begins and ends with %s", before);
	else
		say(words, "it begins with %s and ends with %s", before, after);
}

/*
 * Says that the text holds an id of the kind, and where.  Returns false, and
 * says nothing, if it holds none.
 */
static bool
say_id_within(Words *words, const Kind *kind, Part part)
{
	if (part.len > SEARCHED_BYTES)
		part.len = SEARCHED_BYTES;
	for (size_t at = 0; at + kind->chars <= part.len; at++)
	{
		Part candidate = {part.start + at, kind->chars};

		if (is_id(kind, candidate))
		{
			Part before = {part.start, at};
			size_t place = count_characters(before) + 1;

			say(words, "only its characters %zu to %zu are an id", place, place + kind->chars - 1);
			return true;
		}
	}
	return false;
}

/*
 * Says what is wrong with a text that does not begin as an id of the kind.
 */
static void
say_head_fault(Words *words, const Kind *kind, Part part)
{
	const Kind *other = kind == &invocation ? &deployment : &invocation;
	size_t version = strlen(kind->head) - 1;
	Part name = {part.start, part.len < version ? part.len : version};

	if (is_id(other, part))
	{
		say(words, "it is %s, not %s", other->name, kind->name);
		return;
	}
	if (begins_with(part, other->head, false))
	{
		say(words, "it begins with %s, as %s does, not with %s", other->head, other->name,
			kind->head);
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		if (begins_with(part, others[i].head, false))
		{
			say(words, "it begins with %s, as %s does, not with %s", others[i].head, others[i].name,
				kind->head);
			return;
		}
	}
	if (begins_with(part, kind->head, true))
	{
		say(words, "it begins with %.*s, not with %s: case matters", (int) strlen(kind->head),
			part.start, kind->head);
		return;
	}
	if (name.len == version && memcmp(name.start, kind->head, version) == 0)
	{
		if (part.len == version)
			say(words, "it ends after %.*s", (int) version, part.start);
		else
			say(words, "its version, character %zu, is not %c", version + 1, kind->head[version]);
		return;
	}
	if (say_id_within(words, kind, part))
		return;
	if (part.len == kind->chars - strlen(kind->head))
	{
		char completed[RESTATE_INVOCATION_ID_CHARS];
		Part with_head = {completed, kind->chars};

		memcpy(completed, kind->head, strlen(kind->head));
		memcpy(completed + strlen(kind->head), part.start, part.len);
		if (is_id(kind, with_head))
		{
			say(words, "it lacks %s, with which %s begins", kind->head, kind->name);
			return;
		}
	}
	say(words, "it does not begin with %s", kind->head);
}

/*
 * Says what is wrong with the digits of a text that begins as an id of the
 * kind.
 */
static void
say_digits_fault(Words *words, const Kind *kind, Part part)
{
	size_t characters = count_characters(part);
	size_t at = strlen(kind->head);
	bool said = false;

	/* what stands before it is ASCII, so the byte's place is the character's */
	while (at < part.len && is_digit(part.start[at]))
		at++;
	if (at < part.len)
	{
		Part rest = {part.start + at, part.len - at};
		size_t len = first_character(rest);
		const char *name = wrapping_name(rest.start, len);
		char c = rest.start[0];

		say(words, "its character %zu is ", at + 1);
		if (name != NULL)
			say(words, "%s, not one of 0-9, a-z, A-Z", name);
		else if (c > ' ' && c < 0x7f)
			say(words, "%c, not one of 0-9, a-z, A-Z", c);
		else
			say(words, "not one of 0-9, a-z, A-Z");
		said = true;
	}
	if (characters != kind->chars)
		say(words, "%sit is too %s: %zu characters instead of %zu", said ? ", and " : "",
			characters < kind->chars ? "short" : "long", characters, kind->chars);
	else if (!said)
	{
		/* all that can be wrong with the right number of digits */
		Part zero_uuid = part;
		char digits[RESTATE_INVOCATION_ID_CHARS];
		size_t uuid_at = RESTATE_DEPLOYMENT_ID_CHARS - strlen(RESTATE_DEPLOYMENT_ID_HEAD);

		memcpy(digits, part.start, kind->chars);
		memset(digits + kind->chars - uuid_at, '0', uuid_at);
		zero_uuid.start = digits;
		if (is_id(kind, zero_uuid))
			say(words, "its characters %zu to %zu make too large a number, of more than 128 bits",
				kind->chars - uuid_at + 1, kind->chars);
		else
			say(words, "its characters %zu to %zu make too large a number, of more than 64 bits",
				strlen(kind->head) + 1, kind->chars - uuid_at);
	}
}

/*
 * Says what is wrong with a text around which nothing stands.
 */
static void
say_fault(Words *words, const Kind *kind, Part part)
{
	for (size_t i = 0; i + 2 < part.len; i++)
	{
		if (part.start[i] == '%' && is_hex(part.start[i + 1]) && is_hex(part.start[i + 2]))
		{
			say(words, "it is percent-encoded: %.3s has to be decoded first", part.start + i);
			return;
		}
	}
	if (begins_with(part, kind->head, false))
		say_digits_fault(words, kind, part);
	else
		say_head_fault(words, kind, part);
}

/*
 * Writes what is wrong with a text that is no id of the kind.
 */
static void
describe(const Kind *kind, const char *text, size_t len, char *fault)
{
	Part whole = {text, len};
	Part inner = unwrap(whole);
	Words words = {fault, 0};

	fault[0] = '\0';
	if (len == 0)
		say(&words, "it is empty");
	else if (inner.len == 0)
		say(&words, "there is nothing in it but blanks, quotes or punctuation");
	else if (inner.len == len)
		say_fault(&words, kind, whole);
	else
	{
		say_wrapping(&words, whole, inner);
		say(&words, is_id(kind, inner) ? "; the rest is an id" : "; without that, ");
		if (!is_id(kind, inner))
			say_fault(&words, kind, inner);
	}
}

/*
 * Writes what is wrong with a text that is no invocation id: a clause about
 * "it", one line of printable ASCII, and a NUL.
 */
void
restate_describe_invocation_id_fault(const char *text, size_t len, char *fault)
{
	describe(&invocation, text, len, fault);
}

/*
 * Writes what is wrong with a text that is no deployment id, likewise.
 */
void
restate_describe_deployment_id_fault(const char *text, size_t len, char *fault)
{
	describe(&deployment, text, len, fault);
}
