/* check.h - verifying a data directory offline. */

#ifndef LOTERIA_CHECK_H
#define LOTERIA_CHECK_H

/* Print what the directory holds to stdout. Returns 0 when it is sound, 1 with the
   place of the damage on stderr when not (or when a storage process is using it).
   Changes nothing. */
int check_directory (const char *directory);

#endif
