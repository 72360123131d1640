/* file_watch.h - notices at once when somebody adds to a file, or does anything else to
   it (inotify). What was done the caller has to look for. */

#ifndef LOTERIA_FILE_WATCH_H
#define LOTERIA_FILE_WATCH_H

/* Watch the file with that path. Returns a descriptor to poll, the caller's to close;
   -1 with errno when there is none to be had: then look now and then. Some file
   systems, shared by several machines say, do not tell everything: look now and then,
   too. */
int file_watch_open (const char *path);

/* Forget what was noticed so far: call it, and then look. */
void file_watch_clear (int watch);

#endif
