/*
 * id.c
 *		Fuzzes the text form of ids: any text is either refused or the one text
 *		of the id that is read from it, every id can be written and read, and of
 *		every other text it is told what is wrong.
 */
#include "check.h"

#include <string.h>

#include "types/id_codec.h"
#include "types/id_fault.h"

/* what an id that nothing was read into looks like */
#define UNTOUCHED 0xA5

#define AWAKEABLE_BYTES (RESTATE_INVOCATION_ID_BYTES + sizeof(uint32_t))

/* One of the two kinds of ids. */
typedef struct Kind
{
	const char *head;
	size_t bytes;
	size_t chars;
	RestateIdResult (*decode)(const char *text, size_t len, uint8_t *id);
	void (*encode)(const uint8_t *id, char *text);
	void (*describe_fault)(const char *text, size_t len, char *fault);
} Kind;

static const Kind kinds[] = {
	{"inv_1", RESTATE_INVOCATION_ID_BYTES, RESTATE_INVOCATION_ID_CHARS, restate_decode_invocation_id, restate_encode_invocation_id, restate_describe_invocation_id_fault},
	{"dp_1", RESTATE_DEPLOYMENT_ID_BYTES, RESTATE_DEPLOYMENT_ID_CHARS, restate_decode_deployment_id, restate_encode_deployment_id, restate_describe_deployment_id_fault},
};

static void try_text(const Kind *kind, const char *text, size_t len);
static void try_bytes(const Kind *kind, const uint8_t *id);
static void try_fault(const Kind *kind, const char *text, size_t len);
static void try_awakeable(const char *text, size_t len);
static void try_awakeable_bytes(const uint8_t *data);
static uint8_t *new_id(const Kind *kind);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RestateIdResult results[2];

	for (int i = 0; i < 2; i++)
	{
		uint8_t *id = new_id(&kinds[i]);

		results[i] = kinds[i].decode((const char *) data, size, id);
		free(id);
		try_text(&kinds[i], (const char *) data, size);
		if (size >= kinds[i].bytes)
			try_bytes(&kinds[i], data);
	}
	try_awakeable((const char *) data, size);
	if (size >= AWAKEABLE_BYTES)
		try_awakeable_bytes(data);
	CHECK(results[0] != RESTATE_ID_OK || results[1] == RESTATE_ID_WRONG_TYPE);
	CHECK(results[1] != RESTATE_ID_OK || results[0] == RESTATE_ID_WRONG_TYPE);
	return 0;
}

/*
 * Returns a place for an id, as large as it has to be and no larger.
 */
static uint8_t *
new_id(const Kind *kind)
{
	uint8_t *id = kind->bytes > 0 ? malloc(kind->bytes) : NULL;

	CHECK(id != NULL);
	memset(id, UNTOUCHED, kind->bytes);
	return id;
}

/*
 * What can be read is written as it was, and no shorter or longer text can be
 * read.  A refusal is one of those that are documented, for the right reason
 * where that is easily told.
 */
static void
try_text(const Kind *kind, const char *text, size_t len)
{
	uint8_t *id = new_id(kind);
	RestateIdResult result = kind->decode(text, len, id);

	CHECK(result < RESTATE_ID_RESULT_COUNT);
	CHECK((result == RESTATE_ID_EMPTY) == (len == 0));
	CHECK((result == RESTATE_ID_NO_SEPARATOR) == (len > 0 && memchr(text, '_', len) == NULL));
	if (len >= strlen(kind->head) && memcmp(text, kind->head, strlen(kind->head)) == 0)
	{
		CHECK(result != RESTATE_ID_WRONG_TYPE && result != RESTATE_ID_UNKNOWN_TYPE);
		CHECK(len >= kind->chars || result == RESTATE_ID_TOO_SHORT || result == RESTATE_ID_NOT_BASE62 || result == RESTATE_ID_TOO_LARGE);
	}
	if (result == RESTATE_ID_TRAILING)
	{
		CHECK(len > kind->chars);
		try_text(kind, text, kind->chars);
		CHECK(kind->decode(text, kind->chars, id) == RESTATE_ID_OK);
	}
	if (result != RESTATE_ID_OK)
		try_fault(kind, text, len);
	else
	{
		char *again = malloc(kind->chars + 1);
		char *longer = malloc(len + 1);

		CHECK(again != NULL && longer != NULL);
		CHECK(len == kind->chars);
		kind->encode(id, again);
		CHECK(memcmp(again, text, len) == 0 && again[len] == '\0');
		CHECK(kind->decode(again, len - 1, id) == RESTATE_ID_TOO_SHORT);
		memcpy(longer, text, len);
		longer[len] = '0';
		CHECK(kind->decode(longer, len + 1, id) == RESTATE_ID_TRAILING);
		free(longer);
		free(again);
	}
	free(id);
}

