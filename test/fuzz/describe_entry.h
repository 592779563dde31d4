/*
 * describe_entry.h
 *		A FrameEntry as text, for tests to compare: all that its message has, and
 *		nothing of where it was read from.
 */
#ifndef RESTATE_DESCRIBE_ENTRY_H
#define RESTATE_DESCRIBE_ENTRY_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "types/frame_message.h"

/*
 * Prints bytes in hexadecimal, and nothing as something else than none.
 */
static inline void
describe_slice(FILE *out, Slice slice)
{
	if (slice.data == NULL)
		fputs("none", out);
	fputc('\'', out);
	for (size_t i = 0; i < slice.len; i++)
		fprintf(out, "%02x", slice.data[i]);
	fputc('\'', out);
}

/*
 * Prints fields of an entry.
 */
static inline void
describe_fields(FILE *out, const MessageField *fields, const FrameEntry *entry)
{
	for (const MessageField *field = fields; field->kind != KIND_END; field++)
	{
		const char *place = (const char *) entry + field->offset;
		const OptionalNumber *optional = (const OptionalNumber *) place;
		WireList list;
		Slice key;
		Slice value;
		uint32_t number;

		if (field->choice != 0 && restate_entry_choice(entry, field) != field->variant)
			continue;
		fprintf(out, " %s=", field->name);
		switch (field->kind)
		{
			case KIND_U32:
				fprintf(out, "%" PRId64, *(const int64_t *) place);
				break;
			case KIND_U64:
				fprintf(out, "%" PRIu64, *(const uint64_t *) place);
				break;
			case KIND_U64_OR_NONE:
				fprintf(out, "%d:%" PRIu64, optional->given, optional->value);
				break;
			case KIND_FLAG:
				fprintf(out, "%d", *(const bool *) place);
				break;
			case KIND_TEXT:
			case KIND_TEXT_IN_BYTES:
			case KIND_BYTES:
				describe_slice(out, *(const Slice *) place);
				break;
			case KIND_PARTS:
				fputc('{', out);
				describe_fields(out, field->parts, entry);
				fputc('}', out);
				break;
			case KIND_U32_LIST:
				list = *(const WireList *) place;
				while (restate_list_next_number(&list, &number))
					fprintf(out, "%" PRIu32 ",", number);
				break;
			case KIND_TEXT_LIST:
				list = *(const WireList *) place;
				while (restate_list_next(&list, &value))
					describe_slice(out, value);
				break;
			default:
				list = *(const WireList *) place;
				while (restate_list_next_pair(&list, &key, &value))
				{
					describe_slice(out, key);
					describe_slice(out, value);
				}
				break;
		}
	}
}

/*
 * Returns the text of an entry, which is to be freed.
 */
static inline char *
describe_entry(const FrameEntry *entry)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	fputs(entry->message->name, out);
	describe_fields(out, entry->message->fields, entry);
	if (fclose(out) != 0)
		abort();
	return text;
}

#endif /* RESTATE_DESCRIBE_ENTRY_H */
