/* book_crashes.c - everything that a crash may leave of storage's files, at every
   operation of days on a small log: segments that change and are used again,
   checkpoints, groups that are gathered while others are synced, draws that are opened,
   closed, put away and used again, kills, stops. */

#include <xxhash.h>

#include "images.h"
#include "shelf.h"

#define AGENCIES     4
#define DRAWS        5
#define FILES_MAX    (4 + 5 * DRAWS)
#define CHANGES_MAX  512
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
    disk_file_t *file;
    size_t index; // of the file's
} change_t;

typedef struct { // which of them reached the disk
    bool arrived[CHANGES_MAX];
    int torn;        // this one but for bytes [from, to), or -1
    size_t from, to; // in the file
    fill_t fill;     // in their place
} fate_t;

typedef struct { // what was promised of a draw
    bool opened;
    uint64_t next[AGENCIES + 1];
    uint32_t cancelled[AGENCIES + 1];
    uint8_t marks[AGENCIES + 1];
    uint8_t flags;
    uint32_t events;
} draw_promise_t;

typedef struct {
    draw_promise_t draws[DRAWS];
} promised_t;

#define KEPT 1 // draws that are over and are not put away

static shelf_t day, image;
static dice_t dice;
static promised_t promise;
static promised_t known;  // of draws that are put away: what they were then
static uint64_t identity; // the log's, once the day has begun
static const images_options_t *options;
static change_t changes[CHANGES_MAX];
static size_t change_count;
static uint64_t *seen; // hashes of what was tried
static uint64_t operations, built, tried, replayed, laps, checkpoints, most, away;

static void play (uint64_t seed, int steps);
static uint64_t laps_of (const disk_file_t *slot);
static void step (void);
static void sell (sale_t *sale);
static void happen (sale_t *sale);
static void open_next (void);
static sale_t *any_sale (void);
static const char *name_of (int draw);
static life_t at_operation (void *context);
static void list_changes (void);
static void lose_and_keep_few (void);
static void tear_newest (void);
static void tear (size_t change, size_t from, size_t to);
static void let_chance (void);
static bool its_turn (void);
static void try_fate (const fate_t *fate);
static void make_file (disk_t *disk, const disk_file_t *from, const fate_t *fate);
static bool seen_before (const disk_t *disk);
static void recover (disk_t *disk);
static void go_on (void);
static void assert_kept (void);
static void assert_draw_kept (int draw, const draw_promise_t *promised);
static promised_t promise_of (const shelf_t *shelf);
static draw_promise_t draw_promise_of (const sale_t *sale);
static int draw_of (const sale_t *sale);

void book_crashes_run (const images_options_t *with)
{
    options = with;
    seen = calloc (SEEN, sizeof *seen);
    assert_non_null (seen);
    const int days = with->all ? 40 : 3;
    for (int i = 0; i < days; i++)
        play ((uint64_t) i + 1, 300);
    printf (
        "crash images: %d days of %llu operations, at most %llu changes not synced, "
        "%llu checkpoints, %llu laps of the log, %llu draws put away: %llu images, "
        "%llu "
        "different ones recovered, %llu records read from logs\n",
        days, (unsigned long long) operations, (unsigned long long) most,
        (unsigned long long) checkpoints, (unsigned long long) laps,
        (unsigned long long) away, (unsigned long long) built,
        (unsigned long long) tried, (unsigned long long) replayed);
    assert_true (laps >= (uint64_t) days && checkpoints > 5 * (uint64_t) days);
    assert_true (away >= (uint64_t) days);
    free (seen);
}

static void play (uint64_t seed, int steps)
{
    dice = seed * 1000003;
    shelf_init (&day);
    day.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    day.bare = true;
    day.kept = image.kept = KEPT;
    promise = known = (promised_t){0};
    identity = 0;
    disk_ask (day.disk, at_operation, NULL);
    shelf_start (&day);
    identity = book_identity (day.book);
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
    checkpoint_rest_t rest;
    const bytes_t bytes = bytes_of (slot->cached.data, slot->cached.size);
    return checkpoint_get (bytes, &checkpoint, &rest) == 0
               ? checkpoint.mark.position / (4 * SEGMENT)
               : 0;
}

