/*
 * metric_text.h
 *		Metrics in Prometheus' text format.
 */
#ifndef RESTATE_GATEWAY_METRIC_TEXT_H
#define RESTATE_GATEWAY_METRIC_TEXT_H

#include "buffer.h"

#define HISTOGRAM_BOUNDS 13

/* How long something took, by how often it took no longer than each of the bounds. */
typedef struct Histogram
{
	unsigned long buckets[HISTOGRAM_BOUNDS + 1]; /* each what is beyond the bound before */
	unsigned long count;
	double sum;
} Histogram;

extern void histogram_add(Histogram *histogram, double seconds);

/* Says what a metric is; once, before its values.  type: counter, gauge or histogram. */
extern void metric_head(Buffer *buffer, const char *name, const char *type, const char *help);

/* Writes one value; labels stand as they are between the braces, NULL for none. */
extern void metric_value(Buffer *buffer, const char *name, const char *labels, unsigned long value);

/* Writes a histogram's values. */
extern void metric_histogram(Buffer *buffer, const char *name, const char *labels,
							 const Histogram *histogram);

/* Head and value of a metric that has only one. */
extern void metric_single(Buffer *buffer, const char *name, const char *type, const char *help,
						  unsigned long value);

/* Adds text as the value of a label, without its quotes. */
extern void metric_add_label(Buffer *buffer, const char *text);

#endif /* RESTATE_GATEWAY_METRIC_TEXT_H */
