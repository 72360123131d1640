/* file.h - the few things that storage asks of a file, as a table of functions, so that
   the same code runs on a disk and on a simulated one. */

#ifndef LOTERIA_FILE_H
#define LOTERIA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct file file_t;

typedef struct {
    /* Up to `size` bytes at `position`; fewer only at the end. -1 with errno. */
    ssize_t (*read) (file_t *file, void *buffer, size_t size, uint64_t position);
    /* All of them, or -1 with errno and nothing known about what was written. */
    int (*write) (file_t *file, const void *data, size_t size, uint64_t position);
    /* The same, past the page cache where that can be: for what is not read or written
       again soon; quickest where all three are multiples of 4096. */
    int (*write_past) (file_t *file, const void *data, size_t size, uint64_t position);
    /* Everything written so far survives a power cut from here on. After -1 nothing is
       known about any of it, and asking again proves nothing. */
    int (*sync) (file_t *file);
    /* Let the next sync begin now, and be waited for later: two files are synced in the
       time of one. Nothing may be done to the file in between. NULL: there is no such
       thing here. */
    void (*sync_ahead) (file_t *file);
    /* Begin, in the background, a sync of everything written so far; at most one at a
       time. What is written while it goes on is allowed, and not covered. 0, or -1 with
       errno. */
    int (*sync_start) (file_t *file);
    /* `write` and `sync_start` in one: the bytes are written in the background, too.
       They are borrowed, and stay as they are, until it is over. Quickest where they,
       `size` and `position` are multiples of 4096. */
    int (*write_start) (file_t *file, const void *data, size_t size, uint64_t position);
    /* Readable when that sync is over; -1 where there is no such thing. Before the
       first sync_start, too. */
    int (*sync_descriptor) (file_t *file);
    /* How that sync went: 1 over and good (or none was begun), 0 not over yet, -1 with
       errno, and then nothing is known about anything written. (`sync` waits for it,
       too, and takes its outcome.) */
    int (*sync_done) (file_t *file);
    /* Let the kernel begin to write these bytes now, so that a later sync has less to
       do. A hint, it promises nothing. NULL: there is no such thing here. */
    void (*write_out) (file_t *file, uint64_t from, uint64_t to);
    /* Whether the file is still what its name leads to in its directory, and at least
       `size_min` long: 0, or -1 with errno and `failed` saying what happened to it. */
    int (*sound) (file_t *file, uint64_t size_min);
    int (*truncate) (file_t *file, uint64_t size);
    /* See to it that writing up to `size` will not want for space; the file's length
       stays. -1 with ENOSPC or EDQUOT when there is none. */
    int (*reserve) (file_t *file, uint64_t size);
    int64_t (*size) (file_t *file);
    void (*close) (file_t *file);
} file_ops_t;

struct file {
    const file_ops_t *ops;
    const char *name; // for messages; borrowed
    const char
        *failed; // for messages: what last failed, as in "cannot be read"; or NULL
};

typedef enum {
    FILE_READ,     // locked: refused while another process writes it
    FILE_WRITE,    // locked against all others; made if it is missing (mode 0600, the
                   // directory entry synced)
    FILE_EXISTING, // as FILE_WRITE, but it has to be there: ENOENT else
    FILE_PEEK,     // for reading, not locked: another process may be writing it
    FILE_NEW       // for writing; it must not be there: EEXIST else. Neither locked nor
                   // synced into its folder: file_sync_all () sees to many at once
} file_mode_t;

/* Open DIRECTORY/NAME. Returns NULL with the reason in `why` and errno: EWOULDBLOCK
   when another process has it. `name` is borrowed; it may lead through folders that are
   there: draws/first/bets.csv. */
file_t *file_open (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size);
void file_close (file_t **file);

/* The same, but a file that another process has is waited for
   (process_wait_for_others): it may be this one's predecessor, which is about to end.
   errno is ECANCELED when this process is told to stop meanwhile. */
file_t *file_take (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size);

/* Whether something has this name, be it a file or not: 1 or 0; -1 with errno when that
   cannot be told. */
int file_there (const char *directory, const char *name);

/* How big the directory's disk is, and how much of it is free to who is not root. 0,
   or -1 with errno. */
int file_space (const char *directory, uint64_t *size, uint64_t *free_bytes);

/* Whether another process has the file for writing now. */
bool file_busy (const char *directory, const char *name);

/* See to it that DIRECTORY/NAME is a folder, made with mode 0700 if it is not there,
   and that its entry survives a power cut. 0, or -1 with errno: ENOTDIR when something
   else has the name. */
int file_make_folder (const char *directory, const char *name);

/* DIRECTORY/FROM takes the name TO in the same folder, in place of what had it, in one
   step that survives a power cut. 0, or -1 with errno. */
int file_rename (const char *directory, const char *from, const char *to);

/* DIRECTORY/NAME is there no more, and was not a folder; that survives a power cut. 0,
   or -1 with errno. */
int file_remove (const char *directory, const char *name);

/* DIRECTORY/NAME leads to TARGET from here on, in place of where it led before, in one
   step that survives a power cut. 0, or -1 with errno: EEXIST when something has the
   name that is no symbolic link. */
int file_link (const char *directory, const char *name, const char *target);
/* Whether DIRECTORY/NAME is a symbolic link to TARGET, or, if that is NULL, to
   anything: 1 or 0; -1 with errno. */
int file_leads_to (const char *directory, const char *name, const char *target);

/* A new directory, of mode 0700, that survives a power cut. 0, or -1 with errno: EEXIST
   when something is there. */
int file_make_directory (const char *path);

/* The entries of the directory survive a power cut from here on: a file that was just
   created is there only then (fsync (2)). 0, or -1 with errno. */
int file_sync_directory (const char *directory);

/* Everything that was written to the file system that the directory is on survives a
   power cut from here on: for who has made many files. 0, or -1 with errno. */
int file_sync_all (const char *directory);

/* Whether this errno says that the disk is full: the one failure that a process need
   not end for, if it has yet to write. */
bool file_full (int error);

#endif
