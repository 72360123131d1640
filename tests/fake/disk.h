/* disk.h - the tests' disk, in memory: one directory that lies no more than a real disk
   may, and does not do less than that either. Files in folders have their whole path
   for a name; a folder is there once it was made, and a link leads to a file of the
   disk.

   Each file has what a process reads (the page cache), what is durable, and the list of
   changes since the last sync that lead from the one to the other. Killing a process
   keeps the cache. A power cut keeps any part of the changes, sector by sector, in any
   order; the length may get ahead of the bytes, and what then lies there may be
   garbage. A sync that fails forgets its changes: the cache goes on showing them until
   it is evicted, and no later sync brings them to the disk.

   A sync in the background covers what was written until it began. It is over when
   somebody asks (sync_done), or, while syncs are held, when the test says so; a power
   cut before that keeps any part of what it covers.

   All chance comes from the dice that the test gives. Without dice there is none: a
   write that fails has written half, a sync that fails has brought nothing to the disk,
   and a power cut leaves what was synced.

   A folder that is made, a file that is made or renamed, and a link that is set are
   safe once the product's functions for that are over: they sync the entry. A crash
   before leaves the one or the other.

   Assumed, as docs/storage.md does: a sector of 512 bytes is written whole or not at
   all, and bytes that were synced stay when their sector is written again. The first
   sector of a file never holds garbage: with it the file's header would be gone. */

#ifndef LOTERIA_FAKE_DISK_H
#define LOTERIA_FAKE_DISK_H

#include "bytes.h"
#include "dice.h"
#include "file.h"

#define DISK_SECTOR_BYTES 512
#define DISK_PLENTY       ((uint64_t) 1 << 40) // room without a limit
#define DISK_ALWAYS       UINT32_MAX           // every call fails, not only the n-th

typedef enum {
    DISK_READ,
    DISK_WRITE,
    DISK_SYNC, // in the background, too
    DISK_TRUNCATE,
    DISK_RESERVE,
    DISK_SIZE,
    DISK_SOUND,
    DISK_OPERATIONS
} disk_operation_t;

typedef enum {
    LIFE_GOES_ON,
    LIFE_ENDS_HERE, // in the middle of this operation
    LIFE_IS_OVER    // it was over before: nothing has an effect any more
} life_t;

/* Asked at every operation whether its process still lives. */
typedef life_t (disk_point_fn) (void *context);

typedef struct { // of a life, for reports
    uint64_t operations, failures, full, cuts, torn;
} disk_counts_t;

typedef struct {
    uint8_t *data;
    size_t size, capacity;
} disk_image_t;

typedef struct { // since the last sync
    bool truncates;
    uint64_t position; // of a write; of a truncation the new size
    size_t size;
    uint8_t *data; // owned
} disk_change_t;

typedef struct disk disk_t;

/* A file, also one that was removed and is still open. Tests may look at all of it, set
   what fails, and spoil `cached.data` in place; the rest changes by the functions
   below.
 */
typedef struct {
    file_t *file; // a handle of the test's own: it takes no lock and need not be closed
    disk_t *disk;
    char *name;                             // its last one
    bool linked;                            // in the directory
    disk_image_t cached, durable;           // what a process reads; what is safe
    disk_image_t past;                      // what last was safe at each place
    unsigned calls[DISK_OPERATIONS];        // so far
    unsigned fails[DISK_OPERATIONS];        // the n-th call from now on; 0: none
    uint64_t bytes_read;                    // so far
    uint64_t room;                          // writing and reserving beyond wants space
    uint64_t allocated;                     // as far as it has space
    disk_change_t *changes;                 // not synced
    size_t changes_count, changes_capacity; //
    bool lost;                              // the cache shows what a failed sync forgot
    bool syncing, sync_over;                // in the background
    size_t sync_covers;                     // so many of the changes
    int sync_error;                         // that it will end with
    const uint8_t *lent;       // what it writes, which has to stay the same
    size_t lent_size;          //
    uint64_t lent_position;    //
    unsigned readers, writers; // handles with a lock
} disk_file_t;

/* An empty directory on an empty disk. `dice` is borrowed, or NULL. */
disk_t *disk_new (dice_t *dice);
void disk_destroy (disk_t **disk);
/* All of it as it is now, for a crash image: files, changes, room, not who has what
   open. Nothing fails in it and nobody is asked whether he lives. */
