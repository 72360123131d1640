/* hellos.c - the HELLOs that wait. State; pure. */

#include "hellos.h"

static size_t place_of (const hellos_t *hellos, const hello_t *hello);

bool hellos_keep (hellos_t *hellos, const hello_t *hello)
{
    const size_t place = place_of (hellos, hello);
    if (place == HELLOS_MAX)
        return false;
    hellos->hello[place] = *hello;
    hellos->count += place == hellos->count;
    return true;
}

size_t hellos_find (const hellos_t *hellos, const envelope_t *envelope)
{
    size_t i = 0;
    while (i < hellos->count && (hellos->hello[i].envelope.boot != envelope->boot ||
                                 hellos->hello[i].envelope.ticket != envelope->ticket ||
                                 hellos->hello[i].envelope.client != envelope->client))
        i++;
    return i;
}

void hellos_remove (hellos_t *hellos, size_t which)
{
    hellos->hello[which] = hellos->hello[--hellos->count];
}

int64_t hellos_deadline (const hellos_t *hellos)
{
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < hellos->count; i++)
        if (hellos->hello[i].end_ms < deadline_ms)
            deadline_ms = hellos->hello[i].end_ms;
    return deadline_ms;
}

static size_t place_of (const hellos_t *hellos, const hello_t *hello)
{
    size_t i = 0;
    while (i < hellos->count &&
           (hellos->hello[i].envelope.boot != hello->envelope.boot ||
            hellos->hello[i].envelope.client != hello->envelope.client ||
            hellos->hello[i].agency != hello->agency))
        i++;
    return i;
}
