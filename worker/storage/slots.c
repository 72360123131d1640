/* slots.c - reads and writes checkpoints. Storage. */

#include "slots.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"

static uint8_t *read_slot (file_t *file, uint64_t *size, char *why);
static int check_sequence (const checkpoint_t *checkpoint, char *why);

int slots_read (file_t *a, file_t *b, slots_t *slots, char *why)
{
    uint8_t *bytes[2] = {read_slot (a, &slots->bytes[0], why), NULL};
    bytes[1] = bytes[0] ? read_slot (b, &slots->bytes[1], why) : NULL;
    int rc = -1, chosen = 0;
    if (bytes[1]) {
        errno = 0;
        if (checkpoint_choose (bytes_of (bytes[0], slots->bytes[0]),
                               bytes_of (bytes[1], slots->bytes[1]), &slots->checkpoint,
                               &slots->rest, &slots->torn, why) == CHECKPOINT_FOUND)
            rc = check_sequence (&slots->checkpoint, why);
        chosen = slots_place (slots->checkpoint.generation);
    }
    const int error = errno;
    free (bytes[!chosen]);
    slots_forget (slots);
    slots->owned = bytes[chosen];
    if (rc == -1)
        slots_forget (slots);
    errno = error;
    return rc;
}

void slots_forget (slots_t *slots)
{
    free (slots->owned);
    slots->owned = NULL;
}

int slots_generation (file_t *file, uint64_t *generation, char *why)
{
    uint64_t size;
    checkpoint_t checkpoint;
    checkpoint_rest_t rest;
    uint8_t *bytes = read_slot (file, &size, why);
    if (!bytes)
        return -1;
    *generation = 0;
    if (checkpoint_get (bytes_of (bytes, size), &checkpoint, &rest) == 0)
        *generation = checkpoint.generation;
    free (bytes);
    return 0;
}

int slots_write (slots_t *slots, file_t *const files[2], bytes_t rest)
{
    const int place = slots_place (slots->checkpoint.generation);
    uint8_t *bytes = malloc (CHECKPOINT_BYTES + rest.size);
    assert (bytes);
    uint8_t *at = checkpoint_put (bytes, &slots->checkpoint);
    const size_t size = checkpoint_close (bytes, put_bytes (at, rest));
    const int rc = files[place]->ops->write (files[place], bytes, size, 0);
    const int error = errno;
    free (bytes);
    if (size > slots->bytes[place])
        slots->bytes[place] = size;
    errno = error;
    return rc;
}

int slots_place (uint64_t generation)
{
    return generation % 2 ? 0 : 1;
}

static uint8_t *read_slot (file_t *file, uint64_t *size, char *why)
{
    const int64_t there = file->ops->size (file);
    const size_t wanted =
        there < (int64_t) CHECKPOINT_BYTES_MAX ? (size_t) there : CHECKPOINT_BYTES_MAX;
    uint8_t *bytes = there == -1 ? NULL : malloc (wanted + 1);
    const ssize_t got = bytes ? file->ops->read (file, bytes, wanted, 0) : -1;
    if (got == -1) {
        const int error = errno;
        snprintf (why, LOG_WHY_BYTES, "%s: cannot be read, %s", file->name,
                  strerror (error));
        free (bytes);
        errno = error;
        return NULL;
    }
    *size = (uint64_t) got;
    return bytes;
}

static int check_sequence (const checkpoint_t *checkpoint, char *why)
{
    if (checkpoint->index_records == checkpoint->mark.sequence &&
        checkpoint->last_opened <= checkpoint->index_records &&
        checkpoint->epoch <= checkpoint->index_records)
        return 0;
    snprintf (why, LOG_WHY_BYTES,
              "%s: its records and its sequence contradict each other",
              checkpoint_slot (checkpoint->generation));
    return -1;
}