disk_t *disk_clone (const disk_t *disk, dice_t *dice);

/* ---- Files by name ---- */

/* The file with that name, made if need be. */
disk_file_t *disk_file (disk_t *disk, const char *name);
/* NULL if there is none. A link is followed. */
disk_file_t *disk_find (const disk_t *disk, const char *name);
/* The files there are, one after the other, those that were removed left out: the
   `at`-th, or NULL. */
disk_file_t *disk_at (const disk_t *disk, size_t at);
/* Whether there is a folder, or a link, of this name; and where that leads. */
bool disk_has_folder (const disk_t *disk, const char *name);
const char *disk_link_of (const disk_t *disk, const char *name);
/* What somebody may do to a directory, under running processes, too. Durable at once.
   A link is removed itself, and not what it leads to. */
void disk_remove (disk_t *disk, const char *name);
void disk_rename (disk_t *disk, const char *from, const char *to);

/* The file's bytes become these, and are durable. */
void disk_set (disk_file_t *file, const void *data, size_t size);
/* The file has room for what it has space for, no more; until `room` is set anew. */
void disk_fill (disk_file_t *file);
/* How many calls so far changed something, or were to: all but those that only look. */
unsigned disk_touches (const disk_file_t *file);
/* What a process would read, and what a power cut would leave at least. */
bytes_t disk_cached (const disk_t *disk, const char *name);
bytes_t disk_durable (const disk_t *disk, const char *name);

/* ---- Power ---- */

/* The power is cut. What handles were open are so no longer. Without dice all that was
   not synced is gone; with them any part of it. */
void disk_cut (disk_t *disk);
/* A change to the directory that is not synced yet: whether there is one; and it is
   safe from here on, or never came to be. */
bool disk_entry_unsafe (const disk_t *disk);
void disk_settle_entry (disk_t *disk, bool came_to_be);
/* The same for one file. */
void disk_cut_file (disk_file_t *file);
void disk_cut_file_torn (disk_file_t *file, dice_t *dice);

/* ---- What befalls it ---- */

void disk_ask (disk_t *disk, disk_point_fn *point, void *context);
/* From now on operations fail with this chance, in thousandths: for a disk with dice.
 */
void disk_spoil (disk_t *disk, unsigned permille);
/* The n-th operation of any kind on any file from now on fails; 0: none. How many there
   were so far, to know what n may be. */
void disk_fail (disk_t *disk, unsigned nth);
uint64_t disk_operations (const disk_t *disk);
/* Only so many bytes more can be had by all files; DISK_PLENTY for no limit. */
void disk_limit (disk_t *disk, uint64_t bytes_left);

/* Syncs in the background are held until they are finished here; a new disk does not.
 */
void disk_hold (disk_t *disk, bool hold);
/* A file that such a sync is under way of, or NULL; and the next one behind it. */
disk_file_t *disk_syncing (const disk_t *disk);
disk_file_t *disk_syncing_next (const disk_t *disk, const disk_file_t *before);
/* It is over, and what it covers is durable, unless it fails. */
void disk_finish (disk_file_t *file);

/* Whether since disk_forgive () an operation was made to fail, or found no space. */
bool disk_failed (const disk_t *disk);
bool disk_full (const disk_t *disk);
void disk_forgive (disk_t *disk);

/* Changes whenever something durable does. */
uint64_t disk_version (const disk_t *disk);
const disk_counts_t *disk_counts (const disk_t *disk);

/* ---- For the product's file_open () and its like (disk_files.c) ---- */

/* A process's own handle, with a lock like flock's, until it is closed or the power is
   cut. For writing the file is made if need be. `name` is borrowed. NULL with errno:
   ENOENT, EWOULDBLOCK when another has it. */
file_t *disk_open (disk_t *disk, const char *name, bool writing);
/* The same for reading without a lock. */
file_t *disk_peek (disk_t *disk, const char *name);
/* What file.h says of each: 0, or -1 with errno. */
int disk_make_folder (disk_t *disk, const char *name);
int disk_move (disk_t *disk, const char *from, const char *to);
int disk_link (disk_t *disk, const char *name, const char *target);
/* From now on file_open () and its like find this disk, whatever the directory's path;
   NULL: none. */
void disk_mount (disk_t *disk);
/* The same of this one directory (borrowed), until the next disk_mount (). */
void disk_mount_at (disk_t *disk, const char *directory);

#endif
