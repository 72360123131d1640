/* test_checkpoint.c - checkpoints as bytes, every byte of them, and which of two slots
   applies. */

#include "testing.h"

#include "checkpoint.h"

#include <xxhash.h>

#include "bounds.h"

#define ROOM 4096

static checkpoint_t sample (uint64_t generation, uint32_t draws)
{
    return (checkpoint_t){.identity = 0x0102030405060708,
                          .generation = generation,
                          .mark = {.position = 5 * LOG_PAGE_BYTES,
                                   .last = 4 * LOG_PAGE_BYTES,
                                   .sequence = 99,
                                   .chain = "the chain"},
                          .index_records = 99,
                          .epoch = 3,
                          .last_opened = 97,
                          .draws = draws};
}

/* The one with index 0 has two cursors, the others fewer or more. */
static checkpoint_draw_t draw_of (uint32_t index)
{
    return (checkpoint_draw_t){.identity = 0xD0 + index,
                               .opened = 1 + 10 * index,
                               .last_event = 5 + 10 * index,
                               .events = 2 + index,
                               .flags = index % 2 ? DRAW_CLOSED : 0,
                               .number = 7 * index,
                               .cursors = (index + 2) % 3,
                               .bytes = {1000 + index, index, 10}};
}

static checkpoint_cursor_t cursor_of (uint32_t agency)
{
    checkpoint_cursor_t cursor = {.agency = agency,
                                  .marks = agency % 8,
                                  .next = 1000 + agency,
                                  .digest = ~(uint64_t) agency,
                                  .last = agency,
                                  .ordinal = (1u << agency % 32) - 1,
                                  .cancelled = agency / 2,
                                  .last_cancel = agency / 2};
    for (uint32_t i = 0; i < agency % 32; i++)
        cursor.path[i] = 100 * agency + i;
    return cursor;
}

/* Each draw has the agencies 1, 3, 5 ... */
static uint8_t *put_cursors (uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const checkpoint_cursor_t cursor = cursor_of (2 * i + 1);
        at = checkpoint_put_cursor (at, &cursor);
    }
    return at;
}

static bytes_t build (uint8_t *room, const checkpoint_t *checkpoint)
{
    uint8_t *at = checkpoint_put (room, checkpoint);
    for (uint32_t i = 0; i < checkpoint->draws; i++) {
        const checkpoint_draw_t draw = draw_of (i);
        at = checkpoint_put_draw (at, &draw);
    }
    for (uint32_t i = 0; i < checkpoint->draws; i++)
        at = put_cursors (at, draw_of (i).cursors);
    const size_t size = checkpoint_close (room, at);
    assert_true (size <= ROOM);
    return bytes_of (room, size);
}

/* After a change, as a forger would. */
static void mend (bytes_t bytes)
{
    uint8_t *at = (uint8_t *) bytes.data + bytes.size - 8;
    put_u64 (at, XXH3_64bits (bytes.data, bytes.size - 8));
}

static void assert_same_draw (const checkpoint_draw_t *a, const checkpoint_draw_t *b)
{
    assert_true (a->identity == b->identity);
    assert_int_equal (a->opened, b->opened);
    assert_int_equal (a->last_event, b->last_event);
    assert_int_equal (a->events, b->events);
    assert_int_equal (a->flags, b->flags);
    assert_int_equal (a->number, b->number);
    assert_int_equal (a->cursors, b->cursors);
    assert_memory_equal (a->bytes, b->bytes, sizeof a->bytes);
}

static void assert_same_cursor (const checkpoint_cursor_t *a,
                                const checkpoint_cursor_t *b)
{
    assert_int_equal (a->agency, b->agency);
    assert_int_equal (a->marks, b->marks);
    assert_true (a->next == b->next);
    assert_true (a->digest == b->digest);
    assert_int_equal (a->last, b->last);
    assert_int_equal (a->ordinal, b->ordinal);
    assert_int_equal (a->cancelled, b->cancelled);
    assert_int_equal (a->last_cancel, b->last_cancel);
    assert_memory_equal (a->path, b->path, sizeof a->path);
}

