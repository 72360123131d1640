/* receipts.c - an agency's folder of receipts (agency). */

#include "receipts.h"

#include "bet_csv.h"
#include "clock.h"
#include "digest.h"
#include "file.h"
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
#define ASKED     "cancelling.csv"
#define SYNC_MS   1000  // a sync every so often while there is something to sync,
#define SYNC_ROWS 50000 // or so many tickets: some milliseconds each

_Static_assert(RECEIPTS_WHY_BYTES == LEDGER_WHY_BYTES &&
                   RECEIPTS_WHY_BYTES == SOLD_WHY_BYTES,
               "one says what the other said");

typedef struct { // in their order
    uint64_t *of;
    size_t count;
} offsets_t;

struct receipts {
    char *folder;
    bool single;
    ledger_t tickets, cancelled, asked;
    receipt_sale_t sale;        // once it has begun
    uint64_t next;              // behind the last ticket
    offsets_t offsets, waiting; // that are cancelled; that may be
    sold_t *sold, *offered;     // NULL: not a provable draw
    uint32_t unsynced;          // tickets
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
static bool take_asked (void *context, const receipt_t *ticket);
static void add_offset (offsets_t *offsets, uint64_t offset);
static void drop_offset (offsets_t *offsets, uint64_t offset);
static size_t place_of (const offsets_t *offsets, uint64_t offset);
static bool has_offset (const offsets_t *offsets, uint64_t offset);
static bool open_bets (receipts_t *receipts, uint64_t stored);
static const char *write_cancel (receipts_t *receipts, ledger_t *ledger,
                                 const char *name, ledger_take_t *take,
                                 uint64_t offset);
static bool agrees (receipts_t *receipts, uint64_t stored);
static bool find_number (void *context, const receipt_t *ticket);
static bool find_on_number (void *context, const receipt_t *ticket);

receipts_t *receipts_open (const char *folder, bool single, problem_t *problem)
{
    receipts_t *receipts = calloc (1, sizeof *receipts);
    assert (receipts);
    receipts->folder = strdup (folder);
    receipts->single = single;
    receipts->tickets.file = receipts->cancelled.file = receipts->asked.file = -1;
    assert (receipts->folder);
    if (open_files (receipts))
        return receipts;
    problem_set (problem, PROCESS_FAILED, "recibos", "reason: %s", receipts->why);
    receipts_close (&receipts);
    return NULL;
}

static bool open_files (receipts_t *receipts)
{
    struct stat about;
    if (file_make_directory (receipts->folder) == -1 &&
        !(errno == EEXIST && stat (receipts->folder, &about) == 0 &&
          S_ISDIR (about.st_mode))) {
        snprintf (receipts->why, RECEIPTS_WHY_BYTES,
                  "%s: cannot be made: %s: give another folder with --receipts",
                  receipts->folder, strerror (errno));
        return false;
    }
    return ledger_open (&receipts->tickets, receipts->folder, TICKETS, true,
                        take_ticket, receipts, receipts->why) &&
           ledger_open (&receipts->cancelled, receipts->folder, CANCELLED, false,
                        take_cancelled, receipts, receipts->why) &&
           ledger_open (&receipts->asked, receipts->folder, ASKED, false, take_asked,
                        receipts, receipts->why);
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
    receipts_t *receipts = context;
    add_offset (&receipts->offsets, ticket->offset);
    return true;
}

/* Read behind those that are. */
static bool take_asked (void *context, const receipt_t *ticket)
{
    receipts_t *receipts = context;
    if (!has_offset (&receipts->offsets, ticket->offset))
        add_offset (&receipts->waiting, ticket->offset);
    return true;
}

static void add_offset (offsets_t *offsets, uint64_t offset)
{
    const size_t place = place_of (offsets, offset);
    if (has_offset (offsets, offset))
        return;
    offsets->of = realloc (offsets->of, (offsets->count + 1) * sizeof *offsets->of);
    assert (offsets->of);
    memmove (offsets->of + place + 1, offsets->of + place,
             (offsets->count - place) * sizeof *offsets->of);
    offsets->of[place] = offset;
    offsets->count++;
}

static void drop_offset (offsets_t *offsets, uint64_t offset)
{
    const size_t place = place_of (offsets, offset);
    if (!has_offset (offsets, offset))
        return;
    offsets->count--;
    memmove (offsets->of + place, offsets->of + place + 1,
             (offsets->count - place) * sizeof *offsets->of);
}

/* Of the first that is not below. */
static size_t place_of (const offsets_t *offsets, uint64_t offset)
{
    size_t low = 0, high = offsets->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (offsets->of[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_offset (const offsets_t *offsets, uint64_t offset)
{
    const size_t place = place_of (offsets, offset);
    return place < offsets->count && offsets->of[place] == offset;
}

void receipts_close (receipts_t **receipts)
{
    if (*receipts == NULL)
        return;
    ledger_close (&(*receipts)->tickets);
    ledger_close (&(*receipts)->cancelled);
    ledger_close (&(*receipts)->asked);
    sold_close (&(*receipts)->sold);
    sold_close (&(*receipts)->offered);
    free ((*receipts)->offsets.of);
    free ((*receipts)->waiting.of);
    free ((*receipts)->folder);
    free (*receipts);
    *receipts = NULL;
}

const char *receipts_begin (receipts_t *receipts, const receipt_sale_t *sale,
                            bool provable, uint64_t stored)
{
    receipts->sale = *sale;
    return ledger_fits (&receipts->tickets, sale, receipts->why) &&
                   ledger_fits (&receipts->cancelled, sale, receipts->why) &&
                   ledger_fits (&receipts->asked, sale, receipts->why) &&
                   agrees (receipts, stored) &&
                   (!provable || open_bets (receipts, stored))
               ? NULL
               : receipts->why;
}

static bool open_bets (receipts_t *receipts, uint64_t stored)
{
    const uint32_t agency = receipts->sale.agency;
    receipts->sold = sold_open (receipts->folder, SOLD_FILE, agency, receipts->why);
    if (receipts->sold)
        receipts->offered =
            sold_open (receipts->folder, OFFERED_FILE, agency, receipts->why);
    if (!receipts->offered || sold_count (receipts->sold) <= stored)
        return receipts->offered != NULL;
    snprintf (receipts->why, RECEIPTS_WHY_BYTES,
              "%s/" SOLD_FILE ": has %" PRIu64
              " bets that were acknowledged, and the central has %" PRIu64
              " bets of agency %" PRIu32 ": it lost some. Keep the folder, it is the "
              "proof",
              receipts->folder, sold_count (receipts->sold), stored, agency);
    return false;
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
    const uint64_t sold = receipts->sold ? sold_count (receipts->sold) : receipts->next;
    return sold < receipts->next ? sold : receipts->next;
}

sold_t *receipts_sold (receipts_t *receipts)
{
    return receipts->sold;
}

const receipt_sale_t *receipts_sale (const receipts_t *receipts)
{
    return &receipts->sale;
}

void receipts_add (receipts_t *receipts, uint64_t offset, uint32_t count, bytes_t rows)
{
    char time[LOCAL_TEXT_BYTES], line[RECEIPT_LINE_BYTES];
    local_text_utc (clock_wall_ms (), time);
    if (receipts->sold)
        sold_add (receipts->sold, offset, count, rows);
    for (uint32_t i = 0; i < count; i++) {
        size_t text_end;
        uint64_t number = 0;
        const size_t size = bet_csv_row_size (rows, &text_end);
        if (offset + i < receipts->next) { // it was the other file that lacked it
            rows = bytes_of (rows.data + size, rows.size - size);
            continue;
        }
        numbers_of_row (bytes_of (rows.data, text_end), &number);
        ledger_add (
            &receipts->tickets, line,
            receipt_write (&receipts->sale, offset + i, time, (uint32_t) number, line));
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    if (offset + count > receipts->next)
        receipts->next = offset + count;
    receipts->unsynced += count;
}

const char *receipts_save (receipts_t *receipts, int64_t now_ms, bool at_once)
{
    if (receipts->unsynced == 0)
        receipts->synced_ms = now_ms;
    const char *why = receipts->sold ? sold_save (receipts->sold, false) : NULL;
    if (why)
        return why;
    if (!ledger_write (&receipts->tickets, receipts->why))
        return receipts->why;
    if (receipts->unsynced == 0 || (!at_once && receipts->unsynced < SYNC_ROWS &&
                                    now_ms - receipts->synced_ms < SYNC_MS))
        return NULL;
    receipts->unsynced = 0;
    why = receipts->sold ? sold_save (receipts->sold, true) : NULL;
    if (why)
        return why;
    return ledger_sync (&receipts->tickets, receipts->why) ? NULL : receipts->why;
}

const char *receipts_cancel (receipts_t *receipts, uint64_t offset)
{
    if (has_offset (&receipts->offsets, offset))
        return NULL;
    const char *why = write_cancel (receipts, &receipts->cancelled, CANCELLED,
                                    take_cancelled, offset);
    if (!why) {
        add_offset (&receipts->offsets, offset);
        drop_offset (&receipts->waiting, offset);
    }
    return why;
}

const char *receipts_cancels (receipts_t *receipts, uint64_t offset)
{
    if (has_offset (&receipts->offsets, offset) ||
        has_offset (&receipts->waiting, offset))
        return NULL;
    const char *why =
        write_cancel (receipts, &receipts->asked, ASKED, take_asked, offset);
    if (!why)
        add_offset (&receipts->waiting, offset);
    return why;
}

/* The ticket's line, in a file that may not be there yet. */
static const char *write_cancel (receipts_t *receipts, ledger_t *ledger,
                                 const char *name, ledger_take_t *take, uint64_t offset)
{
    char time[LOCAL_TEXT_BYTES], line[RECEIPT_LINE_BYTES];
    receipt_t ticket = {.offset = offset, .number = RECEIPT_NO_NUMBER};
    if (!ledger_read (&receipts->tickets, find_number, &ticket, receipts->why))
        return receipts->why;
    if (ledger->file == -1) {
        ledger_close (ledger);
        if (!ledger_open (ledger, receipts->folder, name, true, take, receipts,
                          receipts->why))
            return receipts->why;
    }
    local_text_utc (clock_wall_ms (), time);
    ledger_add (ledger, line,
                receipt_write (&receipts->sale, offset, time, ticket.number, line));
    return ledger_write (ledger, receipts->why) && ledger_sync (ledger, receipts->why)
               ? NULL
               : receipts->why;
}

const char *receipts_sync (receipts_t *receipts)
{
    const char *why = sold_save (receipts->sold, true);
    if (why)
        return why;
    return ledger_sync (&receipts->cancelled, receipts->why) ? NULL : receipts->why;
}

const uint64_t *receipts_cancelled (const receipts_t *receipts, size_t *count)
{
    *count = receipts->offsets.count;
    return receipts->offsets.of;
}

const uint64_t *receipts_cancelling (const receipts_t *receipts, size_t *count)
{
    *count = receipts->waiting.count;
    return receipts->waiting.of;
}

const char *receipts_offer (receipts_t *receipts, bytes_t row)
{
    sold_add (receipts->offered, sold_count (receipts->offered), 1, row);
    return sold_save (receipts->offered, true);
}

/* One at most, as a run begins to send a bet when it knows of all that were sent
   before. */
const char *receipts_settle (receipts_t *receipts, uint64_t stored, uint64_t digest)
{
    sold_t *sold = receipts->sold;
    const uint64_t have = sold_count (sold);
    const size_t prefix = digest_prefix (receipts->sale.agency);
    bytes_t rows = sold_rows (receipts->offered, 0);
    const uint8_t *end;
    if (stored == have && digest == sold_digest (sold))
        return NULL;
    while (stored == have + 1 && rows.size > 0 &&
           (end = memchr (rows.data, '\n', rows.size))) {
        const size_t size = (size_t) (end + 1 - rows.data);
        const bytes_t text = bytes_of (rows.data + prefix, size - prefix - 2);
        if (digest_row (sold_digest (sold), text) == digest) {
            uint8_t typed[ROW_BYTES_MAX + 2];
            put_u8 (put_bytes (typed, text), '\n');
            receipts_add (receipts, have, 1, bytes_of (typed, text.size + 1));
            return receipts_save (receipts, 0, true);
        }
        rows = bytes_of (end + 1, rows.size - size);
    }
    snprintf (receipts->why, RECEIPTS_WHY_BYTES,
              "%s/" SOLD_FILE ": has %" PRIu64 " bets, and the central has %" PRIu64
              "%s of agency %" PRIu32
              ": it was restored from an older copy, or somebody else sells in the "
              "agency's name; put the newest folder back",
              receipts->folder, have, stored, stored == have ? " others" : "",
              receipts->sale.agency);
    return receipts->why;
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
        !has_offset (&search->receipts->offsets, ticket->offset))
        search->offsets[search->count++] = ticket->offset;
    return true;
}
