/* ready.c - judges what a central's parts answered: loteria-central. */

#include "ready.h"

#include <stdio.h>
#include <string.h>

#include "metric_line.h"
#include "metrics.h"

static bool *place_of (ready_t *ready, const metric_line_t *line);

bool ready_take (ready_t *ready, bytes_t text)
{
    metric_line_t line;
    uint64_t nonsense = 0;
    size_t told = 0;
    while (metric_line_next (&text, &line, &nonsense)) {
        bool *place =
            metric_named (line.name) == METRIC_PART_UP ? place_of (ready, &line) : NULL;
        if (place) {
            *place = line.value == 1;
            told++;
        }
    }
    return told >= 3;
}

bool ready_judge (const ready_t *ready, size_t workers, char text[READY_TEXT_BYTES])
{
    const struct {
        bool missing;
        const char *what;
        bool active; // of an active central only
    } wants[] = {
        {!ready->storage, "storage to answer", true},
        {!ready->state, "state to answer", true},
        {!ready->broker, "the broker to answer", false},
        {!ready->hears_storage, "storage to join the broker", true},
        {!ready->hears_state, "state to join the broker", true},
        {!ready->hears_worker, "a worker to join the broker", true},
    };
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++)
        if (wants[i].missing && !(ready->standby && wants[i].active)) {
            snprintf (text, READY_TEXT_BYTES, "waits for %s", wants[i].what);
            return false;
        }
    snprintf (text, READY_TEXT_BYTES, "%s, with %zu worker%s",
              ready->standby ? "a standby" : "ready", workers, workers == 1 ? "" : "s");
    return true;
}

/* The broker's label is one of two names: on a page of several processes' metrics
   `part` is whose they are. */
static bool *place_of (ready_t *ready, const metric_line_t *line)
{
    const char *peer = metric_line_label (line, "peer");
    if (!*peer)
        peer = metric_line_label (line, "part");
    return strcmp (peer, "storage") == 0  ? &ready->hears_storage
           : strcmp (peer, "state") == 0  ? &ready->hears_state
           : strcmp (peer, "worker") == 0 ? &ready->hears_worker
                                          : NULL;
}
