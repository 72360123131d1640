/* run_link.h - DIR/run, by which loteria-ctl finds the central that serves a data
   directory: a symbolic link to the directory of that central's inner sockets, in which
   a file `lock` is locked as long as one of its processes lives. It says which data
   directory is served: a copy of that has a copy of the link. */

#ifndef LOTERIA_RUN_LINK_H
#define LOTERIA_RUN_LINK_H

#include <stddef.h>

#define RUN_LINK "run"
#define RUN_LOCK "lock"

/* Let DIRECTORY/run lead to `target`, in place of where a central that died let it
   lead. Where that is not possible (a full disk, something else of that name) it is
   logged; the central works without it. */
void run_link_make (const char *directory, const char *target);

/* Take it away, if it leads to `target`. */
void run_link_remove (const char *directory, const char *target);

/* Write into the empty file `lock` which directory is served. 0, or -1 with errno. */
int run_link_sign (int lock, const char *directory);

/* Where it leads, in `target`, if a central is there that serves this directory. 0; or
   -1 with errno set: ENOENT when none does, ENAMETOOLONG, EACCES for another user's
   central, ... */
int run_link_read (const char *directory, char *target, size_t capacity);

#endif
