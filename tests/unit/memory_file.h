/* memory_file.h - a file in memory with a disk below it. What was written and not
   synced is lost when the power is cut, or half of it is; and any operation can be made
   to fail. */

#ifndef LOTERIA_MEMORY_FILE_H
#define LOTERIA_MEMORY_FILE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file.h"

#define SECTOR_BYTES 512

typedef struct {
    file_t file;
    uint8_t *data;  // what a process reads: the page cache
    uint8_t *disk;  // what a power cut leaves
    uint8_t *dirty; // by byte: written, and not on the disk yet
    size_t size, disk_size, capacity;
    size_t dirty_from, dirty_to;                        // nothing is dirty outside
    unsigned reads, writes, syncs, truncates, reserves; // calls so far
    uint64_t bytes_read;
    // The n-th call from now on fails; 0: none does.
    unsigned fail_read, fail_write, fail_sync, fail_truncate, fail_size;
    bool fail_reserve; // all of them do, and not for want of space
    uint64_t room;     // writing and reserving beyond this wants for space
    uint64_t reserved; // as far as space was promised
} memory_file_t;

/* Seeded: the same walk every time (splitmix64). */
static inline uint64_t random_next (uint64_t *random)
{
    uint64_t z = *random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* 0..bound - 1 */
static inline size_t random_below (uint64_t *random, size_t bound)
{
    return (size_t) (random_next (random) % bound);
}

static inline bool memory_file_fails (unsigned *countdown)
{
    if (*countdown == 0 || --*countdown > 0)
        return false;
    errno = EIO;
    return true;
}

static inline memory_file_t *memory_file_of (file_t *file)
{
    return (memory_file_t *) file;
}

static inline void memory_file_extend (memory_file_t *memory, size_t size)
{
    if (size <= memory->capacity)
        return;
    const size_t capacity = 2 * size + 4096, more = capacity - memory->capacity;
    uint8_t **const arrays[] = {&memory->data, &memory->disk, &memory->dirty};
    for (size_t i = 0; i < 3; i++) {
        *arrays[i] = realloc (*arrays[i], capacity);
        assert_non_null (*arrays[i]);
        memset (*arrays[i] + memory->capacity, 0, more);
    }
    memory->capacity = capacity;
}

static inline void memory_file_soil (memory_file_t *memory, size_t from, size_t to)
{
    if (from == to)
        return;
    const bool clean = memory->dirty_from == memory->dirty_to;
    memset (memory->dirty + from, 1, to - from);
    if (clean || from < memory->dirty_from)
        memory->dirty_from = from;
    if (clean || to > memory->dirty_to)
        memory->dirty_to = to;
}

static inline void memory_file_clean (memory_file_t *memory)
{
    if (memory->dirty_to > memory->dirty_from)
        memset (memory->dirty + memory->dirty_from, 0,
                memory->dirty_to - memory->dirty_from);
    memory->dirty_from = memory->dirty_to = 0;
}

static inline ssize_t memory_file_read (file_t *file, void *buffer, size_t size,
                                        uint64_t position)
{
    memory_file_t *memory = memory_file_of (file);
    memory->reads++;
    if (memory_file_fails (&memory->fail_read))
        return -1;
    if (position >= memory->size)
        return 0;
    const size_t there = memory->size - (size_t) position;
    size = size < there ? size : there;
    memcpy (buffer, memory->data + position, size);
    memory->bytes_read += size;
    return (ssize_t) size;
}

/* One that fails has written half, in whole sectors. */
static inline int memory_file_write (file_t *file, const void *data, size_t size,
                                     uint64_t position)
{
    memory_file_t *memory = memory_file_of (file);
    memory->writes++;
    int rc = memory_file_fails (&memory->fail_write) ? -1 : 0;
    if (position + size > memory->room) {
        errno = ENOSPC;
        rc = -1;
    }
    size_t end = (size_t) (position + size);
    if (rc == -1)
        end = (size_t) (position + size / 2) / SECTOR_BYTES * SECTOR_BYTES;
    end = end > position ? end : (size_t) position;
    const size_t done = end - (size_t) position;
    memory_file_extend (memory, end);
    if (done > 0)
        memcpy (memory->data + position, data, done);
    memory_file_soil (memory, (size_t) position, end);
    if (done > 0 && end > memory->size)
        memory->size = end;
    return rc;
}

/* One that fails has written nothing, and the kernel will not try that part again: as
   on Linux, only what is written anew reaches the disk with the next. */
static inline int memory_file_sync (file_t *file)
{
    memory_file_t *memory = memory_file_of (file);
    memory->syncs++;
    const int rc = memory_file_fails (&memory->fail_sync) ? -1 : 0;
    if (rc == 0) {
        for (size_t i = memory->dirty_from; i < memory->dirty_to; i++)
            if (memory->dirty[i])
                memory->disk[i] = memory->data[i];
        memory->disk_size = memory->size;
    }
    memory_file_clean (memory);
    return rc;
}

static inline int memory_file_truncate (file_t *file, uint64_t size)
{
    memory_file_t *memory = memory_file_of (file);
    memory->truncates++;
    if (memory_file_fails (&memory->fail_truncate))
        return -1;
    memory_file_extend (memory, (size_t) size);
    if (size < memory->size) {
        memset (memory->data + size, 0, memory->size - (size_t) size);
        memory_file_soil (memory, (size_t) size, memory->size);
    }
    memory->size = (size_t) size;
    memory->reserved = size;
    return 0;
}

static inline int memory_file_reserve (file_t *file, uint64_t size)
{
    memory_file_t *memory = memory_file_of (file);
    memory->reserves++;
    if (memory->fail_reserve) {
        errno = EIO;
        return -1;
    }
    if (size > memory->room) {
        errno = ENOSPC;
        return -1;
    }
    memory->reserved = size > memory->reserved ? size : memory->reserved;
    return 0;
}

static inline int64_t memory_file_size (file_t *file)
{
    memory_file_t *memory = memory_file_of (file);
    return memory_file_fails (&memory->fail_size) ? -1 : (int64_t) memory->size;
}

static inline void memory_file_close (file_t *file)
{
    (void) file; // the test's own
}

static const file_ops_t memory_file_ops = {
    .read = memory_file_read,
    .write = memory_file_write,
    .sync = memory_file_sync,
    .truncate = memory_file_truncate,
    .reserve = memory_file_reserve,
    .size = memory_file_size,
    .close = memory_file_close,
};

static inline void memory_file_init (memory_file_t *memory, const char *name)
{
    *memory = (memory_file_t){.file = {.ops = &memory_file_ops, .name = name},
                              .room = UINT64_MAX};
}

static inline void memory_file_free (memory_file_t *memory)
{
    free (memory->data);
    free (memory->disk);
    free (memory->dirty);
    *memory = (memory_file_t){0};
}

/* The file's bytes become these, and are on the disk. */
static inline void memory_file_set (memory_file_t *memory, const void *data,
                                    size_t size)
{
    memory_file_extend (memory, size > 0 ? size : 1);
    memset (memory->data, 0, memory->capacity);
    if (size > 0)
        memcpy (memory->data, data, size);
    memcpy (memory->disk, memory->data, memory->capacity);
    memory_file_clean (memory);
    memory->size = memory->disk_size = size;
}

/* The disk is full: there is room for what is there and what was reserved, no more. */
static inline void memory_file_fill (memory_file_t *memory)
{
    memory->room = memory->size > memory->reserved ? memory->size : memory->reserved;
}

/* The power is cut: all that was not synced is gone. */
static inline void memory_file_cut (memory_file_t *memory)
{
    uint8_t *left = malloc (memory->disk_size + 1);
    assert_non_null (left);
    if (memory->disk_size > 0)
        memcpy (left, memory->disk, memory->disk_size);
    memory_file_set (memory, left, memory->disk_size);
    free (left);
}

/* The same in earnest: of what was not synced any sector may have reached the disk, or
   not; and so may the file's length. */
static inline void memory_file_cut_torn (memory_file_t *memory, uint64_t *random)
{
    const size_t a = memory->disk_size, b = memory->size;
    const size_t low = a < b ? a : b, high = a < b ? b : a;
    const size_t sizes[] = {a, b, low + random_below (random, high - low + 1)};
    const size_t size = sizes[random_below (random, 3)];
    uint8_t *left = calloc (1, size + 1);
    assert_non_null (left);
    bool reached = false;
    for (size_t i = 0; i < size; i++) {
        if (i == 0 || i % SECTOR_BYTES == 0)
            reached = random_below (random, 2);
        left[i] = memory->dirty[i] && reached ? memory->data[i]
                  : i < memory->disk_size     ? memory->disk[i]
                                              : 0;
    }
    memory_file_set (memory, left, size);
    free (left);
}

#endif
