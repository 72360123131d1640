/* book_crashes.c - everything that a crash may leave of storage's files, at every
   operation of days on a small log: segments that change and are used again,
   checkpoints, groups that are gathered while others are synced, kills, stops. */

#include <xxhash.h>

#include "images.h"
#include "shelf.h"

#define AGENCIES     4
#define FILES        5
#define CHANGES_MAX  256
#define NEWEST       3 // changes of which each way to be torn is tried
#define SEGMENT      (4 * (uint64_t) LOG_PAGE_BYTES)
#define SEEN         (1u << 22)
#define RANDOM_FATES 6

/* A sanitizer makes everything many times slower: one image in so many is tried. */
#ifdef __SANITIZE_ADDRESS__
#define TURNS 31
#else
#define TURNS 1
#endif

typedef enum { NOT_THERE, ZEROS, NOISE, STALE, FILLS } fill_t;

typedef struct { // a change that was not synced
    int file;
    size_t index; // of the file's
} change_t;

typedef struct { // which of them reached the disk
    bool arrived[CHANGES_MAX];
    int torn;        // this one but for bytes [from, to), or -1
    size_t from, to; // in the file
    fill_t fill;     // in their place
} fate_t;

typedef struct { // what was promised
    uint64_t next[AGENCIES + 1];
    bool sealed[AGENCIES + 1];
} promised_t;

static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, BOOK_CSV, CHECKPOINT_A,
                                         CHECKPOINT_B};
static shelf_t day, image;
static dice_t dice;
static promised_t promise;
static uint64_t identity; // the draw's, once the day has begun
static const images_options_t *options;
static change_t changes[CHANGES_MAX];
static size_t change_count;
static uint64_t *seen; // hashes of what was tried
static uint64_t operations, built, tried, replayed, laps, checkpoints, most;

static void play (uint64_t seed, int steps);
static uint64_t laps_of (const disk_file_t *slot);
static void step (void);
static life_t at_operation (void *context);
static void list_changes (void);
static void lose_and_keep_few (void);
static void tear_newest (void);
static void tear (size_t change, size_t from, size_t to);
static void let_chance (void);
static bool its_turn (void);
static void try_fate (const fate_t *fate);
static void make_file (disk_t *disk, int file, const fate_t *fate);
static bool seen_before (const disk_t *disk);
static void recover (disk_t *disk);
static void assert_kept (void);
static promised_t promise_of (const shelf_t *shelf);

void book_crashes_run (const images_options_t *with)
{
    options = with;
    seen = calloc (SEEN, sizeof *seen);
    assert_non_null (seen);
    const int days = with->all ? 40 : 3;
    for (int i = 0; i < days; i++)
        play ((uint64_t) i + 1, 200);
    printf (
        "crash images: %d days of %llu operations, at most %llu changes not synced, "
        "%llu checkpoints, %llu laps of the log: %llu images, %llu different ones "
        "recovered, %llu records read from logs\n",
        days, (unsigned long long) operations, (unsigned long long) most,
        (unsigned long long) checkpoints, (unsigned long long) laps,
        (unsigned long long) built, (unsigned long long) tried,
        (unsigned long long) replayed);
    assert_true (laps >= (uint64_t) days && checkpoints > 5 * (uint64_t) days);
    free (seen);
}

static void play (uint64_t seed, int steps)
{
    dice = seed * 1000003;
    shelf_init (&day);
    day.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    promise = (promised_t){0};
    identity = 0;
    disk_ask (day.disk, at_operation, NULL);
    shelf_start (&day);
    identity = book_draw (day.book);
    disk_hold (day.disk, true);
    for (int i = 0; i < steps; i++)
        step ();
    disk_hold (day.disk, false);
    laps += laps_of (day.slots[0]) > laps_of (day.slots[1]) ? laps_of (day.slots[0])
                                                            : laps_of (day.slots[1]);
    checkpoints += day.slots[0]->calls[DISK_WRITE] + day.slots[1]->calls[DISK_WRITE];
    disk_ask (day.disk, NULL, NULL);
    shelf_free (&day);
}

/* How often the log had gone round when the checkpoint was made. */
static uint64_t laps_of (const disk_file_t *slot)
{
    checkpoint_t checkpoint;
    bytes_t cursors;
    const bytes_t bytes = bytes_of (slot->cached.data, slot->cached.size);
    return checkpoint_get (bytes, &checkpoint, &cursors) == 0
               ? checkpoint.mark.position / (4 * SEGMENT)
               : 0;
}

