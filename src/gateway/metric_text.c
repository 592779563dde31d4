/*
 * metric_text.c
 *		Writes metrics, and sorts durations into a histogram.
 */
#include "metric_text.h"

static const double bounds[HISTOGRAM_BOUNDS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
												0.25, 0.5, 1, 2.5, 5, 10};

void
histogram_add(Histogram *histogram, double seconds)
{
	int bucket = 0;

	while (bucket < HISTOGRAM_BOUNDS && seconds > bounds[bucket])
		bucket++;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum += seconds;
}

void
metric_head(Buffer *buffer, const char *name, const char *type, const char *help)
{
	buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
metric_value(Buffer *buffer, const char *name, const char *labels, unsigned long value)
{
	if (labels)
		buffer_printf(buffer, "%s{%s} %lu\n", name, labels, value);
	else
		buffer_printf(buffer, "%s %lu\n", name, value);
}

void
metric_histogram(Buffer *buffer, const char *name, const char *labels, const Histogram *histogram)
{
	unsigned long cumulated = 0;

	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
	{
		cumulated += histogram->buckets[i];
		buffer_printf(buffer, "%s_bucket{%s,le=\"", name, labels);
		if (i < HISTOGRAM_BOUNDS)
			buffer_printf(buffer, "%g\"} %lu\n", bounds[i], cumulated);
		else
			buffer_printf(buffer, "+Inf\"} %lu\n", cumulated);
	}
	buffer_printf(buffer, "%s_sum{%s} %.6f\n%s_count{%s} %lu\n", name, labels, histogram->sum, name,
				  labels, histogram->count);
}

void
metric_single(Buffer *buffer, const char *name, const char *type, const char *help,
			  unsigned long value)
{
	metric_head(buffer, name, type, help);
	metric_value(buffer, name, NULL, value);
}

void
metric_add_label(Buffer *buffer, const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c == '\n')
			buffer_add(buffer, "\\n", 2);
		else
		{
			if (*c == '\\' || *c == '"')
				buffer_add(buffer, "\\", 1);
			buffer_add(buffer, c, 1);
		}
}
