/* brake.c - lines by agency. Whoever logs what agencies do. */

#include "brake.h"

#include <assert.h>
#include <stdlib.h>

#include "bounds.h"

typedef struct {
    int64_t until_ms; // when its time is over
    uint32_t lines;   // written in it
    uint64_t held_back;
    uint32_t next; // of those with something held back: the next one
} account_t;

struct brake {
    account_t *accounts;  // by agency; pages that nobody touched take no memory
    uint32_t first, last; // with something held back, in the order their time is over
    bool any;
    int64_t all_until_ms; // as for one, of all agencies together
    uint32_t all_lines;
};

static void begin (brake_t *brake, account_t *account, int64_t now_ms);
static void hold_back (brake_t *brake, uint32_t agency);

brake_t *brake_new (void)
{
    brake_t *brake = calloc (1, sizeof *brake);
    assert (brake);
    brake->accounts = calloc (AGENCIES_MAX + 1, sizeof (account_t));
    assert (brake->accounts);
    return brake;
}

void brake_destroy (brake_t **brake)
{
    if (*brake) {
        free ((*brake)->accounts);
        free (*brake);
    }
    *brake = NULL;
}

/* An agency's time begins with its first line, and again with the first after it was
   over and what was held back in it was told. */
bool brake_allows (brake_t *brake, uint32_t agency, int64_t now_ms)
{
    if (agency > AGENCIES_MAX)
        agency = 0;
    account_t *account = &brake->accounts[agency];
    begin (brake, account, now_ms);
    if (account->lines < BRAKE_LINES && brake->all_lines < BRAKE_LINES_ALL) {
        account->lines++;
        brake->all_lines++;
        return true;
    }
    hold_back (brake, agency);
    return false;
}

bool brake_report (brake_t *brake, int64_t now_ms, uint32_t *agency, uint64_t *count)
{
    if (now_ms < brake_deadline (brake))
        return false;
    account_t *account = &brake->accounts[brake->first];
    *agency = brake->first;
    *count = account->held_back;
    account->held_back = 0;
    account->until_ms = 0;
    brake->any = brake->first != brake->last;
    brake->first = account->next;
    return true;
}

int64_t brake_deadline (const brake_t *brake)
{
    return brake->any ? brake->accounts[brake->first].until_ms : INT64_MAX;
}

static void begin (brake_t *brake, account_t *account, int64_t now_ms)
{
    if (now_ms >= account->until_ms && account->held_back == 0) {
        account->until_ms = now_ms + BRAKE_PERIOD_MS;
        account->lines = 0;
    }
    if (now_ms >= brake->all_until_ms) {
        brake->all_until_ms = now_ms + BRAKE_PERIOD_MS;
        brake->all_lines = 0;
    }
}

/* Whose first line is left out later may have begun earlier, by less than
   BRAKE_PERIOD_MS: it is told that much too late, and the list needs no order. */
static void hold_back (brake_t *brake, uint32_t agency)
{
    account_t *account = &brake->accounts[agency];
    if (account->held_back++ > 0)
        return;
    if (brake->any)
        brake->accounts[brake->last].next = agency;
    else
        brake->first = agency;
    brake->last = agency;
    brake->any = true;
}
