/*
 * arrow.c
 *		Fuzzes how the gateway writes the rows of a query in Arrow's format:
 *		what is written has its form, and the values that the server printed.
 *
 * The first bytes of an input choose the types of the columns, up to a line
 * feed; each line after that is a value, row by row, and an empty one a null.
 * The form is read by a reader of its own, which trusts no number in it.
 */
#include "check.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../src/gateway/arrow_message.h"
#include "../../src/gateway/arrow_rows.h"
#include "../../src/gateway/url.h"

#define MAX_COLUMNS 5
#define MAX_VALUES	4000
#define VIEW		1234

/* the types that there are to choose from, the last two unsigned columns of a view */
static const Oid types[] = {25, 16, 20, 1700, 701, 17, 1082, 1114, 1184, 1186, 1016, 1009, 1700, 23};

#define NTYPES	 (sizeof(types) / sizeof(*types))
#define UNSIGNED (NTYPES - 2)

/* A part of what was written. */
typedef struct Part
{
	const unsigned char *bytes;
	size_t len;
} Part;

/* A table in a FlatBuffer. */
typedef struct Table
{
	Part flat;
	size_t place;
	size_t description;
} Table;

/* A message: its header and its body. */
typedef struct Message
{
	uint64_t type;
	Table header;
	Part body;
} Message;

/* Where a batch is read. */
typedef struct Batch
{
	Message message;
	size_t nodes;
	size_t buffers;
	uint64_t nnodes;
	uint64_t nbuffers;
	uint64_t node; /* the next one */
	uint64_t buffer;
	uint64_t end; /* of the one before */
} Batch;

static uint64_t number(Part part, size_t place, unsigned size);
static Table table_at(Part flat, size_t pointer);
static size_t field(Table table, int which, unsigned size);
static uint64_t value_of(Table table, int which, unsigned size, uint64_t otherwise);
static size_t vector(Table table, int which, unsigned size, uint64_t *count);
static Message read_message(Part *rest);
static void check_schema(Message message, const Buffer *names, int ncolumns);
static void check_array(Batch *batch, const ArrowArray *array, uint64_t count, const char *const *values, size_t step);
static Part next_buffer(Batch *batch);
static void check_value(const ArrowArray *array, Part offsets, Part values, uint64_t place, const char *text);
static void check_time(const char *text, int64_t ms);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "n";
	PGresAttDesc columns[MAX_COLUMNS] = {{0}};
	const char *values[MAX_VALUES] = {0};
	char *text = malloc(size + 1);
	char *line;
	PGresult *description = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	ArrowOrigin origins[] = {{VIEW, 1, ARROW_UINT64}, {VIEW, 2, ARROW_UINT32}};
	ArrowRows rows = {0};
	Buffer out = {0};
	const char *fault = NULL;
	int ncolumns = 0;
	size_t nvalues = 0;

	CHECK(text != NULL && description != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	line = text;
	for (; *line && *line != '\n' && ncolumns < MAX_COLUMNS; line++, ncolumns++)
	{
		size_t type = (unsigned char) *line % NTYPES;

		columns[ncolumns] = (PGresAttDesc){.name = name, .typid = types[type], .typlen = -1, .atttypmod = -1};
		if (type >= UNSIGNED)
		{
			columns[ncolumns].tableid = VIEW;
			columns[ncolumns].columnid = (int) (type - UNSIGNED) + 1;
		}
	}
	line = strchr(line, '\n');
	if (ncolumns > 0 && line)
	{
		CHECK(PQsetResultAttrs(description, ncolumns, columns));
		rows.origins.list = malloc(sizeof(origins));
		CHECK(rows.origins.list != NULL);
		memcpy(rows.origins.list, origins, sizeof(origins));
		rows.origins.count = 2;
		CHECK(arrow_rows_describe(&rows, description));
		for (line++; *line && nvalues + (size_t) ncolumns <= MAX_VALUES && fault == NULL;)
		{
			PGresult *row = PQcopyResult(description, PG_COPYRES_ATTRS);

			for (int i = 0; i < ncolumns; i++)
			{
				char *end = line + strcspn(line, "\n");
				bool is_last = *end == '\0';

				*end = '\0';
				values[nvalues] = *line ? line : NULL;
				CHECK(PQsetvalue(row, 0, i, *line ? line : NULL, *line ? (int) (end - line) : -1));
				nvalues++;
				line = is_last ? end : end + 1;
			}
			fault = arrow_rows_add(&rows, row);
			PQclear(row);
		}
		CHECK(!arrow_rows_have_failed(&rows));
		if (fault == NULL)
		{
			Part rest;
			Batch batch = {0};
			uint64_t count = nvalues / (size_t) ncolumns;

			CHECK(arrow_add_schema(&out, rows.names, rows.columns, ncolumns));
			if (count > 0)
				CHECK(arrow_add_batch(&out, rows.columns, ncolumns, (int64_t) count));
			CHECK(arrow_add_end(&out));
			rest = (Part){(const unsigned char *) out.data, out.len};
			check_schema(read_message(&rest), rows.names, ncolumns);
			if (count > 0)
			{
				batch.message = read_message(&rest);
				CHECK(batch.message.type == 3 && value_of(batch.message.header, 0, 8, 0) == count);
				batch.nodes = vector(batch.message.header, 1, 16, &batch.nnodes);
				batch.buffers = vector(batch.message.header, 2, 16, &batch.nbuffers);
				for (int i = 0; i < ncolumns; i++)
					check_array(&batch, &rows.columns[i], count, values + i, (size_t) ncolumns);
				CHECK(batch.node == batch.nnodes && batch.buffer == batch.nbuffers);
				CHECK((batch.end + 7) / 8 * 8 == batch.message.body.len);
			}
			CHECK(rest.len == 8 && number(rest, 0, 4) == UINT32_MAX && number(rest, 4, 4) == 0);
		}
	}
	arrow_rows_free(&rows);
	buffer_free(&out);
	PQclear(description);
	free(text);
	return 0;
}

