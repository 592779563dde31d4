/*
 * answer.c
 *		Fuzzes what reads answers in HTTP/1.1: in whatever pieces one comes, it is
 *		the same answer.
 */
#include "check.h"

#include <string.h>

#include "deploy/h1_answer.h"

/* What was told of an answer. */
typedef struct Told
{
	H1Answer answer;
	char *text; /* headers and body, one after the other */
	size_t len;
	bool has_head;
} Told;

static void read_in_pieces(Told *told, const uint8_t *data, size_t size, size_t piece);
static void add(Told *told, const char *bytes, size_t len);
static bool header(H1Answer *answer, const char *name, const char *value);
static bool head(H1Answer *answer);
static bool body(H1Answer *answer, const char *bytes, size_t len);

static const H1Events events = {.header = header, .head = head, .data = body};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Told whole;

	read_in_pieces(&whole, data, size, size);
	for (size_t piece = 1; piece < 8; piece += 2)
	{
		Told other;

		read_in_pieces(&other, data, size, piece);
		CHECK(other.answer.state == whole.answer.state && other.answer.status == whole.answer.status);
		CHECK(other.len == whole.len && other.has_head == whole.has_head);
		CHECK(whole.len == 0 || memcmp(other.text, whole.text, whole.len) == 0);
		CHECK(other.answer.state != H1_COMPLETE ||
			  other.answer.keeps_open == whole.answer.keeps_open);
		free(other.text);
	}
	free(whole.text);
	return 0;
}

/*
 * Reads an answer in pieces of a size, and then its end.
 */
static void
read_in_pieces(Told *told, const uint8_t *data, size_t size, size_t piece)
{
	memset(told, 0, sizeof(*told));
	told->answer.events = &events;
	told->answer.owner = told;
	for (size_t at = 0; at < size; at += piece)
	{
		size_t len = size - at < piece ? size - at : piece;
		/* behind it nothing may be read */
		char *copy = malloc(len);
		size_t done;

		CHECK(copy != NULL);
		memcpy(copy, data + at, len);
		done = h1_read(&told->answer, copy, len);
		CHECK(done <= len && (done == len || told->answer.state >= H1_COMPLETE));
		free(copy);
		if (done < len)
			break;
	}
	h1_read_end(&told->answer);
	CHECK(told->answer.state >= H1_COMPLETE);
	CHECK((told->answer.state == H1_MALFORMED) == (told->answer.error != NULL));
	CHECK(told->answer.state != H1_COMPLETE || told->has_head);
	h1_free(&told->answer);
}

/*
 * Keeps what is told.
 */
static void
add(Told *told, const char *bytes, size_t len)
{
	told->text = realloc(told->text, told->len + len + 1);
	CHECK(told->text != NULL);
	memcpy(told->text + told->len, bytes, len);
	told->len += len;
}

static bool
header(H1Answer *answer, const char *name, const char *value)
{
	Told *told = answer->owner;

	CHECK(!told->has_head && *name && strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ: \r\n") == NULL);
	CHECK(strpbrk(value, "\n") == NULL);
	add(told, name, strlen(name) + 1);
	add(told, value, strlen(value) + 1);
	/* some want no more when they have read this */
	return strcmp(name, "stop") != 0;
}

static bool
head(H1Answer *answer)
{
	Told *told = answer->owner;

	CHECK(!told->has_head && answer->status >= 200 && answer->status <= 999);
	told->has_head = true;
	return true;
}

static bool
body(H1Answer *answer, const char *bytes, size_t len)
{
	Told *told = answer->owner;

	CHECK(told->has_head && len > 0);
	add(told, bytes, len);
	return true;
}
