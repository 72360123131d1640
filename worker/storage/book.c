/* book.c - a log's files, kept together: adding to them, and checkpoints. Storage. */

#include "book.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "book_state.h"

static int write_archive (book_t *book);
static uint32_t kept_for (const book_t *book, book_use_t use);
static int keep_papers (sale_t *sale);
static book_room_t no_room (book_t *book);
static int sync_projections (book_t *book);
static int go_on (book_t *book);
static void take_checkpoint (book_t *book);
static int start_files (book_t *book);
static int files_done (book_t *book);
static void checkpoint_done (book_t *book);
static int finish_checkpoint (book_t *book);
static uint64_t slot_size (const book_t *book);
static int cut_all (book_t *book);
static int sound (book_t *book);

int book_close (book_t *book)
{
    if (book_wait (book) == -1 || finish_checkpoint (book) == -1 ||
        cut_all (book) == -1)
        return -1;
    return log_unreleased (book->log) > 0 ? book_make_checkpoint (book)
                                          : sync_projections (book);
}

void book_destroy (book_t **book)
{
    if (*book) {
        archive_destroy (&(*book)->archive);
        log_destroy (&(*book)->log);
        folders_destroy (&(*book)->folders);
        for (int i = 0; i < FILES; i++)
            file_close (&(*book)->files[i]);
        slots_forget (&(*book)->slots);
        free ((*book)->encoded);
        free (*book);
    }
    *book = NULL;
}

const book_recovery_t *book_recovery (const book_t *book)
{
    return &book->recovery;
}

uint64_t book_identity (const book_t *book)
{
    return archive_end (book->archive)
        ->identity; // there is no log yet while one is read
}

uint32_t book_records (const book_t *book)
{
    return archive_end (book->archive)->records;
}

uint64_t book_bytes (const book_t *book)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sales_count (book->sales); i++)
        bytes += sales_at (book->sales, i)->bytes[ROWS_BETS];
    return bytes;
}

uint64_t book_durable (const book_t *book)
{
    return log_durable (book->log);
}

const uint8_t *book_head (const book_t *book)
{
    return log_head (book->log);
}

uint64_t book_epoch (const book_t *book)
{
    return book->epoch;
}

sales_t *book_sales (book_t *book)
{
    return book->sales;
}

void book_set_time (book_t *book, uint64_t time_ms)
{
    book->time_ms = time_ms;
}

book_room_t book_reserve (book_t *book, sale_t *sale, uint8_t kind, size_t rows_bytes,
                          book_use_t use)
{
    const bool kept = use == BOOK_REGISTRATION || use == BOOK_EVENT;
    switch (log_fits (book->log, 1, rows_bytes, kept)) {
    case LOG_FITS:
        break;
    case LOG_FULL:
        book->step = book->step == STEP_NONE ? STEP_WANTED : book->step;
        return BOOK_LATER;
    case LOG_FULL_GROUP:
        return BOOK_LATER;
    case LOG_NO_SPACE:
        return BOOK_NOSPACE;
    case LOG_FAILED:
        return BOOK_FAILED;
    }
    if ((use == BOOK_BETS && keep_papers (sale) == -1) ||
        archive_reserve (book->archive, sale ? sale->folder : NULL, sale_rows_of (kind),
                         rows_bytes, kept_for (book, use)) == -1 ||
        book_reserve_slots (book) == -1)
        return no_room (book);
    return BOOK_FITS;
}

/* Records that are still to come, whatever happens. */
static uint32_t kept_for (const book_t *book, book_use_t use)
{
    uint64_t kept = 0;
    if (use == BOOK_BETS || use == BOOK_OPENING || use == BOOK_REGISTRATION)
        kept += EVENTS_OF_AGENCY * sales_seats (book->sales) +
                EVENTS_OF_DRAW * sales_count (book->sales);
    if (use == BOOK_BETS || use == BOOK_OPENING)
        kept += REGISTRATIONS;
    return kept < RECORDS_MAX ? (uint32_t) kept : RECORDS_MAX;
}

/* Of a provable draw, whose notes are still to come: without them it could not go on.
 */
static int keep_papers (sale_t *sale)
{
    const uint64_t room =
        PAPERS_OF_DRAW + (uint64_t) PAPERS_OF_AGENCY * sale->terms.agencies;
    const uint64_t end = sale->bytes[ROWS_NOTES];
    return sale_provable (sale) && end < room
               ? folder_reserve (sale->folder, ROWS_NOTES, (size_t) (room - end))
               : 0;
}

static book_room_t no_room (book_t *book)
{
    if (!file_full (errno))
        return BOOK_FAILED;
    archive_forgive (book->archive);
    folders_forgive (book->folders);
    return BOOK_NOSPACE;
}

