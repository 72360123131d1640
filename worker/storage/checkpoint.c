/* checkpoint.c - the bytes of storage's checkpoints, and which of two applies. */

#include "checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

#include "bounds.h"

#define MAGIC          "LOTERIA CHECKPT\n"
#define ARCHIVED_MAGIC "LOTERIA ARCHIVE\n"
#define MAGIC_BYTES    16
#define FORMAT         4
#define SIZE_AT        40
#define CURSORS_AT     144
#define HASH_BYTES     8
#define HEADER         (CHECKPOINT_BYTES - HASH_BYTES)

static_assert (HEADER == CURSORS_AT + 8, "the draws follow");

typedef struct { // a slot, as far as it can be read
    const char *name;
    bool there, empty, whole;
    uint32_t format; // of one that is of another; else 0
    checkpoint_t checkpoint;
    checkpoint_rest_t rest;
} slot_t;

static slot_t read_slot (const char *name, bytes_t bytes);
static uint32_t other_format (bytes_t bytes);
static size_t close_with_hash (uint8_t *start, uint8_t *at, size_t size_at);
static bool rest_holds (const checkpoint_rest_t *rest, uint32_t draws);
static bool draw_cursors_hold (bytes_t *cursors, uint32_t count);
static bool draw_holds (const checkpoint_draw_t *draw);
static bool flags_hold (uint8_t flags);
static uint32_t path_length (uint32_t ordinal);
static bool pair_holds (const slot_t *newest, const slot_t *other, char *why);
static bool refuse (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

uint8_t *checkpoint_put (uint8_t *at, const checkpoint_t *checkpoint)
{
    const log_mark_t *mark = &checkpoint->mark;
    at = put_bytes (at, bytes_of (MAGIC, MAGIC_BYTES));
    at = put_u32 (at, FORMAT);
    at = put_u32 (at, 0);
    at = put_u64 (at, checkpoint->identity);
    at = put_u64 (at, checkpoint->generation);
    at = put_u64 (at, 0); // bytes in all: checkpoint_close
    at = put_u32 (at, checkpoint->draws);
    at = put_u32 (at, 0);
    at = put_u64 (at, mark->position);
    at = put_u64 (at, mark->last);
    at = put_u64 (at, mark->sequence);
    at = put_bytes (at, bytes_of (mark->chain, SHA256_BYTES));
    at = put_u64 (at, checkpoint->last_opened);
    at = put_u64 (at, 0);
    at = put_u64 (at, checkpoint->index_records);
    at = put_u64 (at, checkpoint->epoch);
    return put_u64 (at, 0); // bytes of cursors: checkpoint_close
}

uint8_t *checkpoint_put_draw (uint8_t *at, const checkpoint_draw_t *draw)
{
    at = put_u64 (at, draw->identity);
    at = put_u32 (at, draw->opened);
    at = put_u32 (at, draw->last_event);
    at = put_u32 (at, draw->events);
    at = put_u32 (at, (uint32_t) draw->flags << 24);
    at = put_u32 (at, draw->number);
    at = put_u32 (at, draw->cursors);
    for (int i = 0; i < DRAW_ROWS; i++)
        at = put_u64 (at, draw->bytes[i]);
    return at;
}

uint8_t *checkpoint_put_cursor (uint8_t *at, const checkpoint_cursor_t *cursor)
{
    const uint32_t length = path_length (cursor->ordinal);
    at = put_u32 (at, cursor->agency);
    at = put_u8 (at, cursor->marks);
    at = put_u8 (at, (uint8_t) length);
    at = put_u16 (at, 0);
    at = put_u64 (at, cursor->next);
    at = put_u64 (at, cursor->digest);
    at = put_u32 (at, cursor->last);
    at = put_u32 (at, cursor->ordinal);
    at = put_u32 (at, cursor->cancelled);
    at = put_u32 (at, cursor->last_cancel);
    for (uint32_t i = 0; i < length; i++)
        at = put_u32 (at, cursor->path[i]);
    return at;
}

size_t checkpoint_close (uint8_t *start, uint8_t *at)
{
    reader_t reader = {.rest = bytes_of (start + SIZE_AT + 8, 4)};
    const size_t draws = (size_t) read_u32 (&reader) * CHECKPOINT_DRAW_BYTES;
    put_u64 (start + CURSORS_AT, (uint64_t) (at - start) - HEADER - draws);
    return close_with_hash (start, at, SIZE_AT);
}

int checkpoint_get (bytes_t slot, checkpoint_t *checkpoint, checkpoint_rest_t *rest)
{
    reader_t reader = {.rest = slot};
    const bytes_t magic = read_bytes (&reader, MAGIC_BYTES);
    const uint32_t format = read_u32 (&reader), zero = read_u32 (&reader);
    *checkpoint = (checkpoint_t){.identity = read_u64 (&reader)};
    checkpoint->generation = read_u64 (&reader);
    const uint64_t size = read_u64 (&reader);
    checkpoint->draws = read_u32 (&reader);
    const uint32_t zero_too = read_u32 (&reader);
    checkpoint->mark.position = read_u64 (&reader);
    checkpoint->mark.last = read_u64 (&reader);
    checkpoint->mark.sequence = read_u64 (&reader);
    put_bytes (checkpoint->mark.chain, read_bytes (&reader, SHA256_BYTES));
    checkpoint->last_opened = read_u64 (&reader);
    const uint64_t zeros = read_u64 (&reader);
    checkpoint->index_records = read_u64 (&reader);
    checkpoint->epoch = read_u64 (&reader);
    const uint64_t cursors = read_u64 (&reader);
    const uint64_t draws = (uint64_t) checkpoint->draws * CHECKPOINT_DRAW_BYTES;
    if (reader.failed || memcmp (magic.data, MAGIC, MAGIC_BYTES) != 0 ||
        format != FORMAT || zero | zero_too | zeros || size > slot.size ||
        size < CHECKPOINT_BYTES || cursors > size ||
        CHECKPOINT_BYTES + draws + cursors != size || checkpoint->identity == 0 ||
        checkpoint->generation == 0)
        return -1;
    reader_t end = {.rest = bytes_of (slot.data + size - HASH_BYTES, HASH_BYTES)};
    if (XXH3_64bits (slot.data, (size_t) size - HASH_BYTES) != read_u64 (&end))
        return -1;
    rest->draws = bytes_of (slot.data + HEADER, (size_t) draws);
    rest->cursors = bytes_of (slot.data + HEADER + draws, (size_t) cursors);
    return rest_holds (rest, checkpoint->draws) ? 0 : -1;
}

int checkpoint_get_draw (bytes_t *draws, checkpoint_draw_t *draw)
{
    reader_t reader = {.rest = *draws};
    *draw = (checkpoint_draw_t){.identity = read_u64 (&reader)};
    draw->opened = read_u32 (&reader);
    draw->last_event = read_u32 (&reader);
    draw->events = read_u32 (&reader);
    const uint32_t flags = read_u32 (&reader);
    draw->flags = (uint8_t) (flags >> 24);
    draw->number = read_u32 (&reader);
    draw->cursors = read_u32 (&reader);
    for (int i = 0; i < DRAW_ROWS; i++)
        draw->bytes[i] = read_u64 (&reader);
    *draws = reader.rest;
    return reader.failed || flags & 0xFFFFFF || !draw_holds (draw) ? -1 : 0;
}

int checkpoint_get_cursor (bytes_t *cursors, checkpoint_cursor_t *cursor)
{
    reader_t reader = {.rest = *cursors};
    *cursor = (checkpoint_cursor_t){.agency = read_u32 (&reader)};
    cursor->marks = read_u8 (&reader);
    const uint8_t length = read_u8 (&reader);
    const uint16_t zero = read_u16 (&reader);
    cursor->next = read_u64 (&reader);
    cursor->digest = read_u64 (&reader);
    cursor->last = read_u32 (&reader);
    cursor->ordinal = read_u32 (&reader);
    cursor->cancelled = read_u32 (&reader);
    cursor->last_cancel = read_u32 (&reader);
    if (reader.failed || cursor->marks > CURSOR_MARKS || zero != 0 ||
        length != path_length (cursor->ordinal) || cursor->agency == 0 ||
        cursor->agency > AGENCIES_MAX)
        return -1;
    for (uint32_t i = 0; i < length; i++)
        cursor->path[i] = read_u32 (&reader);
    *cursors = reader.rest;
    return reader.failed ? -1 : 0;
}

uint8_t *archived_put (uint8_t *at, uint64_t identity, const checkpoint_draw_t *draw)
{
    at = put_bytes (at, bytes_of (ARCHIVED_MAGIC, MAGIC_BYTES));
    at = put_u32 (at, FORMAT);
    at = put_u32 (at, 0);
    at = put_u64 (at, identity);
    at = put_u64 (at, 0); // bytes in all: archived_close
    return checkpoint_put_draw (at, draw);
}

size_t archived_close (uint8_t *start, uint8_t *at)
{
    return close_with_hash (start, at, MAGIC_BYTES + 16);
}

int archived_get (bytes_t bytes, uint64_t identity, checkpoint_draw_t *draw,
                  bytes_t *cursors)
{
    reader_t reader = {.rest = bytes};
    const bytes_t magic = read_bytes (&reader, MAGIC_BYTES);
    const uint32_t format = read_u32 (&reader), zero = read_u32 (&reader);
    const uint64_t whose = read_u64 (&reader), size = read_u64 (&reader);
    if (reader.failed || memcmp (magic.data, ARCHIVED_MAGIC, MAGIC_BYTES) != 0 ||
        format != FORMAT || zero != 0 || whose != identity || size != bytes.size ||
        size < ARCHIVED_BYTES + CHECKPOINT_DRAW_BYTES)
        return -1;
    reader_t end = {.rest = bytes_of (bytes.data + size - HASH_BYTES, HASH_BYTES)};
    if (XXH3_64bits (bytes.data, (size_t) size - HASH_BYTES) != read_u64 (&end))
        return -1;
    bytes_t rest = bytes_of (reader.rest.data, reader.rest.size - HASH_BYTES);
    if (checkpoint_get_draw (&rest, draw) == -1)
        return -1;
    *cursors = rest;
    return draw_cursors_hold (&rest, draw->cursors) && rest.size == 0 ? 0 : -1;
}

const char *checkpoint_slot (uint64_t generation)
{
    return generation % 2 == 1 ? CHECKPOINT_A : CHECKPOINT_B;
}

checkpoint_choice_t checkpoint_choose (bytes_t a, bytes_t b, checkpoint_t *checkpoint,
                                       checkpoint_rest_t *rest, const char **torn,
                                       char *why)
{
    const slot_t slots[] = {read_slot (CHECKPOINT_A, a), read_slot (CHECKPOINT_B, b)};
    *torn = NULL;
    why[0] = 0;
    if (!slots[0].there && !slots[1].there)
        return CHECKPOINT_NONE;
    for (int i = 0; i < 2; i++)
        if (slots[i].format > 0) {
            refuse (why,
                    "%s: it is of format %" PRIu32
                    ", which another version made; this program reads format %d",
                    slots[i].name, slots[i].format, FORMAT);
            return CHECKPOINT_REFUSED;
        }
    if (!slots[0].whole && !slots[1].whole) {
        refuse (why, "%s, %s: neither of them holds a whole checkpoint", CHECKPOINT_A,
                CHECKPOINT_B);
        return CHECKPOINT_REFUSED;
    }
    const bool second =
        slots[1].whole && (!slots[0].whole || slots[1].checkpoint.generation >
                                                  slots[0].checkpoint.generation);
    const slot_t *newest = &slots[second], *other = &slots[!second];
    if (!pair_holds (newest, other, why))
        return CHECKPOINT_REFUSED;
    *checkpoint = newest->checkpoint;
    *rest = newest->rest;
    *torn = !other->empty && !other->whole ? other->name : NULL;
    return CHECKPOINT_FOUND;
}

static slot_t read_slot (const char *name, bytes_t bytes)
{
    slot_t slot = {.name = name, .there = bytes.data != NULL, .empty = bytes.size == 0};
    slot.format = slot.there ? other_format (bytes) : 0;
    slot.whole =
        slot.there && checkpoint_get (bytes, &slot.checkpoint, &slot.rest) == 0;
    return slot;
}

/* Of a file that is whole as another version has it: all have its beginning alike, and
   its hash at the end. */
static uint32_t other_format (bytes_t bytes)
{
    reader_t reader = {.rest = bytes};
    const bytes_t magic = read_bytes (&reader, MAGIC_BYTES);
    const uint32_t format = read_u32 (&reader);
    read_bytes (&reader, SIZE_AT - MAGIC_BYTES - 4);
    const uint64_t size = read_u64 (&reader);
    if (reader.failed || memcmp (magic.data, MAGIC, MAGIC_BYTES) != 0 ||
        format == FORMAT || size < SIZE_AT + 8 + HASH_BYTES || size > bytes.size)
        return 0;
    reader_t end = {.rest = bytes_of (bytes.data + size - HASH_BYTES, HASH_BYTES)};
    return XXH3_64bits (bytes.data, (size_t) size - HASH_BYTES) == read_u64 (&end)
               ? format
               : 0;
}

static size_t close_with_hash (uint8_t *start, uint8_t *at, size_t size_at)
{
    const size_t size = (size_t) (at - start) + HASH_BYTES;
    put_u64 (start + size_at, size);
    put_u64 (at, XXH3_64bits (start, size - HASH_BYTES));
    return size;
}

static bool rest_holds (const checkpoint_rest_t *rest, uint32_t count)
{
    bytes_t draws = rest->draws, cursors = rest->cursors;
    checkpoint_draw_t draw;
    uint32_t opened = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (checkpoint_get_draw (&draws, &draw) == -1 || draw.opened <= opened ||
            !draw_cursors_hold (&cursors, draw.cursors))
            return false;
        opened = draw.opened;
    }
    return draws.size == 0 && cursors.size == 0;
}

