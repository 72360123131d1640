/* whole_file.h - small files that are read and written as a whole: settings, keys, the
   roll. (The day's files are file.h's.) */

#ifndef LOTERIA_WHOLE_FILE_H
#define LOTERIA_WHOLE_FILE_H

#include <stdbool.h>

#include "bytes.h"

/* The file's bytes, a zero behind them, for free (); NULL with errno set: EFBIG when
   they are more than `bytes_max`. */
char *whole_file_read (const char *path, size_t bytes_max, size_t *size);

/* DIRECTORY/NAME is `text` from now on, with mode 0600 (and, written by root, the
   directory's owner): a crash leaves the file as it
   was, or as it is to be. One that is there stays, and that is EEXIST, unless
   `replace`. 0, or -1 with errno set. */
int whole_file_save (const char *directory, const char *name, bytes_t text,
                     bool replace);

#endif
