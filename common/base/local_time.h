/* local_time.h - days and hours of this machine's time zone, for what people plan by
   the clock on the wall: the zone is TZ's, or the system's.

   A time of a day is the first moment of that day at which such a clock shows it or a
   later one. So there is exactly one: where summer time begins, an hour that is skipped
   is the moment of the jump; where it ends, an hour that comes twice is the first. */

#ifndef LOTERIA_LOCAL_TIME_H
#define LOTERIA_LOCAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define LOCAL_MINUTES_DAY 1440
#define LOCAL_TEXT_BYTES  40
#define LOCAL_WHY_BYTES   192

typedef struct {
    int year, month, day; // 2026, 1..12, 1..31
} local_date_t;

/* The date at a moment, in milliseconds since 1970. */
local_date_t local_date (uint64_t ms);

/* The date so many days later, or earlier; what day of the week it is, Sunday 0; and
   whether it is one of the calendar, in the years from 1970 to 9999. */
local_date_t local_date_after (local_date_t date, int days);
int local_weekday (local_date_t date);
bool local_date_exists (local_date_t date);

/* The moment of a time of that day, in minutes from 0 to 1440 (the day's end), in
   milliseconds since 1970. */
uint64_t local_moment (local_date_t date, uint32_t minute);

/* "2026-11-30 21:00:05"; and "2026-12-01T00:00:05Z", in UTC. Both return `text`. */
const char *local_text (uint64_t ms, char text[LOCAL_TEXT_BYTES]);
const char *local_text_utc (uint64_t ms, char text[LOCAL_TEXT_BYTES]);

/* Whether TZ names a zone that this machine knows; the C library takes any other for
   UTC, without a word. False with the reason, which says what to do. Touches files. */
bool local_zone_known (char why[LOCAL_WHY_BYTES]);

#endif
