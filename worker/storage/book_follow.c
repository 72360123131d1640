/* book_follow.c - a log that an engine keeps: what others append to it is found, and
   comes into the files here. Storage. */

#include <errno.h>
#include <stdio.h>

#include "book_state.h"

#define HAS_LOST                                                                       \
    "; if nobody touched the files here, the engine has lost what was acknowledged, "  \
    "as after the promotion of a standby that was behind: let the machine that has "   \
    "it lead again, and keep this directory"
#define SILENCE_MS 10000 // so long an engine may say nothing while a start reads it

static uint64_t records_here (const book_t *book);
static int refuse_lost (const book_t *book, uint64_t noted, char *why);
static int first_piece (book_t *book, char *why);
static int refuse (const book_opening_t *opening, char *why, const char *reason);
static int write_found (book_t *book, uint64_t before);
static int cut_new (book_t *book, uint64_t before);

/* No more at a time than a start reads from a file; but first of all as far as the
   files here reach, by which it is seen whether the engine has lost anything. */
int book_follow_all (book_t *book, uint64_t epoch, char *why)
{
    book_opening_t opening = {.book = book};
    char reason[LOG_WHY_BYTES] = "";
    const uint64_t sequence = records_here (book);
    uint32_t safe;
    bool first = true;
    if (archive_safe (book->archive, &safe) == -1)
        return book_start_failed (book, why);
    const uint64_t noted = log_noted (book->log);
    log_vouch (book->log, noted > safe ? noted : safe);
    if (epoch > 0)
        log_lead (book->log, epoch);
    for (int rc = 0; rc != 1; first = false) {
        rc = log_catch_up (book->log, book_found_record, &opening, sequence,
                           book->checkpoint_bytes, SILENCE_MS, reason);
        if (rc == -1)
            return refuse (&opening, why, reason);
        if (rc == 1 && log_sequence (book->log) < noted)
            return refuse_lost (book, noted, why);
        if ((first && !book->recovery.fresh ? first_piece (book, why)
                                            : book_complete (book, why)) == -1)
            return -1;
    }
    return 0;
}

static uint64_t records_here (const book_t *book)
{
    file_t *index = book->files[INDEX_FILE];
    const int64_t size = index->ops->size (index);
    return size < ARCHIVE_HEADER_BYTES
               ? 0
               : (uint64_t) (size - ARCHIVE_HEADER_BYTES) / RECORD_BYTES;
}

/* Before anything here is cut off. The machine that answers may be one that was left
   behind, and the next start find another. */
static int refuse_lost (const book_t *book, uint64_t noted, char *why)
{
    snprintf (why, BOOK_WHY_BYTES,
              "%s: ends with record %llu, but %s says that %llu were safe" HAS_LOST,
              book->engine->name, (unsigned long long) log_sequence (book->log),
              BOOK_LOG, (unsigned long long) noted);
    errno = ETIMEDOUT;
    return -1;
}

static int first_piece (book_t *book, char *why)
{
    char reason[BOOK_WHY_BYTES];
    if (book_check_tail (book, reason) == 0)
        return book_put_right (book, why);
    const int error = errno;
    snprintf (why, BOOK_WHY_BYTES, "%s: %.700s%s", book->engine->name, reason,
              error ? "" : HAS_LOST);
    errno = error;
    return -1;
}

static int refuse (const book_opening_t *opening, char *why, const char *reason)
{
    const int error = opening->error ? opening->error : errno;
    snprintf (why, BOOK_WHY_BYTES, "%s", reason);
    errno = error;
    return -1;
}

int book_follow (book_t *book, char *why)
{
    book_opening_t opening = {.book = book};
    char reason[LOG_WHY_BYTES] = "";
    const uint64_t before = log_sequence (book->log);
    errno = 0;
    const int groups = log_follow (book->log, book_found_record, &opening, reason);
    if (groups == -1)
        return refuse (&opening, why, reason);
    if (groups > 0 && write_found (book, before) == -1)
        return book_start_failed (book, why);
    return groups;
}

/* As with a group of one's own, but that it was safe before. */
static int write_found (book_t *book, uint64_t before)
{
    if (book_make_room (book) == -1 || archive_write (book->archive) == -1 ||
        cut_new (book, before) == -1)
        return -1;
    book->group_base = log_sequence (book->log);
    return log_unreleased (book->log) < book->checkpoint_bytes
               ? 0
               : book_make_checkpoint (book);
}

/* Of draws whose opening was found just now: who led before a power cut may have left
   rows in their files that never came to be, and the start did not know the draw yet.
 */
static int cut_new (book_t *book, uint64_t before)
{
    uint64_t ignored = 0;
    for (size_t i = 0; i < sales_count (book->sales); i++) {
        const sale_t *sale = sales_at (book->sales, i);
        if (sale->opened > before && folder_cut (sale->folder, &ignored) == -1)
            return -1;
    }
    return 0;
}

void book_lead (book_t *book, uint64_t epoch)
{
    log_lead (book->log, epoch);
}

bool book_leads (const book_t *book)
{
    return log_leads (book->log);
}

log_t *book_log (book_t *book)
{
    return book->log;
}