/*
 * Returns a number that must be there, aligned.
 */
static uint64_t
number(Part part, size_t place, unsigned size)
{
	uint64_t value = 0;

	CHECK(place % size == 0 && place <= part.len && part.len - place >= size);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t) part.bytes[place + i] << 8 * i;
	return value;
}

/*
 * Returns the table that the pointer at a place points to.
 */
static Table
table_at(Part flat, size_t pointer)
{
	Table table = {.flat = flat, .place = pointer + number(flat, pointer, 4)};
	uint64_t back = number(flat, table.place, 4);

	CHECK(back <= table.place);
	table.description = table.place - back;
	CHECK(number(flat, table.description, 2) >= 4);
	CHECK(table.place + number(flat, table.description + 2, 2) <= flat.len);
	return table;
}

/*
 * Returns where a field of a table is, or 0.
 */
static size_t
field(Table table, int which, unsigned size)
{
	size_t at = 4 + 2 * (size_t) which;
	uint64_t offset;

	if (at + 2 > number(table.flat, table.description, 2))
		return 0;
	offset = number(table.flat, table.description + at, 2);
	if (offset == 0)
		return 0;
	CHECK(offset >= 4 && offset + size <= number(table.flat, table.description + 2, 2));
	return table.place + offset;
}

/*
 * Returns the value of a field, or what it is otherwise.
 */
static uint64_t
value_of(Table table, int which, unsigned size, uint64_t otherwise)
{
	size_t place = field(table, which, size);

	return place ? number(table.flat, place, size) : otherwise;
}

/*
 * Returns where the elements of a vector begin, all of which must be there,
 * and how many they are.
 */
