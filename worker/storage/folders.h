/* folders.h - the files of rows that draws have: DIR/draws/NAME/bets.csv, cancelled.csv
   and notes.

   They are projections of the log: written behind it, synced now and then. A file is
   opened when it is needed, and so many stay open that none has to be opened for each
   group; one that has what is not synced is never closed, as its error could vanish
   with it. What is added lies in memory until it is written with its group.

   A file that a sale says is not empty has to be there. bets.csv is made when the draw
   is opened, the others with their first row. */

#ifndef LOTERIA_FOLDERS_H
#define LOTERIA_FOLDERS_H

#include "file.h"
#include "sale.h"

#define FOLDERS_ALL       "draws"
#define FOLDERS_BETS      "bets.csv" // in the folder, and the link in DIR
#define FOLDERS_ARCHIVED  "archived"
#define FOLDERS_WHY_BYTES 512

typedef struct folders folders_t;

/* `directory` is borrowed. With `peek` for reading only, while another process may be
   writing. Nothing is touched. */
folders_t *folders_new (const char *directory, bool peek);
void folders_destroy (folders_t **folders); // its folders with it

/* The folder of this draw, whose files end where `ends` says, in memory; NULL: a new
   one, of which nothing is there yet as far as is known. */
folder_t *folders_add (folders_t *folders, const char *draw,
                       const uint64_t ends[DRAW_ROWS]);
/* Close its files, of which nothing is unsynced (folder_settle) or matters any more. */
void folders_remove (folders_t *folders, folder_t **folder);

/* The files end there. Nothing is added to them that is not written. */
void folder_set_ends (folder_t *folder, const uint64_t ends[DRAW_ROWS]);

/* The name of one of its files in the folder; and the path below DIR of anything there,
   into `path` (FOLDERS_PATH_BYTES). */
#define FOLDERS_PATH_BYTES 128
const char *folders_name (int which);
void folders_path (const char *draw, const char *name, char *path);

/* Make a new folder and its bets.csv, safe on the disk, unless they are there. 0, or -1
   (errno). */
int folder_make (folder_t *folder);
/* DIR/bets.csv leads to this draw's from here on, if it does not yet. 0, or -1 (errno).
 */
int folders_lead (folders_t *folders, const char *draw);

/* Where a file ends, with what is not written yet; and where what is written ends. */
uint64_t folder_end (const folder_t *folder, int which);
uint64_t folder_written (const folder_t *folder, int which);

/* See to it that so many more bytes will fit. -1 with ENOSPC or EDQUOT when not;
   nothing has changed then. */
int folder_reserve (folder_t *folder, int which, size_t bytes);
/* Add rows, in memory. */
void folder_append (folder_t *folder, int which, bytes_t rows);
/* Read bytes, those that are not written included; all are there, or it is -1 (errno).
 */
int folder_read (folder_t *folder, int which, void *buffer, size_t size,
                 uint64_t position);
/* The file is not what it should be: EBADMSG, -1. */
int folder_damaged (folder_t *folder, int which, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Write what was added to all; it is not synced. After -1 (errno) the process must end.
 */
int folders_write (folders_t *folders);
/* Whether the files that will be written so, and some others in turn, are still what
   their names lead to, and as long as they were. 0, or -1 (errno). */
int folders_sound (folders_t *folders);

/* ---- For a start ---- */

/* Whether the files are there and at least as long as they should be. 0, or -1 with the
   reason in `why` (FOLDERS_WHY_BYTES), and errno: 0 when they are not. */
int folder_check (folder_t *folder, char *why);
/* Whether no more lies behind their ends than a crash may leave: likewise. */
int folder_check_tail (folder_t *folder, char *why);
/* How many bytes of what was added to all the files have otherwise, or not. */
int folders_compare (folders_t *folders, uint64_t *other);
/* Nothing stays behind the ends, and no room that was reserved: how much that was. */
int folder_cut (folder_t *folder, uint64_t *cut);
/* How much lies behind them. */
int folder_behind (folder_t *folder, uint64_t *bytes);

/* ---- Syncing ---- */

/* Begin the syncs of all that was written since the last time, several at once. 0, or
   -1 (errno). */
int folders_sync_start (folders_t *folders);
/* Go on with them: 1 when all are over and good, 0 when not, -1 (errno). */
int folders_sync_done (folders_t *folders);
/* Readable when it is worth asking; -1: there is no such thing, or nothing is begun. */
int folders_descriptor (folders_t *folders);
/* All of it here and now. */
int folders_sync (folders_t *folders);
/* Of this one draw, whose room that was reserved is given back. */
int folder_settle (folder_t *folder);

/* What failed, after any -1: "draws/first/bets.csv: cannot be read"; NULL before any.
 */
const char *folders_failure (const folders_t *folders);
void folders_forgive (folders_t *folders);
/* Something else below DIR has failed, in errno. Returns -1. */
int folders_failed (folders_t *folders, const char *name, const char *how);

#endif
