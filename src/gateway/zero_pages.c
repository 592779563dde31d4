/*
 * zero_pages.c
 *		Gives the system back what holds nothing.
 *
 * A page of private memory that was not read from a file comes back as zeros:
 * if it holds zeros, nobody can tell whether it was given back.  So the
 * memory need not be ours, as that of libmicrohttpd is not.
 */
#include "zero_pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PAGES 64

static bool is_zero(const char *page, size_t size);
static void give_back(const char *start, size_t size);

void
zero_pages_give_back(const char *start, size_t size)
{
	static size_t page;
	unsigned char resident[MAX_PAGES];
	size_t zeros = 0;
	size_t at = 0;

	if (page == 0)
		page = (size_t) sysconf(_SC_PAGESIZE);
	if ((uintptr_t) start % page != 0 || size / page > MAX_PAGES ||
		mincore((void *) (uintptr_t) start, size / page * page, resident) != 0)
		return;
	for (; at < size / page * page; at += page)
	{
		if (is_zero(start + at, page))
			zeros += page;
		else
		{
			give_back(start + at - zeros, zeros);
			zeros = 0;
		}
	}
	give_back(start + at - zeros, zeros);
}

/*
 * Returns whether a page holds nothing but zeros.
 */
static bool
is_zero(const char *page, size_t size)
{
	return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

/*
 * Gives back pages of zeros.  Only private memory of no file can be marked as
 * free, which by itself takes effect when the system runs out.
 */
static void
give_back(const char *start, size_t size)
{
	void *pages = (void *) (uintptr_t) start;

	if (size > 0 && madvise(pages, size, MADV_FREE) == 0)
		(void) madvise(pages, size, MADV_DONTNEED);
}
