/* receipts.c - an agency's folder of receipts (agency). */

#include "receipts.h"

#include "bet_csv.h"
#include "clock.h"
#include "ledger.h"
#include "local_time.h"
#include "numbers.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TICKETS   "tickets.csv"
#define CANCELLED "cancelled.csv"
#define SYNC_MS   1000  // a sync every so often while there is something to sync,
#define SYNC_ROWS 50000 // or so many tickets: some milliseconds each

_Static_assert(RECEIPTS_WHY_BYTES == LEDGER_WHY_BYTES, "one says what the other said");

struct receipts {
    char *folder;
    bool single;
    ledger_t tickets, cancelled;
    receipt_sale_t sale; // once it has begun
    uint64_t next;       // behind the last ticket
    uint64_t *offsets;   // that are cancelled, in their order
    size_t offsets_count;
    uint32_t unsynced; // tickets
    int64_t synced_ms;
    char why[RECEIPTS_WHY_BYTES];
};

typedef struct { // receipts_on_number ()
    const receipts_t *receipts;
    uint32_t number;
    uint64_t *offsets;
    size_t count, room;
} search_t;

static bool open_files (receipts_t *receipts);
static bool take_ticket (void *context, const receipt_t *ticket);
static bool take_cancelled (void *context, const receipt_t *ticket);
static void note_cancelled (receipts_t *receipts, uint64_t offset);
static size_t place_of (const receipts_t *receipts, uint64_t offset);
static bool is_cancelled (const receipts_t *receipts, uint64_t offset);
static bool agrees (receipts_t *receipts, uint64_t stored);
static bool find_number (void *context, const receipt_t *ticket);
static bool find_on_number (void *context, const receipt_t *ticket);

receipts_t *receipts_open (const char *folder, bool single, problem_t *problem)
{
    receipts_t *receipts = calloc (1, sizeof *receipts);
    assert (receipts);
    receipts->folder = strdup (folder);
    receipts->single = single;
    receipts->tickets.file = receipts->cancelled.file = -1;
    assert (receipts->folder);
    if (open_files (receipts))
        return receipts;
    problem_set (problem, PROCESS_FAILED, "recibos", "reason: %s", receipts->why);
    receipts_close (&receipts);
    return NULL;
}

static bool open_files (receipts_t *receipts)
{
    if (mkdir (receipts->folder, 0700) == -1 && errno != EEXIST) {
        snprintf (receipts->why, RECEIPTS_WHY_BYTES,
                  "%s: cannot be made: %s: give another folder with --receipts",
                  receipts->folder, strerror (errno));
        return false;
    }
    return ledger_open (&receipts->tickets, receipts->folder, TICKETS, true,
                        take_ticket, receipts, receipts->why) &&
           ledger_open (&receipts->cancelled, receipts->folder, CANCELLED, false,
                        take_cancelled, receipts, receipts->why);
}

/* In their order, each once; without a gap where a file is sold. */
static bool take_ticket (void *context, const receipt_t *ticket)
{
    receipts_t *receipts = context;
    if (ticket->number == RECEIPT_NO_NUMBER || ticket->offset < receipts->next ||
        ticket->offset == UINT64_MAX)
        return false;
    receipts->next = ticket->offset + 1;
    return true;
}

static bool take_cancelled (void *context, const receipt_t *ticket)
{
    note_cancelled (context, ticket->offset);
    return true;
}

static void note_cancelled (receipts_t *receipts, uint64_t offset)
{
    const size_t place = place_of (receipts, offset);
    if (is_cancelled (receipts, offset))
        return;
    receipts->offsets = realloc (receipts->offsets, (receipts->offsets_count + 1) *
                                                        sizeof *receipts->offsets);
    assert (receipts->offsets);
    memmove (receipts->offsets + place + 1, receipts->offsets + place,
             (receipts->offsets_count - place) * sizeof *receipts->offsets);
    receipts->offsets[place] = offset;
    receipts->offsets_count++;
}

