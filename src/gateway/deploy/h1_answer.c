/*
 * h1_answer.c
 *		Reads answers in HTTP/1.1.
 */
#include "deploy/h1_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t read_line(H1Answer *answer, const char *bytes, size_t len);
static bool keep(H1Answer *answer, const char *bytes, size_t len);
static void take_line(H1Answer *answer, char *line);
static void take_status(H1Answer *answer, const char *line);
static void take_header(H1Answer *answer, char *line);
static void note_header(H1Answer *answer, const char *name, const char *value);
static bool has_token(const char *list, const char *token);
static void head_ends(H1Answer *answer);
static void take_chunk_size(H1Answer *answer, const char *line);
static size_t read_data(H1Answer *answer, const char *bytes, size_t len);
static void refuse(H1Answer *answer, const char *error);

size_t
h1_read(H1Answer *answer, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len && answer->state < H1_COMPLETE)
	{
		switch (answer->state)
		{
			case H1_BODY:
			case H1_BODY_TO_END:
			case H1_CHUNK:
				done += read_data(answer, bytes + done, len - done);
				break;
			default:
				done += read_line(answer, bytes + done, len - done);
				break;
		}
	}
	return done;
}

void
h1_read_end(H1Answer *answer)
{
	if (answer->state == H1_BODY_TO_END)
		answer->state = H1_COMPLETE;
	else if (answer->state < H1_COMPLETE)
		refuse(answer, answer->state == H1_STATUS ? "the connection was closed" :
													"the connection was closed within the answer");
}

void
h1_free(H1Answer *answer)
{
	free(answer->line);
	answer->line = NULL;
	answer->line_len = 0;
}

/*
 * Reads a line, or what there is of it; returns how many bytes were of it.
 */
static size_t
read_line(H1Answer *answer, const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);
	size_t n = end ? (size_t) (end - bytes) + 1 : len;
	char *line;

	answer->head_bytes += n;
	if (answer->head_bytes > H1_MAX_HEAD)
		refuse(answer, "the headers are too large");
	else if (!keep(answer, bytes, n))
		refuse(answer, "out of memory");
	else if (end)
	{
		line = answer->line;
		n = answer->line_len - 1;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		line[n] = '\0';
		answer->line_len = 0;
		if (strlen(line) < n)
			refuse(answer, "there is a NUL in the headers");
		else
			take_line(answer, line);
		return (size_t) (end - bytes) + 1;
	}
	return n;
}

/*
 * Adds to the line that is read.
 */
static bool
keep(H1Answer *answer, const char *bytes, size_t len)
{
	if (answer->line == NULL)
		answer->line = malloc(H1_MAX_HEAD);
	if (answer->line == NULL)
		return false;
	memcpy(answer->line + answer->line_len, bytes, len);
	answer->line_len += len;
	return true;
}

/*
 * Takes a line without its end.
 */
static void
take_line(H1Answer *answer, char *line)
{
	switch (answer->state)
	{
		case H1_STATUS:
			take_status(answer, line);
			break;
		case H1_HEADERS:
			if (line[0])
				take_header(answer, line);
			else
				head_ends(answer);
			break;
		case H1_CHUNK_SIZE:
			take_chunk_size(answer, line);
			break;
		case H1_CHUNK_END:
			if (line[0])
				refuse(answer, "a chunk is longer than it says");
			else
				answer->state = H1_CHUNK_SIZE;
			break;
		default:
			/* trailers tell nothing that is asked for */
			if (line[0] == '\0')
				answer->state = H1_COMPLETE;
			break;
	}
}

/*
 * Takes the status line.
 */
static void
take_status(H1Answer *answer, const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
		strspn(line + 9, "0123456789") != 3 || line[9] == '0')
	{
		refuse(answer, "what comes is no HTTP/1.1");
		return;
	}
	answer->status = (int) strtol(line + 9, NULL, 10);
	answer->keeps_open = line[7] == '1';
	answer->state = H1_HEADERS;
}

/*
 * Takes a header.
 */