/* Something happens: mostly bets, and a disk that gets on with what it was given. */
static void step (void)
{
    static promised_t begun;
    const uint64_t what = dice_below (&dice, 100);
    const uint32_t agency = 1 + (uint32_t) dice_below (&dice, AGENCIES);
    const cursor_t *cursor = cursors_admit (day.cursors, agency);
    if (what < 30 && !cursor->at.sealed) {
        if (book_reserve (day.book, 4000, BOOK_BETS) == BOOK_FITS)
            shelf_append (&day, agency, what == 0 ? 0 : 1 + what * 2);
    } else if (what < 60 && !book_busy (day.book)) {
        begun = promise_of (&day);
        assert_int_equal (book_begin (day.book, false), 0);
        if (!book_busy (day.book))
            promise = begun;
    } else if (what < 95) {
        if (disk_syncing (day.disk))
            disk_finish (disk_syncing (day.disk));
        const int rc = book_look (day.book);
        assert_true (rc >= 0);
        if (rc == 1)
            promise = begun;
    } else { // a kill, or a stop; and another start
        disk_hold (day.disk, false);
        if (what == 99) {
            shelf_stop (&day);
        } else if (what == 98) {
            shelf_close (&day);
            disk_cut (day.disk);
        }
        shelf_start (&day);
        promise = promise_of (&day);
        disk_hold (day.disk, true);
    }
}

/* Before each operation of the day. */
static life_t at_operation (void *context)
{
    (void) context;
    operations++;
    list_changes ();
    most = change_count > most ? change_count : most;
    snprintf (images_case, sizeof images_case, "operation %llu",
              (unsigned long long) operations);
    lose_and_keep_few ();
    tear_newest ();
    let_chance ();
    disk_mount (day.disk);
    return LIFE_GOES_ON;
}

static void list_changes (void)
{
    change_count = 0;
    for (int i = 0; i < FILES; i++) {
        const disk_file_t *file = disk_find (day.disk, names[i]);
        for (size_t k = 0; file && k < file->changes_count; k++) {
            assert_true (change_count < CHANGES_MAX);
            changes[change_count++] = (change_t){i, k};
        }
    }
}

/* All are lost, or there; or all but one, or two of the newest. */
static void lose_and_keep_few (void)
{
    for (size_t a = 0; a <= change_count; a++)
        for (size_t b = a; b <= change_count; b++) {
            if (b > a && b + NEWEST < change_count && !options->all)
                continue;
            for (int keep = 0; keep <= 1; keep++) {
                fate_t fate = {.torn = -1};
                for (size_t i = 0; i < change_count; i++)
                    fate.arrived[i] = (i == a || i == b) == keep;
                try_fate (&fate);
            }
        }
}

/* Of a write is lost: its end, its beginning, or a sector; all others are there, or
 * not.
 */