/* Of the first that is not below. */
static size_t place_of (const receipts_t *receipts, uint64_t offset)
{
    size_t low = 0, high = receipts->offsets_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (receipts->offsets[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_cancelled (const receipts_t *receipts, uint64_t offset)
{
    const size_t place = place_of (receipts, offset);
    return place < receipts->offsets_count && receipts->offsets[place] == offset;
}

void receipts_close (receipts_t **receipts)
{
    if (*receipts == NULL)
        return;
    ledger_close (&(*receipts)->tickets);
    ledger_close (&(*receipts)->cancelled);
    free ((*receipts)->offsets);
    free ((*receipts)->folder);
    free (*receipts);
    *receipts = NULL;
}

const char *receipts_begin (receipts_t *receipts, const receipt_sale_t *sale,
                            uint64_t stored)
{
    receipts->sale = *sale;
    return ledger_fits (&receipts->tickets, sale, receipts->why) &&
                   ledger_fits (&receipts->cancelled, sale, receipts->why) &&
                   agrees (receipts, stored)
               ? NULL
               : receipts->why;
}

static bool agrees (receipts_t *receipts, uint64_t stored)
{
    const ledger_t *tickets = &receipts->tickets;
    if (receipts->next > stored)
        snprintf (receipts->why, RECEIPTS_WHY_BYTES,
                  "%s: has a ticket of bet %" PRIu64 ", and the central has %" PRIu64
                  " bets of agency %" PRIu32
                  ": was it started on an older copy of its data?",
                  tickets->path, receipts->next - 1, stored, receipts->sale.agency);
    else if (!receipts->single && tickets->lines != receipts->next)
        snprintf (
            receipts->why, RECEIPTS_WHY_BYTES,
            "%s: lacks tickets between others, as runs leave it that sell a single "
            "bet each: give another folder with --receipts",
            tickets->path);
    else
        return true;
    return false;
}

uint64_t receipts_next (const receipts_t *receipts)
{
    return receipts->next;
}

const receipt_sale_t *receipts_sale (const receipts_t *receipts)
{
    return &receipts->sale;
}

void receipts_add (receipts_t *receipts, uint64_t offset, uint32_t count, bytes_t rows)
{
    char time[LOCAL_TEXT_BYTES], line[RECEIPT_LINE_BYTES];
    local_text_utc (clock_wall_ms (), time);
    for (uint32_t i = 0; i < count; i++) {
        size_t text_end;
        uint64_t number = 0;
        const size_t size = bet_csv_row_size (rows, &text_end);
        numbers_of_row (bytes_of (rows.data, text_end), &number);
        ledger_add (
            &receipts->tickets, line,
            receipt_write (&receipts->sale, offset + i, time, (uint32_t) number, line));
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    receipts->next = offset + count;
    receipts->unsynced += count;
}

const char *receipts_save (receipts_t *receipts, int64_t now_ms, bool at_once)
{
    if (receipts->unsynced == 0)
        receipts->synced_ms = now_ms;
    if (!ledger_write (&receipts->tickets, receipts->why))
        return receipts->why;
    if (receipts->unsynced == 0 || (!at_once && receipts->unsynced < SYNC_ROWS &&
                                    now_ms - receipts->synced_ms < SYNC_MS))
        return NULL;
    receipts->unsynced = 0;
    return ledger_sync (&receipts->tickets, receipts->why) ? NULL : receipts->why;
}

const char *receipts_cancel (receipts_t *receipts, uint64_t offset)
{
    ledger_t *cancelled = &receipts->cancelled;
    char time[LOCAL_TEXT_BYTES], line[RECEIPT_LINE_BYTES];
    receipt_t ticket = {.offset = offset, .number = RECEIPT_NO_NUMBER};
    if (is_cancelled (receipts, offset))
        return NULL;
    if (!ledger_read (&receipts->tickets, find_number, &ticket, receipts->why))
        return receipts->why;
    if (cancelled->file == -1) {
        ledger_close (cancelled);
        if (!ledger_open (cancelled, receipts->folder, CANCELLED, true, take_cancelled,
                          receipts, receipts->why))
            return receipts->why;
    }
    local_text_utc (clock_wall_ms (), time);
    ledger_add (cancelled, line,
                receipt_write (&receipts->sale, offset, time, ticket.number, line));
    note_cancelled (receipts, offset);
    return ledger_write (cancelled, receipts->why) &&
                   ledger_sync (cancelled, receipts->why)
               ? NULL
               : receipts->why;
}

/* Of the ticket at this offset, if there is one. */
static bool find_number (void *context, const receipt_t *ticket)
{
    receipt_t *wanted = context;
    if (ticket->offset == wanted->offset)
        wanted->number = ticket->number;
    return true;
}

uint64_t *receipts_on_number (receipts_t *receipts, uint32_t number, size_t most,
                              size_t *count)
{
    search_t search = {.receipts = receipts, .number = number, .room = most + 1};
    search.offsets = calloc (search.room, sizeof *search.offsets);
    assert (search.offsets);
    if (!ledger_read (&receipts->tickets, find_on_number, &search, receipts->why)) {
        free (search.offsets);
        return NULL;
    }
    *count = search.count;
    return search.offsets;
}

static bool find_on_number (void *context, const receipt_t *ticket)
{
    search_t *search = context;
    if (ticket->number == search->number && search->count < search->room &&
        !is_cancelled (search->receipts, ticket->offset))
        search->offsets[search->count++] = ticket->offset;
    return true;
}
