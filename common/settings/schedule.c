/* schedule.c - the draws that a central opens by the clock: loteria-state, and
   loteria-central, which only checks them. */

#include "schedule.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config_file.h"
#include "draw_name.h"
#include "local_time.h"

#define SECTION       "draw"
#define PATTERN_BYTES 64
#define WEEK          7
#define EVERY_DAY     0x7F

typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1]; // of the section
    char pattern[PATTERN_BYTES];        // of its draws' names
    uint8_t weekdays;                   // a bit each, Sunday's first
    size_t dates;
    local_date_t date[SCHEDULE_DATES_MAX];
    uint32_t opens;
    terms_closes_t closes;
    uint32_t agencies, highest;
    terms_number_t number;
    bool has_days, has_closes;
} plan_t;

struct schedule {
    size_t plans;
    plan_t plan[SCHEDULE_DRAWS_MAX];
};

typedef struct { // reading a file
    const char *path;
    char *why;
} source_t;

static int read_sections (schedule_t *schedule, zconfig_t *tree,
                          const schedule_defaults_t *defaults, const source_t *source);
static int read_plan (plan_t *plan, zconfig_t *section, const source_t *source);
static int check_plan (const schedule_t *schedule, const plan_t *plan,
                       zconfig_t *section, const source_t *source);
static int check_highest (const plan_t *plan, uint32_t most, zconfig_t *section,
                          const source_t *source);
static const char *take (plan_t *plan, const char *key, const char *value);
static const char *take_pattern (plan_t *plan, const char *value);
static const char *take_days (plan_t *plan, const char *value);
static const char *take_day (plan_t *plan, const char *day);
static const char *take_weekdays (plan_t *plan, const char *day);
static int weekday_of (const char *name, size_t size);
static bool take_date (plan_t *plan, const char *day);
static const char *take_opens (plan_t *plan, const char *value);
static const char *take_closes (plan_t *plan, const char *value);
static const char *take_number (plan_t *plan, const char *value);
static const char *take_agencies (plan_t *plan, const char *value);
static const char *take_highest (plan_t *plan, const char *value);
static const char *take_count (const char *value, uint32_t min, uint32_t max,
                               uint32_t *count, const char *wrong);
static bool names_repeat (const plan_t *plan);
static const char *name_of (const plan_t *plan, local_date_t date,
                            char name[DRAW_NAME_BYTES_MAX + 1]);
static bool is_on (const plan_t *plan, local_date_t date);
static bool is_coming (const plan_t *plan, local_date_t date, uint64_t now_ms,
                       schedule_draw_t *draw);