static void
take_header(H1Answer *answer, char *line)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";
	char *colon = strchr(line, ':');
	char *value;
	char *end;

	if (colon == NULL || colon == line)
	{
		refuse(answer, "a header is malformed");
		return;
	}
	*colon = '\0';
	for (char *c = line; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char) (*c - 'A' + 'a');
	if (line[strspn(line, token)])
	{
		refuse(answer, "a header is malformed");
		return;
	}
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	note_header(answer, line, value);
	if (answer->state == H1_HEADERS && answer->status >= 200 &&
		!answer->events->header(answer, line, value))
		answer->state = H1_STOPPED;
}

/*
 * Notes what a header says of the way that the answer comes.
 */
static void
note_header(H1Answer *answer, const char *name, const char *value)
{
	char *end;

	if (strcmp(name, "content-length") == 0)
	{
		uint64_t length = strtoull(value, &end, 10);

		if (value[0] < '0' || value[0] > '9' || *end || length > INT64_MAX ||
			(answer->has_length && answer->left != length))
			refuse(answer, "the length of the answer is no number");
		answer->has_length = true;
		answer->left = length;
	}
	else if (strcmp(name, "transfer-encoding") == 0)
	{
		if (strcasecmp(value, "chunked") != 0)
			refuse(answer, "the answer is encoded in an unknown way");
		answer->is_chunked = true;
	}
	else if (strcmp(name, "connection") == 0)
	{
		if (has_token(value, "close"))
			answer->keeps_open = false;
	}
}

/*
 * Returns whether a list with commas has this element.
 */
static bool
has_token(const char *list, const char *token)
{
	size_t len = strlen(token);

	while (*list)
	{
		size_t element;

		list += strspn(list, " \t,");
		element = strcspn(list, " \t,");
		if (element == len && strncasecmp(list, token, len) == 0)
			return true;
		list += element;
	}
	return false;
}

/*
 * All headers are there.
 */
static void
head_ends(H1Answer *answer)
{
	answer->head_bytes = 0;
	if (answer->status < 200)
	{
		/* another answer follows; a switch of protocols was not asked for */
		answer->state = H1_STATUS;
		answer->has_length = answer->is_chunked = false;
		if (answer->status == 101)
			refuse(answer, "what comes is another protocol");
		return;
	}
	if (!answer->events->head(answer))
		answer->state = H1_STOPPED;
	else if (answer->status == 204 || answer->status == 304)
		answer->state = H1_COMPLETE;
	else if (answer->is_chunked)
		answer->state = H1_CHUNK_SIZE;
	else if (!answer->has_length)
	{
		answer->keeps_open = false;
		answer->state = H1_BODY_TO_END;
	}
	else
		answer->state = answer->left > 0 ? H1_BODY : H1_COMPLETE;
}

/*
 * Takes the line before a chunk.
 */
static void
take_chunk_size(H1Answer *answer, const char *line)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");

	answer->head_bytes = 0;
	if (digits == 0 || digits > 15 || (line[digits] && !strchr("; \t", line[digits])))
	{
		refuse(answer, "a chunk is malformed");
		return;
	}
	answer->left = strtoull(line, NULL, 16);
	answer->state = answer->left > 0 ? H1_CHUNK : H1_TRAILERS;
}

/*
 * Takes a piece of the body; returns how much of it is that.
 */
static size_t
read_data(H1Answer *answer, const char *bytes, size_t len)
{
	size_t n = len;

	if (answer->state != H1_BODY_TO_END)
	{
		if (n > answer->left)
			n = (size_t) answer->left;
		answer->left -= n;
	}
	if (!answer->events->data(answer, bytes, n))
		answer->state = H1_STOPPED;
	else if (answer->left == 0 && answer->state == H1_BODY)
		answer->state = H1_COMPLETE;
	else if (answer->left == 0 && answer->state == H1_CHUNK)
		answer->state = H1_CHUNK_END;
	return n;
}

/*
 * Notes that it is no answer.
 */
static void
refuse(H1Answer *answer, const char *error)
{
	answer->state = H1_MALFORMED;
	answer->error = error;
}
