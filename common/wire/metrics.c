/* metrics.c - the table of metrics, and pages of them. */

#include "metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define LABEL_VALUE_MAX 256 // bytes of one; what is longer is cut

static void begin (metrics_page_t *page, metric_t metric, const char *suffix,
                   const char *const *labels, size_t count);
static bool end (metrics_page_t *page, size_t mark, uint64_t whole, int digits,
                 uint64_t part);
static void add (metrics_page_t *page, const char *text, size_t size);
static void add_text (metrics_page_t *page, const char *text);
static void add_value (metrics_page_t *page, const char *value);
static void put_bucket (metrics_page_t *page, metric_t metric, const char *limit,
                        uint64_t count);
static bool is_of (bytes_t name, const metric_info_t *info);

#define METRIC_ROW(id, name, type, labels, help) [id] = {name, type, labels, help},
static const metric_info_t table[] = {METRICS (METRIC_ROW)};

const metric_info_t *metric_info (metric_t metric)
{
    assert (metric < METRIC_COUNT);
    return &table[metric];
}

metric_t metric_named (bytes_t name)
{
    size_t metric = 0;
    while (metric < METRIC_COUNT && !is_of (name, &table[metric]))
        metric++;
    return (metric_t) metric;
}

const char *metric_type_name (metric_type_t type)
{
    static const char *const names[] = {[METRIC_IS_COUNTER] = "counter",
                                        [METRIC_IS_GAUGE] = "gauge",
                                        [METRIC_IS_HISTOGRAM] = "histogram"};
    return names[type];
}

void histogram_add (histogram_t *histogram, uint64_t us)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && us > UINT64_C (1)
                                                  << (HISTOGRAM_FIRST + bucket))
        bucket++;
    if (bucket < HISTOGRAM_BUCKETS)
        histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum_us += us;
}

const char *metric_number (char text[24], uint64_t number)
{
    snprintf (text, 24, "%" PRIu64, number);
    return text;
}

bool metrics_put_value (metrics_page_t *page, metric_t metric, uint64_t value,
                        const char *const *labels, size_t count)
{
    const size_t mark = page->size;
    begin (page, metric, "", labels, count);
    return end (page, mark, value, 0, 0);
}

bool metrics_put_seconds (metrics_page_t *page, metric_t metric, uint64_t ms,
                          const char *const *labels, size_t count)
{
    const size_t mark = page->size;
    begin (page, metric, "", labels, count);
    return end (page, mark, ms / 1000, 3, ms % 1000);
}

bool metrics_put_buckets (metrics_page_t *page, metric_t metric,
                          const histogram_t *histogram)
{
    static const char *const nothing[] = {NULL};
    const size_t mark = page->size;
    uint64_t below = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        char limit[24];
        const uint64_t us = UINT64_C (1) << (HISTOGRAM_FIRST + i);
        snprintf (limit, sizeof limit, "%" PRIu64 ".%06" PRIu64, us / 1000000,
                  us % 1000000);
        below += histogram->buckets[i];
        put_bucket (page, metric, limit, below);
    }
    put_bucket (page, metric, "+Inf", histogram->count);
    begin (page, metric, "_sum", nothing, 1);
    end (page, mark, histogram->sum_us / 1000000, 6, histogram->sum_us % 1000000);
    begin (page, metric, "_count", nothing, 1);
    return end (page, mark, histogram->count, 0, 0);
}

static void put_bucket (metrics_page_t *page, metric_t metric, const char *limit,
                        uint64_t count)
{
    const size_t mark = page->size;
    add_text (page, table[metric].name);
    add_text (page, "_bucket{le=\"");
    add_text (page, limit);
    add_text (page, "\"}");
    end (page, mark, count, 0, 0);
}

/* Write the name and the labels; the first of `labels` stands for none. */
static void begin (metrics_page_t *page, metric_t metric, const char *suffix,
                   const char *const *labels, size_t count)
{
    const char *name = metric_info (metric)->labels;
    add_text (page, table[metric].name);
    add_text (page, suffix);
    for (size_t i = 1; i < count; i++) {
        const size_t size = strcspn (name, ",");
        assert (size > 0); // the table has as many
        add_text (page, i == 1 ? "{" : ",");
        add (page, name, size);
        add_value (page, labels[i]);
        name += size + (name[size] == ',');
    }
    assert (*name == 0);
    if (count > 1)
        add_text (page, "}");
}

/* A number with so many digits behind the point, and the line's end; or all that was
   written since `mark` is taken back. */
static bool end (metrics_page_t *page, size_t mark, uint64_t whole, int digits,
                 uint64_t part)
{
    char number[64];
    if (digits > 0)
        snprintf (number, sizeof number, " %" PRIu64 ".%0*" PRIu64 "\n", whole, digits,
                  part);
    else
        snprintf (number, sizeof number, " %" PRIu64 "\n", whole);
    add_text (page, number);
    if (page->full && page->size > mark)
        page->size = mark;
    return !page->full;
}

static void add_text (metrics_page_t *page, const char *text)
{
    add (page, text, strlen (text));
}

static void add (metrics_page_t *page, const char *text, size_t size)
{
    page->full = page->full || size > page->capacity - page->size;
    if (page->full)
        return;
    memcpy (page->text + page->size, text, size);
    page->size += size;
}

/* ="value", with what ends it or the line escaped. */
static void add_value (metrics_page_t *page, const char *value)
{
    add_text (page, "=\"");
    for (size_t i = 0; value[i] && i < LABEL_VALUE_MAX; i++)
        if (value[i] == '\\' || value[i] == '"')
            add (page, (char[]){'\\', value[i]}, 2);
        else if (value[i] == '\n')
            add_text (page, "\\n");
        else
            add (page, value + i, 1);
    add_text (page, "\"");
}

static bool is_of (bytes_t name, const metric_info_t *info)
{
    static const char *const suffixes[] = {"_bucket", "_count", "_sum"};
    const size_t size = strlen (info->name);
    if (name.size < size || memcmp (name.data, info->name, size) != 0)
        return false;
    const bytes_t rest = bytes_of (name.data + size, name.size - size);
    if (info->type != METRIC_IS_HISTOGRAM)
        return rest.size == 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (bytes_equal (rest, bytes_of (suffixes[i], strlen (suffixes[i]))))
            return true;
    return false;
}
