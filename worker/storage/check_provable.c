/* check_provable.c - the papers of a draw, held against its records and its bets. */

#include "check_provable.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "award.h"
#include "papers.h"
#include "roots.h"

typedef struct {
    archive_t *archive;
    sale_t *sale;
    notes_t *notes;
    cancels_t *cancels;
    char *why;
} look_t;

static int check_events (look_t *look);
static int check_event (look_t *look, const record_t *record);
static int check_stakes (look_t *look);
static int check_commitment (look_t *look, uint32_t agency);
static int check_chosen (look_t *look);
static int check_root (look_t *look, uint32_t agency, const salt_key_t *key,
                       const hash_t *root);
static int check_winners (look_t *look);
static int compare_winners (look_t *look, const result_t *result, const won_t *won);
static int read_note (look_t *look, uint8_t kind, uint32_t agency, bytes_t *text,
                      fair_paper_t *paper);
static int unread (look_t *look);
static int refuse (look_t *look, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int check_provable (archive_t *archive, sale_t *sale, char *why)
{
    look_t look = {.archive = archive,
                   .sale = sale,
                   .notes = notes_new (archive),
                   .cancels = cancels_new (archive),
                   .why = why};
    int rc = check_events (&look);
    if (rc == 0)
        rc = check_stakes (&look);
    if (rc == 0)
        rc = check_winners (&look);
    notes_destroy (&look.notes);
    cancels_destroy (&look.cancels);
    return rc;
}

static int check_events (look_t *look)
{
    const sale_t *sale = look->sale;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < sale->events; i++) {
        record_t record;
        if (archive_get (look->archive, sale->sequences[i], &record) == -1)
            rc = unread (look);
        else if (sale_has_paper (sale, record.kind))
            rc = check_event (look, &record);
        else if (record.kind == RECORD_DRAWN) {
            uint32_t number;
            const int there = papers_number (look->notes, look->sale, &number);
            if (there == -1)
                rc = unread (look);
            else if (there == 0 || number != record.number)
                rc = refuse (look, "its number does not follow from the nonces");
        }
    }
    return rc;
}

static int check_event (look_t *look, const record_t *record)
{
    char why[PAPERS_WHY_BYTES];
    uint8_t *text = malloc (record->size + 1);
    assert (text);
    int rc = archive_read_rows (look->archive, look->sale->folder, record, 1, text);
    if (rc == 0)
        rc = papers_fit (look->notes, look->sale, record->kind, record->agency,
                         bytes_of (text, record->size), why);
    free (text);
    if (rc == -1)
        return unread (look);
    return rc == 1 ? 0
                   : refuse (look, "%c of agency %" PRIu32 ": %s", record->kind,
                             record->agency, why);
}

/* The roots that agencies have signed, and that the seal has for those that did not. */
static int check_stakes (look_t *look)
{
    int rc = 0;
    for (uint32_t agency = 1; rc == 0 && agency <= look->sale->terms.agencies; agency++)
        rc = check_commitment (look, agency);
    return rc == 0 ? check_chosen (look) : rc;
}

static int check_commitment (look_t *look, uint32_t agency)
{
    fair_paper_t paper;
    bytes_t text;
    ready_t ready;
    salt_key_t key;
    const int there = read_note (look, EVENT_COMMITTED, agency, &text, &paper);
    if (there != 1)
        return there;
    if (ready_parse (text, &ready) !=
            0 || // papers.h has seen to it that both are there
        !fair_paper_find_bytes (&paper, "salts", key.of, sizeof key.of))
        return refuse (look, "a commitment is none");
    return check_root (look, agency, &key, &ready.stake.root);
}

