/* results.c - the winners' documents (agency): one growing run of lines. */

#include "results.h"

#include <stdlib.h>

static bool reserve (results_t *results, size_t size);

void results_clear (results_t *results)
{
    free (results->documents);
    *results = (results_t){0};
}

bool results_fit (const results_t *results, const wire_winners_t *page, uint64_t bets)
{
    if (page->next != 0 && page->next <= page->cursor)
        return false;
    uint32_t count = 0;
    bytes_t rest = page->documents;
    while (rest.size > 0) {
        const uint8_t *end = memchr (rest.data, '\n', rest.size);
        if (end == NULL || end == rest.data || end - rest.data > DOCUMENT_BYTES_MAX)
            return false;
        rest.size -= (size_t) (end + 1 - rest.data);
        rest.data = end + 1;
        count++;
    }
    return count == page->count && results->count + count <= bets;
}

int results_add (results_t *results, const wire_winners_t *page)
{
    if (!reserve (results, results->size + page->documents.size))
        return -1;
    put_bytes (results->documents + results->size, page->documents);
    results->size += page->documents.size;
    results->count += page->count;
    return 0;
}

static bool reserve (results_t *results, size_t size)
{
    if (size > WINNERS_BYTES_MAX)
        return false;
    size_t capacity = results->capacity ? results->capacity : WINNERS_PAGE_BYTES;
    while (capacity < size)
        capacity *= 2;
    if (capacity != results->capacity) {
        results->documents = realloc (results->documents, capacity);
        assert (results->documents);
        results->capacity = capacity;
    }
    return true;
}
