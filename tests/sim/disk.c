/* disk.c - the simulated disk. */

#include "disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FILES_MAX       2
#define EVICTION_CHANCE 150 // that a read finds what a failed sync lost evicted

typedef struct {
    uint8_t *data;
    size_t size, capacity;
} image_t;

typedef struct { // since the last sync
    bool truncates;
    uint64_t position; // of a write; of a truncation the new size
    size_t size;
    uint8_t *data; // owned
} change_t;

typedef struct {
    file_t file;
    disk_t *disk;
    image_t cached, durable;
    change_t *changes;
    size_t count, capacity;
    uint64_t allocated; // bytes that it has space for
    bool lost;          // a failed sync forgot changes that the cache still shows
} disk_file_t;

struct disk {
    dice_t *dice;
    life_t (*point) (void *context);
    void *context;
    unsigned spoilt; // in thousandths
    uint64_t left;   // bytes that can still be had
    bool failed, full;
    uint64_t version;
    disk_file_t files[FILES_MAX];
    size_t files_count;
    disk_counts_t counts;
};

static ssize_t disk_read (file_t *file, void *buffer, size_t size, uint64_t position);
static int disk_write (file_t *file, const void *data, size_t size, uint64_t position);
static int disk_sync (file_t *file);
static int disk_truncate (file_t *file, uint64_t size);
static int disk_reserve (file_t *file, uint64_t size);
static int64_t disk_size (file_t *file);
static void disk_close (file_t *file);

static const file_ops_t disk_ops = {.read = disk_read,
                                    .write = disk_write,
                                    .sync = disk_sync,
                                    .truncate = disk_truncate,
                                    .reserve = disk_reserve,
                                    .size = disk_size,
                                    .close = disk_close};

static disk_file_t *find_file (disk_t *disk, const char *name);
static life_t begin (disk_t *disk);
static bool spoilt (disk_t *disk, int error);
static int fail (disk_t *disk, int error);
static bool allocate (disk_file_t *file, uint64_t size);
static size_t part_of (disk_file_t *file, size_t size, uint64_t position);
static void write_cache (disk_file_t *file, const void *data, size_t size,
                         uint64_t position);
static void truncate_cache (disk_file_t *file, uint64_t size);
static change_t *add_change (disk_file_t *file);
static void flush (disk_file_t *file, unsigned permille);
static void apply (disk_file_t *file, const change_t *change, unsigned permille);
static void forget_changes (disk_file_t *file);
static void evict (disk_file_t *file, bool closed);
static void cut_file (disk_file_t *file);
static void stretch (disk_file_t *file);
static void litter (disk_file_t *file, size_t from);
static void image_resize (image_t *image, size_t size);
static void image_write (image_t *image, const void *data, size_t size,
                         uint64_t position);

disk_t *disk_new (dice_t *dice, life_t (*point) (void *context), void *context)
{
    disk_t *disk = calloc (1, sizeof *disk);
    assert (disk);
    disk->dice = dice;
    disk->point = point;
    disk->context = context;
    disk->left = DISK_PLENTY;
    return disk;
}

void disk_destroy (disk_t **disk)
{
    for (size_t i = 0; *disk && i < (*disk)->files_count; i++) {
        disk_file_t *file = &(*disk)->files[i];
        forget_changes (file);
        free (file->changes);
        free (file->cached.data);
        free (file->durable.data);
    }
    free (*disk);
    *disk = NULL;
}

file_t *disk_open (disk_t *disk, const char *name)
{
    disk_file_t *file = find_file (disk, name);
    if (!file) {
        assert (disk->files_count < FILES_MAX);
        file = &disk->files[disk->files_count++];
        *file = (disk_file_t){.file = {.ops = &disk_ops, .name = name}, .disk = disk};
    }
    return &file->file;
}

void disk_spoil (disk_t *disk, unsigned permille)
{
    disk->spoilt = permille;
}