/* Something happens: mostly bets, and a disk that gets on with what it was given. */
static void step (void)
{
    static promised_t begun;
    const uint64_t what = dice_below (&dice, 100);
    sale_t *sale = any_sale ();
    if (what < 22 && sale)
        sell (sale);
    else if (what < 34 && sale)
        happen (sale);
    else if (what < 37 || !sale)
        open_next ();
    else if (what < 60 && !book_busy (day.book)) {
        begun = promise_of (&day);
        assert_int_equal (book_begin (day.book, false), 0);
        if (!book_busy (day.book))
            promise = begun;
    } else if (what < 92) {
        if (disk_syncing (day.disk))
            disk_finish (disk_syncing (day.disk));
        const int rc = book_look (day.book);
        assert_true (rc >= 0);
        if (rc == 1)
            promise = begun;
        const int put = book_put_away (day.book);
        assert_true (put >= 0);
        away += (uint64_t) put;
    } else if (what < 95) { // one that was put away is asked for
        char why[BOOK_WHY_BYTES];
        const char *name = name_of ((int) dice_below (&dice, DRAWS));
        const book_found_t found =
            book_find (day.book, bytes_of (name, strlen (name)), &sale, why);
        assert_true (found == BOOK_FOUND || found == BOOK_NO_DRAW);
        assert_string_equal (why, "");
    } else { // a kill, or a stop; and another start
        disk_hold (day.disk, false);
        if (what == 99) {
            shelf_stop (&day);
        } else if (what == 98) {
            shelf_close (&day);
            disk_cut (day.disk);
        }
        shelf_start (&day);
        known = promise; // what was put away is what it was
        promise = promise_of (&day);
        disk_hold (day.disk, true);
    }
}

static void sell (sale_t *sale)
{
    const uint32_t agency = 1 + (uint32_t) dice_below (&dice, AGENCIES);
    const cursor_t *cursor = cursors_admit (sale->cursors, agency);
    if (sale_phase (sale) != PHASE_OPEN || cursor_sealed (cursor) ||
        book_reserve (day.book, sale, RECORD_BETS, 4000, BOOK_BETS) != BOOK_FITS)
        return;
    shelf_append_to (&day, sale, agency, 1 + (uint32_t) dice_below (&dice, 60));
}

/* A cancel, or any event that may be. */
static void happen (sale_t *sale)
{
    static const uint8_t kinds[] = {RECORD_CANCELLED, RECORD_SEALED, RECORD_EXCUSED,
                                    RECORD_CLOSED,    RECORD_DRAWN,  RECORD_DRAWN,
                                    RECORD_SERVED,    RECORD_VOIDED};
    static const char *const notes[] = {"", "as the operator wished"};
    const uint32_t agency = 1 + (uint32_t) dice_below (&dice, AGENCIES);
    const uint8_t kind = kinds[dice_below (&dice, sizeof kinds)];
    const cursor_t *cursor = cursors_admit (sale->cursors, agency);
    const bool of_agency = strchr ("SXV", kind) != NULL;
    record_t record = {.kind = kind,
                       .agency = of_agency ? agency : 0,
                       .offset = kind == RECORD_SEALED ? cursor->at.next : 0,
                       .jump = kind == RECORD_SEALED ? cursor->at.cancelled : 0,
                       .digest = kind == RECORD_SEALED ? cursor->at.digest : 0,
                       .number = kind == RECORD_DRAWN ? sale->terms.number : 0};
    if (kind == RECORD_CANCELLED) {
        record = cursor_cancel_record (cursor, 0);
        if (cursor->at.cancelled > 0)
            return;
    }
    char why[LOG_WHY_BYTES];
    if (sale_judge (sale, &record, why) == -1 ||
        book_reserve (day.book, sale, kind, 500, BOOK_EVENT) != BOOK_FITS)
        return;
    if (kind == RECORD_CANCELLED)
        shelf_cancel (&day, sale, agency, 0);
    else if (kind == RECORD_SEALED)
        shelf_put_to (&day, sale, &record, bytes_of (NULL, 0));
    else
        shelf_event (&day, sale, kind, record.agency, notes[dice_below (&dice, 2)]);
}

