/* draw_archive.h - loteria-storage --archive and --restore: one draw, in a file and
   back (parcel.h). */

#ifndef LOTERIA_DRAW_ARCHIVE_H
#define LOTERIA_DRAW_ARCHIVE_H

/* Each returns 0 and says on stdout what was done; or 1 with the reason on stderr, and
   nothing that looks whole was left. */

/* Write the draw, which is over, to FILE, which is not there yet, and read that back. A
   process may be serving the day. */
int draw_archive (const char *data, const char *draw, const char *path);

/* Put the draw's files right in a day that nobody serves: what is missing there or not
   what the day's own records vouch for is taken from FILE, if that is. What is sound is
   left alone. */
int draw_restore (const char *path, const char *data);

/* Unpack FILE into a directory that is empty or not there, in a folder of the draw's
   name. */
int draw_unpack (const char *path, const char *directory);

#endif