bool book_full (book_t *book)
{
    const log_room_t room =
        log_fits (book->log, BUNDLE_MESSAGES_MAX, BUNDLE_BYTES_MAX, false);
    if (room == LOG_FULL && book->step == STEP_NONE)
        book->step = STEP_WANTED;
    if (room == LOG_FAILED)
        book->error = errno; // for who asks next
    return room == LOG_FULL || room == LOG_FAILED ||
           (room == LOG_FULL_GROUP && log_gathered (book->log) > 0);
}

uint64_t book_append (book_t *book, sale_t *sale, record_t *record, bytes_t rows)
{
    uint8_t bytes[RECORD_BYTES];
    record->draw = sale ? sale->identity : 0;
    record->position = sale ? sale_position (sale, record->kind) : 0;
    record->time_ms = book->time_ms;
    record->durable = (uint32_t) book->group_base;
    if (record_has_rows (record->kind))
        record_vouch (record, rows);
    if (sale && record_is_event (record->kind))
        record->previous = record->kind == RECORD_OPENED ? 0 : sale->last_event;
    record_put (bytes, record);
    const uint64_t sequence = log_append (book->log, bytes, rows);
    archive_append (book->archive, sale ? sale->folder : NULL,
                    sale_rows_of (record->kind), bytes, rows);
    book_note_record (book, sale, sequence, record);
    return sequence;
}

/* Nothing of it counts before its record is safe: a start finds the link put right, and
   a folder that no record speaks of is taken by who opens a draw of its name. */
book_room_t book_open_draw (book_t *book, record_t *opened, sale_t **sale)
{
    const book_room_t room = book_reserve (book, NULL, RECORD_OPENED, 0, BOOK_OPENING);
    if (room != BOOK_FITS)
        return room;
    uint64_t ignored = 0;
    *sale = sale_new (book_records (book) + 1, opened, sales_held_bytes (book->sales));
    const char *name = (*sale)->terms.name;
    (*sale)->folder = folders_add (book->folders, name, NULL);
    // room for its events, and for it in a checkpoint, is kept as for all the others
    sales_add (book->sales, *sale);
    if (archive_reserve (book->archive, NULL, ROWS_NONE, 0,
                         kept_for (book, BOOK_OPENING)) == -1 ||
        book_reserve_slots (book) == -1 || folder_make ((*sale)->folder) == -1 ||
        folder_cut ((*sale)->folder, &ignored) == -1 || keep_papers (*sale) == -1 ||
        folders_lead (book->folders, name) == -1) {
        const int error = errno;
        sales_remove (book->sales, *sale);
        folders_remove (book->folders, &(*sale)->folder);
        sale_destroy (sale);
        errno = error;
        return no_room (book);
    }
    book_append (book, *sale, opened, bytes_of (NULL, 0));
    return BOOK_FITS;
}

size_t book_gathered (const book_t *book)
{
    return log_gathered (book->log);
}

int book_begin (book_t *book, bool at_once)
{
    if (log_gathered (book->log) == 0)
        return 0;
    if (book->step == STEP_TAKEN && go_on (book) == -1) // it is of the group before
        return -1;
    if (sound (book) == -1)
        return -1;
    if (at_once) {
        if (log_wait (book->log) == -1 || write_archive (book) == -1)
            return -1;
    } else if (log_begin (book->log) == -1 || write_archive (book) == -1)
        return -1;
    if (book->step == STEP_NONE && log_unreleased (book->log) >= book->checkpoint_bytes)
        book->step = STEP_WANTED;
    if (book->step == STEP_WANTED)
        take_checkpoint (book);
    return 0;
}

/* While the disk is busy with the log; not before, so that a group's rows are in their
   files only if the groups before it are safe. */
static int write_archive (book_t *book)
{
    if (archive_write (book->archive) == -1)
        return -1;
    book->group_base = log_sequence (book->log);
    return 0;
}

bool book_busy (const book_t *book)
{
    return log_busy (book->log);
}

int book_look (book_t *book)
{
    if (book->error) {
        errno = book->error;
        return -1;
    }
    const int rc = log_look (book->log);
    return rc == -1 || go_on (book) == -1 ? -1 : rc;
}

bool book_broken (const book_t *book)
{
    return book->error != 0;
}

int book_wait (book_t *book)
{
    if (!log_busy (book->log) && log_gathered (book->log) == 0)
        return 0;
    if (book->step == STEP_TAKEN) { // the log will not be where it would have been
        book->slots.checkpoint.generation--;
        book->step = STEP_WANTED;
    }
    return sound (book) == -1 || log_wait (book->log) == -1 ? -1 : write_archive (book);
}

