/* fuzz_config.c - any text as a configuration file, and as one with draws; and, cut at
   its zeros, as flags. */

#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "config.h"
#include "draw_name.h"
#include "schedule.h"

#define ARGUMENTS_MAX 16

static void load (int argc, char **argv);
static void plan (const char *path);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static char path[64];
    static int file = -1;
    if (file == -1) {
        file = memfd_create ("configuration", 0);
        MUST (file != -1);
        snprintf (path, sizeof path, "/proc/self/fd/%d", file);
    }
    MUST (ftruncate (file, 0) == 0 && pwrite (file, data, size, 0) == (ssize_t) size);
    char program[] = "loteria-fuzz", flag[] = "--config";
    char *of_file[] = {program, flag, path, NULL};
    load (3, of_file);
    plan (path);

    char *text = malloc (size + 1), *of_flags[ARGUMENTS_MAX + 1] = {program};
    MUST (text);
    memcpy (text, data, size);
    text[size] = 0;
    int argc = 1;
    for (size_t at = 0; at < size && argc < ARGUMENTS_MAX; at += strlen (text + at) + 1)
        of_flags[argc++] = text + at;
    load (argc, of_flags);
    free (text);
    return 0;
}

static void load (int argc, char **argv)
{
    const char *text = NULL;
    uint32_t number = 0;
    uint64_t duration = 0;
    bool flag = false;
    const config_item_t items[] = {
        {"data-dir", CONFIG_TEXT, &text, NULL, "data", 0, 0, "a text"},
        {"workers", CONFIG_NUMBER, &number, NULL, "4", 1, 100, "a number"},
        {"log-bets", CONFIG_FLAG, &flag, NULL, "no", 0, 0, "a flag"},
        {"loop-period", CONFIG_DURATION, &duration, NULL, "0", 0, 0, "a duration"},
        {"log-level", CONFIG_LEVEL, NULL, NULL, "INFO", 0, 0, "a level"},
        {0}};
    const config_program_t program = {
        .program = "loteria-fuzz", .section = "central", .summary = "", .items = items};
    int status = -1;
    config_t *config = config_load (&program, argc, argv, &status);
    if (config)
        MUST (text && number >= 1 && number <= 100);
    else
        MUST (status >= 0 && status <= 2);
    config_destroy (&config);
}

/* Whatever it says: a draw has a name and a time. */
static void plan (const char *path)
{
    const schedule_defaults_t defaults = {5, 9999, {TERMS_RANDOM, 0}};
    const uint64_t some_day_ms = 1796083200000; // 2026-11-30
    char why[CONFIG_WHY_BYTES];
    schedule_t *schedule;
    schedule_draw_t draw;
    MUST (schedule_load (path, &defaults, &schedule, why) == 0 || (*why && !schedule));
    for (size_t i = 0; i < schedule_size (schedule); i++)
        if (schedule_draw (schedule, i, some_day_ms, &draw))
            MUST (!draw_name_fault (bytes_of (draw.name, strlen (draw.name))) &&
                  draw.opens_ms < draw.until_ms && draw.until_ms > some_day_ms);
    MUST (schedule_next (schedule, some_day_ms) > some_day_ms);
    schedule_destroy (&schedule);
}