static void what_is_put_is_got (void **state)
{
    (void) state;
    uint8_t room[ROOM];
    for (uint32_t draws = 0; draws < 16; draws++) {
        const checkpoint_t put = sample (3, draws);
        const bytes_t bytes = build (room, &put);
        checkpoint_t got;
        checkpoint_rest_t rest;
        checkpoint_draw_t draw;
        checkpoint_cursor_t cursor;
        assert_int_equal (checkpoint_get (bytes, &got, &rest), 0);
        for (uint32_t i = 0; i < draws; i++) {
            const checkpoint_draw_t expected = draw_of (i);
            assert_int_equal (checkpoint_get_draw (&rest.draws, &draw), 0);
            assert_same_draw (&draw, &expected);
            for (uint32_t k = 0; k < draw.cursors; k++) {
                const checkpoint_cursor_t whose = cursor_of (2 * k + 1);
                assert_int_equal (checkpoint_get_cursor (&rest.cursors, &cursor), 0);
                assert_same_cursor (&cursor, &whose);
            }
        }
        assert_int_equal (checkpoint_get_draw (&rest.draws, &draw), -1);
        assert_int_equal (checkpoint_get_cursor (&rest.cursors, &cursor), -1);
        assert_int_equal (got.generation, 3);
        assert_true (got.mark.position == put.mark.position);
        assert_true (got.mark.last == put.mark.last);
        assert_true (got.mark.sequence == put.mark.sequence);
        assert_memory_equal (got.mark.chain, put.mark.chain, SHA256_BYTES);
        assert_true (got.index_records == put.index_records && got.epoch == put.epoch);
        assert_true (got.last_opened == put.last_opened);
    }
}

static void it_has_its_form (void **state)
{
    (void) state;
    uint8_t room[ROOM], expected[CHECKPOINT_BYTES] = "LOTERIA CHECKPT\n";
    const checkpoint_t checkpoint = sample (2, 0);
    const bytes_t bytes = build (room, &checkpoint);
    put_u32 (expected + 16, 4);
    put_u64 (expected + 24, 0x0102030405060708);
    put_u64 (expected + 32, 2);
    put_u64 (expected + 40, CHECKPOINT_BYTES);
    put_u64 (expected + 56, 5 * LOG_PAGE_BYTES);
    put_u64 (expected + 64, 4 * LOG_PAGE_BYTES);
    put_u64 (expected + 72, 99);
    memcpy (expected + 80, "the chain", 9);
    put_u64 (expected + 112, 97);
    put_u64 (expected + 128, 99);
    put_u64 (expected + 136, 3);
    put_u64 (expected + 152, XXH3_64bits (expected, 152));
    assert_int_equal (bytes.size, sizeof expected);
    assert_memory_equal (bytes.data, expected, sizeof expected);
}

/* ---- A draw in a file of its own ---- */

static bytes_t build_archived (uint8_t *room, uint32_t index, uint32_t cursors)
{
    checkpoint_draw_t draw = draw_of (index);
    draw.cursors = cursors;
    uint8_t *at = archived_put (room, 0x0102030405060708, &draw);
    return bytes_of (room, archived_close (room, put_cursors (at, cursors)));
}

static void an_archived_draw_is_put_and_got (void **state)
{
    (void) state;
    uint8_t room[ROOM];
    for (uint32_t cursors = 0; cursors < 8; cursors++) {
        checkpoint_draw_t got, expected = draw_of (cursors);
        bytes_t rest;
        expected.cursors = cursors;
        const bytes_t bytes = build_archived (room, cursors, cursors);
        assert_int_equal (archived_get (bytes, 0x0102030405060708, &got, &rest), 0);
        assert_same_draw (&got, &expected);
        for (uint32_t k = 0; k < cursors; k++) {
            checkpoint_cursor_t cursor;
            const checkpoint_cursor_t whose = cursor_of (2 * k + 1);
            assert_int_equal (checkpoint_get_cursor (&rest, &cursor), 0);
            assert_same_cursor (&cursor, &whose);
        }
        assert_int_equal (rest.size, 0);
        assert_int_equal (archived_get (bytes, 1, &got, &rest), -1); // another log's
    }
}