static void describe (const plan_t *plan, local_date_t date, schedule_draw_t *draw);
static int complain (const source_t *source, zconfig_t *item, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static const struct {
    const char *key;
    const char *(*take) (plan_t *plan, const char *value);
} settings[] = {
    {"name", take_pattern},    {"days", take_days},     {"opens", take_opens},
    {"closes", take_closes},   {"number", take_number}, {"agencies", take_agencies},
    {"highest", take_highest},
};

int schedule_load (const char *path, const schedule_defaults_t *defaults,
                   schedule_t **schedule, char why[CONFIG_WHY_BYTES])
{
    char reason[CONFIG_REASON_BYTES];
    const source_t source = {path, why};
    *schedule = NULL;
    if (!path)
        return 0;
    zconfig_t *tree = config_file_load (path, reason);
    if (!tree) {
        snprintf (why, CONFIG_WHY_BYTES, "%.200s: %s", path, reason);
        return -1;
    }
    schedule_t *made = calloc (1, sizeof *made);
    assert (made);
    const int rc = read_sections (made, tree, defaults, &source);
    zconfig_destroy (&tree);
    if (rc == -1 || made->plans == 0)
        schedule_destroy (&made);
    *schedule = made;
    return rc;
}

void schedule_destroy (schedule_t **schedule)
{
    free (*schedule);
    *schedule = NULL;
}

size_t schedule_size (const schedule_t *schedule)
{
    return schedule ? schedule->plans : 0;
}

uint32_t schedule_agencies (const schedule_t *schedule)
{
    uint32_t most = 0;
    for (size_t i = 0; i < schedule_size (schedule); i++)
        if (schedule->plan[i].agencies > most)
            most = schedule->plan[i].agencies;
    return most;
}

uint32_t schedule_fewest (const schedule_t *schedule, uint8_t source)
{
    uint32_t fewest = 0;
    for (size_t i = 0; i < schedule_size (schedule); i++) {
        const plan_t *plan = &schedule->plan[i];
        if (plan->number.source == source && (fewest == 0 || plan->agencies < fewest))
            fewest = plan->agencies;
    }
    return fewest;
}

/* Yesterday's may still be open. One of a day of the week comes within a week, unless
   an hour that was skipped leaves it no time on that day. */
bool schedule_draw (const schedule_t *schedule, size_t plan_index, uint64_t now_ms,
                    schedule_draw_t *draw)
{
    const plan_t *plan = &schedule->plan[plan_index];
    const local_date_t yesterday = local_date_after (local_date (now_ms), -1);
    schedule_draw_t other;
    bool found = false;
    for (int days = 0; days <= 2 * WEEK && !found; days++) {
        const local_date_t date = local_date_after (yesterday, days);
        found = is_on (plan, date) && is_coming (plan, date, now_ms, draw);
    }
    for (size_t i = 0; i < plan->dates; i++)
        if (is_coming (plan, plan->date[i], now_ms, &other) &&
            (!found || other.opens_ms < draw->opens_ms)) {
            *draw = other;
            found = true;
        }
    return found;
}

uint64_t schedule_next (const schedule_t *schedule, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;
    schedule_draw_t draw;
    for (size_t i = 0; i < schedule_size (schedule); i++) {
        bool found = schedule_draw (schedule, i, now_ms, &draw);
        if (found && draw.opens_ms <= now_ms) // the one after that
            found = schedule_draw (schedule, i, draw.until_ms, &draw);
        if (found && draw.opens_ms > now_ms && draw.opens_ms < next_ms)
            next_ms = draw.opens_ms;
    }
    return next_ms;
}

static int read_sections (schedule_t *schedule, zconfig_t *tree,
                          const schedule_defaults_t *defaults, const source_t *source)
{
    for (zconfig_t *root = zconfig_child (tree); root; root = zconfig_next (root)) {
        if (!streq (zconfig_name (root), SECTION))
            continue;
        for (zconfig_t *section = zconfig_child (root); section;
             section = zconfig_next (section)) {
            if (schedule->plans == SCHEDULE_DRAWS_MAX)
                return complain (source, section, "more than %d draws",
                                 SCHEDULE_DRAWS_MAX);
            plan_t *plan = &schedule->plan[schedule->plans];
            plan->agencies = defaults->agencies;
            plan->highest = defaults->highest;
            plan->number = defaults->number;
            if (read_plan (plan, section, source) == -1 ||
                check_plan (schedule, plan, section, source) == -1 ||
                check_highest (plan, defaults->highest, section, source) == -1)
                return -1;
            schedule->plans++;
        }
    }
    return 0;
}

static int read_plan (plan_t *plan, zconfig_t *section, const source_t *source)
{
    const char *name = zconfig_name (section);
    const char *wrong = terms_name_fault (name);
    if (wrong)
        return complain (source, section, SECTION "/%.64s: the name %s", name, wrong);
    if (*zconfig_value (section))
        return complain (source, section,
                         SECTION "/%s: takes no value; its settings stand below it, "
                                 "indented",
                         name);
    snprintf (plan->name, sizeof plan->name, "%s", name);
    snprintf (plan->pattern, sizeof plan->pattern, "%%F-%s", name);
    for (zconfig_t *item = zconfig_child (section); item; item = zconfig_next (item)) {
        const char *key = zconfig_name (item);
        wrong = zconfig_child (item) ? "cannot contain settings"
                                     : take (plan, key, zconfig_value (item));
        if (wrong)
            return complain (source, item, SECTION "/%s/%.40s: %s%.64s%s%s", name, key,
                             streq (key, "number") ? "" : "'",
                             streq (key, "number") ? "" : zconfig_value (item),
                             streq (key, "number") ? "" : "' ", wrong);
    }
    return 0;
}

/* What its settings are together, and beside those of others. */
static int check_plan (const schedule_t *schedule, const plan_t *plan,
                       zconfig_t *section, const source_t *source)
{
    static const local_date_t some_day = {2026, 9, 30}; // whose names are the longest
    char name[DRAW_NAME_BYTES_MAX + 1], other[DRAW_NAME_BYTES_MAX + 1];
    if (!plan->has_days || !plan->has_closes)
        return complain (source, section, SECTION "/%s: needs `days` and `closes`",
                         plan->name);
    const char *wrong = name_of (plan, some_day, name);
    if (wrong)
        return complain (source, section, SECTION "/%s: the name of a draw %s",
                         plan->name, wrong);
    if ((plan->weekdays || plan->dates > 1) && names_repeat (plan))
        return complain (source, section,
                         SECTION
                         "/%s/name: draws of different days would have the same "
                         "name; put the date in, such as %%F",
                         plan->name);
    if (plan->number.source == TERMS_FIXED && plan->number.number > plan->highest)
        return complain (source, section,
                         SECTION "/%s: the fixed number is above %u, the highest: "
                                 "nobody could bet on it",
                         plan->name, plan->highest);
    for (size_t i = 0; i < schedule->plans; i++)
        if (name_of (&schedule->plan[i], some_day, other) || streq (name, other))
            return complain (source, section,
                             SECTION "/%s: its draws have the same names as those of "
                                     "%s",
                             plan->name, schedule->plan[i].name);
    return 0;
}

/* The workers refuse whatever is above --number-max, before any draw is looked at. */
static int check_highest (const plan_t *plan, uint32_t most, zconfig_t *section,
                          const source_t *source)
{
    if (plan->highest <= most)
        return 0;
    return complain (source, zconfig_locate (section, "highest"),
                     SECTION "/%s/highest: %u is above --number-max %u, and no higher "
                             "bet is taken; raise that, or lower this",
                     plan->name, plan->highest, most);
}

static const char *take (plan_t *plan, const char *key, const char *value)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (streq (settings[i].key, key))
            return settings[i].take (plan, value);
    return "is for no setting of a draw: name, days, opens, closes, number, agencies, "
           "highest";
}