void disk_fill (disk_t *disk, uint64_t bytes_left)
{
    disk->left = bytes_left;
}

bool disk_failed (const disk_t *disk)
{
    return disk->failed;
}

bool disk_full (const disk_t *disk)
{
    return disk->full;
}

void disk_forgive (disk_t *disk)
{
    disk->failed = disk->full = false;
}

void disk_cut (disk_t *disk)
{
    disk->counts.cuts++;
    disk->version++;
    for (size_t i = 0; i < disk->files_count; i++)
        cut_file (&disk->files[i]);
}

bytes_t disk_cached (disk_t *disk, const char *name)
{
    const disk_file_t *file = find_file (disk, name);
    return file ? bytes_of (file->cached.data, file->cached.size) : bytes_of (NULL, 0);
}

bytes_t disk_durable (disk_t *disk, const char *name)
{
    const disk_file_t *file = find_file (disk, name);
    return file ? bytes_of (file->durable.data, file->durable.size)
                : bytes_of (NULL, 0);
}

uint64_t disk_version (const disk_t *disk)
{
    return disk->version;
}

const disk_counts_t *disk_counts (const disk_t *disk)
{
    return &disk->counts;
}

static disk_file_t *find_file (disk_t *disk, const char *name)
{
    for (size_t i = 0; i < disk->files_count; i++)
        if (strcmp (disk->files[i].file.name, name) == 0)
            return &disk->files[i];
    return NULL;
}

static ssize_t disk_read (file_t *self, void *buffer, size_t size, uint64_t position)
{
    disk_file_t *file = (disk_file_t *) self;
    if (begin (file->disk) != LIFE_GOES_ON || spoilt (file->disk, EIO))
        return -1;
    if (file->lost && dice_chance (file->disk->dice, EVICTION_CHANCE))
        evict (file, false);
    if (position >= file->cached.size)
        return 0;
    const size_t there = file->cached.size - (size_t) position;
    size = size < there ? size : there;
    memcpy (buffer, file->cached.data + position, size);
    return (ssize_t) size;
}

static int disk_write (file_t *self, const void *data, size_t size, uint64_t position)
{
    disk_file_t *file = (disk_file_t *) self;
    const life_t life = begin (file->disk);
    if (life == LIFE_IS_OVER)
        return -1;
    const bool room = allocate (file, position + size);
    if (life == LIFE_GOES_ON && room && !spoilt (file->disk, EIO)) {
        write_cache (file, data, size, position);
        return 0;
    }
    if (room)
        write_cache (file, data, part_of (file, size, position), position);
    return room ? -1 : fail (file->disk, ENOSPC);
}

/* How far a write got that failed: to the end of some sector, or to its own. */
static size_t part_of (disk_file_t *file, size_t size, uint64_t position)
{
    dice_t *dice = file->disk->dice;
    const uint64_t sectors =
        (position + dice_below (dice, size + 1)) / DISK_SECTOR_BYTES;
    if (dice_chance (dice, 250))
        return size;
    const uint64_t end = sectors * DISK_SECTOR_BYTES;
    return end > position ? (size_t) (end - position) : 0;
}

static int disk_sync (file_t *self)
{
    disk_file_t *file = (disk_file_t *) self;
    dice_t *dice = file->disk->dice;
    const life_t life = begin (file->disk);
    if (life == LIFE_IS_OVER)
        return -1;
    file->disk->version++;
    if (life == LIFE_ENDS_HERE) {
        if (dice_chance (dice, 300))
            flush (file, 1000);
        return -1;
    }
    if (spoilt (file->disk, EIO)) {
        file->lost = true;
        flush (file, (unsigned) dice_below (dice, 1001));
        return -1;
    }
    flush (file, 1000);
    return 0;
}

