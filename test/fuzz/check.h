/*
 * check.h
 *		What the fuzzers share.
 */
#ifndef RESTATE_FUZZ_CHECK_H
#define RESTATE_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the fuzzer, which keeps the input, where the property does not hold. */
#define CHECK(property)                                                                   \
	do                                                                                    \
	{                                                                                     \
		if (!(property))                                                                  \
		{                                                                                 \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
			abort();                                                                      \
		}                                                                                 \
	} while (0)

/* One input; what libFuzzer calls. */
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* RESTATE_FUZZ_CHECK_H */
