/* main.c - images: what a crash may leave of storage's files, at every operation of
   days that are played here, through the product's recovery. README.md has the whole
   story.
 */

#include <stdlib.h>
#include <unistd.h>

#include "images.h"
#include "logger.h"
#include "testing.h"

char images_case[512];

static images_options_t options;

static void every_crash_recovers (void **state)
{
    (void) state;
    book_crashes_run (&options);
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

int main (int argc, char **argv)
{
    int option;
    while ((option = getopt (argc, argv, "a")) != -1)
        if (option == 'a')
            options.all = true;
        else
            optind = argc + 1; // says how it is used
    if (optind != argc) {
        fprintf (stderr, "usage: images [-a]\n");
        return 2;
    }
    logger_set_level (LOG_CRITICAL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (every_crash_recovers, tell_case)};
    return cmocka_run_group_tests (tests, NULL, NULL) ? 1 : 0;
}
