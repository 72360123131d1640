/* disk.c - the tests' disk. */

#include "disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define EVICTION_CHANCE 150 // that a read finds what a failed sync lost evicted

typedef struct { // what a process, or the test, has a file open by
    file_t file;
    disk_file_t *on;
    bool locks, writes;
    unsigned life; // of the disk when it was opened
} handle_t;

typedef struct { // in the directory, beside files
    char *name;
    char *target; // of a link; NULL: it is a folder
} entry_t;

typedef enum { NO_CHANGE, FILE_MADE, FILE_MOVED, FOLDER_MADE, LINK_SET } entry_kind_t;

typedef struct { // the change to the directory that is not safe yet
    entry_kind_t kind;
    char *name;             // owned
    char *before;           // owned: the file's name, or where the link led; NULL: none
    disk_file_t *displaced; // what had the name of a file that was moved, or NULL
} entry_change_t;

struct disk {
    dice_t *dice; // NULL: nothing is left to chance
    disk_point_fn *point;
    void *context;
    unsigned spoilt; // in thousandths
    unsigned fail_in;
    uint64_t left; // bytes that can still be had
    bool holds;
    bool failed, full;
    uint64_t version;
    unsigned life; // power cuts so far
    disk_file_t **files;
    size_t files_count;
    entry_t *entries;
    size_t entries_count;
    entry_change_t unsafe;
    disk_counts_t counts;
};

static ssize_t disk_read (file_t *file, void *buffer, size_t size, uint64_t position);
static int disk_write (file_t *file, const void *data, size_t size, uint64_t position);
static int disk_sync (file_t *file);
static int disk_sync_start (file_t *file);
static int disk_write_start (file_t *file, const void *data, size_t size,
                             uint64_t position);
static void take_back (disk_file_t *file);
static int disk_sync_descriptor (file_t *file);
static int disk_sync_done (file_t *file);
static int disk_sound (file_t *file, uint64_t size_min);
static int disk_truncate (file_t *file, uint64_t size);
static int disk_reserve (file_t *file, uint64_t size);
static int64_t disk_size (file_t *file);
static void disk_close (file_t *file);

static const file_ops_t disk_ops = {.read = disk_read,
                                    .write = disk_write,
                                    .write_past = disk_write,
                                    .sync = disk_sync,
                                    .sync_start = disk_sync_start,
                                    .write_start = disk_write_start,
                                    .sync_descriptor = disk_sync_descriptor,
                                    .sync_done = disk_sync_done,
                                    .sound = disk_sound,
                                    .truncate = disk_truncate,
                                    .reserve = disk_reserve,
                                    .size = disk_size,
                                    .close = disk_close};

static disk_file_t *find_as_named (const disk_t *disk, const char *name);
static entry_t *find_entry (const disk_t *disk, const char *name);
static void set_entry (disk_t *disk, const char *name, const char *target);
static void remove_entry (disk_t *disk, const char *name);
static bool folder_is_there (const disk_t *disk, const char *name);
static bool entry_goes_on (disk_t *disk, bool *happens);
static void change_entry (disk_t *disk, entry_kind_t kind, const char *name,
                          const char *before, disk_file_t *displaced);
static int sync_entry (disk_t *disk);
static void entry_is_safe (disk_t *disk);
static void undo_entry (disk_t *disk);
static char *copy_text (const char *text);
static disk_file_t *add_file (disk_t *disk, const char *name);
static void free_file (disk_file_t *file);
static handle_t *new_handle (disk_file_t *file, const char *name);
static void copy_file (disk_file_t *to, const disk_file_t *from);
static disk_file_t *file_of (file_t *handle);
static bool chance (const disk_t *disk, unsigned permille);
static uint64_t below (const disk_t *disk, uint64_t bound);
static life_t begin (disk_file_t *file, disk_operation_t operation);
static bool fails (disk_file_t *file, disk_operation_t operation, int error);
static bool counted_down (unsigned *countdown);
static int fail (disk_t *disk, int error);
static int told (file_t *handle, const char *failed);
static bool allocate (disk_file_t *file, uint64_t size);
static size_t room_for (const disk_file_t *file, size_t size, uint64_t position);
static size_t part_of (disk_file_t *file, size_t size, uint64_t position);
static void write_cache (disk_file_t *file, const void *data, size_t size,
                         uint64_t position);