static int disk_truncate (file_t *self, uint64_t size)
{
    disk_file_t *file = (disk_file_t *) self;
    const life_t life = begin (file->disk);
    if (life == LIFE_IS_OVER || (life == LIFE_GOES_ON && spoilt (file->disk, EIO)))
        return -1;
    if (life == LIFE_GOES_ON || dice_chance (file->disk->dice, 500))
        truncate_cache (file, size);
    return life == LIFE_GOES_ON ? 0 : -1;
}

static int disk_reserve (file_t *self, uint64_t size)
{
    disk_file_t *file = (disk_file_t *) self;
    if (begin (file->disk) != LIFE_GOES_ON)
        return -1;
    if (spoilt (file->disk, dice_chance (file->disk->dice, 700) ? ENOSPC : EIO))
        return -1;
    return allocate (file, size) ? 0 : fail (file->disk, ENOSPC);
}

static int64_t disk_size (file_t *self)
{
    disk_file_t *file = (disk_file_t *) self;
    if (begin (file->disk) != LIFE_GOES_ON || spoilt (file->disk, EIO))
        return -1;
    return (int64_t) file->cached.size;
}

static void disk_close (file_t *self)
{
    disk_file_t *file = (disk_file_t *) self;
    if (file->lost && dice_chance (file->disk->dice, 2 * EVICTION_CHANCE))
        evict (file, true);
}

static life_t begin (disk_t *disk)
{
    const life_t life = disk->point (disk->context);
    disk->counts.operations++;
    if (life != LIFE_GOES_ON) {
        disk->failed = true;
        errno = EIO;
    }
    return life;
}

static bool spoilt (disk_t *disk, int error)
{
    if (disk->spoilt == 0 || !dice_chance (disk->dice, disk->spoilt))
        return false;
    fail (disk, error);
    return true;
}

static int fail (disk_t *disk, int error)
{
    const bool full = error == ENOSPC;
    disk->counts.full += full;
    disk->counts.failures += !full;
    disk->full = disk->full || full;
    disk->failed = disk->failed || !full;
    errno = error;
    return -1;
}

static bool allocate (disk_file_t *file, uint64_t size)
{
    if (size <= file->allocated)
        return true;
    const uint64_t more = size - file->allocated;
    if (more > file->disk->left)
        return false;
    if (file->disk->left != DISK_PLENTY)
        file->disk->left -= more;
    file->allocated = size;
    return true;
}

static void write_cache (disk_file_t *file, const void *data, size_t size,
                         uint64_t position)
{
    if (size == 0)
        return;
    change_t *change = add_change (file);
    change->position = position;
    change->size = size;
    change->data = malloc (size);
    assert (change->data);
    memcpy (change->data, data, size);
    image_write (&file->cached, data, size, position);
}

/* Gives back what was reserved behind the new end. */
static void truncate_cache (disk_file_t *file, uint64_t size)
{
    change_t *change = add_change (file);
    change->truncates = true;
    change->position = size;
    image_resize (&file->cached, (size_t) size);
    if (file->allocated > size && file->disk->left != DISK_PLENTY)
        file->disk->left += file->allocated - size;
    file->allocated = size;
}

static change_t *add_change (disk_file_t *file)
{
    if (file->count == file->capacity) {
        file->capacity = 2 * file->capacity + 16;
        file->changes = realloc (file->changes, file->capacity * sizeof (change_t));
        assert (file->changes);
    }
    change_t *change = &file->changes[file->count++];
    *change = (change_t){0};
    return change;
}

/* Bring changes to the disk, or of each sector only with this chance. */
static void flush (disk_file_t *file, unsigned permille)
{
    for (size_t i = 0; i < file->count; i++)
        apply (file, &file->changes[i], permille);
    forget_changes (file);
}

