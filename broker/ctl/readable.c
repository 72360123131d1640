/* readable.c - numbers as a person reads them: loteria-ctl. */

#include "readable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "local_time.h"

#define DATE_BYTES 10 // "2026-11-30"

static const char *unknown (char text[FIGURE_BYTES]);

const char *figure_count (uint64_t count, char text[FIGURE_BYTES])
{
    char digits[24];
    const int size = snprintf (digits, sizeof digits, "%" PRIu64, count);
    char *at = text;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return text;
}

const char *figure_rate (double per_s, char text[FIGURE_BYTES])
{
    if (!(per_s >= 0) || per_s >= 1e18)
        return unknown (text);
    if (per_s > 0 && per_s < 9.95)
        snprintf (text, FIGURE_BYTES, "%.1f", per_s);
    else
        figure_count ((uint64_t) (per_s + 0.5), text);
    return text;
}

const char *figure_size (uint64_t bytes, char text[FIGURE_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double) bytes;
    size_t unit = 0;
    while (size >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        unit++;
    }
    snprintf (text, FIGURE_BYTES, "%.*f %s", unit == 0 ? 0 : 1, size, units[unit]);
    return text;
}

const char *figure_seconds (double s, char text[FIGURE_BYTES])
{
    if (!(s >= 0) || s > 1e9)
        return unknown (text);
    if (s < 1)
        snprintf (text, FIGURE_BYTES, "%.*f ms",
                  s < 0.01  ? 2
                  : s < 0.1 ? 1
                            : 0,
                  s * 1000);
    else
        snprintf (text, FIGURE_BYTES, "%.1f s", s);
    return text;
}

const char *figure_percent (double percent, char text[FIGURE_BYTES])
{
    if (!(percent >= 0) || percent > 1e9)
        return unknown (text);
    snprintf (text, FIGURE_BYTES, "%.0f %%", percent);
    return text;
}

const char *figure_span (uint64_t ms, char text[FIGURE_BYTES])
{
    const uint64_t s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;
    if (s < 60)
        snprintf (text, FIGURE_BYTES, "%" PRIu64 " s", s);
    else if (min < 60)
        snprintf (text, FIGURE_BYTES, "%" PRIu64 " min %" PRIu64 " s", min, s % 60);
    else if (h < 24)
        snprintf (text, FIGURE_BYTES, "%" PRIu64 " h %" PRIu64 " min", h, min % 60);
    else
        snprintf (text, FIGURE_BYTES, "%" PRIu64 " d %" PRIu64 " h", d, h % 24);
    return text;
}

const char *figure_time (uint64_t ms, uint64_t now_ms, char text[FIGURE_BYTES])
{
    char local[LOCAL_TEXT_BYTES], today[LOCAL_TEXT_BYTES];
    if (ms == 0)
        return unknown (text);
    local_text (ms, local);
    local_text (now_ms, today);
    const bool same = strncmp (local, today, DATE_BYTES) == 0;
    snprintf (text, FIGURE_BYTES, "%s", same ? local + DATE_BYTES + 1 : local);
    return text;
}

const char *figure_ago (uint64_t ms, uint64_t now_ms, char text[FIGURE_BYTES])
{
    return ms == 0 ? unknown (text) : figure_span (now_ms > ms ? now_ms - ms : 0, text);
}

static const char *unknown (char text[FIGURE_BYTES])
{
    return strcpy (text, "-");
}