static void truncate_cache (disk_file_t *file, uint64_t size);
static disk_change_t *add_change (disk_file_t *file);
static void forget_sync (disk_file_t *file, size_t count);
static void flush (disk_file_t *file, size_t count, unsigned permille);
static void apply (disk_file_t *file, const disk_change_t *change, unsigned permille);
static void cut_durable (disk_file_t *file, size_t size, unsigned permille);
static void forget_changes (disk_file_t *file, size_t count);
static void evict (disk_file_t *file, bool closed);
static void cut_file (disk_file_t *file);
static void stretch (disk_file_t *file);
static void litter (disk_file_t *file, size_t from);
static void image_resize (disk_image_t *image, size_t size);
static void image_write (disk_image_t *image, const void *data, size_t size,
                         uint64_t position);
static void image_copy (disk_image_t *to, const disk_image_t *from);

disk_t *disk_new (dice_t *dice)
{
    disk_t *disk = calloc (1, sizeof *disk);
    assert (disk);
    disk->dice = dice;
    disk->left = DISK_PLENTY;
    return disk;
}

void disk_destroy (disk_t **disk)
{
    for (size_t i = 0; *disk && i < (*disk)->files_count; i++)
        free_file ((*disk)->files[i]);
    if (*disk) {
        for (size_t i = 0; i < (*disk)->entries_count; i++) {
            free ((*disk)->entries[i].name);
            free ((*disk)->entries[i].target);
        }
        free ((*disk)->entries);
        entry_is_safe (*disk);
        free ((*disk)->files);
    }
    free (*disk);
    *disk = NULL;
}

disk_t *disk_clone (const disk_t *disk, dice_t *dice)
{
    disk_t *clone = disk_new (dice);
    clone->left = disk->left;
    for (size_t i = 0; i < disk->files_count; i++)
        if (disk->files[i]->linked)
            copy_file (add_file (clone, disk->files[i]->name), disk->files[i]);
    for (size_t i = 0; i < disk->entries_count; i++)
        set_entry (clone, disk->entries[i].name, disk->entries[i].target);
    const entry_change_t *unsafe = &disk->unsafe;
    disk_file_t *displaced = NULL;
    if (unsafe->displaced) {
        displaced = add_file (clone, unsafe->displaced->name);
        copy_file (displaced, unsafe->displaced);
        displaced->linked = false;
    }
    if (unsafe->kind != NO_CHANGE)
        change_entry (clone, unsafe->kind, unsafe->name, unsafe->before, displaced);
    return clone;
}

disk_file_t *disk_file (disk_t *disk, const char *name)
{
    disk_file_t *file = disk_find (disk, name);
    return file ? file : add_file (disk, name);
}

disk_file_t *disk_find (const disk_t *disk, const char *name)
{
    const entry_t *entry = find_entry (disk, name);
    return find_as_named (disk, entry && entry->target ? entry->target : name);
}

static disk_file_t *find_as_named (const disk_t *disk, const char *name)
{
    for (size_t i = 0; i < disk->files_count; i++)
        if (disk->files[i]->linked && strcmp (disk->files[i]->name, name) == 0)
            return disk->files[i];
    return NULL;
}

disk_file_t *disk_at (const disk_t *disk, size_t at)
{
    for (size_t i = 0; i < disk->files_count; i++)
        if (disk->files[i]->linked && at-- == 0)
            return disk->files[i];
    return NULL;
}

bool disk_has_folder (const disk_t *disk, const char *name)
{
    const entry_t *entry = find_entry (disk, name);
    return entry && !entry->target;
}

const char *disk_link_of (const disk_t *disk, const char *name)
{
    const entry_t *entry = find_entry (disk, name);
    return entry ? entry->target : NULL;
}

void disk_remove (disk_t *disk, const char *name)
{
    disk_file_t *file = find_as_named (disk, name);
    if (file)
        file->linked = false;
    else
        remove_entry (disk, name);
    disk->version++;
}

void disk_rename (disk_t *disk, const char *from, const char *to)
{
    disk_file_t *file = disk_find (disk, from);
    assert (file);
    disk_remove (disk, to);
    char *name = strdup (to);
    assert (name);
    file->file->name = name;
    free (file->name);
    file->name = name;
}

void disk_set (disk_file_t *file, const void *data, size_t size)
{
    forget_changes (file, file->changes_count);
    file->lost = file->syncing = false;
    image_resize (&file->durable, 0);
    image_write (&file->durable, data, size, 0);
    image_write (&file->past, data, size, 0);
    image_copy (&file->cached, &file->durable);
    file->allocated = size > file->allocated ? size : file->allocated;
    file->disk->version++;
}

