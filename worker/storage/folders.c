/* folders.c - the files of rows that draws have. Storage. */

#include "folders.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"

#define HANDLES_MAX      128 // files open at once
#define HANDLES_KEPT     64  // after a checkpoint, when nothing of them is unsynced
#define SYNCS_AT_ONCE    16
#define BUFFERS_KEPT     4 // for what is added to a file
#define OTHERS_LOOKED_AT 4 // files that a group does not touch
#define STEP_MAX         ((uint64_t) 4 * 1024 * 1024) // room is reserved ahead, by these
#define STEP_MIN         ((uint64_t) 64 * 1024)
#define STEP_MIN_OTHER   ((uint64_t) 4 * 1024)
#define HINT_BYTES       ((uint64_t) 1024 * 1024)
#define LOOK_BYTES       (256 * 1024)

static const char *const names[DRAW_ROWS] = {FOLDERS_BETS, "cancelled.csv", "notes"};

typedef struct { // bytes added and not written
    uint8_t *data;
    size_t size, capacity;
} buffer_t;

typedef struct {
    folders_t *folders;
    char path[FOLDERS_PATH_BYTES];
    file_t *handle; // NULL: it is not open
    uint64_t used;
    bool there; // else it is made when it is opened
    uint64_t end, written;
    uint64_t room;   // bytes that were reserved
    uint64_t hinted; // bytes that the kernel was told to write
    buffer_t added;
    bool pending;  // in the list of those that have something added
    bool unsynced; // in the list of those that were written and not synced
    bool syncing;  // in the list of those that are being synced, or will be
    bool started;  // its sync has begun
} rows_file_t;

struct folder {
    folders_t *folders;
    char draw[DRAW_NAME_BYTES_MAX + 1];
    rows_file_t files[DRAW_ROWS];
};

typedef struct {
    rows_file_t **of;
    size_t count, capacity;
} list_t;

struct folders {
    const char *directory; // borrowed
    bool peek;
    folder_t **all;
    size_t count, capacity;
    list_t open, pending, unsynced, syncing;
    size_t started;   // syncs that have begun and are not over
    size_t looked_at; // of the open ones, in turn
    uint64_t uses;
    buffer_t kept[BUFFERS_KEPT];
    size_t kept_count;
    char failure[FOLDERS_WHY_BYTES];
};

static int sound (rows_file_t *file);
static rows_file_t *file_in (folder_t *folder, int which);
static file_t *handle_of (rows_file_t *file);
static int open_file (rows_file_t *file);
static int make_room (folders_t *folders, size_t open_max);
static rows_file_t *least_used (const folders_t *folders, bool synced);
static void close_file (rows_file_t *file);
static int write_file (rows_file_t *file);
static void note_unsynced (rows_file_t *file);
static void hint (rows_file_t *file);
static int compare (rows_file_t *file, uint64_t *other);
static int size_of (rows_file_t *file, uint64_t *size);
static int sync_file (rows_file_t *file);
static int start_some (folders_t *folders);
static void take_buffer (rows_file_t *file);
static void give_buffer (rows_file_t *file);
static void list_add (list_t *list, rows_file_t *file);
static void list_remove (list_t *list, const rows_file_t *file);
static int failing (rows_file_t *file, int rc);
static int cannot_read (const rows_file_t *file, char *why);

folders_t *folders_new (const char *directory, bool peek)
{
    folders_t *folders = calloc (1, sizeof *folders);
    assert (folders);
    folders->directory = directory;
    folders->peek = peek;
    return folders;
}

void folders_destroy (folders_t **folders)
{
    if (*folders) {
        while ((*folders)->count > 0) {
            folder_t *last = (*folders)->all[(*folders)->count - 1];
            folders_remove (*folders, &last);
        }
        for (size_t i = 0; i < (*folders)->kept_count; i++)
            free ((*folders)->kept[i].data);
        free ((*folders)->all);
        free ((*folders)->open.of);
        free ((*folders)->pending.of);
        free ((*folders)->unsynced.of);
        free ((*folders)->syncing.of);
        free (*folders);
    }
    *folders = NULL;
}

folder_t *folders_add (folders_t *folders, const char *draw,
                       const uint64_t ends[DRAW_ROWS])
{
    folder_t *folder = calloc (1, sizeof *folder);
    assert (folder && strlen (draw) <= DRAW_NAME_BYTES_MAX);
    folder->folders = folders;
    strcpy (folder->draw, draw);
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        file->folders = folders;
        folders_path (draw, names[i], file->path);
    }
    if (ends)
        folder_set_ends (folder, ends);
    if (folders->count == folders->capacity) {
        folders->capacity = 2 * folders->capacity + 16;
        folders->all = realloc (folders->all, folders->capacity * sizeof (folder_t *));
        assert (folders->all);
    }
    folders->all[folders->count++] = folder;
    return folder;
}

