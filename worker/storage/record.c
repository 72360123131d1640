/* record.c - the bytes of storage's records, and the chain over them. */

#include "record.h"

#include <assert.h>

#include "draw_name.h"
#include "wire.h"
#include "xxh3.h"

#define SIZE_AT     32
#define CHECK_AT    124
#define CHAIN_TITLE "LOTERIA CHAIN 2\n"

static uint32_t check_of (const uint8_t *bytes);
static bool field_values_hold (const record_t *record);
static bool terms_hold (const record_t *record);

bool record_has_rows (uint8_t kind)
{
    switch (kind) {
    case RECORD_BETS:
    case RECORD_CANCELLED:
    case RECORD_CLOSED:
    case RECORD_EXCUSED:
    case RECORD_VOIDED:
        return true;
    default:
        return record_has_paper (kind);
    }
}

bool record_has_paper (uint8_t kind)
{
    switch (kind) {
    case RECORD_NOTED:
    case RECORD_COMMITTED:
    case RECORD_ATTESTED:
    case RECORD_LOCKED:
    case RECORD_REVEALED:
    case RECORD_PUBLISHED:
        return true;
    default:
        return false;
    }
}

bool record_is_event (uint8_t kind)
{
    return kind != RECORD_BETS && kind != RECORD_CANCELLED && kind != RECORD_REGISTERED;
}

bytes_t record_name (const record_t *record)
{
    return bytes_of (record->text,
                     strnlen ((const char *) record->text, sizeof record->text));
}

void record_vouch (record_t *record, bytes_t rows)
{
    record->size = (uint32_t) rows.size;
    record->rows_hash = XXH3_64bits (rows.data, rows.size);
    sha256 (rows, bytes_of (NULL, 0), record->rows_sha256);
}

bool record_matches (const record_t *record, bytes_t rows)
{
    return rows.size == record->size &&
           XXH3_64bits (rows.data, rows.size) == record->rows_hash;
}

bool record_proves (const record_t *record, bytes_t rows)
{
    uint8_t hash[SHA256_BYTES];
    if (!record_matches (record, rows))
        return false;
    sha256 (rows, bytes_of (NULL, 0), hash);
    return memcmp (hash, record->rows_sha256, sizeof hash) == 0;
}

void record_put (uint8_t *bytes, const record_t *record)
{
    uint8_t *at = put_u8 (bytes, record->kind);
    at = put_u8 (at, 0);
    at = put_u16 (at, record->count);
    at = put_u32 (at, record->agency);
    at = put_u64 (at, record->draw);
    at = put_u64 (at, record->offset);
    at = put_u64 (at, record->position);
    at = put_u32 (at, record->size);
    at = put_u32 (at, record->previous);
    at = put_u32 (at, record->jump);
    at = put_u32 (at, record->number);
    at = put_u64 (at, record->digest);
    at = put_u64 (at, record->writer);
    at = put_u64 (at, record->time_ms);
    if (record_has_rows (record->kind)) {
        at = put_u64 (at, record->rows_hash);
        at = put_bytes (at, bytes_of (record->rows_sha256, SHA256_BYTES));
    } else
        at = put_bytes (at, bytes_of (record->text, RECORD_TEXT_BYTES));
    at = put_u32 (at, record->agencies);
    at = put_u32 (at, record->durable);
    at = put_u32 (at, 0);
    put_u32 (at, check_of (bytes));
}

