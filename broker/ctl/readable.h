/* readable.h - numbers as a person reads them. Pure, but for the time zone. Each
   returns `text`. */

#ifndef LOTERIA_READABLE_H
#define LOTERIA_READABLE_H

#include <stdint.h>

#define FIGURE_BYTES 48

/* "1,234,567" */
const char *figure_count (uint64_t count, char text[FIGURE_BYTES]);

/* "1,234", "3.5"; "-" when it is negative: unknown. */
const char *figure_rate (double per_s, char text[FIGURE_BYTES]);

/* "512 B", "20.4 MiB" */
const char *figure_size (uint64_t bytes, char text[FIGURE_BYTES]);

/* "0.35 ms", "1.2 s"; "-" when it is negative. */
const char *figure_seconds (double s, char text[FIGURE_BYTES]);

/* "12 %"; "-" when it is negative. */
const char *figure_percent (double percent, char text[FIGURE_BYTES]);

/* "45 s", "2 h 13 min", "3 d 4 h" */
const char *figure_span (uint64_t ms, char text[FIGURE_BYTES]);

/* Local: "21:00:05" of the day of `now_ms`, else "2026-11-30 21:00:05"; "-" for 0. */
const char *figure_time (uint64_t ms, uint64_t now_ms, char text[FIGURE_BYTES]);

/* How long ago, as a span; "-" for 0. */
const char *figure_ago (uint64_t ms, uint64_t now_ms, char text[FIGURE_BYTES]);

#endif