static void every_bit_of_an_archived_draw_counts (void **state)
{
    (void) state;
    uint8_t room[ROOM];
    checkpoint_draw_t got;
    bytes_t rest;
    const bytes_t bytes = build_archived (room, 1, 3);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        room[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_int_equal (archived_get (bytes, 0x0102030405060708, &got, &rest), -1);
        room[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    for (size_t size = 0; size < bytes.size + 9; size++)
        assert_int_equal (
            archived_get (bytes_of (room, size), 0x0102030405060708, &got, &rest),
            size == bytes.size ? 0 : -1);
    put_u32 (room + ARCHIVED_BYTES - 8 + 28, 2); // cursors: fewer than there are
    mend (bytes);
    assert_int_equal (archived_get (bytes, 0x0102030405060708, &got, &rest), -1);
}

static void any_cursor_fits_its_room (void **state)
{
    (void) state;
    uint8_t room[CHECKPOINT_CURSOR_MAX + 1];
    checkpoint_cursor_t cursor = {.agency = AGENCIES_MAX, .ordinal = UINT32_MAX};
    memset (cursor.path, 0xff, sizeof cursor.path);
    assert_true (checkpoint_put_cursor (room, &cursor) == room + CHECKPOINT_CURSOR_MAX);
}

static void every_bit_is_checked_and_every_cut (void **state)
{
    (void) state;
    uint8_t room[ROOM];
    const checkpoint_t checkpoint = sample (2, 3);
    const bytes_t bytes = build (room, &checkpoint);
    checkpoint_t got;
    checkpoint_rest_t rest;
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        room[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_int_equal (checkpoint_get (bytes, &got, &rest), -1);
        room[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal (checkpoint_get (bytes_of (room, size), &got, &rest), -1);
    // a longer one was there before
    memset (room + bytes.size, 'x', 100);
    assert_int_equal (checkpoint_get (bytes_of (room, bytes.size + 100), &got, &rest),
                      0);
}

/* With a hash that fits. */
static void what_cannot_be_is_refused (void **state)
{
    (void) state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {0, 'l'},   {19, 2},   // magic, format
        {20, 1},    {52, 1},   // zeros
        {120, 1},   {127, 1},  //
        {47, 255},  {46, 255}, // bytes in all
        {51, 1},    {51, 4},   // draws
        {151, 1},              // bytes of cursors
        {163, 0},              // the first draw's O: it has one
        {163, 6},              //   which is before its last event
        {219, 1},              // that of the second: they rise
        {171, 1},   {171, 0},  // events: there are two, at least one
        {172, 128}, {172, 6},  // flags; drawn and void
        {172, 32},  {172, 44}, // sealed, not noted; and void
        {172, 16},  {172, 72}, // attested, published, not sealed
        {173, 1},   {175, 1},  // zeros
        {183, 1},   {183, 3},  // cursors
        {323, 0},   {320, 1},  // the first cursor's agency
        {323, 3},              // that of the second: they rise
        {324, 32},  {325, 2},  // marks, path's length
        {326, 1},              // zeros
        {351, 9},              // ordinal
    };
    uint8_t room[ROOM];
    checkpoint_t got;
    checkpoint_rest_t rest;
    const checkpoint_t checkpoint = sample (2, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const bytes_t bytes = build (room, &checkpoint);
        assert_true (room[wrong[i].at] != wrong[i].value);
        room[wrong[i].at] = wrong[i].value;
        mend (bytes);
        if (checkpoint_get (bytes, &got, &rest) == 0)
            fail_msg ("row %zu is taken", i);
    }
    for (size_t at = 24; at < 40; at += 8) { // no identity, no generation
        const bytes_t bytes = build (room, &checkpoint);
        put_u64 (room + at, 0);
        mend (bytes);
        assert_int_equal (checkpoint_get (bytes, &got, &rest), -1);
    }
}

/* ---- Two slots ---- */

/* Whole as another version has it, and there is no day to go on with. */
static void one_of_another_format_is_named (void **state)
{
    (void) state;
    uint8_t room[ROOM];
    char why[LOG_WHY_BYTES];
    const char *torn;
    checkpoint_t got;
    checkpoint_rest_t rest;
    const checkpoint_t checkpoint = sample (1, 2);
    const bytes_t bytes = build (room, &checkpoint);
    put_u32 (room + 16, 3);
    assert_int_equal (
        checkpoint_choose (bytes, bytes_of (NULL, 0), &got, &rest, &torn, why),
        CHECKPOINT_REFUSED);
    assert_non_null (strstr (why, "neither of them")); // its hash does not fit
    mend (bytes);
    assert_int_equal (
        checkpoint_choose (bytes, bytes_of (NULL, 0), &got, &rest, &torn, why),
        CHECKPOINT_REFUSED);
    assert_string_equal (why, "checkpoint.a: it is of format 3, which another version "
                              "made; this program reads format 4");
}

typedef enum { MISSING, EMPTY, TORN, WHOLE } there_t;

typedef struct {
    there_t there;
    uint64_t generation;
} slot_t;

static uint8_t rooms[2][ROOM];

static bytes_t slot_bytes (const slot_t *slot, uint8_t *room)
{
    checkpoint_t checkpoint = sample (slot->generation, 2);
    bytes_t bytes = build (room, &checkpoint);
    if (slot->there == MISSING)
        return bytes_of (NULL, 0);
    if (slot->there == TORN)
        room[100] ^= 1;
    return bytes_of (room, slot->there == EMPTY ? 0 : bytes.size);
}

static void the_newest_whole_one_applies (void **state)
{
    (void) state;
    static const struct {
        slot_t a, b;
        uint64_t applies; // 0: refused
        const char *reason;
    } pairs[] = {
        // as it goes
        {{WHOLE, 1}, {MISSING, 0}, 1, NULL},
        {{WHOLE, 1}, {EMPTY, 0}, 1, NULL},
        {{WHOLE, 1}, {TORN, 2}, 1, "checkpoint.b"},
        {{WHOLE, 1}, {WHOLE, 2}, 2, NULL},
        {{TORN, 3}, {WHOLE, 2}, 2, "checkpoint.a"},
        {{WHOLE, 3}, {WHOLE, 2}, 3, NULL},
        {{WHOLE, 3}, {TORN, 4}, 3, "checkpoint.b"},
        {{WHOLE, 11}, {WHOLE, 12}, 12, NULL},
        // as it does not
        {{TORN, 1}, {MISSING, 0}, 0, "neither of them"},
        {{EMPTY, 0}, {MISSING, 0}, 0, "neither of them"},
        {{MISSING, 0}, {TORN, 2}, 0, "neither of them"},
        {{TORN, 3}, {TORN, 4}, 0, "neither of them"},
        {{EMPTY, 0}, {EMPTY, 0}, 0, "neither of them"},
        {{MISSING, 0}, {WHOLE, 2}, 0, "checkpoint.a: it is missing"},
        {{EMPTY, 0}, {WHOLE, 2}, 0, "checkpoint.a: it is empty"},
        {{WHOLE, 3}, {MISSING, 0}, 0, "checkpoint.b: it is missing"},
        {{WHOLE, 3}, {EMPTY, 0}, 0, "checkpoint.b: it is empty"},
        {{WHOLE, 3}, {WHOLE, 6}, 0, "checkpoint.a: it is of generation 3"},
        {{WHOLE, 7}, {WHOLE, 4}, 0, "checkpoint.b: it is of generation 4"},
        {{WHOLE, 2}, {WHOLE, 3}, 0, "which belongs in checkpoint.a"}, // exchanged
        {{WHOLE, 2}, {MISSING, 0}, 0, "which belongs in checkpoint.b"},
        {{WHOLE, 2}, {WHOLE, 2}, 0, "checkpoint"}, // copied
        {{WHOLE, 3}, {WHOLE, 3}, 0, "checkpoint"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const bytes_t a = slot_bytes (&pairs[i].a, rooms[0]);
        const bytes_t b = slot_bytes (&pairs[i].b, rooms[1]);
        char why[LOG_WHY_BYTES];
        checkpoint_t got;
        checkpoint_rest_t rest;
        const char *torn;
        const checkpoint_choice_t choice =
            checkpoint_choose (a, b, &got, &rest, &torn, why);
        if (choice != (pairs[i].applies ? CHECKPOINT_FOUND : CHECKPOINT_REFUSED))
            fail_msg ("row %zu: %d, '%s'", i, (int) choice, why);
        if (pairs[i].applies) {
            assert_int_equal (got.generation, pairs[i].applies);
            assert_string_equal (why, "");
            assert_true (rest.cursors.size > 0);
            if (pairs[i].reason)
                assert_string_equal (torn, pairs[i].reason);
            else
                assert_null (torn);
        } else if (!strstr (why, pairs[i].reason))
            fail_msg ("row %zu: '%s'", i, why);
    }
}

static void without_slots_there_is_none (void **state)
{
    (void) state;
    char why[LOG_WHY_BYTES];
    checkpoint_t got;
    checkpoint_rest_t rest;
    const char *torn;
    assert_int_equal (checkpoint_choose (bytes_of (NULL, 0), bytes_of (NULL, 0), &got,
                                         &rest, &torn, why),
                      CHECKPOINT_NONE);
}

static void slots_of_two_days_are_refused (void **state)
{
    (void) state;
    char why[LOG_WHY_BYTES];
    checkpoint_t one = sample (3, 2), other = sample (4, 2), got;
    checkpoint_rest_t rest;
    const char *torn;
    other.identity++;
    const bytes_t a = build (rooms[0], &one), b = build (rooms[1], &other);
    assert_int_equal (checkpoint_choose (a, b, &got, &rest, &torn, why),
                      CHECKPOINT_REFUSED);
    assert_string_equal (why, "checkpoint.a: it is of another day than checkpoint.b");
}

static void generations_alternate (void **state)
{
    (void) state;
    assert_string_equal (checkpoint_slot (1), "checkpoint.a");
    assert_string_equal (checkpoint_slot (2), "checkpoint.b");
    assert_string_equal (checkpoint_slot (3), "checkpoint.a");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_put_is_got),
        cmocka_unit_test (it_has_its_form),
        cmocka_unit_test (an_archived_draw_is_put_and_got),
        cmocka_unit_test (every_bit_of_an_archived_draw_counts),
        cmocka_unit_test (any_cursor_fits_its_room),
        cmocka_unit_test (every_bit_is_checked_and_every_cut),
        cmocka_unit_test (what_cannot_be_is_refused),
        cmocka_unit_test (one_of_another_format_is_named),
        cmocka_unit_test (the_newest_whole_one_applies),
        cmocka_unit_test (without_slots_there_is_none),
        cmocka_unit_test (slots_of_two_days_are_refused),
        cmocka_unit_test (generations_alternate),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