static const char *take_pattern (plan_t *plan, const char *value)
{
    if (strlen (value) >= sizeof plan->pattern)
        return "is too long";
    strcpy (plan->pattern, value);
    return NULL;
}

static const char *take_days (plan_t *plan, const char *value)
{
    char day[32];
    const char *wrong = NULL;
    plan->has_days = true;
    for (const char *at = value; at && !wrong;) {
        at += strspn (at, " ");
        const size_t size = strcspn (at, ", ");
        snprintf (day, sizeof day, "%.*s", (int) size, at);
        wrong = take_day (plan, day);
        at += size;
        at += strspn (at, " ");
        if (*at && *at != ',')
            wrong = "has days without a comma between them";
        at = *at == ',' ? at + 1 : NULL;
    }
    return wrong;
}

static const char *take_day (plan_t *plan, const char *day)
{
    if (streq (day, "daily")) {
        plan->weekdays = EVERY_DAY;
        return NULL;
    }
    if (*day < '0' || *day > '9')
        return take_weekdays (plan, day);
    if (plan->dates == SCHEDULE_DATES_MAX)
        return "has too many dates";
    return take_date (plan, day)
               ? NULL
               : "has a date that does not exist; write dates like 2026-12-24";
}

/* "mon", or "fri-mon", across the week's end. */
static const char *take_weekdays (plan_t *plan, const char *day)
{
    const size_t size = strcspn (day, "-");
    const int first = weekday_of (day, size);
    const int last =
        day[size] ? weekday_of (day + size + 1, strlen (day + size + 1)) : first;
    if (first == -1 || last == -1)
        return "may have only daily, days from sun to sat, and dates";
    for (int weekday = first;; weekday = (weekday + 1) % WEEK) {
        plan->weekdays |= (uint8_t) (1 << weekday);
        if (weekday == last)
            return NULL;
    }
}

static int weekday_of (const char *name, size_t size)
{
    static const char *const names[WEEK] = {"sun", "mon", "tue", "wed",
                                            "thu", "fri", "sat"};
    for (int i = 0; i < WEEK; i++)
        if (size == strlen (names[i]) && strncmp (name, names[i], size) == 0)
            return i;
    return -1;
}

static bool take_date (plan_t *plan, const char *day)
{
    static const char form[] = "0000-00-00";
    for (size_t i = 0; i < sizeof form; i++) // with its end
        if (form[i] == '0' ? day[i] < '0' || day[i] > '9' : day[i] != form[i])
            return false;
    const local_date_t date = {(int) strtol (day, NULL, 10),
                               (int) strtol (day + 5, NULL, 10),
                               (int) strtol (day + 8, NULL, 10)};
    plan->date[plan->dates++] = date;
    return local_date_exists (date);
}