void disk_fill (disk_file_t *file)
{
    file->room = file->allocated;
}

unsigned disk_touches (const disk_file_t *file)
{
    return file->calls[DISK_WRITE] + file->calls[DISK_TRUNCATE] +
           file->calls[DISK_SYNC];
}

bytes_t disk_cached (const disk_t *disk, const char *name)
{
    const disk_file_t *file = disk_find (disk, name);
    return file ? bytes_of (file->cached.data, file->cached.size) : bytes_of (NULL, 0);
}

bytes_t disk_durable (const disk_t *disk, const char *name)
{
    const disk_file_t *file = disk_find (disk, name);
    return file ? bytes_of (file->durable.data, file->durable.size)
                : bytes_of (NULL, 0);
}

void disk_cut (disk_t *disk)
{
    disk->counts.cuts++;
    disk->version++;
    disk->life++;
    if (disk_entry_unsafe (disk))
        disk_settle_entry (disk, chance (disk, 500));
    for (size_t i = 0; i < disk->files_count; i++)
        cut_file (disk->files[i]);
}

bool disk_entry_unsafe (const disk_t *disk)
{
    return disk->unsafe.kind != NO_CHANGE;
}

void disk_settle_entry (disk_t *disk, bool came_to_be)
{
    if (!came_to_be)
        undo_entry (disk);
    entry_is_safe (disk);
}

void disk_cut_file (disk_file_t *file)
{
    disk_cut_file_torn (file, NULL);
}

void disk_cut_file_torn (disk_file_t *file, dice_t *dice)
{
    dice_t *const own = file->disk->dice;
    file->disk->dice = dice;
    file->disk->version++;
    cut_file (file);
    file->disk->dice = own;
}

void disk_ask (disk_t *disk, disk_point_fn *point, void *context)
{
    disk->point = point;
    disk->context = context;
}

void disk_spoil (disk_t *disk, unsigned permille)
{
    assert (disk->dice || permille == 0);
    disk->spoilt = permille;
}

void disk_fail (disk_t *disk, unsigned nth)
{
    disk->fail_in = nth;
}

uint64_t disk_operations (const disk_t *disk)
{
    return disk->counts.operations;
}

void disk_limit (disk_t *disk, uint64_t bytes_left)
{
    disk->left = bytes_left;
}

void disk_hold (disk_t *disk, bool hold)
{
    disk->holds = hold;
}

disk_file_t *disk_syncing (const disk_t *disk)
{
    return disk_syncing_next (disk, NULL);
}

disk_file_t *disk_syncing_next (const disk_t *disk, const disk_file_t *before)
{
    bool behind = before == NULL;
    for (size_t i = 0; i < disk->files_count; i++) {
        disk_file_t *file = disk->files[i];
        if (behind && file->syncing && !file->sync_over)
            return file;
        behind = behind || file == before;
    }
    return NULL;
}