void folders_remove (folders_t *folders, folder_t **folder)
{
    folder_t *gone = *folder;
    if (!gone)
        return;
    size_t place = 0;
    while (folders->all[place] != gone)
        place++;
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &gone->files[i];
        close_file (file);
        give_buffer (file);
        list_remove (&folders->pending, file);
        list_remove (&folders->unsynced, file);
        list_remove (&folders->syncing, file);
        folders->started -= file->started;
    }
    folders->all[place] = folders->all[--folders->count];
    free (gone);
    *folder = NULL;
}

void folder_set_ends (folder_t *folder, const uint64_t ends[DRAW_ROWS])
{
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        assert (!file->pending);
        file->end = file->written = file->hinted = ends[i];
        file->there = i == ROWS_BETS || ends[i] > 0;
    }
}

const char *folders_name (int which)
{
    return names[which];
}

void folders_path (const char *draw, const char *name, char *path)
{
    snprintf (path, FOLDERS_PATH_BYTES, FOLDERS_ALL "/%s/%s", draw, name);
}

int folder_make (folder_t *folder)
{
    folders_t *folders = folder->folders;
    char path[FOLDERS_PATH_BYTES];
    snprintf (path, sizeof path, FOLDERS_ALL "/%s", folder->draw);
    if (file_make_folder (folders->directory, FOLDERS_ALL) == -1)
        return folders_failed (folders, FOLDERS_ALL, "cannot be made");
    if (file_make_folder (folders->directory, path) == -1)
        return folders_failed (folders, path, "cannot be made");
    return handle_of (&folder->files[ROWS_BETS]) ? 0 : -1;
}

int folders_lead (folders_t *folders, const char *draw)
{
    char path[FOLDERS_PATH_BYTES];
    folders_path (draw, FOLDERS_BETS, path);
    const int leads = file_leads_to (folders->directory, FOLDERS_BETS, path);
    if (leads == -1)
        return folders_failed (folders, FOLDERS_BETS, "cannot be looked at");
    if (leads == 1 || file_link (folders->directory, FOLDERS_BETS, path) == 0)
        return 0;
    return folders_failed (
        folders, FOLDERS_BETS,
        errno == EEXIST ? "is a file, and not the link to a draw's bets; move it away"
                        : "cannot be made");
}

uint64_t folder_end (const folder_t *folder, int which)
{
    return folder->files[which].end;
}

uint64_t folder_written (const folder_t *folder, int which)
{
    return folder->files[which].written;
}

int folder_reserve (folder_t *folder, int which, size_t bytes)
{
    rows_file_t *file = file_in (folder, which);
    const uint64_t needed = file->end + bytes;
    if (needed <= file->room)
        return 0;
    const uint64_t step_min = which == ROWS_BETS ? STEP_MIN : STEP_MIN_OTHER;
    const uint64_t step = needed > STEP_MAX   ? STEP_MAX
                          : needed < step_min ? step_min
                                              : needed;
    file_t *handle = handle_of (file);
    if (!handle)
        return -1;
    if (handle->ops->reserve (handle, needed + step) == 0)
        file->room = needed + step;
    else if (file_full (errno) && handle->ops->reserve (handle, needed) == 0)
        file->room = needed; // the last room there is, without a step ahead
    else
        return failing (file, -1);
    return 0;
}

void folder_append (folder_t *folder, int which, bytes_t rows)
{
    rows_file_t *file = file_in (folder, which);
    if (rows.size == 0)
        return;
    if (!file->pending)
        list_add (&folder->folders->pending, file);
    file->pending = true;
    if (!file->added.data)
        take_buffer (file);
    buffer_t *added = &file->added;
    if (added->capacity - added->size < rows.size) {
        added->capacity = 2 * (added->capacity + rows.size);
        added->data = realloc (added->data, added->capacity);
        assert (added->data);
    }
    put_bytes (added->data + added->size, rows);
    added->size += rows.size;
    file->end += rows.size;
}