/* Takes them off. */
static bool draw_cursors_hold (bytes_t *cursors, uint32_t count)
{
    checkpoint_cursor_t cursor;
    uint32_t agency = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (checkpoint_get_cursor (cursors, &cursor) == -1 || cursor.agency <= agency)
            return false;
        agency = cursor.agency;
    }
    return true;
}

static bool draw_holds (const checkpoint_draw_t *draw)
{
    return draw->identity != 0 && draw->opened > 0 && draw->events > 0 &&
           draw->last_event >= draw->opened &&
           (draw->events == 1) == (draw->last_event == draw->opened) &&
           flags_hold (draw->flags);
}

/* Each note of a provable draw follows the one before; what is sealed is never void. */
static bool flags_hold (uint8_t flags)
{
    static const struct {
        uint8_t flag, needs, excludes;
    } rules[] = {{DRAW_DRAWN, 0, DRAW_VOID},
                 {DRAW_LOCKED, DRAW_NOTED, DRAW_VOID},
                 {DRAW_ATTESTED, DRAW_LOCKED, 0},
                 {DRAW_PUBLISHED, DRAW_LOCKED | DRAW_DRAWN, 0}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (flags & rules[i].flag &&
            ((flags & rules[i].needs) != rules[i].needs || flags & rules[i].excludes))
            return false;
    return flags <= DRAW_FLAGS;
}

/* As many of its path as can be anything but 0. */
static uint32_t path_length (uint32_t ordinal)
{
    return ordinal == 0 ? 0 : 32 - (uint32_t) __builtin_clz (ordinal);
}

/* What can be beside the newest one that is whole. */
static bool pair_holds (const slot_t *newest, const slot_t *other, char *why)
{
    const checkpoint_t *here = &newest->checkpoint, *there = &other->checkpoint;
    if (strcmp (newest->name, checkpoint_slot (here->generation)) != 0)
        return refuse (why, "%s: it holds generation %" PRIu64 ", which belongs in %s",
                       newest->name, here->generation,
                       checkpoint_slot (here->generation));
    if ((!other->there || other->empty) && here->generation > 1)
        return refuse (why,
                       "%s: it is %s, and %s is of generation %" PRIu64
                       ": this file was removed or cut",
                       other->name, other->there ? "empty" : "missing", newest->name,
                       here->generation);
    if (!other->whole)
        return true;
    if (there->identity != here->identity)
        return refuse (why, "%s: it is of another day than %s", other->name,
                       newest->name);
    if (there->generation + 1 != here->generation)
        return refuse (why,
                       "%s: it is of generation %" PRIu64 ", %s of generation %" PRIu64
                       ": they are not of the same moment",
                       other->name, there->generation, newest->name, here->generation);
    return true;
}

static bool refuse (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, LOG_WHY_BYTES, format, values);
    va_end (values);
    return false;
}
