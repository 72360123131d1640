/* backup.h - loteria-storage --backup: a copy of a day that is proven to be one. */

#ifndef LOTERIA_BACKUP_H
#define LOTERIA_BACKUP_H

/* Copy the day in `from`, which a process may be serving, to `to`, which is empty or
   not there; complete it as a start does; check it; and print what it holds. Everything
   that was acknowledged before this began is in it. Returns 0, or 1 with the reason on
   stderr, and then `to` is as it was. */
int backup_directory (const char *from, const char *to);

#endif