static void tear_newest (void)
{
    for (size_t i = 0; i < change_count; i++) {
        const disk_file_t *file = disk_find (day.disk, names[changes[i].file]);
        const disk_change_t *change = &file->changes[changes[i].index];
        const size_t begin = (size_t) change->position, end = begin + change->size;
        if (change->truncates || changes[i].index + NEWEST < file->changes_count)
            continue;
        for (size_t from = begin, next; from < end; from = next) {
            next = (from / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES;
            tear (i, from, end);
            if (next < end && options->all)
                tear (i, from, next);
            if (next < end && from > begin)
                tear (i, begin, next);
        }
    }
}

static void tear (size_t change, size_t from, size_t to)
{
    for (fill_t fill = NOT_THERE; fill < FILLS; fill++)
        for (int others = 0; others <= 1; others++) {
            fate_t fate = {.torn = (int) change, .from = from, .to = to, .fill = fill};
            for (size_t i = 0; i < change_count; i++)
                fate.arrived[i] = others || i == change;
            if (options->all || dice_chance (&dice, 120))
                try_fate (&fate);
        }
}

/* Any part of everything, as the tests' disk throws dice for it. */
static void let_chance (void)
{
    const int count = options->all ? 4 * RANDOM_FATES : RANDOM_FATES;
    for (int i = 0; i < count && change_count > 0; i++) {
        dice_t own = dice_roll (&dice);
        if (!its_turn ())
            continue;
        disk_t *disk = disk_clone (day.disk, &own);
        disk_cut (disk);
        recover (disk);
    }
}

static bool its_turn (void)
{
    static uint64_t turns;
    return turns++ % TURNS == 0;
}

static void try_fate (const fate_t *fate)
{
    if (!its_turn ())
        return;
    disk_t *disk = disk_clone (day.disk, NULL);
    for (int i = 0; i < FILES; i++)
        if (disk_find (day.disk, names[i]))
            make_file (disk, i, fate);
    recover (disk);
}

/* What was synced, and of what came after that which arrived. */
static void make_file (disk_t *disk, int which, const fate_t *fate)
{
    static uint8_t bytes[1 << 20];
    const disk_file_t *from = disk_find (day.disk, names[which]);
    size_t size = from->durable.size;
    assert_true (from->cached.size < sizeof bytes && size < sizeof bytes);
    if (size > 0)
        memcpy (bytes, from->durable.data, size);
    for (size_t i = 0; i < change_count; i++) {
        if (changes[i].file != which || !fate->arrived[i])
            continue;
        const disk_change_t *change = &from->changes[changes[i].index];
        const size_t at = (size_t) change->position, end = at + change->size;
        const bool torn = fate->torn == (int) i;
        if (change->truncates) {
            if (at > size)
                memset (bytes + size, 0, at - size);
            size = at;
            continue;
        }
        if (at > size)
            memset (bytes + size, 0, at - size);
        for (size_t k = at; k < end; k++) {
            const bool lost = torn && k >= fate->from && k < fate->to;
            if (!lost)
                bytes[k] = change->data[k - at];
            else if (k < from->durable.size)
                continue; // a sector is written whole or not at all
            else if (fate->fill == ZEROS)
                bytes[k] = 0;
            else if (fate->fill == NOISE && k / DISK_SECTOR_BYTES > 0)
                bytes[k] = (uint8_t) dice_roll (&dice);
            else if (fate->fill == STALE && k < from->past.size)
                bytes[k] = from->past.data[k];
            else if (k >= size)
                bytes[k] = 0;
        }
        const bool cut = torn && fate->fill == NOT_THERE && fate->to == end;
        const size_t reached = cut ? (fate->from > size ? fate->from : size) : end;
        size = reached > size ? reached : size;
    }
    disk_set (disk_find (disk, names[which]), bytes, size);
}

static bool seen_before (const disk_t *disk)
{
    uint64_t hash = XXH3_64bits (&promise, sizeof promise);
    for (int i = 0; i < FILES; i++) {
        const bytes_t bytes = disk_cached (disk, names[i]);
        hash = XXH3_64bits_withSeed (bytes.data, bytes.size, hash + (uint64_t) i);
    }
    uint64_t *place = &seen[hash % SEEN];
    const bool before = *place == hash;
    *place = hash;
    return before;
}

/* A start is not refused; what was promised is there, and nothing else than was sold; a
   second start finds nothing to put right; and the day goes on. */
static void recover (disk_t *disk)
{
    built++;
    if (seen_before (disk)) {
        disk_destroy (&disk);
        return;
    }
    tried++;
    disk_hold (disk, false);
    image.disk = disk;
    image.options = day.options;
    disk_mount (disk);
    if (!shelf_open (&image))
        fail_msg ("start refused: %s", image.why);
    replayed += book_recovery (image.book)->replayed;
    assert_kept ();
    const uint32_t records = book_records (image.book);
    const uint64_t draw = book_draw (image.book);
    shelf_close (&image);
    disk_cut (disk); // whatever was only written is gone
    shelf_start (&image);
    assert_kept ();
    const book_recovery_t *again = book_recovery (image.book);
    assert_int_equal (book_records (image.book), records);
    assert_int_equal (again->replayed + again->csv_cut + again->index_cut +
                          again->csv_other + again->index_other,
                      0);
    assert_null (again->torn_checkpoint);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        const cursor_t *cursor = cursors_find (image.cursors, agency);
        if (!cursor || !cursor->at.sealed)
            shelf_append (&image, agency, 2);
    }
    shelf_commit (&image);
    shelf_close (&image);
    disk_cut (disk);
    shelf_start (&image);
    assert_kept ();
    assert_true (book_draw (image.book) == draw);
    assert_true (identity == 0 || draw == identity);
    shelf_close (&image);
    disk_destroy (&disk);
}

static void assert_kept (void)
{
    const promised_t found = promise_of (&image);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        assert_true (found.next[agency] >= promise.next[agency]);
        assert_true (found.sealed[agency] || !promise.sealed[agency]);
    }
    shelf_check (&image, AGENCIES);
}

static promised_t promise_of (const shelf_t *shelf)
{
    promised_t now = {0};
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        const cursor_t *cursor = cursors_find (shelf->cursors, agency);
        now.next[agency] = cursor ? cursor->at.next : 0;
        now.sealed[agency] = cursor && cursor->at.sealed;
    }
    return now;
}
