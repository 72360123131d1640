/* winnings.c - finds an agency's winning tickets (agency). */

#include "winnings.h"

#include "bet_csv.h"

#include <stdlib.h>

static void read_documents (const rows_t *rows, claim_t *claims, size_t count,
                            uint8_t *room);
static bytes_t document_at (const rows_t *rows, uint64_t offset, uint8_t *room);

/* Every bet on the number wins, unless it was cancelled: more than those are none. */
claims_t *winnings_find (receipts_t *receipts, const rows_t *rows,
                         const session_t *session)
{
    const session_progress_t *progress = session_progress (session);
    const size_t most = progress->winners + progress->cancelled;
    size_t count = 0;
    uint64_t *offsets = receipts_on_number (receipts, progress->number, most, &count);
    if (!offsets || count > most)
        count = 0;
    claim_t *claims = calloc (count + 1, sizeof *claims);
    uint8_t *room = malloc ((count + 1) * DOCUMENT_BYTES_MAX);
    assert (claims && room);
    for (size_t i = 0; i < count; i++)
        claims[i].offset = offsets[i];
    if (rows)
        read_documents (rows, claims, count, room);
    claims_t *found = claims_new (session_winners (session), claims, count);
    free (room);
    free (claims);
    free (offsets);
    return found;
}

static void read_documents (const rows_t *rows, claim_t *claims, size_t count,
                            uint8_t *room)
{
    for (size_t i = 0; i < count; i++, room += DOCUMENT_BYTES_MAX)
        claims[i].document = document_at (rows, claims[i].offset, room);
}

/* Empty when it cannot be read. */
static bytes_t document_at (const rows_t *rows, uint64_t offset, uint8_t *room)
{
    uint8_t text[ROW_BYTES_MAX + 1], canonical[ROW_BYTES_MAX + AGENCY_DIGITS_MAX + 4],
        scratch[ROW_BYTES_MAX];
    bet_csv_error_t error;
    uint32_t agency;
    uint64_t there;
    bet_t bet;
    row_t row;
    rows_status_t status;
    while ((status = rows->seek (rows->self, offset, &there)) == ROWS_AGAIN)
        ;
    if (status != ROWS_OK || rows->next (rows->self, &row) != ROWS_OK ||
        row.text.size > ROW_BYTES_MAX)
        return bytes_of (room, 0);
    put_u8 (put_bytes (text, row.text), '\n');
    bytes_t rest = bytes_of (
        canonical, bet_csv_canonical (bytes_of (text, row.text.size + 1), 1, 1,
                                      &bet_rules_widest, canonical, &error));
    if (bet_csv_next (&rest, scratch, &agency, &bet) != 1)
        return bytes_of (room, 0);
    put_bytes (room, bet.document);
    return bytes_of (room, bet.document.size);
}
