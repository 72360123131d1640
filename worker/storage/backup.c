/* backup.c - loteria-storage --backup. */

#include "backup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "copy.h"
#include "unfinished.h"

#define TRIES 5 // while the day changes under our eyes

static int copy (const char *from, unfinished_t *unfinished, char *why);
static int complete (const char *directory, char *why);
static int move_up (unfinished_t *unfinished, char *why);

int backup_directory (const char *from, const char *to)
{
    unfinished_t unfinished;
    char why[BOOK_WHY_BYTES];
    if (unfinished_begin (&unfinished, to, why) == -1) {
        fprintf (stderr, "loteria-storage: --to: %s\n", why);
        return 1;
    }
    const bool whole =
        copy (from, &unfinished, why) == 0 && complete (unfinished.path, why) == 0 &&
        check_copy (unfinished.path, why) == 0 && move_up (&unfinished, why) == 0;
    unfinished_end (&unfinished, whole);
    if (whole)
        printf ("sound\n");
    else
        fprintf (stderr, "loteria-storage: --backup: %s\n", why);
    return whole ? 0 : 1;
}

static int copy (const char *from, unfinished_t *unfinished, char *why)
{
    int rc = copy_day (from, unfinished->path, why);
    for (int i = 1; rc == -1 && errno == EAGAIN && i < TRIES; i++) {
        rc = unfinished_clear (unfinished);
        if (rc == 0)
            rc = copy_day (from, unfinished->path, why);
        else
            snprintf (why, BOOK_WHY_BYTES, "%.900s: %s", unfinished->path,
                      strerror (errno));
    }
    return rc;
}

/* As a start does: what is in the log alone is written to the other files. So whoever
   reads bets.csv in the copy finds every bet. */
static int complete (const char *directory, char *why)
{
    const log_options_t options = {0};
    sales_t *sales = sales_new ();
    book_t *book = book_open (directory, &options, sales, why);
    int rc = book ? book_close (book) : -1;
    if (book && rc == -1) {
        char reason[BOOK_WHY_BYTES];
        book_failure (book, reason);
        snprintf (why, BOOK_WHY_BYTES, "%.600s/%.400s", directory, reason);
    }
    book_destroy (&book);
    sales_destroy (&sales);
    return rc;
}

/* The checkpoints last: without them it is no day, and a start says so. */
static int move_up (unfinished_t *unfinished, char *why)
{
    static const char *const names[] = {FOLDERS_ALL, BOOK_CSV,     BOOK_INDEX,
                                        BOOK_LOG,    CHECKPOINT_A, CHECKPOINT_B};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (unfinished_move (unfinished, names[i]) == -1) {
            snprintf (why, BOOK_WHY_BYTES, "%.700s/%s: cannot be moved, %s",
                      unfinished->directory, names[i], strerror (errno));
            return -1;
        }
    return 0;
}
