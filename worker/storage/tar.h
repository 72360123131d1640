/* tar.h - the headers of a tar archive (ustar, POSIX.1-1988), of plain files only: what
   every tar reads, and what is strictly one. Pure. */

#ifndef LOTERIA_TAR_H
#define LOTERIA_TAR_H

#include "bytes.h"

#define TAR_BLOCK_BYTES 512
#define TAR_END_BYTES   (2 * TAR_BLOCK_BYTES) // zeros, behind the last file
#define TAR_NAME_BYTES  101                   // with the final zero

/* Write a file's header, TAR_BLOCK_BYTES. `name` is shorter than TAR_NAME_BYTES. */
void tar_put (uint8_t *header, const char *name, uint64_t size);

typedef enum { TAR_FILE, TAR_END, TAR_BROKEN } tar_kind_t;

/* Read a header as tar_put () writes it: a file's, with name and size; TAR_END of
   zeros; anything else is TAR_BROKEN. */
tar_kind_t tar_get (const uint8_t *header, char *name, uint64_t *size);

/* So many bytes of a file take up so many. */
uint64_t tar_padded (uint64_t size);

#endif
