/* log_group.h - a group of records as bytes, the same in every log: how it is closed,
   recognized and walked through. Pure.

     0  magic 16        24 position u64           40 length u32    48 chain before, 32
     16 identity u64    32 sequence before u64    44 records u32   80 zeros
                                                                   120 hash u64
     128 record, rows, record, rows ...; then zeros up to where the log pads it to

   `length` is without those zeros; `hash` is XXH3 of all of it, they and the header
   included, as if `hash` were 0. What a position is, is the log's affair. The magic
   begins with a byte that UTF-8 does not have, so no row can look like a group. */

#ifndef LOTERIA_LOG_GROUP_H
#define LOTERIA_LOG_GROUP_H

#include "log.h"

#define GROUP_HEADER_BYTES 128
#define GROUP_MAGIC        "\xffLOTERIA GROUP\n" // and the zero that ends it
#define GROUP_MAGIC_BYTES  16

typedef struct { // as it was read; borrowed
    uint64_t position, sequence;
    size_t length;
    uint32_t records;
    const uint8_t *chain, *bytes;
} group_t;

/* Begin one behind this sequence and chain: GROUP_HEADER_BYTES. */
void group_start (uint8_t *bytes, uint64_t sequence, const uint8_t *chain);
/* It is `length` long, and padded with zeros to `size`. */
void group_close (uint8_t *bytes, uint64_t identity, uint64_t position, size_t length,
                  uint32_t records, size_t size);

/* What these first GROUP_HEADER_BYTES say its length is, if they look like the group of
   this log at this position; 0 else. */
size_t group_length (const uint8_t *bytes, uint64_t identity, uint64_t position);
/* Fill in the group and tell whether its hash is that of these `size` bytes, which are
   as they were afterwards. group_length () knows it. */
bool group_get (uint8_t *bytes, size_t size, group_t *group);
/* Whether it goes on from there. */
bool group_follows (const group_t *group, const log_mark_t *mark);
/* Through its records, moving sequence and chain on; -1 with a reason, if there is
   one, when a record is none or its owner refuses it. `found` may be NULL. */
int group_walk (const group_t *group, log_mark_t *mark, log_found_fn *found,
                void *context, char *why);

#endif
