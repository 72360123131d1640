/* feed.c - tells of each bet that is stored, for its receipt (agency). Pure.

   Only of bets that the central's digest vouches for: they are those of the source. A
   batch is told of as it was sent. What earlier runs sold, or what was sold beside this
   one, is read in the source again. */

#include "session_state.h"

#define FEED_ROWS 20000 // told of in one step

static rows_status_t feed_row (session_t *session);

const char *feed_begin (session_t *session, uint64_t stored)
{
    const session_receipts_t *receipts = session->options.receipts;
    if (!receipts || session->feeding)
        return NULL;
    session->feeding = true;
    return receipts->begin (receipts->self, session->progress.draw, session->draw,
                            session->progress.provable, stored, &session->fed);
}

void feed_note (session_t *session, const window_batch_t *batch)
{
    const session_receipts_t *receipts = session->options.receipts;
    if (!receipts)
        return;
    if (session->options.writer != 0) // nobody else's bet is there
        receipts->add (receipts->self, batch->offset, batch->count,
                       window_batch_rows (batch));
    else
        session->stored[session->stored_count++] = batch;
}

void feed_agreed (session_t *session, const wire_stored_t *stored)
{
    const session_receipts_t *receipts = session->options.receipts;
    if (!receipts)
        return;
    for (uint32_t i = 0; i < session->stored_count; i++) {
        const window_batch_t *batch = session->stored[i];
        if (batch->offset != session->fed)
            continue; // some before it are missing
        receipts->add (receipts->self, batch->offset, batch->count,
                       window_batch_rows (batch));
        session->fed += batch->count;
    }
    feed_forget (session);
    session->due = stored->next;
    if (feed_due (session)) // the source will stand elsewhere
        sale_start_window (session, stored->next, stored->next, stored->digest);
}

void feed_forget (session_t *session)
{
    session->stored_count = 0;
}

bool feed_due (const session_t *session)
{
    return session->fed < session->due;
}

bool feed_step (session_t *session, int64_t now_ms)
{
    const rows_t *source = session->source;
    uint64_t rows;
    rows_status_t status = source->seek (source->self, session->fed, &rows);
    session->progress.heard_ms = now_ms; // the central has nothing to answer
    for (int i = 0; i < FEED_ROWS && status == ROWS_OK && feed_due (session); i++)
        status = feed_row (session);
    if (status == ROWS_FAILED)
        session_fail (session, "%s", source->error (source->self));
    else if (status == ROWS_END)
        session_fail (session, "%s has fewer rows than it had", source->name);
    return false;
}

static rows_status_t feed_row (session_t *session)
{
    const rows_t *source = session->source;
    const session_receipts_t *receipts = session->options.receipts;
    uint8_t text[ROW_BYTES_MAX + 1];
    row_t row;
    const rows_status_t status = source->next (source->self, &row);
    if (status != ROWS_OK || row.text.size > ROW_BYTES_MAX)
        return status == ROWS_OK ? ROWS_FAILED : status;
    put_u8 (put_bytes (text, row.text), '\n');
    receipts->add (receipts->self, session->fed++, 1,
                   bytes_of (text, row.text.size + 1));
    return ROWS_OK;
}
