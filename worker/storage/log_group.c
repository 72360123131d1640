/* log_group.c - a group of records as bytes. Storage. */

#include "log_group.h"

#include <assert.h>

#include "xxh3.h"

#define HASH_AT 120

static_assert (sizeof GROUP_MAGIC == GROUP_MAGIC_BYTES, "as long as it is written");

void group_start (uint8_t *bytes, uint64_t sequence, const uint8_t *chain)
{
    memset (bytes, 0, GROUP_HEADER_BYTES);
    put_u64 (bytes + 32, sequence);
    put_bytes (bytes + 48, bytes_of (chain, SHA256_BYTES));
}

void group_close (uint8_t *bytes, uint64_t identity, uint64_t position, size_t length,
                  uint32_t records, size_t size)
{
    memset (bytes + length, 0, size - length);
    memcpy (bytes, GROUP_MAGIC, GROUP_MAGIC_BYTES);
    put_u64 (bytes + 16, identity);
    put_u64 (bytes + 24, position);
    put_u32 (bytes + 40, (uint32_t) length);
    put_u32 (bytes + 44, records);
    put_u64 (bytes + HASH_AT, XXH3_64bits (bytes, size));
}

size_t group_length (const uint8_t *bytes, uint64_t identity, uint64_t position)
{
    if (memcmp (bytes, GROUP_MAGIC, GROUP_MAGIC_BYTES) != 0 ||
        get_u64 (bytes + 16) != identity || get_u64 (bytes + 24) != position)
        return 0;
    const size_t length = get_u32 (bytes + 40);
    return length < GROUP_HEADER_BYTES ? 0 : length;
}

bool group_get (uint8_t *bytes, size_t size, group_t *group)
{
    const uint64_t hash = get_u64 (bytes + HASH_AT);
    put_u64 (bytes + HASH_AT, 0);
    const bool sound = XXH3_64bits (bytes, size) == hash;
    put_u64 (bytes + HASH_AT, hash);
    *group = (group_t){.position = get_u64 (bytes + 24),
                       .sequence = get_u64 (bytes + 32),
                       .length = get_u32 (bytes + 40),
                       .records = get_u32 (bytes + 44),
                       .chain = bytes + 48,
                       .bytes = bytes};
    return sound;
}

bool group_follows (const group_t *group, const log_mark_t *mark)
{
    return group->sequence == mark->sequence &&
           memcmp (group->chain, mark->chain, SHA256_BYTES) == 0;
}

int group_walk (const group_t *group, log_mark_t *mark, log_found_fn *found,
                void *context, char *why)
{
    size_t at = GROUP_HEADER_BYTES;
    record_t record;
    for (uint32_t i = 0; i < group->records; i++) {
        const uint8_t *bytes = group->bytes + at;
        if (group->length - at < RECORD_BYTES || !record_get (bytes, &record) ||
            group->length - at - RECORD_BYTES < record.size)
            return -1;
        const bytes_t rows = bytes_of (bytes + RECORD_BYTES, record.size);
        if (found && found (context, &record, bytes, rows, why) == -1)
            return -1;
        chain_add (mark->chain, bytes);
        mark->sequence++;
        at += RECORD_BYTES + record.size;
    }
    return at == group->length && group->records > 0 ? 0 : -1;
}