int folder_read (folder_t *folder, int which, void *buffer, size_t size,
                 uint64_t position)
{
    rows_file_t *file = file_in (folder, which);
    const uint64_t written = file->written;
    if (position > file->end || size > file->end - position)
        return folder_damaged (folder, which,
                               "has no bytes %" PRIu64 " to %" PRIu64
                               ", of which a record speaks",
                               position, position + size);
    const size_t in_file = position + size <= written ? size
                           : position < written       ? (size_t) (written - position)
                                                      : 0;
    if (in_file < size)
        memcpy ((uint8_t *) buffer + in_file,
                file->added.data + (position + in_file - written), size - in_file);
    if (in_file == 0)
        return 0;
    file_t *handle = handle_of (file);
    if (!handle)
        return -1;
    const ssize_t got = handle->ops->read (handle, buffer, in_file, position);
    if (got >= 0 && (size_t) got < in_file)
        return folder_damaged (folder, which, "is shorter than it was");
    return failing (file, got == -1 ? -1 : 0);
}

int folder_damaged (folder_t *folder, int which, const char *format, ...)
{
    char how[256];
    va_list values;
    va_start (values, format);
    vsnprintf (how, sizeof how, format, values);
    va_end (values);
    errno = EBADMSG;
    return folders_failed (folder->folders, folder->files[which].path, how);
}

int folders_write (folders_t *folders)
{
    list_t *pending = &folders->pending;
    for (size_t i = 0; i < pending->count; i++)
        if (write_file (pending->of[i]) == -1)
            return -1;
    pending->count = 0;
    return 0;
}

int folders_sound (folders_t *folders)
{
    for (size_t i = 0; i < folders->pending.count; i++) {
        rows_file_t *file = folders->pending.of[i];
        if (!handle_of (file) || sound (file) == -1)
            return -1;
    }
    const size_t others =
        folders->open.count < OTHERS_LOOKED_AT ? folders->open.count : OTHERS_LOOKED_AT;
    for (size_t i = 0; i < others; i++) {
        rows_file_t *file =
            folders->open.of[folders->looked_at++ % folders->open.count];
        if (!file->pending && sound (file) == -1)
            return -1;
    }
    return 0;
}

static int sound (rows_file_t *file)
{
    return failing (file, file->handle->ops->sound (file->handle, file->written));
}

int folder_check (folder_t *folder, char *why)
{
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        uint64_t size;
        if (!file->there)
            continue;
        if (size_of (file, &size) == -1) {
            if (errno != ENOENT && errno != ELOOP)
                return cannot_read (file, why);
            snprintf (why, FOLDERS_WHY_BYTES, "%s", folder->folders->failure);
            errno = 0;
            return -1;
        }
        if (size >= file->written)
            continue;
        snprintf (why, FOLDERS_WHY_BYTES,
                  "%s: has %" PRIu64 " bytes, of %" PRIu64
                  " that were safe: it was cut short, or is an older copy",
                  file->path, size, file->written);
        errno = 0;
        return -1;
    }
    return 0;
}

int folder_check_tail (folder_t *folder, char *why)
{
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        uint64_t size;
        if (!file->there)
            continue;
        if (size_of (file, &size) == -1)
            return cannot_read (file, why);
        if (size <= file->end + LOG_GROUP_BYTES_MAX)
            continue;
        snprintf (why, FOLDERS_WHY_BYTES,
                  "%s: byte %" PRIu64 ": %" PRIu64
                  " bytes behind what the log has, more than a crash leaves",
                  file->path, file->end, size - file->end);
        errno = 0;
        return -1;
    }
    return 0;
}

int folders_compare (folders_t *folders, uint64_t *other)
{
    for (size_t i = 0; i < folders->pending.count; i++)
        if (compare (folders->pending.of[i], other) == -1)
            return -1;
    return 0;
}

int folder_cut (folder_t *folder, uint64_t *cut)
{
    folders_t *folders = folder->folders;
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        uint64_t size;
        const int there = file->there || file_there (folders->directory, file->path);
        if (there == -1)
            return folders_failed (folders, file->path, "cannot be looked at");
        if (!there)
            continue;
        if (size_of (file, &size) == -1)
            return -1;
        *cut += size > file->written ? size - file->written : 0;
        if (size > file->written)
            note_unsynced (file);
        file->room = 0;
        if (failing (file, file->handle->ops->truncate (file->handle, file->written)) ==
            -1)
            return -1;
    }
    return 0;
}

int folder_behind (folder_t *folder, uint64_t *bytes)
{
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        uint64_t size = 0;
        const int there =
            file->there || file_there (folder->folders->directory, file->path) == 1;
        if (there && size_of (file, &size) == -1)
            return -1;
        *bytes += size > file->end ? size - file->end : 0;
    }
    return 0;
}

