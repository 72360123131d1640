/* recovery.c - starts state's own code on files in memory. */

#include "recovery.h"

#include <sys/stat.h>
#include <xxhash.h>

#include "testing.h"
#include "registrar.h"

typedef struct { // what differs between storage and state
    disk_file_t **file[RECORDING_FILES_MAX];
    bool (*open) (void);
    found_t (*found) (void);
    void (*settle) (const recording_t *recording);
    const char *(*why) (void);
    void (*check) (const recording_t *recording, const promise_t *promise);
    void (*go_on) (const recording_t *recording, promise_t *promise);
} product_t;

static const product_t *product_of (const recording_t *recording);
static void load (const recording_t *recording, const bytes_t *files);
static bool anything_lost (const recording_t *recording, const bytes_t *files,
                           uint32_t records);
static void assert_kept (const recording_t *recording, const promise_t *promise);
static void cut_power (const recording_t *recording);
static void keep_sample (const recording_t *recording, const char *sample,
                         const char *when);
static void keep_text (const char *sample, const char *name, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static struct { // state's file, and what it makes of it
    disk_t *disk;
    disk_file_t *file;
    journal_t *journal;
    draw_t *draw;
    char why[JOURNAL_WHY_BYTES];
} desk;
static uint8_t *settled[RECORDING_FILES_MAX]; // the files as the first start made them
static size_t settled_size[RECORDING_FILES_MAX];

found_t recovery_passes (const recording_t *recording, const promise_t *promise,
                         const bytes_t *files, const char *sample)
{
    const product_t *product = product_of (recording);
    load (recording, files);
    keep_sample (recording, sample, "before");
    if (!product->open ())
        fail_msg ("start refused: %s", product->why ());
    const found_t found = product->found ();
    keep_text (sample, "torn", "%llu", (unsigned long long) found.torn);
    if (anything_lost (recording, files, found.records))
        assert_true (found.torn > 0);
    product->settle (recording);
    product->check (recording, promise);
    assert_kept (recording, promise);
    keep_sample (recording, sample, "after");

    promise_t more = *promise;
    for (unsigned i = 0; i < recording->file_count; i++) {
        const disk_image_t *cached = &(*product->file[i])->cached;
        settled[i] = realloc (settled[i], cached->size + 1);
        assert_non_null (settled[i]);
        settled_size[i] = cached->size;
        if (cached->size > 0)
            memcpy (settled[i], cached->data, cached->size);
        more.files[i] = bytes_of (settled[i], settled_size[i]);
    }
    cut_power (recording); // whatever was only written is gone
    assert_true (product->open ());
    assert_int_equal (product->found ().torn, 0);
    product->settle (recording);
    assert_kept (recording, &more);
    for (unsigned i = 0; i < recording->file_count; i++)
        assert_int_equal ((*product->file[i])->cached.size, settled_size[i]);

    product->go_on (recording, &more);
    cut_power (recording);
    assert_true (product->open ());
    assert_int_equal (product->found ().torn, 0);
    product->check (recording, &more);
    assert_kept (recording, &more);
    return found;
}

void recovery_refused (const recording_t *recording, const bytes_t *files,
                       const char *begins, const char *contains, const char *sample)
{
    const product_t *product = product_of (recording);
    load (recording, files);
    keep_sample (recording, sample, "before");
    if (product->open ())
        fail_msg ("%u records were read from what is damaged",
                  product->found ().records);
    if (strncmp (product->why (), begins, strlen (begins)) != 0 ||
        !strstr (product->why (), contains))
        fail_msg ("'%s' does not begin with '%s' and contain '%s'", product->why (),
                  begins, contains);
    keep_text (sample, "why", "%s", product->why ());
}

void recovery_free (void)
{
    draw_destroy (&desk.draw);
    journal_destroy (&desk.journal);
    disk_destroy (&desk.disk);
    for (size_t i = 0; i < RECORDING_FILES_MAX; i++) {
        free (settled[i]);
        settled[i] = NULL;
    }
}

/* ---- State ---- */

/* What state.c does with a record. */
static int found_event (void *context, uint32_t index, const uint8_t *payload,
                        char *why)
{
    draw_record_t event;
    draw_get_record (payload, &event);
    if ((event.event == DRAW_OPENED) == (index == 0) &&
        draw_apply (context, &event) == 0)
        return 0;
    snprintf (why, JOURNAL_WHY_BYTES, "it says what cannot have happened");
    return -1;
}

static bool open_draw (void)
{
    draw_destroy (&desk.draw);
    journal_destroy (&desk.journal);
    desk.draw = draw_new ();
    strcpy (desk.why, "?");
    const unsigned touches = disk_touches (desk.file);
    desk.journal =
        journal_open (desk.file->file, "draw", found_event, desk.draw, desk.why);
    assert_int_equal (disk_touches (desk.file), touches);
    return desk.journal != NULL;
}

static found_t found_in_draw (void)
{
    return (found_t){journal_count (desk.journal), journal_torn (desk.journal)};
}

static const char *why_no_draw (void)
{
    return desk.why;
}

static void record_event (const draw_record_t *event)
{
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
    assert_int_equal (draw_apply (desk.draw, event), 0);
    draw_put_record (payload, event);
    journal_append (desk.journal, payload);
    assert_int_equal (journal_write (desk.journal), 0);
    assert_int_equal (journal_sync (desk.journal), 0);
}

/* As state.c does before it serves: settle, open the day, and make up for a draw. */
static void settle_draw (const recording_t *recording)
{
    assert_int_equal (journal_settle (desk.journal), 0);
    if (!draw_opened (desk.draw))
        record_event (&(draw_record_t){.event = DRAW_OPENED,
                                       .agencies = recording->agencies,
                                       .number = recording->number});
    registrar_t *registrar = registrar_new (desk.draw, desk.journal);
    assert_int_equal (registrar_commit (registrar), 0);
    registrar_destroy (&registrar);
}

static void check_draw (const recording_t *recording, const promise_t *promise)
{
    assert_int_equal (draw_agencies (desk.draw), recording->agencies);
    assert_int_equal (draw_number (desk.draw), recording->number);
    assert_true (draw_made (desk.draw) || !promise->drawn);
    for (uint32_t agency = 1; agency <= recording->agencies; agency++) {
        const bool sealed = draw_sealed (desk.draw, agency);
        assert_true (sealed || !promise->sealed[agency]);
        assert_true (sealed || !draw_made (desk.draw));
        assert_true (draw_served (desk.draw, agency) || !promise->served[agency]);
        if (sealed)
            assert_int_equal (draw_count (desk.draw, agency),
                              recording->sold[agency].count);
    }
    assert_int_equal ((journal_count (desk.journal) + 1) * JOURNAL_RECORD_BYTES,
                      desk.file->cached.size);
}

/* The next thing that can happen. */
static void draw_on (const recording_t *recording, promise_t *promise)
{
    for (uint32_t agency = 1; agency <= recording->agencies; agency++) {
        draw_record_t event = {.agency = agency};
        if (!draw_sealed (desk.draw, agency)) {
            event.event = DRAW_SEALED;
            event.count = recording->sold[agency].count;
            event.identity = draw_identity (desk.draw) ? draw_identity (desk.draw) : 1;
            promise->sealed[agency] = true;
        } else if (draw_made (desk.draw) && !draw_served (desk.draw, agency)) {
            event.event = DRAW_SERVED;
            promise->served[agency] = true;
        } else
            continue;
        record_event (&event);
        return;
    }
}

/* ---- What both have in common ---- */

static const product_t state = {
    .file = {&desk.file},
    .open = open_draw,
    .found = found_in_draw,
    .settle = settle_draw,
    .why = why_no_draw,
    .check = check_draw,
    .go_on = draw_on,
};

static const product_t *product_of (const recording_t *recording)
{
    (void) recording;
    return &state;
}

static void load (const recording_t *recording, const bytes_t *files)
{
    const product_t *product = product_of (recording);
    if (!desk.disk) {
        desk.disk = disk_new (NULL);
        desk.file = disk_file (desk.disk, "draw.journal");
    }
    for (unsigned i = 0; i < recording->file_count; i++)
        disk_set (*product->file[i], files[i].data, files[i].size);
}

/* Whether bytes other than zeros lie behind what is kept. */
static bool anything_lost (const recording_t *recording, const bytes_t *files,
                           uint32_t records)
{
    const bytes_t journal = files[recording->file_count - 1];
    for (size_t i = ((size_t) records + 1) * JOURNAL_RECORD_BYTES; i < journal.size;
         i++)
        if (journal.data[i] != 0)
            return true;
    return false;
}

static void assert_kept (const recording_t *recording, const promise_t *promise)
{
    for (unsigned i = 0; i < recording->file_count; i++) {
        const disk_image_t *cached = &(*product_of (recording)->file[i])->cached;
        const bytes_t kept = promise->files[i];
        assert_true (kept.size <= cached->size);
        if (kept.size > 0)
            assert_memory_equal (kept.data, cached->data, kept.size);
    }
}

static void cut_power (const recording_t *recording)
{
    for (unsigned i = 0; i < recording->file_count; i++)
        disk_cut_file (*product_of (recording)->file[i]);
}

static FILE *sample_file (const char *directory, const char *name)
{
    char path[4096];
    mkdir (directory, 0700); // it may be there already
    assert_true (snprintf (path, sizeof path, "%s/%s", directory, name) <
                 (int) sizeof path);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    return file;
}

static void keep_sample (const recording_t *recording, const char *sample,
                         const char *when)
{
    char directory[2048];
    if (!sample)
        return;
    mkdir (sample, 0700);
    assert_true (snprintf (directory, sizeof directory, "%s/%s", sample, when) <
                 (int) sizeof directory);
    for (unsigned i = 0; i < recording->file_count; i++) {
        const disk_image_t *cached = &(*product_of (recording)->file[i])->cached;
        FILE *file = sample_file (directory, recording->files[i]);
        if (cached->size > 0)
            assert_int_equal (fwrite (cached->data, 1, cached->size, file),
                              cached->size);
        assert_int_equal (fclose (file), 0);
    }
}

static void keep_text (const char *sample, const char *name, const char *format, ...)
{
    if (!sample)
        return;
    va_list arguments;
    FILE *file = sample_file (sample, name);
    va_start (arguments, format);
    vfprintf (file, format, arguments);
    va_end (arguments);
    assert_int_equal (fclose (file), 0);
}
