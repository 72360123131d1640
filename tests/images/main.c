/* main.c - images: what may be left of a recorded day, in memory, through the product's
   recovery. README.md has the whole story. */

#include <stdlib.h>
#include <unistd.h>

#include "images.h"
#include "logger.h"
#include "testing.h"

#ifdef __SANITIZE_ADDRESS__
#define TURNS 61
#else
#define TURNS 1
#endif

char images_case[512];

static recording_t recording;
static images_options_t options = {.every = 1};

static void every_crash_recovers (void **state)
{
    (void) state;
    crashes_run (&recording, &options);
    images_case[0] = 0;
}

static void every_crash_of_storage_recovers (void **state)
{
    (void) state;
    book_crashes_run (&options);
    images_case[0] = 0;
}

static void every_damaged_byte_is_noticed (void **state)
{
    (void) state;
    bytes_run (&recording, &options);
    images_case[0] = 0;
}

/* Of a test that did not get to its end. */
static int tell_case (void **state)
{
    (void) state;
    if (images_case[0])
        print_error ("the case was: %s\n", images_case);
    return 0;
}

bool images_turn (void)
{
    static uint64_t turns;
    return recording.file_count == 1 || turns++ % TURNS == 0; // state has few
}

const char *images_sample (const images_options_t *with, const char *kind,
                           uint64_t number)
{
    static char path[1024];
    if (!with->samples || number % with->every != 0)
        return NULL;
    snprintf (path, sizeof path, "%s/%s-%llu", with->samples, kind,
              (unsigned long long) number);
    return path;
}

int main (int argc, char **argv)
{
    int option;
    while ((option = getopt (argc, argv, "ae:s:")) != -1)
        if (option == 'a')
            options.all = true;
        else if (option == 'e')
            options.every = strtoull (optarg, NULL, 10);
        else if (option == 's')
            options.samples = optarg;
        else
            optind = argc; // says how it is used
    if (optind != argc - 1 || options.every == 0) {
        fprintf (stderr,
                 "usage: images [-a] [-s SAMPLES -e EVERY] storage | RECORDING\n");
        return 2;
    }
    logger_set_level (LOG_CRITICAL);
    const struct CMUnitTest of_storage[] = {
        cmocka_unit_test_teardown (every_crash_of_storage_recovers, tell_case)};
    if (strcmp (argv[optind], "storage") == 0)
        return cmocka_run_group_tests (of_storage, NULL, NULL) ? 1 : 0;
    recording_read (&recording, argv[optind]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (every_crash_recovers, tell_case),
        cmocka_unit_test_teardown (every_damaged_byte_is_noticed, tell_case),
    };
    const int failed = cmocka_run_group_tests (tests, NULL, NULL);
    recovery_free ();
    return failed ? 1 : 0;
}
