/* check.c - loteria-storage --check DIRECTORY. */

#include "check.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger.h"
#include "storage.h"

static int check_files (const char *directory, file_t *csv, file_t *journal);
static void found_record (void *context, uint32_t index, const record_t *record);
static void print_book (const book_t *book, ledger_t *ledger);

int check_directory (const char *directory)
{
    char why[JOURNAL_WHY_BYTES];
    file_t *journal =
        file_open (directory, STORAGE_JOURNAL, FILE_READ, why, sizeof why);
    file_t *csv =
        journal ? file_open (directory, STORAGE_CSV, FILE_READ, why, sizeof why) : NULL;
    int status = 1;
    if (csv)
        status = check_files (directory, csv, journal);
    else
        fprintf (stderr, "loteria-storage: %s\n", why);
    file_close (&csv);
    file_close (&journal);
    return status;
}

static int check_files (const char *directory, file_t *csv, file_t *journal)
{
    char why[JOURNAL_WHY_BYTES];
    ledger_t *ledger = ledger_new ();
    book_t *book = book_open (csv, journal, found_record, ledger, why);
    if (book)
        print_book (book, ledger);
    else
        fprintf (stderr, "loteria-storage: damaged: %s/%s\n", directory, why);
    const int status = book ? 0 : 1;
    book_destroy (&book);
    ledger_destroy (&ledger);
    return status;
}

static void found_record (void *context, uint32_t index, const record_t *record)
{
    ledger_apply (context, index, record);
}

static void print_book (const book_t *book, ledger_t *ledger)
{
    uint64_t bets = 0;
    for (uint32_t agency = 1; agency <= AGENCIES_MAX; agency++) {
        const account_t *account = ledger_find (ledger, agency);
        if (!account)
            continue;
        printf ("agency %" PRIu32 ": %" PRIu64 " bets%s\n", agency, account->next,
                account->sealed ? ", sealed" : "");
        bets += account->next;
    }
    printf ("records: %" PRIu32 "\n", book_records (book));
    printf ("bets: %" PRIu64 "\n", bets);
    printf ("bytes: %" PRIu64 "\n", book_bytes (book));
    printf ("hash: %016" PRIx64 "\n", book_hash (book));
    if (book_torn (book) > 0)
        printf ("tail: %" PRIu64 " bytes, unfinished and never acknowledged; the next "
                "start cuts them off\n",
                book_torn (book));
    printf ("sound\n");
}
