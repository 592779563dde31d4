/*
 * frames.c
 *		Cuts frames, and knows which of them nobody has to hurry for.
 */
#include "dispatch/frames.h"

#include "types/frame.h"

/* more than this is pushed without waiting for what follows */
#define MAX_HELD ((size_t) 256 * 1024)

static void note(Attempt *attempt, uint16_t type);

bool
frames_cut(Attempt *attempt)
{
	Slice stream = {(const uint8_t *) attempt->in.data + attempt->whole,
					attempt->in.len - attempt->whole};
	Frame frame;
	size_t whole;

	while (!attempt->is_closing)
	{
		switch (restate_next_frame(&stream, &frame, &whole))
		{
			case FRAME_OK:
				attempt->whole += whole;
				attempt->nframes++;
				note(attempt, frame.type);
				break;
			case FRAME_INCOMPLETE:
				if (attempt->whole - attempt->pushing > MAX_HELD)
					attempt->is_urgent = true;
				return true;
			case FRAME_TOO_LONG:
				return false;
		}
	}
	return true;
}

/*
 * Notes what a frame is to the attempt: most have to be answered.  Others wait for
 * what comes next; a Run for its result.
 */
static void
note(Attempt *attempt, uint16_t type)
{
	switch (type)
	{
		case 0x0002: /* Error */
			attempt->sets_timer = true;
			/* FALLTHROUGH */
		case 0x0001: /* Suspension */
		case 0x0003: /* End */
			attempt->is_closing = attempt->is_urgent = attempt->makes_ready = true;
			break;
		case 0x040C: /* Sleep */
			attempt->is_urgent = attempt->sets_timer = true;
			break;
		case 0x0401: /* Output */
		case 0x0403: /* SetState */
		case 0x0404: /* ClearState */
		case 0x0405: /* ClearAllState */
		case 0x0407: /* GetEagerState */
		case 0x0408: /* GetEagerStateKeys */
		case 0x0411: /* Run */
			break;
		case 0x040E: /* OneWayCall */
			attempt->sets_timer = true;
			/* FALLTHROUGH */
		case 0x040B: /* CompletePromise */
		case 0x040D: /* Call */
		case 0x0410: /* SendSignal */
		case 0x0414: /* CompleteAwakeable */
			attempt->is_urgent = attempt->makes_ready = true;
			break;
		default:
			attempt->is_urgent = true;
			break;
	}
}

size_t
frames_first(const Attempt *attempt, int *nframes, size_t most_bytes)
{
	Slice stream = {(const uint8_t *) attempt->in.data, attempt->whole};
	size_t len = 0;
	int n = 0;
	Frame frame;
	size_t whole;

	while (n < *nframes && (n == 0 || len < most_bytes) &&
		   restate_next_frame(&stream, &frame, &whole) == FRAME_OK)
	{
		len += whole;
		n++;
	}
	*nframes = n;
	return len;
}
