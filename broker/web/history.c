/* history.c - how fast bets came in during the last hour: loteria-web. */

#include "history.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    int64_t number;  // of the piece that it is about
    double known_ms; // of it
    double sold;     // meanwhile
    uint64_t bets;   // at the end of what is known
} piece_t;

struct history {
    piece_t pieces[HISTORY_PIECES]; // by number, modulo
};

static int64_t number_of (int64_t ms);
static piece_t *piece_at (history_t *history, int64_t number);
static const piece_t *known_piece (const history_t *history, int64_t number);
static void put_rate (json_t *json, const char *key, const piece_t *piece);
static void put_bets (json_t *json, const char *key, const piece_t *piece);

history_t *history_new (void)
{
    history_t *history = calloc (1, sizeof *history);
    assert (history);
    for (size_t i = 0; i < HISTORY_PIECES; i++)
        history->pieces[i].number = -1;
    return history;
}

void history_destroy (history_t **history)
{
    free (*history);
    *history = NULL;
}

void history_add (history_t *history, int64_t from_ms, int64_t to_ms, double bets_per_s,
                  uint64_t bets)
{
    const int64_t first_ms = to_ms - HISTORY_PIECES * (int64_t) HISTORY_PIECE_MS;
    if (!(bets_per_s >= 0) || to_ms < 0)
        return;
    if (from_ms < first_ms)
        from_ms = first_ms;
    if (from_ms < 0)
        from_ms = 0;
    while (from_ms < to_ms) {
        piece_t *piece = piece_at (history, number_of (from_ms));
        const int64_t end_ms = (piece->number + 1) * HISTORY_PIECE_MS;
        const int64_t until_ms = end_ms < to_ms ? end_ms : to_ms;
        piece->known_ms += (double) (until_ms - from_ms);
        piece->sold += bets_per_s * (double) (until_ms - from_ms) / 1000;
        piece->bets = bets;
        from_ms = until_ms;
    }
}

void history_json (const history_t *history, int64_t now_ms, json_t *json)
{
    const int64_t last = number_of (now_ms), first = last - HISTORY_PIECES + 1;
    json_number (json, "piece_s", HISTORY_PIECE_MS / 1000);
    json_number (json, "ends", (uint64_t) last);
    json_array (json, "rates");
    for (int64_t number = first; number <= last; number++)
        put_rate (json, NULL, known_piece (history, number));
    json_end (json);
    json_array (json, "bets");
    for (int64_t number = first; number <= last; number++)
        put_bets (json, NULL, known_piece (history, number));
    json_end (json);
}

void history_json_last (const history_t *history, int64_t now_ms, json_t *json)
{
    const piece_t *piece = known_piece (history, number_of (now_ms));
    json_number (json, "piece", (uint64_t) number_of (now_ms));
    put_rate (json, "rate", piece);
    put_bets (json, "bets", piece);
}

static int64_t number_of (int64_t ms)
{
    return ms / HISTORY_PIECE_MS;
}

/* For writing: what was there before is an hour old. */
static piece_t *piece_at (history_t *history, int64_t number)
{
    piece_t *piece = &history->pieces[number % HISTORY_PIECES];
    if (piece->number != number)
        *piece = (piece_t){.number = number};
    return piece;
}

static const piece_t *known_piece (const history_t *history, int64_t number)
{
    if (number < 0)
        return NULL;
    const piece_t *piece = &history->pieces[number % HISTORY_PIECES];
    return piece->number == number && piece->known_ms > 0 ? piece : NULL;
}

static void put_rate (json_t *json, const char *key, const piece_t *piece)
{
    if (piece)
        json_real (json, key, piece->sold * 1000 / piece->known_ms, 1);
    else
        json_null (json, key);
}

static void put_bets (json_t *json, const char *key, const piece_t *piece)
{
    if (piece && piece->bets != HISTORY_NO_BETS)
        json_number (json, key, piece->bets);
    else
        json_null (json, key);
}