void disk_finish (disk_file_t *file)
{
    if (!file->syncing || file->sync_over)
        return;
    file->sync_over = true;
    file->disk->version++;
    if (file->sync_error)
        forget_sync (file, file->sync_covers);
    else
        flush (file, file->sync_covers, 1000);
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

uint64_t disk_version (const disk_t *disk)
{
    return disk->version;
}

const disk_counts_t *disk_counts (const disk_t *disk)
{
    return &disk->counts;
}

file_t *disk_open (disk_t *disk, const char *name, bool writing)
{
    disk_file_t *file = disk_find (disk, name);
    if (!file && !writing) {
        errno = ENOENT;
        return NULL;
    }
    if (file) { // its entry may not be safe: who writes sees to it
        const entry_change_t *unsafe = &disk->unsafe;
        if (writing && unsafe->kind == FILE_MADE && strcmp (unsafe->name, name) == 0 &&
            sync_entry (disk) == -1)
            return NULL;
    } else {
        bool happens;
        if (!folder_is_there (disk, name)) {
            errno = ENOENT;
            return NULL;
        }
        const bool lives = entry_goes_on (disk, &happens);
        if (happens) {
            file = add_file (disk, name);
            change_entry (disk, FILE_MADE, name, NULL, NULL);
        }
        if (!lives || sync_entry (disk) == -1)
            return NULL;
    }
    if (file->writers > 0 || (writing && file->readers > 0)) {
        errno = EWOULDBLOCK;
        return NULL;
    }
    handle_t *handle = new_handle (file, name);
    handle->locks = true;
    handle->writes = writing;
    file->writers += writing;
    file->readers += !writing;
    return &handle->file;
}

file_t *disk_peek (disk_t *disk, const char *name)
{
    disk_file_t *file = disk_find (disk, name);
    errno = ENOENT;
    return file ? &new_handle (file, name)->file : NULL;
}

int disk_make_folder (disk_t *disk, const char *name)
{
    bool happens;
    if (disk_has_folder (disk, name))
        return sync_entry (disk);
    if (disk_find (disk, name) || !folder_is_there (disk, name)) {
        errno = disk_find (disk, name) ? ENOTDIR : ENOENT;
        return -1;
    }
    const bool lives = entry_goes_on (disk, &happens);
    if (happens) {
        set_entry (disk, name, NULL);
        change_entry (disk, FOLDER_MADE, name, NULL, NULL);
    }
    return lives ? sync_entry (disk) : -1;
}

int disk_move (disk_t *disk, const char *from, const char *to)
{
    bool happens;
    disk_file_t *file = find_as_named (disk, from);
    if (!file) {
        errno = ENOENT;
        return -1;
    }
    const bool lives = entry_goes_on (disk, &happens);
    if (happens) {
        disk_file_t *displaced = find_as_named (disk, to);
        disk_rename (disk, from, to);
        change_entry (disk, FILE_MOVED, to, from, displaced);
    }
    return lives ? sync_entry (disk) : -1;
}

int disk_link (disk_t *disk, const char *name, const char *target)
{
    bool happens;
    if (find_as_named (disk, name) || disk_has_folder (disk, name)) {
        errno = EEXIST;
        return -1;
    }
    const bool lives = entry_goes_on (disk, &happens);
    if (happens) {
        char *before = copy_text (disk_link_of (disk, name));
        set_entry (disk, name, target);
        change_entry (disk, LINK_SET, name, before, NULL);
        free (before);
    }
    return lives ? sync_entry (disk) : -1;
}

static entry_t *find_entry (const disk_t *disk, const char *name)
{
    for (size_t i = 0; i < disk->entries_count; i++)
        if (strcmp (disk->entries[i].name, name) == 0)
            return &disk->entries[i];
    return NULL;
}

static void set_entry (disk_t *disk, const char *name, const char *target)
{
    remove_entry (disk, name);
    disk->entries =
        realloc (disk->entries, (disk->entries_count + 1) * sizeof (entry_t));
    assert (disk->entries);
    disk->entries[disk->entries_count++] =
        (entry_t){copy_text (name), copy_text (target)};
    disk->version++;
}

static void remove_entry (disk_t *disk, const char *name)
{
    entry_t *entry = find_entry (disk, name);
    if (!entry)
        return;
    free (entry->name);
    free (entry->target);
    *entry = disk->entries[--disk->entries_count];
}

/* The one that a file or folder of this name lies in. */
static bool folder_is_there (const disk_t *disk, const char *name)
{
    const char *slash = strrchr (name, '/');
    if (!slash)
        return true;
    char *folder = strndup (name, (size_t) (slash - name));
    assert (folder);
    const bool there = disk_has_folder (disk, folder);
    free (folder);
    return there;
}

/* Whether who changes the directory lives on, and whether it comes about. */
static bool entry_goes_on (disk_t *disk, bool *happens)
{
    const life_t life = disk->point ? disk->point (disk->context) : LIFE_GOES_ON;
    disk->counts.operations++;
    *happens = life == LIFE_GOES_ON || (life == LIFE_ENDS_HERE && chance (disk, 500));
    if (life != LIFE_GOES_ON) {
        disk->failed = true;
        errno = EIO;
        return false;
    }
    const bool failed = counted_down (&disk->fail_in);
    if (failed || (disk->spoilt > 0 && chance (disk, disk->spoilt))) {
        *happens = false;
        fail (disk, EIO);
        return false;
    }
    return true;
}

/* What was changed before and not made safe, by who was killed, say, is safe. */
static void change_entry (disk_t *disk, entry_kind_t kind, const char *name,
                          const char *before, disk_file_t *displaced)
{
    entry_is_safe (disk);
    disk->unsafe =
        (entry_change_t){kind, copy_text (name), copy_text (before), displaced};
}

static int sync_entry (disk_t *disk)
{
    bool happens;
    const bool lives = entry_goes_on (disk, &happens);
    if (happens)
        entry_is_safe (disk);
    return lives ? 0 : -1;
}

static void entry_is_safe (disk_t *disk)
{
    free (disk->unsafe.name);
    free (disk->unsafe.before);
    disk->unsafe = (entry_change_t){0};
}

static void undo_entry (disk_t *disk)
{
    const entry_change_t *unsafe = &disk->unsafe;
    disk_file_t *file = find_as_named (disk, unsafe->name);
    switch (unsafe->kind) {
    case NO_CHANGE:
        break;
    case FILE_MADE:
        disk_remove (disk, unsafe->name);
        break;
    case FILE_MOVED:
        if (file)
            disk_rename (disk, unsafe->name, unsafe->before);
        if (unsafe->displaced)
            unsafe->displaced->linked = true;
        break;
    case FOLDER_MADE:
        remove_entry (disk, unsafe->name);
        break;
    case LINK_SET:
        if (unsafe->before)
            set_entry (disk, unsafe->name, unsafe->before);
        else
            remove_entry (disk, unsafe->name);
        break;
    }
}

static char *copy_text (const char *text)
{
    char *copy = text ? strdup (text) : NULL;
    assert (copy || !text);
    return copy;
}

static disk_file_t *add_file (disk_t *disk, const char *name)
{
    disk_file_t *file = calloc (1, sizeof *file);
    disk->files =
        realloc (disk->files, (disk->files_count + 1) * sizeof (disk_file_t *));
    assert (file && disk->files);
    disk->files[disk->files_count++] = file;
    *file = (disk_file_t){
        .disk = disk, .name = strdup (name), .linked = true, .room = UINT64_MAX};
    assert (file->name);
    file->file = &new_handle (file, file->name)->file;
    disk->version++;
    return file;
}

static void free_file (disk_file_t *file)
{
    forget_changes (file, file->changes_count);
    free (file->changes);
    free (file->cached.data);
    free (file->durable.data);
    free (file->past.data);
    free (file->file);
    free (file->name);
    free (file);
}

static handle_t *new_handle (disk_file_t *file, const char *name)
{
    handle_t *handle = calloc (1, sizeof *handle);
    assert (handle);
    handle->file = (file_t){.ops = &disk_ops, .name = name};
    handle->on = file;
    handle->life = file->disk->life;
    return handle;
}

static void copy_file (disk_file_t *to, const disk_file_t *from)
{
    image_copy (&to->cached, &from->cached);
    image_copy (&to->durable, &from->durable);
    image_copy (&to->past, &from->past);
    to->room = from->room;
    to->allocated = from->allocated;
    to->lost = from->lost;
    for (size_t i = 0; i < from->changes_count; i++) {
        disk_change_t *change = add_change (to);
        *change = from->changes[i];
        change->data = malloc (change->size + 1);
        assert (change->data);
        if (change->size > 0)
            memcpy (change->data, from->changes[i].data, change->size);
    }
}

static disk_file_t *file_of (file_t *handle)
{
    return ((handle_t *) handle)->on;
}

static bool chance (const disk_t *disk, unsigned permille)
{
    return disk->dice && dice_chance (disk->dice, permille);
}

static uint64_t below (const disk_t *disk, uint64_t bound)
{
    return disk->dice ? dice_below (disk->dice, bound) : 0;
}

static ssize_t disk_read (file_t *self, void *buffer, size_t size, uint64_t position)
{
    disk_file_t *file = file_of (self);
    if (begin (file, DISK_READ) != LIFE_GOES_ON || fails (file, DISK_READ, EIO))
        return told (self, "cannot be read");
    if (file->lost && chance (file->disk, EVICTION_CHANCE))
        evict (file, false);
    if (position >= file->cached.size)
        return 0;
    const size_t there = file->cached.size - (size_t) position;
    size = size < there ? size : there;
    memcpy (buffer, file->cached.data + position, size);
    file->bytes_read += size;
    return (ssize_t) size;
}

static int disk_write (file_t *self, const void *data, size_t size, uint64_t position)
{
    disk_file_t *file = file_of (self);
    const life_t life = begin (file, DISK_WRITE);
    if (life == LIFE_IS_OVER)
        return told (self, "cannot be written");
    const bool spoilt = life != LIFE_GOES_ON || fails (file, DISK_WRITE, EIO);
    const bool room = allocate (file, position + size);
    if (room && !spoilt) {
        write_cache (file, data, size, position);
        return 0;
    }
    size_t done = part_of (file, size, position);
    done = room ? done : room_for (file, done, position);
    allocate (file, position + done);
    write_cache (file, data, done, position);
    if (!room)
        fail (file->disk, ENOSPC);
    return told (self, "cannot be written");
}

/* How far a write got that failed: to the end of some sector, or to its own. */
static size_t part_of (disk_file_t *file, size_t size, uint64_t position)
{
    const disk_t *disk = file->disk;
    if (chance (disk, 250))
        return size;
    const uint64_t part = disk->dice ? below (disk, size + 1) : size / 2;
    const uint64_t end = (position + part) / DISK_SECTOR_BYTES * DISK_SECTOR_BYTES;
    return end > position ? (size_t) (end - position) : 0;
}

/* Space comes by whole sectors, so a write that wants for it ends at one, too. */
static size_t room_for (const disk_file_t *file, size_t size, uint64_t position)
{
    uint64_t end = file->allocated + file->disk->left;
    end = end < file->room ? end : file->room;
    end = end / DISK_SECTOR_BYTES * DISK_SECTOR_BYTES;
    if (end <= position)
        return 0;
    return size < end - position ? size : (size_t) (end - position);
}

static int disk_sync (file_t *self)
{
    disk_file_t *file = file_of (self);
    const life_t life = begin (file, DISK_SYNC);
    if (life == LIFE_IS_OVER)
        return told (self, "cannot be synced");
    file->disk->version++;
    if (life == LIFE_ENDS_HERE) {
        if (chance (file->disk, 300))
            flush (file, file->changes_count, 1000);
        return told (self, "cannot be synced");
    }
    if (file->syncing)
        take_back (file);
    disk_finish (file);
    const bool failed = file->syncing && file->sync_error;
    file->syncing = false;
    file->disk->failed = file->disk->failed || failed;
    if (failed || fails (file, DISK_SYNC, EIO)) {
        forget_sync (file, file->changes_count);
        errno = EIO;
        return told (self, "cannot be synced");
    }
    flush (file, file->changes_count, 1000);
    return 0;
}

static int disk_sync_start (file_t *self)
{
    disk_file_t *file = file_of (self);
    assert (!file->syncing);
    if (begin (file, DISK_SYNC) != LIFE_GOES_ON)
        return told (self, "cannot be synced");
    file->syncing = true;
    file->sync_over = false;
    file->lent = NULL;
    file->sync_covers = file->changes_count;
    file->sync_error = fails (file, DISK_SYNC, EIO) ? EIO : 0;
    return 0;
}

static int disk_write_start (file_t *self, const void *data, size_t size,
                             uint64_t position)
{
    disk_file_t *file = file_of (self);
    if (disk_write (self, data, size, position) == -1 || disk_sync_start (self) == -1)
        return -1;
    file->lent = data;
    file->lent_size = size;
    file->lent_position = position;
    return 0;
}

/* The real disk would have written it just now. */
static void take_back (disk_file_t *file)
{
    const disk_image_t *cached = &file->cached;
    const uint64_t end = file->lent_position + file->lent_size;
    assert (!file->lent || end > cached->size ||
            memcmp (file->lent, cached->data + file->lent_position, file->lent_size) ==
                0);
    file->lent = NULL;
}

static int disk_sync_descriptor (file_t *self)
{
    (void) self;
    return -1;
}

static int disk_sync_done (file_t *self)
{
    disk_file_t *file = file_of (self);
    if (!file->syncing)
        return 1;
    if (file->disk->point && file->disk->point (file->disk->context) != LIFE_GOES_ON) {
        file->disk->failed = true;
        errno = EIO;
        return told (self, "cannot be synced");
    }
    if (!file->sync_over && file->disk->holds)
        return 0;
    take_back (file);
    disk_finish (file);
    file->syncing = false;
    if (file->sync_error == 0)
        return 1;
    file->disk->failed = true;
    errno = file->sync_error;
    return told (self, "cannot be synced");
}

static int disk_sound (file_t *self, uint64_t size_min)
{
    disk_file_t *file = file_of (self);
    if (begin (file, DISK_SOUND) != LIFE_GOES_ON || fails (file, DISK_SOUND, EIO))
        return told (self, "cannot be looked at");
    if (disk_find (file->disk, self->name) != file) {
        errno = ENOENT;
        return told (self, "was removed");
    }
    if (file->cached.size >= size_min)
        return 0;
    errno = EIO;
    return told (self, "is shorter than it was");
}

static int disk_truncate (file_t *self, uint64_t size)
{
    disk_file_t *file = file_of (self);
    const life_t life = begin (file, DISK_TRUNCATE);
    if (life == LIFE_IS_OVER ||
        (life == LIFE_GOES_ON && fails (file, DISK_TRUNCATE, EIO)))
        return told (self, "cannot be cut");
    if (life == LIFE_GOES_ON || chance (file->disk, 500))
        truncate_cache (file, size);
    return life == LIFE_GOES_ON ? 0 : told (self, "cannot be cut");
}

/* Want of space is no failure: who asked goes on, perhaps with less. */
static int disk_reserve (file_t *self, uint64_t size)
{
    disk_file_t *file = file_of (self);
    if (begin (file, DISK_RESERVE) != LIFE_GOES_ON ||
        fails (file, DISK_RESERVE, chance (file->disk, 700) ? ENOSPC : EIO))
        return file_full (errno) ? -1 : told (self, "cannot be given space");
    return allocate (file, size) ? 0 : fail (file->disk, ENOSPC);
}

static int64_t disk_size (file_t *self)
{
    disk_file_t *file = file_of (self);
    if (begin (file, DISK_SIZE) != LIFE_GOES_ON || fails (file, DISK_SIZE, EIO))
        return told (self, "cannot be looked at");
    return (int64_t) file->cached.size;
}

/* Whoever waited for a sync in the background waits no more; the kernel may go on with
   it, or not. */
static void disk_close (file_t *self)
{
    handle_t *handle = (handle_t *) self;
    disk_file_t *file = handle->on;
    if (self == file->file)
        return;           // the test's own
    if (!handle->locks) { // one that only peeks
        free (handle);
        return;
    }
    if (file->lost && chance (file->disk, 2 * EVICTION_CHANCE))
        evict (file, true);
    if (handle->life == file->disk->life) { // else the power is what closed it
        file->writers -= handle->writes;
        file->readers -= !handle->writes;
        file->syncing = file->syncing && !handle->writes;
    }
    free (handle);
}

static life_t begin (disk_file_t *file, disk_operation_t operation)
{
    disk_t *disk = file->disk;
    const life_t life = disk->point ? disk->point (disk->context) : LIFE_GOES_ON;
    disk->counts.operations++;
    file->calls[operation]++;
    if (life != LIFE_GOES_ON) {
        disk->failed = true;
        errno = EIO;
    }
    return life;
}

static bool fails (disk_file_t *file, disk_operation_t operation, int error)
{
    disk_t *disk = file->disk;
    const bool planned = counted_down (&file->fails[operation]);
    if (counted_down (&disk->fail_in) || planned)
        fail (disk, EIO);
    else if (disk->spoilt > 0 && chance (disk, disk->spoilt))
        fail (disk, error);
    else
        return false;
    return true;
}

static bool counted_down (unsigned *countdown)
{
    return *countdown > 0 && (*countdown == DISK_ALWAYS || --*countdown == 0);
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

static int told (file_t *handle, const char *failed)
{
    handle->failed = failed;
    return -1;
}

static bool allocate (disk_file_t *file, uint64_t size)
{
    if (size > file->room)
        return false;
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
    disk_change_t *change = add_change (file);
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
    disk_change_t *change = add_change (file);
    change->truncates = true;
    change->position = size;
    image_resize (&file->cached, (size_t) size);
    if (file->allocated > size && file->disk->left != DISK_PLENTY)
        file->disk->left += file->allocated - size;
    file->allocated = size;
}

static disk_change_t *add_change (disk_file_t *file)
{
    if (file->changes_count == file->changes_capacity) {
        file->changes_capacity = 2 * file->changes_capacity + 16;
        file->changes =
            realloc (file->changes, file->changes_capacity * sizeof *file->changes);
        assert (file->changes);
    }
    disk_change_t *change = &file->changes[file->changes_count++];
    *change = (disk_change_t){0};
    return change;
}

/* A sync failed: any part of what it covers is on the disk, and nobody will try the
   rest again. */
static void forget_sync (disk_file_t *file, size_t count)
{
    file->lost = true;
    flush (file, count, (unsigned) below (file->disk, 1001));
}

/* Bring the first changes to the disk, or of each sector only with this chance. */
static void flush (disk_file_t *file, size_t count, unsigned permille)
{
    for (size_t i = 0; i < count; i++)
        apply (file, &file->changes[i], permille);
    forget_changes (file, count);
}

static void apply (disk_file_t *file, const disk_change_t *change, unsigned permille)
{
    const disk_t *disk = file->disk;
    if (change->truncates) {
        cut_durable (file, (size_t) change->position, permille);
        return;
    }
    size_t done = 0;
    while (done < change->size) {
        const uint64_t at = change->position + done;
        size_t piece = DISK_SECTOR_BYTES - (size_t) (at % DISK_SECTOR_BYTES);
        if (permille == 1000 || piece > change->size - done)
            piece = change->size - done;
        if (permille == 1000 || chance (disk, permille)) {
            image_write (&file->durable, change->data + done, piece, at);
            image_write (&file->past, change->data + done, piece, at);
        }
        done += piece;
    }
}

/* A truncation that did not get to its end may have got to any length before it. */
static void cut_durable (disk_file_t *file, size_t size, unsigned permille)
{
    const size_t old = file->durable.size;
    if (permille == 1000 || chance (file->disk, permille))
        image_resize (&file->durable, size);
    else if (permille > 0 && size < old && chance (file->disk, 100))
        image_resize (&file->durable, size + (size_t) below (file->disk, old - size));
}

static void forget_changes (disk_file_t *file, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free (file->changes[i].data);
    file->changes_count -= count;
    if (file->changes_count > 0)
        memmove (file->changes, file->changes + count,
                 file->changes_count * sizeof *file->changes);
    file->sync_covers = file->sync_covers > count ? file->sync_covers - count : 0;
}

/* What a failed sync lost is read from the disk again. While the file is open its
   length stays. */
static void evict (disk_file_t *file, bool closed)
{
    const size_t size = file->cached.size;
    file->disk->failed = true; // whoever read it before may find something else now
    image_copy (&file->cached, &file->durable);
    for (size_t i = 0; i < file->changes_count; i++) {
        const disk_change_t *change = &file->changes[i];
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
    disk_t *disk = file->disk;
    const unsigned part = disk->dice ? parts[below (disk, 5)] : 0;
    if (file->changes_count > 0 && part < 1000)
        disk->counts.torn++;
    if (disk->dice)
        stretch (file);
    flush (file, file->changes_count, part);
    image_copy (&file->cached, &file->durable);
    if (file->allocated > file->cached.size && disk->left != DISK_PLENTY)
        disk->left += file->allocated - file->cached.size;
    file->allocated = file->cached.size;
    file->lost = file->syncing = false;
    file->readers = file->writers = 0;
}

/* The length may be on the disk before the bytes are. */
static void stretch (disk_file_t *file)
{
    const disk_t *disk = file->disk;
    const size_t old = file->durable.size;
    if (file->cached.size <= old || chance (disk, 500))
        return;
    const size_t size = old + (size_t) below (disk, file->cached.size - old + 1);
    image_resize (&file->durable, chance (disk, 500) ? size : file->cached.size);
    if (chance (disk, 500))
        litter (file, old);
}

/* Whole new sectors hold anything: noise, or what lay somewhere else. */
static void litter (disk_file_t *file, size_t from)
{
    const disk_t *disk = file->disk;
    disk_image_t *image = &file->durable;
    size_t at = (from / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES;
    for (; at < image->size; at += DISK_SECTOR_BYTES) {
        const size_t end =
            at + DISK_SECTOR_BYTES < image->size ? at + DISK_SECTOR_BYTES : image->size;
        const size_t other =
            (size_t) below (disk, at / DISK_SECTOR_BYTES) * DISK_SECTOR_BYTES;
        if (chance (disk, 300))
            memcpy (image->data + at, image->data + other, end - at);
        else if (chance (disk, 500))
            for (size_t i = at; i < end; i++)
                image->data[i] = (uint8_t) dice_roll (disk->dice);
    }
}

static void image_resize (disk_image_t *image, size_t size)
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

static void image_write (disk_image_t *image, const void *data, size_t size,
                         uint64_t position)
{
    if (size == 0)
        return;
    if (position + size > image->size)
        image_resize (image, (size_t) position + size);
    memcpy (image->data + position, data, size);
}

static void image_copy (disk_image_t *to, const disk_image_t *from)
{
    image_resize (to, from->size);
    if (from->size > 0)
        memcpy (to->data, from->data, from->size);
}