int book_descriptors (book_t *book, int *descriptors)
{
    int count = 0;
    if (log_busy (book->log) && log_descriptor (book->log) != -1)
        descriptors[count++] = log_descriptor (book->log);
    file_t *file = book->step == STEP_SLOT    ? book->files[book_slot_of (book)]
                   : book->step == STEP_FILES ? book->files[INDEX_FILE]
                                              : NULL;
    int descriptor = -1;
    if (book->step == STEP_FILES)
        descriptor = folders_descriptor (book->folders);
    if (file && descriptor == -1)
        descriptor = file->ops->sync_descriptor (file);
    if (descriptor != -1)
        descriptors[count++] = descriptor;
    return count;
}

log_counts_t book_counts (const book_t *book)
{
    return log_counts (book->log);
}

uint64_t book_lag_bytes (const book_t *book)
{
    return log_unreleased (book->log);
}

void book_failure (const book_t *book, char *why)
{
    const int error = errno;
    if (book->log && log_failure (book->log)) {
        snprintf (why, BOOK_WHY_BYTES, "%s", log_failure (book->log));
        return;
    }
    const char *text = folders_failure (book->folders);
    char own[ARCHIVE_WHY_BYTES];
    if (!text && book->archive)
        text = archive_failure (book->archive);
    for (int i = 0; i < FILES && !text; i++) {
        const file_t *file = book->files[i];
        if (!file || (!file->failed && i + 1 < FILES))
            continue;
        snprintf (own, sizeof own, "%s: %s", file->name,
                  file->failed ? file->failed : "cannot be written");
        text = own;
    }
    text = text ? text : "?";
    const char *colon = strchr (text, ':');
    if (error == EBADMSG || !colon) // it was read, and is not what was written
        snprintf (why, BOOK_WHY_BYTES, "%s/%s", book->directory, text);
    else
        snprintf (why, BOOK_WHY_BYTES, "%s/%.*s%s, %s", book->directory,
                  (int) (colon - text), text, colon + 1, strerror (error));
}

bool book_superseded (const book_t *book)
{
    return log_superseded (book->log);
}

archive_t *book_archive (book_t *book)
{
    return book->archive;
}

void book_adopt (book_t *book, sale_t *sale, bool fresh)
{
    sale->folder =
        folders_add (book->folders, sale->terms.name, fresh ? NULL : sale->bytes);
    sales_add (book->sales, sale);
}

void book_note_record (book_t *book, sale_t *sale, uint64_t sequence,
                       const record_t *record)
{
    if (record->kind == RECORD_REGISTERED)
        book->epoch = sequence;
    else if (record->kind == RECORD_OPENED)
        book->last_opened = sequence;
    else {
        const uint8_t flags = sale->flags;
        sale_apply (sale, sequence, record);
        if (sale->flags != flags)
            sales_changed (book->sales);
    }
}

/* ---- Checkpoints ---- */

static int sync_projections (book_t *book)
{
    file_t *index = book->files[INDEX_FILE];
    return folders_sync (book->folders) == -1 ? -1 : index->ops->sync (index);
}

/* One step of the checkpoint that is wanted or being made, if it can be taken now. */
static int go_on (book_t *book)
{
    file_t *slot = book->files[book_slot_of (book)];
    int over = 1;
    switch (book->step) {
    case STEP_NONE:
        return 0;
    case STEP_WANTED:
        if (log_busy (book->log) || log_gathered (book->log) > 0)
            return 0;
        take_checkpoint (book);
        return go_on (book);
    case STEP_TAKEN:
        if (log_busy (book->log))
            return 0;
        book->slots.checkpoint.mark = log_mark (book->log);
        assert (book->slots.checkpoint.mark.sequence ==
                book->slots.checkpoint.index_records);
        return start_files (book);
    case STEP_FILES:
        over = files_done (book);
        if (over != 1)
            return over;
        book->step = STEP_SLOT;
        return book_write_slot (book) == -1 ? -1 : slot->ops->sync_start (slot);
    case STEP_SLOT:
        over = slot->ops->sync_done (slot);
        if (over == 1)
            checkpoint_done (book);
        return over;
    }
    assert (false);
    return -1;
}

/* As things are now: all that is written and nothing that is gathered. Where the log
   will be then is known once the group under way is safe. */