/*
 * What is wrong is told in one printable line, that fits, and never is nothing.
 */
static void
try_fault(const Kind *kind, const char *text, size_t len)
{
	char *fault = malloc(RESTATE_ID_FAULT_SIZE);

	CHECK(fault != NULL);
	kind->describe_fault(text, len, fault);
	CHECK(memchr(fault, '\0', RESTATE_ID_FAULT_SIZE) != NULL);
	/* the longest has room left, so none is cut short */
	CHECK(strlen(fault) > 10 && strlen(fault) < RESTATE_ID_FAULT_SIZE - 1);
	for (const char *p = fault; *p != '\0'; p++)
		CHECK(*p >= 0x20 && *p < 0x7f);
	free(fault);
}

/*
 * Any bytes are an id, whose text is read as the same bytes.
 */
static void
try_bytes(const Kind *kind, const uint8_t *id)
{
	char *text = malloc(kind->chars + 1);
	uint8_t *again = new_id(kind);

	CHECK(text != NULL);
	kind->encode(id, text);
	CHECK(strlen(text) == kind->chars);
	CHECK(strncmp(text, kind->head, strlen(kind->head)) == 0);
	CHECK(kind->decode(text, kind->chars, again) == RESTATE_ID_OK);
	CHECK(memcmp(id, again, kind->bytes) == 0);
	free(again);
	free(text);
}

/*
 * As of other ids: what can be read is written as it was, and no shorter or
 * longer text can be read.
 */
static void
try_awakeable(const char *text, size_t len)
{
	RestateAwakeableId id;
	RestateIdResult result = restate_decode_awakeable_id(text, len, &id);
	char *again;

	CHECK(result < RESTATE_ID_RESULT_COUNT && result != RESTATE_ID_NOT_BASE62);
	if (result == RESTATE_ID_TRAILING)
		CHECK(len > RESTATE_AWAKEABLE_ID_CHARS &&
			  restate_decode_awakeable_id(text, RESTATE_AWAKEABLE_ID_CHARS, &id) == RESTATE_ID_OK);
	if (result != RESTATE_ID_OK)
		return;
	CHECK(len == RESTATE_AWAKEABLE_ID_CHARS);
	CHECK(id.is_entry == (text[0] == 'p'));
	again = malloc(RESTATE_AWAKEABLE_ID_CHARS + 1);
	CHECK(again != NULL);
	restate_encode_awakeable_id(&id, again);
	CHECK(memcmp(again, text, len) == 0 && again[len] == '\0');
	CHECK(restate_decode_awakeable_id(again, len - 1, &id) == RESTATE_ID_TOO_SHORT);
	free(again);
}

/*
 * Any bytes are an id, whose text is read as the same bytes.
 */
static void
try_awakeable_bytes(const uint8_t *data)
{
	RestateAwakeableId id = {.is_entry = data[0] & 1};
	RestateAwakeableId read;
	char *text = malloc(RESTATE_AWAKEABLE_ID_CHARS + 1);

	CHECK(text != NULL);
	memcpy(id.invocation_id.data, data, RESTATE_INVOCATION_ID_BYTES);
	memcpy(&id.index, data + RESTATE_INVOCATION_ID_BYTES, sizeof(id.index));
	restate_encode_awakeable_id(&id, text);
	CHECK(restate_decode_awakeable_id(text, strlen(text), &read) == RESTATE_ID_OK);
	CHECK(memcmp(&read.invocation_id, &id.invocation_id, sizeof(id.invocation_id)) == 0);
	CHECK(read.index == id.index && read.is_entry == id.is_entry);
	free(text);
}