static void apply (disk_file_t *file, const change_t *change, unsigned permille)
{
    dice_t *dice = file->disk->dice;
    if (change->truncates) {
        if (permille == 1000 || dice_chance (dice, permille))
            image_resize (&file->durable, (size_t) change->position);
        return;
    }
    size_t done = 0;
    while (done < change->size) {
        const uint64_t at = change->position + done;
        size_t piece = DISK_SECTOR_BYTES - (size_t) (at % DISK_SECTOR_BYTES);
        if (permille == 1000 || piece > change->size - done)
            piece = change->size - done;
        if (permille == 1000 || dice_chance (dice, permille))
            image_write (&file->durable, change->data + done, piece, at);
        done += piece;
    }
}

static void forget_changes (disk_file_t *file)
{
    for (size_t i = 0; i < file->count; i++)
        free (file->changes[i].data);
    file->count = 0;
}

/* What a failed sync lost is read from the disk again. While the file is open its
   length stays. */
static void evict (disk_file_t *file, bool closed)
{
    const size_t size = file->cached.size;
    file->disk->failed = true; // whoever read it before may find something else now
    image_resize (&file->cached, 0);
    image_write (&file->cached, file->durable.data, file->durable.size, 0);
    for (size_t i = 0; i < file->count; i++) {
        const change_t *change = &file->changes[i];
        if (change->truncates)
            image_resize (&file->cached, (size_t) change->position);
        else
            image_write (&file->cached, change->data, change->size, change->position);
    }
    if (!closed)
        image_resize (&file->cached, size);
    file->lost = false;
}

static void cut_file (disk_file_t *file)
{
    static const unsigned parts[] = {0, 250, 500, 900, 1000};
    const unsigned part = parts[dice_below (file->disk->dice, 5)];
    if (file->count > 0 && part < 1000)
        file->disk->counts.torn++;
    stretch (file);
    flush (file, part);
    image_resize (&file->cached, 0);
    image_write (&file->cached, file->durable.data, file->durable.size, 0);
    if (file->allocated > file->cached.size && file->disk->left != DISK_PLENTY)
        file->disk->left += file->allocated - file->cached.size;
    file->allocated = file->cached.size;
    file->lost = false;
}

/* The length may be on the disk before the bytes are. */
static void stretch (disk_file_t *file)
{
    dice_t *dice = file->disk->dice;
    const size_t old = file->durable.size;
    if (file->cached.size <= old || dice_chance (dice, 500))
        return;
    const size_t size = old + (size_t) dice_below (dice, file->cached.size - old + 1);
    image_resize (&file->durable, dice_chance (dice, 500) ? size : file->cached.size);
    if (dice_chance (dice, 500))
        litter (file, old);
}

/* Whole new sectors hold anything: noise, or what lay somewhere else. */
static void litter (disk_file_t *file, size_t from)
{
    dice_t *dice = file->disk->dice;
    image_t *image = &file->durable;
    size_t at = (from / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES;
    for (; at < image->size; at += DISK_SECTOR_BYTES) {
        const size_t end =
            at + DISK_SECTOR_BYTES < image->size ? at + DISK_SECTOR_BYTES : image->size;
        const size_t other =
            (size_t) dice_below (dice, at / DISK_SECTOR_BYTES) * DISK_SECTOR_BYTES;
        if (dice_chance (dice, 300))
            memcpy (image->data + at, image->data + other, end - at);
        else if (dice_chance (dice, 500))
            for (size_t i = at; i < end; i++)
                image->data[i] = (uint8_t) dice_roll (dice);
    }
}

static void image_resize (image_t *image, size_t size)
{
    if (size > image->capacity) {
        image->capacity = 2 * size + 4096;
        image->data = realloc (image->data, image->capacity);
        assert (image->data);
    }
    if (size > image->size)
        memset (image->data + image->size, 0, size - image->size);
    image->size = size;
}

static void image_write (image_t *image, const void *data, size_t size,
                         uint64_t position)
{
    if (size == 0)
        return;
    if (position + size > image->size)
        image_resize (image, (size_t) position + size);
    memcpy (image->data + position, data, size);
}