static void open_next (void)
{
    sale_t *sale;
    char why[BOOK_WHY_BYTES];
    for (int i = 0; i < DRAWS; i++) {
        const char *name = name_of (i);
        sale_terms_t terms = shelf_terms (name);
        terms.closes_ms = CLOSES_NEVER;
        if (book_find (day.book, bytes_of (name, strlen (name)), &sale, why) !=
            BOOK_NO_DRAW)
            continue;
        record_t opened = sale_opening (SHELF_IDENTITY + (uint64_t) i, &terms);
        const book_room_t room = book_open_draw (day.book, &opened, &sale);
        assert_true (room == BOOK_FITS || room == BOOK_LATER);
        break;
    }
}

static sale_t *any_sale (void)
{
    const size_t count = sales_count (day.sales);
    return count ? sales_at (day.sales, (size_t) dice_below (&dice, count)) : NULL;
}

static const char *name_of (int draw)
{
    static const char *const names[DRAWS] = {"first", "second", "third", "fourth",
                                             "fifth"};
    return names[draw];
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
    disk_file_t *file;
    change_count = 0;
    for (size_t i = 0; (file = disk_at (day.disk, i)); i++)
        for (size_t k = 0; k < file->changes_count; k++) {
            assert_true (change_count < CHANGES_MAX);
            changes[change_count++] = (change_t){file, k};
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
        const disk_file_t *file = changes[i].file;
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
    const bool entry = disk_entry_unsafe (day.disk);
    for (int came = !entry; came <= 1; came++) {
        if (!its_turn ())
            continue;
        disk_file_t *file;
        disk_t *disk = disk_clone (day.disk, NULL);
        for (size_t i = 0; (file = disk_at (day.disk, i)); i++)
            make_file (disk, file, fate);
        if (entry)
            disk_settle_entry (disk, came);
        recover (disk);
    }
}

/* What was synced, and of what came after that which arrived. */
static void make_file (disk_t *disk, const disk_file_t *from, const fate_t *fate)
{
    static uint8_t bytes[1 << 20];
    size_t size = from->durable.size;
    assert_true (from->cached.size < sizeof bytes && size < sizeof bytes);
    if (size > 0)
        memcpy (bytes, from->durable.data, size);
    for (size_t i = 0; i < change_count; i++) {
        if (changes[i].file != from || !fate->arrived[i])
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
    disk_set (disk_find (disk, from->name), bytes, size);
}

static bool seen_before (const disk_t *disk)
{
    uint64_t hash = XXH3_64bits (&promise, sizeof promise);
    const disk_file_t *file;
    for (size_t i = 0; (file = disk_at (disk, i)); i++) {
        const disk_image_t *bytes = &file->cached;
        hash = XXH3_64bits_withSeed (bytes->data, bytes->size, hash + i);
        hash = XXH3_64bits_withSeed (file->name, strlen (file->name), hash);
    }
    const char *link = disk_link_of (disk, BOOK_CSV);
    hash = XXH3_64bits_withSeed (link, link ? strlen (link) : 0, hash);
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
    image.bare = true;
    disk_mount (disk);
    if (!shelf_open (&image))
        fail_msg ("start refused: %s", image.why);
    replayed += book_recovery (image.book)->replayed;
    const uint32_t records = book_records (image.book);
    const uint64_t log = book_identity (image.book);
    shelf_close (&image);
    disk_cut (disk); // whatever was only written is gone
    shelf_start (&image);
    const book_recovery_t *again = book_recovery (image.book);
    assert_int_equal (book_records (image.book), records);
    assert_int_equal (again->replayed + again->rows_cut + again->index_cut +
                          again->rows_other + again->index_other,
                      0);
    assert_null (again->torn_checkpoint);
    assert_kept ();
    go_on ();
    shelf_close (&image);
    disk_cut (disk);
    shelf_start (&image);
    assert_kept ();
    assert_true (book_identity (image.book) == log);
    assert_true (identity == 0 || log == identity);
    shelf_close (&image);
    disk_destroy (&disk);
}

/* Whoever may sell on does; what is over is used once more; and a draw that was being
   opened, or another one, is opened. */
static void go_on (void)
{
    char why[BOOK_WHY_BYTES];
    sale_t *sale;
    for (int i = 0; i < DRAWS; i++) {
        const char *name = name_of (i);
        const book_found_t found =
            book_find (image.book, bytes_of (name, strlen (name)), &sale, why);
        if (found == BOOK_NO_DRAW) {
            sale_terms_t terms = shelf_terms (name);
            terms.closes_ms = CLOSES_NEVER;
            sale = shelf_draw_with (&image, SHELF_IDENTITY + (uint64_t) i, &terms);
        }
        for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
            const cursor_t *cursor = cursors_admit (sale->cursors, agency);
            if (sale_phase (sale) == PHASE_OPEN && !cursor_sealed (cursor))
                shelf_append_to (&image, sale, agency, 2);
            else if (sale_phase (sale) == PHASE_DRAWN &&
                     !(cursor->at.marks & CURSOR_SERVED))
                shelf_event (&image, sale, RECORD_SERVED, agency, NULL);
        }
        if (found == BOOK_NO_DRAW)
            break;
    }
    shelf_commit (&image);
    assert_true (book_put_away (image.book) >= 0);
}

static void assert_kept (void)
{
    for (int i = 0; i < DRAWS; i++)
        if (promise.draws[i].opened)
            assert_draw_kept (i, &promise.draws[i]);
}

static void assert_draw_kept (int draw, const draw_promise_t *promised)
{
    char why[BOOK_WHY_BYTES];
    const char *name = name_of (draw);
    sale_t *sale;
    if (book_find (image.book, bytes_of (name, strlen (name)), &sale, why) !=
        BOOK_FOUND)
        fail_msg ("draw %s: %s", name, why);
    assert_string_equal (why, "");
    const draw_promise_t found = draw_promise_of (sale);
    assert_true (found.events >= promised->events);
    assert_int_equal (found.flags & promised->flags, promised->flags);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        assert_true (found.next[agency] >= promised->next[agency]);
        assert_true (found.cancelled[agency] >= promised->cancelled[agency]);
        assert_int_equal (found.marks[agency] & promised->marks[agency],
                          promised->marks[agency]);
        if (promised->marks[agency] & (CURSOR_ASKED | CURSOR_EXCUSED) ||
            promised->flags)
            assert_true (found.next[agency] == promised->next[agency]);
    }
    shelf_check_draw (&image, sale, AGENCIES);
    assert_int_equal (book_learn (image.book, sale), 0);
}

/* What is put away cannot have changed meanwhile. */
static promised_t promise_of (const shelf_t *shelf)
{
    for (size_t i = 0; i < sales_count (shelf->sales); i++) {
        const sale_t *sale = sales_at (shelf->sales, i);
        known.draws[draw_of (sale)] = draw_promise_of (sale);
    }
    return known;
}

static draw_promise_t draw_promise_of (const sale_t *sale)
{
    draw_promise_t now = {.opened = true, .flags = sale->flags, .events = sale->events};
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        const cursor_t *cursor = cursors_find (sale->cursors, agency);
        now.next[agency] = cursor ? cursor->at.next : 0;
        now.cancelled[agency] = cursor ? cursor->at.cancelled : 0;
        now.marks[agency] = cursor ? cursor->at.marks : 0;
    }
    return now;
}

static int draw_of (const sale_t *sale)
{
    return (int) (sale->identity - SHELF_IDENTITY);
}
