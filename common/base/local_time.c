/* local_time.c - days and hours of this machine's time zone: loteria-central,
   loteria-state and loteria-ctl. */

#include "local_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_SECONDS 86400
#define AROUND      (26 * 3600) // no zone is further from UTC
#define AROUND_GAP  (50 * 3600) // and then a whole day may be skipped
#define ZONES       "/usr/share/zoneinfo"
#define ZONE_BYTES  256

static time_t utc_of (local_date_t date, uint32_t minute);
static struct tm shown_at (time_t moment);
static bool shows (time_t moment, time_t wanted);
static time_t jump_over (time_t wanted);

local_date_t local_date (uint64_t ms)
{
    const struct tm shown = shown_at ((time_t) (ms / 1000));
    return (local_date_t){shown.tm_year + 1900, shown.tm_mon + 1, shown.tm_mday};
}

local_date_t local_date_after (local_date_t date, int days)
{
    struct tm day;
    const time_t noon =
        utc_of (date, LOCAL_MINUTES_DAY / 2) + (time_t) days * DAY_SECONDS;
    gmtime_r (&noon, &day);
    return (local_date_t){day.tm_year + 1900, day.tm_mon + 1, day.tm_mday};
}

int local_weekday (local_date_t date)
{
    struct tm day;
    const time_t noon = utc_of (date, LOCAL_MINUTES_DAY / 2);
    gmtime_r (&noon, &day);
    return day.tm_wday;
}

bool local_date_exists (local_date_t date)
{
    const local_date_t same = local_date_after (date, 0);
    return date.year >= 1970 && date.year <= 9999 && date.month >= 1 && date.day >= 1 &&
           same.month == date.month && same.day == date.day;
}

/* Around that day the zone is as far from UTC as it was before or as it will be after:
   of the two moments that this gives, the first that shows the time is the one. When
   none does, the clock jumps over it. */
uint64_t local_moment (local_date_t date, uint32_t minute)
{
    const time_t wanted = utc_of (date, minute);
    const time_t sides[] = {wanted - AROUND, wanted + AROUND};
    time_t found = 0;
    for (size_t i = 0; i < 2; i++) {
        const time_t moment = wanted - shown_at (sides[i]).tm_gmtoff;
        if (shows (moment, wanted) && (found == 0 || moment < found))
            found = moment;
    }
    return (uint64_t) (found ? found : jump_over (wanted)) * 1000;
}

const char *local_text (uint64_t ms, char text[LOCAL_TEXT_BYTES])
{
    const struct tm shown = shown_at ((time_t) (ms / 1000));
    strftime (text, LOCAL_TEXT_BYTES, "%F %T", &shown);
    return text;
}

const char *local_text_utc (uint64_t ms, char text[LOCAL_TEXT_BYTES])
{
    struct tm shown;
    const time_t moment = (time_t) (ms / 1000);
    if (!gmtime_r (&moment, &shown) ||
        strftime (text, LOCAL_TEXT_BYTES, "%FT%TZ", &shown) == 0)
        snprintf (text, LOCAL_TEXT_BYTES, "%lld", (long long) moment);
    return text;
}

/* POSIX writes a zone out ("<-03>3", "ART3"): that has digits, and no folder. */
bool local_zone_known (char why[LOCAL_WHY_BYTES])
{
    const char *zone = getenv ("TZ");
    const char *folder = getenv ("TZDIR");
    char path[ZONE_BYTES];
    if (!zone || !*zone)
        return true;
    zone += *zone == ':';
    if (strcmp (zone, "UTC") == 0 || strcmp (zone, "GMT") == 0 ||
        (!strchr (zone, '/') && strpbrk (zone, "0123456789")))
        return true;
    const int size = *zone == '/' ? snprintf (path, sizeof path, "%s", zone)
                                  : snprintf (path, sizeof path, "%s/%s",
                                              folder && *folder ? folder : ZONES, zone);
    if (size < (int) sizeof path && access (path, R_OK) == 0)
        return true;
    snprintf (why, LOCAL_WHY_BYTES,
              "TZ %.60s: no such time zone on this machine; use a name such as "
              "America/Argentina/Buenos_Aires, or write it out, such as <-03>3",
              zone);
    return false;
}

static time_t utc_of (local_date_t date, uint32_t minute)
{
    struct tm shown = {.tm_year = date.year - 1900,
                       .tm_mon = date.month - 1,
                       .tm_mday = date.day,
                       .tm_min = (int) minute};
    return timegm (&shown);
}

static struct tm shown_at (time_t moment)
{
    struct tm shown = {0};
    tzset (); // localtime_r () need not
    localtime_r (&moment, &shown);
    return shown;
}

/* Whether a clock on the wall shows just that, read as if it were UTC. */
static bool shows (time_t moment, time_t wanted)
{
    return moment + shown_at (moment).tm_gmtoff == wanted;
}

static time_t jump_over (time_t wanted)
{
    time_t before = wanted - AROUND_GAP, after = wanted + AROUND_GAP;
    while (after - before > 1) {
        const time_t middle = before + (after - before) / 2;
        if (middle + shown_at (middle).tm_gmtoff < wanted)
            before = middle;
        else
            after = middle;
    }
    return after;
}