static const char *take_opens (plan_t *plan, const char *value)
{
    return terms_time_parse (value, &plan->opens);
}

static const char *take_closes (plan_t *plan, const char *value)
{
    plan->has_closes = true;
    return terms_closes_parse (value, &plan->closes);
}

static const char *take_number (plan_t *plan, const char *value)
{
    return terms_number_parse (value, &plan->number);
}

static const char *take_agencies (plan_t *plan, const char *value)
{
    return take_count (value, 1, AGENCIES_MAX, &plan->agencies,
                       "is no number from 1 to " BOUND_TEXT (AGENCIES_MAX));
}

static const char *take_highest (plan_t *plan, const char *value)
{
    return take_count (value, 0, NUMBER_MAX_MAX, &plan->highest,
                       "is no number from 0 to " BOUND_TEXT (NUMBER_MAX_MAX));
}

static const char *take_count (const char *value, uint32_t min, uint32_t max,
                               uint32_t *count, const char *wrong)
{
    const config_item_t item = {.type = CONFIG_NUMBER, .min = min, .max = max};
    char reason[CONFIG_REASON_BYTES];
    config_value_t parsed;
    if (config_value_parse (&item, value, &parsed, reason) == -1)
        return wrong;
    *count = parsed.number;
    return NULL;
}

/* On the next day, a week, a month or a year later. */
static bool names_repeat (const plan_t *plan)
{
    static const local_date_t days[] = {
        {2026, 9, 28}, {2026, 9, 29}, {2026, 10, 5}, {2026, 10, 28}, {2027, 9, 28}};
    char first[DRAW_NAME_BYTES_MAX + 1], other[DRAW_NAME_BYTES_MAX + 1];
    name_of (plan, days[0], first);
    for (size_t i = 1; i < sizeof days / sizeof *days; i++)
        if (!name_of (plan, days[i], other) && streq (first, other))
            return true;
    return false;
}

/* NULL, or what is wrong with the name. */
static const char *name_of (const plan_t *plan, local_date_t date,
                            char name[DRAW_NAME_BYTES_MAX + 1])
{
    char text[2 * PATTERN_BYTES + DRAW_NAME_BYTES_MAX];
    struct tm day = {.tm_year = date.year - 1900,
                     .tm_mon = date.month - 1,
                     .tm_mday = date.day,
                     .tm_min = (int) plan->opens};
    timegm (&day); // which day of the week it is, and of the year
    const size_t size = strftime (text, sizeof text, plan->pattern, &day);
    const char *wrong = draw_name_fault (bytes_of (text, size));
    if (!wrong)
        snprintf (name, DRAW_NAME_BYTES_MAX + 1, "%.*s", (int) size, text);
    return wrong;
}

static bool is_on (const plan_t *plan, local_date_t date)
{
    return plan->weekdays & 1 << local_weekday (date);
}

/* Whether that day's draw is not over yet. */
static bool is_coming (const plan_t *plan, local_date_t date, uint64_t now_ms,
                       schedule_draw_t *draw)
{
    describe (plan, date, draw);
    return *draw->name && draw->until_ms > now_ms && draw->until_ms > draw->opens_ms;
}

static void describe (const plan_t *plan, local_date_t date, schedule_draw_t *draw)
{
    const bool timed = plan->closes.closing == TERMS_AT;
    const bool over_night = timed && plan->closes.minute <= plan->opens;
    *draw = (schedule_draw_t){.agencies = plan->agencies,
                              .highest = plan->highest,
                              .number = plan->number,
                              .opens_ms = local_moment (date, plan->opens)};
    name_of (plan, date, draw->name);
    draw->until_ms =
        timed ? local_moment (local_date_after (date, over_night), plan->closes.minute)
              : local_moment (date, LOCAL_MINUTES_DAY);
    draw->closes_ms = timed                                 ? draw->until_ms
                      : plan->closes.closing == TERMS_NEVER ? UINT64_MAX
                                                            : 0;
}

static int complain (const source_t *source, zconfig_t *item, const char *format, ...)
{
    va_list values;
    const int size =
        snprintf (source->why, CONFIG_WHY_BYTES, "%.200s: line %zu: ", source->path,
                  config_file_line (item));
    va_start (values, format);
    vsnprintf (source->why + size, CONFIG_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    return -1;
}
