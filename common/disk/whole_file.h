/* whole_file.h - small files that are read and written as a whole: settings, keys, the
   roll. (For the day's files see file.h.) */

#ifndef LOTERIA_WHOLE_FILE_H
#define LOTERIA_WHOLE_FILE_H

#include <stdbool.h>

#include "bytes.h"

/* The file's bytes and a final zero, to be freed; NULL with errno set: EFBIG when there
   are more than `bytes_max`. */
char *whole_file_read (const char *path, size_t bytes_max, size_t *size);

/* Write `text` to DIRECTORY/NAME with mode 0600 (and, if root writes it, the
   directory's owner). A crash leaves either the old file or the new one. Unless
   `replace`, an existing file stays, and that is EEXIST. 0, or -1 with errno set. */
int whole_file_save (const char *directory, const char *name, bytes_t text,
                     bool replace);

#endif