int folders_sync_start (folders_t *folders)
{
    assert (folders->syncing.count == 0);
    const list_t unsynced = folders->unsynced;
    folders->unsynced = folders->syncing;
    folders->syncing = unsynced;
    for (size_t i = 0; i < unsynced.count; i++) {
        unsynced.of[i]->unsynced = false;
        unsynced.of[i]->syncing = true;
    }
    return start_some (folders);
}

int folders_sync_done (folders_t *folders)
{
    list_t *syncing = &folders->syncing;
    for (size_t i = syncing->count; i-- > 0;) {
        rows_file_t *file = syncing->of[i];
        if (!file->started)
            continue;
        const int over = file->handle->ops->sync_done (file->handle);
        if (over == -1)
            return failing (file, -1);
        if (over == 0)
            continue;
        folders->started--;
        file->started = file->syncing = false;
        list_remove (syncing, file);
    }
    if (syncing->count == 0)
        return make_room (folders, HANDLES_KEPT) == -1 ? -1 : 1;
    return start_some (folders);
}

int folders_descriptor (folders_t *folders)
{
    for (size_t i = 0; i < folders->syncing.count; i++) {
        rows_file_t *file = folders->syncing.of[i];
        if (file->started)
            return file->handle->ops->sync_descriptor (file->handle);
    }
    return -1;
}

int folders_sync (folders_t *folders)
{
    while (folders->syncing.count > 0)
        if (sync_file (folders->syncing.of[folders->syncing.count - 1]) == -1)
            return -1;
    while (folders->unsynced.count > 0)
        if (sync_file (folders->unsynced.of[folders->unsynced.count - 1]) == -1)
            return -1;
    return 0;
}

int folder_settle (folder_t *folder)
{
    for (int i = 0; i < DRAW_ROWS; i++) {
        rows_file_t *file = &folder->files[i];
        assert (!file->pending);
        if (file->room > file->written) {
            file_t *handle = handle_of (file);
            if (!handle ||
                failing (file, handle->ops->truncate (handle, file->written)) == -1)
                return -1;
            file->room = 0;
            note_unsynced (file);
        }
        if ((file->unsynced || file->syncing) && sync_file (file) == -1)
            return -1;
    }
    return 0;
}

const char *folders_failure (const folders_t *folders)
{
    return folders->failure[0] ? folders->failure : NULL;
}

void folders_forgive (folders_t *folders)
{
    folders->failure[0] = 0;
}

int folders_failed (folders_t *folders, const char *name, const char *how)
{
    const int error = errno;
    snprintf (folders->failure, sizeof folders->failure, "%s: %s", name, how);
    errno = error;
    return -1;
}

static rows_file_t *file_in (folder_t *folder, int which)
{
    assert (which >= 0 && which < DRAW_ROWS);
    return &folder->files[which];
}

/* NULL (errno) when it cannot be opened. */
static file_t *handle_of (rows_file_t *file)
{
    file->used = ++file->folders->uses;
    return file->handle || open_file (file) == 0 ? file->handle : NULL;
}

static int open_file (rows_file_t *file)
{
    folders_t *folders = file->folders;
    char why[FOLDERS_WHY_BYTES];
    const file_mode_t mode = folders->peek ? FILE_PEEK
                             : file->there ? FILE_EXISTING
                                           : FILE_WRITE;
    if (make_room (folders, HANDLES_MAX - 1) == -1)
        return -1;
    file->handle = file_open (folders->directory, file->path, mode, why, sizeof why);
    if (!file->handle)
        return folders_failed (folders, file->path,
                               errno == ENOENT ? "was removed" : "cannot be opened");
    file->there = true;
    list_add (&folders->open, file);
    return 0;
}

/* Close the files that were used least lately, until no more than that are open; only
   in need are some synced for it. */
static int make_room (folders_t *folders, size_t open_max)
{
    while (folders->open.count > open_max) {
        rows_file_t *file = least_used (folders, true);
        if (!file && open_max < HANDLES_MAX - 1)
            return 0;
        if (!file) {
            file = least_used (folders, false);
            if (sync_file (file) == -1)
                return -1;
        }
        close_file (file);
    }
    return 0;
}

static rows_file_t *least_used (const folders_t *folders, bool synced)
{
    rows_file_t *least = NULL;
    for (size_t i = 0; i < folders->open.count; i++) {
        rows_file_t *file = folders->open.of[i];
        const bool at_rest = !file->unsynced && !file->syncing && !file->pending;
        if ((at_rest || !synced) && (!least || file->used < least->used))
            least = file;
    }
    return least;
}

static void close_file (rows_file_t *file)
{
    if (!file->handle)
        return;
    list_remove (&file->folders->open, file);
    file_close (&file->handle);
    file->room = 0; // who comes again asks again
}

