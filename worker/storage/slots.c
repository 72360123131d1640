/* slots.c - reads and writes checkpoints. Storage. */

#include "slots.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"

static uint8_t *read_slot (file_t *file, uint64_t *size, char *why);
static int restore (const checkpoint_t *checkpoint, bytes_t encoded, cursors_t *cursors,
                    char *why);

int slots_read (file_t *a, file_t *b, slots_t *slots, cursors_t *cursors, char *why)
{
    uint8_t *bytes[2] = {read_slot (a, &slots->bytes[0], why), NULL};
    bytes[1] = bytes[0] ? read_slot (b, &slots->bytes[1], why) : NULL;
    bytes_t encoded;
    int rc = -1;
    if (bytes[1]) {
        errno = 0;
        if (checkpoint_choose (bytes_of (bytes[0], slots->bytes[0]),
                               bytes_of (bytes[1], slots->bytes[1]), &slots->checkpoint,
                               &encoded, &slots->torn, why) == CHECKPOINT_FOUND)
            rc = restore (&slots->checkpoint, encoded, cursors, why);
    }
    const int error = errno;
    free (bytes[0]);
    free (bytes[1]);
    errno = error;
    return rc;
}

int slots_generation (file_t *file, uint64_t *generation, char *why)
{
    uint64_t size;
    checkpoint_t checkpoint;
    bytes_t cursors;
    uint8_t *bytes = read_slot (file, &size, why);
    if (!bytes)
        return -1;
    *generation = 0;
    if (checkpoint_get (bytes_of (bytes, size), &checkpoint, &cursors) == 0)
        *generation = checkpoint.generation;
    free (bytes);
    return 0;
}

int slots_write (slots_t *slots, file_t *const files[2], bytes_t cursors)
{
    const int place = slots_place (slots->checkpoint.generation);
    uint8_t *bytes = malloc (CHECKPOINT_BYTES + cursors.size);
    assert (bytes);
    uint8_t *at = checkpoint_put (bytes, &slots->checkpoint);
    const size_t size = checkpoint_close (bytes, put_bytes (at, cursors));
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

static int restore (const checkpoint_t *checkpoint, bytes_t encoded, cursors_t *cursors,
                    char *why)
{
    const char *name = checkpoint_slot (checkpoint->generation);
    checkpoint_cursor_t at;
    while (checkpoint_get_cursor (&encoded, &at) == 0)
        if (cursors_restore (cursors, &at) == -1) {
            snprintf (why, LOG_WHY_BYTES,
                      "%s: the cursor of agency %" PRIu32 " contradicts itself", name,
                      at.agency);
            return -1;
        }
    if (checkpoint->index_records == checkpoint->mark.sequence)
        return 0;
    snprintf (why, LOG_WHY_BYTES,
              "%s: its records and its sequence contradict each other", name);
    return -1;
}