static int check_chosen (look_t *look)
{
    const uint32_t agencies = look->sale->terms.agencies;
    fair_paper_t paper;
    bytes_t text;
    seal_t seal;
    const int there = read_note (look, EVENT_LOCKED, 0, &text, &paper);
    if (there != 1)
        return there;
    if (seal_parse (text, &seal) != 0)
        return refuse (look, "its seal is none");
    salt_key_t *keys = calloc (agencies, sizeof *keys);
    bool *known = calloc (agencies, sizeof *known);
    assert (keys && known);
    notes_chosen (&paper, agencies, keys, known);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < seal.agencies; i++)
        if (!seal.of[i].committed)
            rc = check_root (look, seal.of[i].agency, &keys[seal.of[i].agency - 1],
                             &seal.of[i].root);
    seal_clear (&seal);
    free (keys);
    free (known);
    return rc;
}

static int check_root (look_t *look, uint32_t agency, const salt_key_t *key,
                       const hash_t *root)
{
    const cursor_t *cursor = cursors_find (look->sale->cursors, agency);
    cancelled_t cancelled;
    hash_t own;
    tree_t none;
    tree_begin (&none);
    own = tree_root (&none);
    if (cursor) {
        if (cancels_of (look->cancels, cursor, &cancelled) == -1)
            return unread (look);
        roots_t *roots = roots_new (look->archive, look->sale, cursor, &cancelled, key,
                                    0, cursor->at.next);
        const int over = roots_step (roots, UINT64_MAX);
        own = roots_root (roots);
        roots_destroy (&roots);
        if (over == -1)
            return unread (look);
    }
    return hash_equal (&own, root)
               ? 0
               : refuse (look,
                         "the bets of agency %" PRIu32 " do not have the root that is "
                         "in its notes",
                         agency);
}

static int check_winners (look_t *look)
{
    fair_paper_t paper;
    bytes_t text;
    result_t result;
    sale_t *sale = look->sale;
    int rc = read_note (look, EVENT_PUBLISHED, 0, &text, &paper);
    if (rc != 1)
        return rc;
    if (result_parse (text, &result) != 0)
        return refuse (look, "its result is none");
    salt_key_t *keys = calloc (sale->terms.agencies, sizeof *keys);
    assert (keys);
    rc = notes_salts (look->notes, sale, keys);
    if (rc == 0) {
        size_t count;
        award_t *award =
            award_new (look->archive, look->cancels, sale, sale->number, keys);
        rc = award_step (award, SIZE_MAX) == 1
                 ? compare_winners (look, &result, award_won (award, &count))
                 : unread (look);
        award_destroy (&award);
    } else
        rc = unread (look);
    free (keys);
    result_clear (&result);
    return rc;
}

/* `won` is of all agencies on the roll. */
static int compare_winners (look_t *look, const result_t *result, const won_t *won)
{
    for (size_t i = 0; i < result->agencies; i++) {
        const won_t *said = &result->won[i];
        const won_t *own =
            said->agency <= look->sale->terms.agencies ? &won[said->agency - 1] : NULL;
        if (!own || own->count != said->count || !hash_equal (&own->root, &said->root))
            return refuse (look,
                           "the winners of agency %" PRIu32 " are not those of its "
                           "result note",
                           said->agency);
    }
    return 0;
}

/* The text of a note, without its signatures: 1, 0 when there is none, or -1. */
static int read_note (look_t *look, uint8_t kind, uint32_t agency, bytes_t *text,
                      fair_paper_t *paper)
{
    signed_note_t note;
    uint64_t sequence;
    const int there =
        notes_paper (look->notes, look->sale, kind, agency, paper, &sequence);
    if (there == -1)
        return unread (look);
    if (there == 0)
        return 0;
    if (!signed_note_parse (paper->note, &note))
        return refuse (look, "a note is none");
    *text = note.text;
    return 1;
}

static int unread (look_t *look)
{
    const char *failure = archive_failure (look->archive);
    return refuse (look, "%s", failure ? failure : "its files cannot be read");
}

static int refuse (look_t *look, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (look->why, CHECK_PROVABLE_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}
