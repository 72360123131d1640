/* rate_limit.c - log lines by agency: every process that logs what agencies do. */

#include "rate_limit.h"

#include <assert.h>
#include <stdlib.h>

#include "bounds.h"

typedef struct {
    int64_t until_ms; // when its period is over
    uint32_t lines;   // written in it
    uint64_t held_back;
    uint32_t next; // the next one with lines held back
} account_t;

struct rate_limit {
    account_t *accounts;  // by agency; untouched pages take no memory
    uint32_t first, last; // with lines held back, in the order their periods end
    bool any;
    int64_t all_until_ms; // the same for all agencies together
    uint32_t all_lines;
};

static void begin (rate_limit_t *limit, account_t *account, int64_t now_ms);
static void hold_back (rate_limit_t *limit, uint32_t agency);

rate_limit_t *rate_limit_new (void)
{
    rate_limit_t *limit = calloc (1, sizeof *limit);
    assert (limit);
    limit->accounts = calloc (AGENCIES_MAX + 1, sizeof (account_t));
    assert (limit->accounts);
    return limit;
}

void rate_limit_destroy (rate_limit_t **limit)
{
    if (*limit) {
        free ((*limit)->accounts);
        free (*limit);
    }
    *limit = NULL;
}

/* An agency's period begins with its first line, and again with the first line after it
   was over and what it held back was logged. */
bool rate_limit_allows (rate_limit_t *limit, uint32_t agency, int64_t now_ms)
{
    if (agency > AGENCIES_MAX)
        agency = 0;
    account_t *account = &limit->accounts[agency];
    begin (limit, account, now_ms);
    if (account->lines < RATE_LIMIT_LINES && limit->all_lines < RATE_LIMIT_LINES_ALL) {
        account->lines++;
        limit->all_lines++;
        return true;
    }
    hold_back (limit, agency);
    return false;
}

bool rate_limit_report (rate_limit_t *limit, int64_t now_ms, uint32_t *agency,
                        uint64_t *count)
{
    if (now_ms < rate_limit_deadline (limit))
        return false;
    account_t *account = &limit->accounts[limit->first];
    *agency = limit->first;
    *count = account->held_back;
    account->held_back = 0;
    account->until_ms = 0;
    limit->any = limit->first != limit->last;
    limit->first = account->next;
    return true;
}

void rate_limit_tell (rate_limit_t *limit, int64_t now_ms, logger_level_t level,
                      const char *action)
{
    uint32_t agency;
    uint64_t count;
    while (rate_limit_report (limit, now_ms, &agency, &count))
        logger_event (level, action, LOG_FAIL, "agency: %u | not_logged: %llu", agency,
                      (unsigned long long) count);
}

int64_t rate_limit_deadline (const rate_limit_t *limit)
{
    return limit->any ? limit->accounts[limit->first].until_ms : INT64_MAX;
}

static void begin (rate_limit_t *limit, account_t *account, int64_t now_ms)
{
    if (now_ms >= account->until_ms && account->held_back == 0) {
        account->until_ms = now_ms + RATE_LIMIT_PERIOD_MS;
        account->lines = 0;
    }
    if (now_ms >= limit->all_until_ms) {
        limit->all_until_ms = now_ms + RATE_LIMIT_PERIOD_MS;
        limit->all_lines = 0;
    }
}

/* An agency whose first line is left out later may have begun earlier, by less than
   RATE_LIMIT_PERIOD_MS: its lines are reported that much too late, and the list need
   not be sorted. */
static void hold_back (rate_limit_t *limit, uint32_t agency)
{
    account_t *account = &limit->accounts[agency];
    if (account->held_back++ > 0)
        return;
    if (limit->any)
        limit->accounts[limit->last].next = agency;
    else
        limit->first = agency;
    limit->last = agency;
    limit->any = true;
}