static int write_file (rows_file_t *file)
{
    file_t *handle = handle_of (file);
    if (!handle)
        return -1;
    const int rc =
        handle->ops->write (handle, file->added.data, file->added.size, file->written);
    give_buffer (file);
    file->pending = false;
    file->written = file->end;
    note_unsynced (file);
    if (failing (file, rc) == -1)
        return -1;
    hint (file);
    return 0;
}

static void note_unsynced (rows_file_t *file)
{
    if (!file->unsynced)
        list_add (&file->folders->unsynced, file);
    file->unsynced = true;
}

/* So that a checkpoint has little left to sync. */
static void hint (rows_file_t *file)
{
    file_t *handle = file->handle;
    if (file->written < file->hinted + HINT_BYTES)
        return;
    if (handle->ops->write_out)
        handle->ops->write_out (handle, file->hinted, file->written);
    file->hinted = file->written;
}

/* How many of the bytes that are to be written were not there already. */
static int compare (rows_file_t *file, uint64_t *other)
{
    file_t *handle = handle_of (file);
    if (!handle && file->folders->peek && errno == ENOENT) { // it is yet to be made
        *other += file->added.size;
        return 0;
    }
    if (!handle)
        return -1;
    uint8_t *there = malloc (LOOK_BYTES);
    assert (there);
    ssize_t got = 0;
    for (size_t done = 0; done < file->added.size && got != -1;) {
        const size_t left = file->added.size - done;
        const size_t here = left < LOOK_BYTES ? left : LOOK_BYTES;
        got = handle->ops->read (handle, there, here, file->written + done);
        const size_t found = got > 0 ? (size_t) got : 0;
        *other += here - found;
        for (size_t i = 0; i < found; i++)
            *other += there[i] != file->added.data[done + i];
        done += here;
    }
    free (there);
    return failing (file, got == -1 ? -1 : 0);
}

static int size_of (rows_file_t *file, uint64_t *size)
{
    file_t *handle = handle_of (file);
    const int64_t there = handle ? handle->ops->size (handle) : -1;
    *size = there < 0 ? 0 : (uint64_t) there;
    return handle && there == -1 ? failing (file, -1) : handle ? 0 : -1;
}

static int sync_file (rows_file_t *file)
{
    folders_t *folders = file->folders;
    const int rc = file->handle->ops->sync (file->handle);
    if (file->unsynced)
        list_remove (&folders->unsynced, file);
    if (file->syncing)
        list_remove (&folders->syncing, file);
    folders->started -= file->started;
    file->unsynced = file->syncing = file->started = false;
    return failing (file, rc);
}

/* 0, or -1 (errno). */
static int start_some (folders_t *folders)
{
    list_t *syncing = &folders->syncing;
    for (size_t i = 0; i < syncing->count && folders->started < SYNCS_AT_ONCE; i++) {
        rows_file_t *file = syncing->of[i];
        if (file->started)
            continue;
        if (failing (file, file->handle->ops->sync_start (file->handle)) == -1)
            return -1;
        file->started = true;
        folders->started++;
    }
    return 0;
}

/* Buffers go round, so that draws that sell nothing just now have none. */
static void take_buffer (rows_file_t *file)
{
    folders_t *folders = file->folders;
    if (folders->kept_count > 0)
        file->added = folders->kept[--folders->kept_count];
}

static void give_buffer (rows_file_t *file)
{
    folders_t *folders = file->folders;
    file->added.size = 0;
    if (file->added.data && folders->kept_count < BUFFERS_KEPT)
        folders->kept[folders->kept_count++] = file->added;
    else
        free (file->added.data);
    file->added = (buffer_t){0};
}

static void list_add (list_t *list, rows_file_t *file)
{
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 16;
        list->of = realloc (list->of, list->capacity * sizeof (rows_file_t *));
        assert (list->of);
    }
    list->of[list->count++] = file;
}

/* If it is there. */
static void list_remove (list_t *list, const rows_file_t *file)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->of[i] == file) {
            list->of[i] = list->of[--list->count];
            return;
        }
}

static int failing (rows_file_t *file, int rc)
{
    return rc == -1 ? folders_failed (file->folders, file->path,
                                      file->handle && file->handle->failed
                                          ? file->handle->failed
                                          : "has no room")
                    : rc;
}

static int cannot_read (const rows_file_t *file, char *why)
{
    const int error = errno;
    snprintf (why, FOLDERS_WHY_BYTES, "%s: cannot be read, %s", file->path,
              strerror (error));
    errno = error;
    return -1;
}
