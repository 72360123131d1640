/* sales.c - the draws that are live. Storage; pure. */

#include "sales.h"

#include <assert.h>
#include <stdlib.h>

#include "bounds.h"

#define BUCKETS_MIN  64                            // a power of two
#define DRAW_REST_MS (RETRY_MS_MAX + RETRY_MS_MIN) // unused for so long, a draw rests

struct sales {
    sale_t **all; // in the order they were opened
    size_t count, capacity;
    sale_t **buckets; // by identity, which is random: open addressing
    size_t buckets_count;
    size_t held_bytes;
    uint64_t uses;
    int64_t now_ms;
    uint32_t kept; // of those that are over
    // of all, kept up to date by sales_changed ()
    uint32_t open, finished;
    uint64_t open_agencies, finished_agencies;
    uint64_t next_close_ms;
};

static void use (sales_t *sales, sale_t *sale);
static void put_bucket (sales_t *sales, sale_t *sale);
static void build_buckets (sales_t *sales);

sales_t *sales_new (void)
{
    sales_t *sales = calloc (1, sizeof *sales);
    assert (sales);
    sales->kept = DRAWS_FINISHED_KEPT;
    build_buckets (sales);
    sales_changed (sales);
    return sales;
}

void sales_destroy (sales_t **sales)
{
    if (*sales) {
        for (size_t i = 0; i < (*sales)->count; i++)
            sale_destroy (&(*sales)->all[i]);
        free ((*sales)->all);
        free ((*sales)->buckets);
        free (*sales);
    }
    *sales = NULL;
}

size_t *sales_held_bytes (sales_t *sales)
{
    return &sales->held_bytes;
}

void sales_add (sales_t *sales, sale_t *sale)
{
    if (sales->count == sales->capacity) {
        sales->capacity = 2 * sales->capacity + 16;
        sales->all = realloc (sales->all, sales->capacity * sizeof (sale_t *));
        assert (sales->all);
    }
    size_t place = sales->count++;
    for (; place > 0 && sales->all[place - 1]->opened > sale->opened; place--)
        sales->all[place] = sales->all[place - 1];
    sales->all[place] = sale;
    use (sales, sale);
    build_buckets (sales);
    sales_changed (sales);
}

void sales_remove (sales_t *sales, sale_t *sale)
{
    size_t place = 0;
    while (sales->all[place] != sale)
        place++;
    sales->count--;
    for (; place < sales->count; place++)
        sales->all[place] = sales->all[place + 1];
    build_buckets (sales);
    sales_changed (sales);
}

sale_t *sales_find (sales_t *sales, uint64_t identity)
{
    const size_t mask = sales->buckets_count - 1;
    for (size_t i = identity & mask; sales->buckets[i]; i = (i + 1) & mask)
        if (sales->buckets[i]->identity == identity) {
            use (sales, sales->buckets[i]);
            return sales->buckets[i];
        }
    return NULL;
}

sale_t *sales_named (const sales_t *sales, bytes_t name)
{
    for (size_t i = 0; i < sales->count; i++) {
        const char *own = sales->all[i]->terms.name;
        if (bytes_equal (name, bytes_of (own, strlen (own))))
            return sales->all[i];
    }
    return NULL;
}

size_t sales_count (const sales_t *sales)
{
    return sales->count;
}

sale_t *sales_at (const sales_t *sales, size_t place)
{
    return place < sales->count ? sales->all[place] : NULL;
}

uint64_t sales_recorded (const sales_t *sales)
{
    uint64_t recorded = 0;
    for (size_t i = 0; i < sales->count; i++)
        recorded += cursors_recorded (sales->all[i]->cursors);
    return recorded;
}

uint64_t sales_seats (const sales_t *sales)
{
    return sales->open_agencies + sales->finished_agencies;
}

bool sales_full (const sales_t *sales, uint32_t agencies)
{
    return sales->open >= DRAWS_OPEN_MAX ||
           sales->open_agencies + agencies > DRAWS_AGENCIES_MAX;
}

void sales_changed (sales_t *sales)
{
    sales->open = sales->finished = 0;
    sales->open_agencies = sales->finished_agencies = 0;
    sales->next_close_ms = CLOSES_NEVER;
    for (size_t i = 0; i < sales->count; i++) {
        const sale_t *sale = sales->all[i];
        const bool finished = sale_finished (sale);
        sales->finished += finished;
        sales->open += !finished;
        *(finished ? &sales->finished_agencies : &sales->open_agencies) +=
            sale->terms.agencies;
        if (sale_closes_by_clock (sale) && sale->terms.closes_ms < sales->next_close_ms)
            sales->next_close_ms = sale->terms.closes_ms;
    }
}

uint64_t sales_next_close (const sales_t *sales)
{
    return sales->next_close_ms;
}

sale_t *sales_due (const sales_t *sales, uint64_t now_ms)
{
    if (sales->next_close_ms == CLOSES_NEVER || sales->next_close_ms > now_ms)
        return NULL;
    for (size_t i = 0; i < sales->count; i++)
        if (sale_closes_by_clock (sales->all[i]) &&
            sales->all[i]->terms.closes_ms <= now_ms)
            return sales->all[i];
    return NULL;
}

sale_t *sales_idle (const sales_t *sales)
{
    sale_t *idle = NULL;
    if (sales->finished <= sales->kept &&
        sales->finished_agencies <= DRAWS_AGENCIES_MAX)
        return NULL;
    for (size_t i = 0; i < sales->count; i++)
        if (sale_finished (sales->all[i]) && sales->all[i]->pins == 0 &&
            (!idle || sales->all[i]->used < idle->used))
            idle = sales->all[i];
    const bool many = sales->finished > sales->kept + DRAWS_OPEN_MAX ||
                      sales->finished_agencies > 2 * (uint64_t) DRAWS_AGENCIES_MAX;
    const bool rested =
        sales->now_ms == 0 || !idle || sales->now_ms - idle->used_ms >= DRAW_REST_MS;
    return many || rested ? idle : NULL;
}

void sales_tick (sales_t *sales, int64_t now_ms)
{
    sales->now_ms = now_ms;
}

void sales_keep (sales_t *sales, uint32_t finished)
{
    sales->kept = finished;
}

static void use (sales_t *sales, sale_t *sale)
{
    sale->used = ++sales->uses;
    sale->used_ms = sales->now_ms;
}

static void put_bucket (sales_t *sales, sale_t *sale)
{
    const size_t mask = sales->buckets_count - 1;
    size_t i = sale->identity & mask;
    while (sales->buckets[i])
        i = (i + 1) & mask;
    sales->buckets[i] = sale;
}

/* Draws come and go seldom: anew each time. */
static void build_buckets (sales_t *sales)
{
    size_t count = BUCKETS_MIN;
    while (count < 4 * sales->count)
        count *= 2;
    free (sales->buckets);
    sales->buckets = calloc (count, sizeof (sale_t *));
    assert (sales->buckets);
    sales->buckets_count = count;
    for (size_t i = 0; i < sales->count; i++)
        put_bucket (sales, sales->all[i]);
}