static void take_checkpoint (book_t *book)
{
    checkpoint_t *checkpoint = &book->slots.checkpoint;
    const archive_end_t *written = archive_written (book->archive);
    assert (log_sequence (book->log) == written->records);
    checkpoint->generation++;
    checkpoint->index_records = written->records;
    checkpoint->epoch = book->epoch;
    checkpoint->last_opened = book->last_opened;
    checkpoint->draws = (uint32_t) sales_count (book->sales);
    book_encode (book);
    book->step = STEP_TAKEN;
}

/* What the checkpoint says of the draws. */
void book_encode (book_t *book)
{
    const size_t count = sales_count (book->sales);
    free (book->encoded);
    book->encoded =
        malloc (count * CHECKPOINT_DRAW_BYTES +
                (size_t) sales_recorded (book->sales) * CHECKPOINT_CURSOR_MAX + 1);
    assert (book->encoded);
    uint8_t *at = book->encoded;
    for (size_t i = 0; i < count; i++) {
        const checkpoint_draw_t entry = sale_entry (sales_at (book->sales, i));
        at = checkpoint_put_draw (at, &entry);
    }
    for (size_t i = 0; i < count; i++)
        at = cursors_put (sales_at (book->sales, i)->cursors, at);
    book->encoded_size = (size_t) (at - book->encoded);
}

/* All at once: the disk does many in the time of a few. */
static int start_files (book_t *book)
{
    file_t *index = book->files[INDEX_FILE];
    book->step = STEP_FILES;
    return folders_sync_start (book->folders) == -1 ? -1
                                                    : index->ops->sync_start (index);
}

static int files_done (book_t *book)
{
    file_t *index = book->files[INDEX_FILE];
    const int rows = folders_sync_done (book->folders);
    return rows == 1 ? index->ops->sync_done (index) : rows;
}

int book_write_slot (book_t *book)
{
    return slots_write (&book->slots, &book->files[SLOT_A],
                        bytes_of (book->encoded, book->encoded_size));
}

static void checkpoint_done (book_t *book)
{
    const int rc = log_release (book->log, &book->slots.checkpoint.mark);
    assert (rc == 0);
    free (book->encoded);
    book->encoded = NULL;
    book->crammed = false;
    book->step = STEP_NONE;
}

/* The one that is being made, if any, here and now. */
static int finish_checkpoint (book_t *book)
{
    if (book->step == STEP_NONE || book->step == STEP_WANTED) {
        book->step = STEP_NONE;
        return 0;
    }
    if (book->step == STEP_TAKEN)
        book->slots.checkpoint.mark = log_mark (book->log);
    file_t *slot = book->files[book_slot_of (book)];
    if (book->step < STEP_SLOT &&
        (sync_projections (book) == -1 || book_write_slot (book) == -1))
        return -1;
    if (slot->ops->sync (slot) == -1)
        return -1;
    checkpoint_done (book);
    return 0;
}

int book_make_checkpoint (book_t *book)
{
    take_checkpoint (book);
    return finish_checkpoint (book);
}

int book_slot_of (const book_t *book)
{
    return SLOT_A + slots_place (book->slots.checkpoint.generation);
}

/* So that a checkpoint of all agencies and draws, and some more, does not want for
   space. */
int book_reserve_slots (book_t *book)
{
    if (slot_size (book) <= book->slot_room)
        return 0;
    const uint64_t size = slot_size (book) +
                          SLOT_DRAWS_STEP * (uint64_t) CHECKPOINT_DRAW_BYTES +
                          SLOT_CURSORS_STEP * (uint64_t) CHECKPOINT_CURSOR_MAX;
    for (int i = SLOT_A; i <= SLOT_B; i++)
        if (book->files[i]->ops->reserve (book->files[i], size) == -1)
            return -1;
    book->slot_room = size;
    return 0;
}

static uint64_t slot_size (const book_t *book)
{
    return CHECKPOINT_BYTES +
           sales_count (book->sales) * (uint64_t) CHECKPOINT_DRAW_BYTES +
           sales_seats (book->sales) * CHECKPOINT_CURSOR_MAX;
}

/* Room that was reserved is given back. */
static int cut_all (book_t *book)
{
    uint64_t ignored = 0;
    for (size_t i = 0; i < sales_count (book->sales); i++)
        if (folder_cut (sales_at (book->sales, i)->folder, &ignored) == -1)
            return -1;
    return archive_cut (book->archive, &ignored);
}

/* Whether somebody took a file away, or cut it. */
static int sound (book_t *book)
{
    if (log_sound (book->log) == -1 || archive_sound (book->archive) == -1)
        return -1;
    for (int i = SLOT_A; i <= SLOT_B; i++) {
        file_t *file = book->files[i];
        if (file->ops->sound (file, book->slots.bytes[i - SLOT_A]) == -1)
            return -1;
    }
    return 0;
}
