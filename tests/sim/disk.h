/* disk.h - a disk that lies no more than a real one may.

   Each file has what a process reads (the page cache) and what a power cut leaves, and
   the list of changes since the last sync that lead from the one to the other. Killing
   the process keeps the cache. A power cut keeps a random part of the changes, sector
   by sector, in any order; the length may get ahead of the bytes, and what then lies
   there may be garbage. A sync that fails forgets its changes: the cache goes on
   showing them until it is evicted, and no later sync brings them to the disk.

   Assumed, as docs/storage.md does: a sector of 512 bytes is written whole or not at
   all, and bytes that were synced stay when their sector is written again. The first
   sector of a file never holds garbage: with it a journal's header would be gone. */

#ifndef LOTERIA_DISK_H
#define LOTERIA_DISK_H

#include "bytes.h"
#include "dice.h"
#include "file.h"

#define DISK_SECTOR_BYTES 512
#define DISK_PLENTY       ((uint64_t) 1 << 40)

typedef enum {
    LIFE_GOES_ON,
    LIFE_ENDS_HERE, // in the middle of this operation
    LIFE_IS_OVER    // it was over before: nothing has an effect any more
} life_t;

typedef struct {
    uint64_t operations, failures, full, cuts, torn;
} disk_counts_t;

typedef struct disk disk_t;

/* `point` is asked at every operation whether its process still lives. */
disk_t *disk_new (dice_t *dice, life_t (*point) (void *context), void *context);
void disk_destroy (disk_t **disk);

/* The file with that name, made if need be: the disk's own, to be closed as any. */
file_t *disk_open (disk_t *disk, const char *name);

/* From now on operations fail with this chance, in thousandths. */
void disk_spoil (disk_t *disk, unsigned permille);
/* Only so many bytes more can be had; DISK_PLENTY for no limit. */
void disk_fill (disk_t *disk, uint64_t bytes_left);

/* Whether since disk_forgive () an operation was made to fail, or found no space. */
bool disk_failed (const disk_t *disk);
bool disk_full (const disk_t *disk);
void disk_forgive (disk_t *disk);

/* The power is cut; nobody has a file open. */
void disk_cut (disk_t *disk);

/* What a process would read, and what a power cut would leave at least. */
bytes_t disk_cached (disk_t *disk, const char *name);
bytes_t disk_durable (disk_t *disk, const char *name);
/* Changes whenever something durable does. */
uint64_t disk_version (const disk_t *disk);

const disk_counts_t *disk_counts (const disk_t *disk);

#endif