static size_t
vector(Table table, int which, unsigned size, uint64_t *count)
{
	size_t pointer = field(table, which, 4);
	size_t place;

	CHECK(pointer != 0);
	place = pointer + number(table.flat, pointer, 4);
	*count = number(table.flat, place, 4);
	CHECK(*count <= (table.flat.len - place - 4) / size);
	CHECK(size < 16 || (place + 4) % 8 == 0);
	return place + 4;
}

/*
 * Reads a message, and passes over it.
 */
static Message
read_message(Part *rest)
{
	Message message;
	Part flat;
	Table table;
	uint64_t len;

	CHECK(number(*rest, 0, 4) == UINT32_MAX);
	len = number(*rest, 4, 4);
	CHECK(len > 0 && len % 8 == 0 && len <= rest->len - 8);
	flat = (Part){rest->bytes + 8, len};
	table = table_at(flat, 0);
	CHECK(value_of(table, 0, 2, 0) == 4);
	message.type = value_of(table, 1, 1, 0);
	message.header = table_at(flat, field(table, 2, 4));
	message.body = (Part){flat.bytes + len, value_of(table, 3, 8, 0)};
	CHECK(message.body.len % 8 == 0 && message.body.len <= rest->len - 8 - len);
	rest->bytes += 8 + len + message.body.len;
	rest->len -= 8 + len + message.body.len;
	return message;
}

/*
 * The schema has a field for each column, with its name.
 */
static void
check_schema(Message message, const Buffer *names, int ncolumns)
{
	uint64_t count;
	size_t fields = vector(message.header, 1, 4, &count);

	CHECK(message.type == 1 && message.body.len == 0 && count == (uint64_t) ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		Table one = table_at(message.header.flat, fields + 4 * (size_t) i);
		uint64_t len;
		size_t name = vector(one, 0, 1, &len);
		uint64_t children;

		CHECK(len == names[i].len && memcmp(one.flat.bytes + name, names[i].data, len) == 0 && one.flat.bytes[name + len] == 0);
		CHECK(value_of(one, 1, 1, 0) == 1 && value_of(one, 2, 1, 0) != 0);
		(void) table_at(one.flat, field(one, 3, 4));
		(void) vector(one, 5, 4, &children);
		CHECK(children == (value_of(one, 2, 1, 0) == 12));
	}
}

/*
 * A column has as many values as there are rows, and these values; of a list
 * only the form is looked at.
 */
static void
check_array(Batch *batch, const ArrowArray *array, uint64_t count, const char *const *values, size_t step)
{
	Part flat = batch->message.header.flat;
	bool has_offsets = array->type == ARROW_TEXT || array->type == ARROW_BYTES || array->type == ARROW_LIST;
	Part validity;
	Part offsets = {0};
	Part contents = {0};
	uint64_t nulls;
	uint64_t seen = 0;

	CHECK(batch->node < batch->nnodes);
	CHECK(number(flat, batch->nodes + 16 * batch->node, 8) == count);
	nulls = number(flat, batch->nodes + 16 * batch->node++ + 8, 8);
	validity = next_buffer(batch);
	if (has_offsets)
		offsets = next_buffer(batch);
	if (array->type != ARROW_LIST)
		contents = next_buffer(batch);
	CHECK(nulls <= count && (nulls == 0 || validity.len >= (count + 7) / 8));
	if (has_offsets)
	{
		unsigned size = array->type == ARROW_LIST ? 4 : 8;
		uint64_t last = 0;

		CHECK(offsets.len == (count + 1) * size || (count == 0 && offsets.len == 0));
		for (uint64_t i = 0; i < offsets.len / size; i++)
		{
			uint64_t offset = number(offsets, i * size, size);

			CHECK(i == 0 ? offset == 0 : offset >= last);
			last = offset;
		}
		CHECK(last == (array->type == ARROW_LIST ? (uint64_t) array->item->count : contents.len));
	}
	for (uint64_t i = 0; i < count && values; i++)
	{
		bool is_null = nulls > 0 && !(validity.bytes[i / 8] >> i % 8 & 1);

		seen += is_null;
		CHECK(values[i * step] || is_null);
		if (!is_null)
			check_value(array, offsets, contents, i, values[i * step]);
	}
	CHECK(values == NULL || seen == nulls);
	if (array->item)
		check_array(batch, array->item, (uint64_t) array->item->count, NULL, 0);
}

