/* metric_pages.h - all pages of an enumeration of metrics, as self_report.c takes them,
   in one text. */

#ifndef LOTERIA_METRIC_PAGES_H
#define LOTERIA_METRIC_PAGES_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "metrics.h"

typedef bool (put_fn) (uint64_t draw, uint64_t *position, metrics_page_t *page);

static char metric_text[1 << 20];

/* In pages of so many bytes; `between` is called between two, NULL: nothing. Returns
   how many pages there were. */
static inline int metric_pages (put_fn *put, uint64_t draw, size_t bytes,
                                void (*between) (void))
{
    size_t size = 0;
    uint64_t position = 0;
    bool more = true;
    int pages = 0;
    for (; more; pages++) {
        metrics_page_t page = {.text = metric_text + size, .capacity = bytes};
        assert_true (size + bytes < sizeof metric_text && pages < 10000);
        while (true) {
            const size_t mark = page.size;
            const uint64_t here = position;
            more = put (draw, &position, &page);
            assert_true (!more || position > here);
            assert_true (more || page.size == mark);
            if (!more || page.full) {
                position = here;
                page.size = mark;
                assert_true (mark > 0 || !more);
                break;
            }
        }
        size += page.size;
        if (more && between)
            between ();
    }
    metric_text[size] = 0;
    return pages;
}

/* There is this line, whole. */
static inline void metric_is (const char *line)
{
    const size_t size = strlen (line);
    for (const char *at = metric_text; (at = strstr (at, line)); at++)
        if ((at == metric_text || at[-1] == '\n') && at[size] == '\n')
            return;
    fail_msg ("no line '%s' in:\n%s", line, metric_text);
}

/* How many lines begin so. */
static inline int metric_lines (const char *begin)
{
    int count = 0;
    for (const char *at = metric_text; (at = strstr (at, begin)); at++)
        count += at == metric_text || at[-1] == '\n';
    return count;
}

#endif
