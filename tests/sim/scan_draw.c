/* scan_draw.c - reads draw.journal. */

#include "scan_draw.h"

#define RECORD_BYTES 128 // and the header

static bool take_draw_record (const plan_t *plan, const uint8_t *record,
                              scan_draw_t *scan);
static const uint8_t *record_at (bytes_t journal, uint32_t index);
static uint64_t number (const uint8_t *at, size_t size);

void scan_draw (const plan_t *plan, bytes_t journal, scan_draw_t *scan)
{
    *scan = (scan_draw_t){0};
    const uint8_t *record;
    while ((record = record_at (journal, scan->records)) &&
           take_draw_record (plan, record, scan))
        scan->records++;
}

bool scan_whole (bytes_t journal, uint32_t records)
{
    return journal.size == ((size_t) records + 1) * RECORD_BYTES;
}

static bool take_draw_record (const plan_t *plan, const uint8_t *record,
                              scan_draw_t *scan)
{
    const uint32_t agency = (uint32_t) number (record + 4, 4);
    const bool first = scan->records == 0;
    const bool known = agency >= 1 && agency <= plan->agencies;
    const uint64_t count = number (record + 8, 8), draw = number (record + 24, 8);
    bool *flag = NULL;
    if (record[0] == 'O')
        return first && number (record + 16, 4) == plan->number &&
               number (record + 20, 4) == plan->agencies;
    if (record[0] == 'D' && scan->ready == plan->agencies)
        flag = &scan->drawn;
    else if (record[0] == 'S' && known && draw != 0 &&
             (scan->draw == 0 || scan->draw == draw) &&
             count <= plan->agency[agency].bets->count &&
             number (record + 32, 8) ==
                 bets_digest (plan->agency[agency].bets, count)) {
        flag = &scan->sealed[agency];
        scan->draw = draw;
        scan->counts[agency] = count;
        scan->ready++;
    } else if (record[0] == 'V' && known && scan->drawn)
        flag = &scan->served[agency];
    if (first || !flag || *flag)
        return false;
    return *flag = true;
}

static const uint8_t *record_at (bytes_t journal, uint32_t index)
{
    const size_t at = ((size_t) index + 1) * RECORD_BYTES;
    return at + RECORD_BYTES <= journal.size ? journal.data + at : NULL;
}

/* Network byte order. */
static uint64_t number (const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}