/*
 * Returns the next buffer of a batch, which is aligned and begins where the
 * one before has ended.
 */
static Part
next_buffer(Batch *batch)
{
	Part flat = batch->message.header.flat;
	uint64_t offset;
	uint64_t len;

	CHECK(batch->buffer < batch->nbuffers);
	offset = number(flat, batch->buffers + 16 * batch->buffer, 8);
	len = number(flat, batch->buffers + 16 * batch->buffer++ + 8, 8);
	CHECK(offset == (batch->end + 7) / 8 * 8 && offset <= batch->message.body.len && len <= batch->message.body.len - offset);
	batch->end = offset + len;
	return (Part){batch->message.body.bytes + offset, len};
}

/*
 * A value is what was printed.
 */
static void
check_value(const ArrowArray *array, Part offsets, Part values, uint64_t place, const char *text)
{
	char printed[64];
	double real;
	uint64_t bits;
	uint64_t begin = 0;
	uint64_t len = 0;

	if (array->type == ARROW_TEXT || array->type == ARROW_BYTES)
	{
		begin = number(offsets, 8 * place, 8);
		len = number(offsets, 8 * place + 8, 8) - begin;
	}
	switch (array->type)
	{
		case ARROW_TEXT:
			CHECK(len == strlen(text) && memcmp(values.bytes + begin, text, len) == 0);
			break;
		case ARROW_BYTES:
			CHECK(len == strlen(text) / 2 - 1);
			for (uint64_t i = 0; i < len; i++)
			{
				snprintf(printed, sizeof(printed), "%02x", values.bytes[begin + i]);
				CHECK(strncasecmp(printed, text + 2 + 2 * i, 2) == 0);
			}
			break;
		case ARROW_BOOL:
			CHECK((values.bytes[place / 8] >> place % 8 & 1) == (text[0] == 't'));
			break;
		case ARROW_INT64:
			CHECK((int64_t) number(values, 8 * place, 8) == strtoll(text, NULL, 10));
			break;
		case ARROW_UINT64:
			CHECK(number(values, 8 * place, 8) == strtoull(text, NULL, 10));
			break;
		case ARROW_UINT32:
			CHECK(number(values, 4 * place, 4) == strtoull(text, NULL, 10));
			break;
		case ARROW_FLOAT64:
			bits = number(values, 8 * place, 8);
			memcpy(&real, &bits, sizeof(real));
			CHECK(real == strtod(text, NULL) || real != real);
			break;
		case ARROW_TIME:
		case ARROW_TIME_ZONED:
			check_time(text, (int64_t) number(values, 8 * place, 8));
			break;
		default:
			break;
	}
}

/*
 * A time without a zone of its own, in our era, on a day that each month has,
 * is the one that the C library makes of it.
 */
static void
check_time(const char *text, int64_t ms)
{
	struct tm tm = {0};
	int end = 0;
	int fraction = 0;

	/* NOLINTNEXTLINE(cert-err34-c): so few digits are always a number */
	if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6 ||
		end != 19 || tm.tm_mday > 28)
		return;
	if (text[end] == '.')
	{
		char digits[4] = "000";

		for (size_t i = 0; i < 3 && text[end + 1 + (int) i] >= '0' && text[end + 1 + (int) i] <= '9'; i++)
			digits[i] = text[end + 1 + (int) i];
		fraction = (int) strtol(digits, NULL, 10);
		end += 1 + (int) strspn(text + end + 1, "0123456789");
	}
	if (text[end] != '\0' && strcmp(text + end, "+00") != 0)
		return;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	CHECK(ms == (int64_t) timegm(&tm) * 1000 + fraction);
}