bool record_get (const uint8_t *bytes, record_t *record)
{
    reader_t reader = {.rest = bytes_of (bytes, RECORD_BYTES)};
    *record = (record_t){.kind = read_u8 (&reader)};
    const uint8_t zero = read_u8 (&reader);
    record->count = read_u16 (&reader);
    record->agency = read_u32 (&reader);
    record->draw = read_u64 (&reader);
    record->offset = read_u64 (&reader);
    record->position = read_u64 (&reader);
    record->size = read_u32 (&reader);
    record->previous = read_u32 (&reader);
    record->jump = read_u32 (&reader);
    record->number = read_u32 (&reader);
    record->digest = read_u64 (&reader);
    record->writer = read_u64 (&reader);
    record->time_ms = read_u64 (&reader);
    if (record_has_rows (record->kind)) {
        record->rows_hash = read_u64 (&reader);
        put_bytes (record->rows_sha256, read_bytes (&reader, SHA256_BYTES));
    } else
        put_bytes (record->text, read_bytes (&reader, RECORD_TEXT_BYTES));
    record->agencies = read_u32 (&reader);
    record->durable = read_u32 (&reader);
    const uint32_t zeros = read_u32 (&reader);
    return read_u32 (&reader) == check_of (bytes) && zero == 0 && zeros == 0 &&
           field_values_hold (record);
}

uint32_t record_rows_size (const uint8_t *bytes)
{
    reader_t reader = {.rest = bytes_of (bytes + SIZE_AT, 4)};
    return read_u32 (&reader);
}

void chain_start (uint64_t identity, uint8_t chain[SHA256_BYTES])
{
    uint8_t id[8];
    put_u64 (id, identity);
    sha256 (bytes_of (CHAIN_TITLE, sizeof CHAIN_TITLE - 1), bytes_of (id, sizeof id),
            chain);
}

void chain_add (uint8_t chain[SHA256_BYTES], const uint8_t *bytes)
{
    sha256 (bytes_of (chain, SHA256_BYTES), bytes_of (bytes, RECORD_BYTES), chain);
}

static uint32_t check_of (const uint8_t *bytes)
{
    return (uint32_t) XXH3_64bits (bytes, CHECK_AT);
}

/* What must be so whatever came before. */
static bool field_values_hold (const record_t *record)
{
    const bool of_agency = record->agency >= 1 && record->agency <= AGENCIES_MAX;
    const bool of_none = record->agency == 0;
    const bool bare = record->count == 0 && record->size == 0;
    const bool noted = record->count == 0 && record->size <= NOTE_BYTES_MAX + 1;
    const bool on_paper =
        record->count == 0 && record->size > 0 && record->size <= PAPER_BYTES_MAX;
    if ((record->draw == 0) != (record->kind == RECORD_REGISTERED))
        return false;
    switch (record->kind) {
    case RECORD_BETS:
        return of_agency && record->count > 0 && record->size > 0 &&
               record->size <= STORE_BYTES_MAX && record->jump <= record->previous;
    case RECORD_CANCELLED:
        return of_agency && record->count == 1 && record->size > 0 &&
               record->size <= CANCELLED_ROW_BYTES_MAX;
    case RECORD_EXCUSED:
        return of_agency && noted;
    case RECORD_CLOSED:
        return of_none && noted;
    case RECORD_VOIDED: // of a provable draw: a paper
        return of_none && (noted || on_paper);
    case RECORD_COMMITTED:
    case RECORD_REVEALED:
        return of_agency && on_paper;
    case RECORD_NOTED:
    case RECORD_ATTESTED:
    case RECORD_LOCKED:
    case RECORD_PUBLISHED:
        return of_none && on_paper;
    case RECORD_SEALED:
    case RECORD_ENDED:
    case RECORD_SERVED:
        return of_agency && bare;
    case RECORD_OPENED:
        return of_none && record->size == 0 && terms_hold (record);
    case RECORD_REGISTERED:
    case RECORD_DRAWN:
        return of_none && bare;
    default:
        return false;
    }
}

static bool terms_hold (const record_t *record)
{
    const bytes_t name = record_name (record);
    for (size_t i = name.size; i < sizeof record->text; i++)
        if (record->text[i] != 0)
            return false;
    return record->count <= UINT8_MAX &&
           wire_source_name ((uint8_t) record->count)[0] != '?' &&
           (record->count != SOURCE_PROVABLE ||
            (record->number == 0 && record->agencies <= PROVABLE_AGENCIES_MAX)) &&
           record->number <= record->jump && record->agencies >= 1 &&
           record->agencies <= AGENCIES_MAX && !draw_name_fault (name);
}
