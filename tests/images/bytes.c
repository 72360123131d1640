/* bytes.c - every byte of the recorded day's files is changed, and every length of them
   is tried. */

#include <stdio.h>
#include <stdlib.h>

#include "images.h"
#include "journal.h"
#include "testing.h"

#define RECORD      JOURNAL_RECORD_BYTES
#define RECORDS_MAX 4096

typedef struct { // sound files, and what docs/storage.md says of their records
    bytes_t files[RECORDING_FILES_MAX];
    unsigned journal;                   // which of the files; bets.csv is another
    uint32_t records;                   // in it
    uint32_t vouched;                   // so many have one behind them that vouches
    uint64_t position[RECORDS_MAX + 1]; // of their rows in bets.csv; and the end
} day_t;

static void with_a_tail (size_t *steps);
static void play (size_t steps);
static void read_records (void);
static void try_day (void);
static void flip_every_byte (unsigned file);
static void try_every_length (unsigned file);
static void refused (const bytes_t *files, unsigned file, uint32_t hurt,
                     const char *sample);
static void passes (const bytes_t *files, uint32_t records, const char *sample);
static uint32_t record_at (unsigned file, uint64_t byte);
static uint64_t number (const uint8_t *at, size_t size);

static const recording_t *recording;
static const images_options_t *options;
static day_t day;
static uint64_t flips, flips_refused, lengths, lengths_refused, lengths_whole;

void bytes_run (const recording_t *of, const images_options_t *with)
{
    recording = of;
    options = with;
    size_t steps;
    with_a_tail (&steps);
    play (steps);
    try_day ();
    play (recording->count);
    try_day ();
    printf (
        "bytes changed: %llu, of which %llu refused with their place, the others in "
        "a tail that nothing vouches for\n",
        (unsigned long long) flips, (unsigned long long) flips_refused);
    printf ("lengths tried: %llu, of which %llu refused with their place, %llu cut off "
            "with a message, %llu that nothing shows\n",
            (unsigned long long) lengths, (unsigned long long) lengths_refused,
            (unsigned long long) (lengths - lengths_refused - lengths_whole),
            (unsigned long long) lengths_whole);
    for (unsigned i = 0; i < recording->file_count; i++)
        free ((void *) day.files[i].data);
}

/* The moment of the day with most records that nothing vouches for. */
static void with_a_tail (size_t *steps)
{
    uint32_t most = 0;
    *steps = 0;
    for (size_t i = 0; i < recording->count; i++) {
        const step_t *step = &recording->steps[i];
        if (step->kind != STEP_SYNC || step->file != recording->file_count - 1)
            continue;
        play (i + 1);
        if (day.records - day.vouched > most) {
            most = day.records - day.vouched;
            *steps = i + 1;
        }
    }
    assert_true (most > 0);
}

/* The files as processes see them after so many steps. */
static void play (size_t steps)
{
    disk_t *disk = disk_new (NULL);
    for (unsigned i = 0; i < recording->file_count; i++) {
        disk_file_t *file = disk_file (disk, recording->files[i]);
        for (size_t step = 0; step < steps; step++)
            if (recording->steps[step].file == i)
                recording_redo (&recording->steps[step], file);
        free ((void *) day.files[i].data);
        uint8_t *data = malloc (file->cached.size + 1);
        assert_non_null (data);
        day.files[i] = bytes_of (data, file->cached.size);
        if (file->cached.size > 0)
            memcpy (data, file->cached.data, file->cached.size);
    }
    disk_destroy (&disk);
    read_records ();
}

static void read_records (void)
{
    day.journal = recording->file_count - 1;
    const bytes_t journal = day.files[day.journal];
    assert_true (journal.size >= RECORD && journal.size % RECORD == 0);
    day.records = (uint32_t) (journal.size / RECORD - 1);
    assert_true (day.records <= RECORDS_MAX);
    day.vouched = 0;
    day.position[0] = 0;
    for (uint32_t i = 0; i < day.records; i++) {
        const uint8_t *record = journal.data + (i + 1) * (size_t) RECORD;
        day.vouched = (uint32_t) number (record + JOURNAL_PAYLOAD_BYTES, 4);
        day.position[i + 1] = day.position[i];
        if (day.journal > 0) {
            assert_true (number (record + 16, 8) == day.position[i]);
            day.position[i + 1] += number (record + 24, 4);
        }
    }
}

static void try_day (void)
{
    snprintf (images_case, sizeof images_case, "%u records, %u vouched for",
              day.records, day.vouched);
    passes (day.files, day.records, NULL);
    for (unsigned file = 0; file < recording->file_count; file++) {
        flip_every_byte (file);
        try_every_length (file);
    }
}

static void flip_every_byte (unsigned file)
{
    const bytes_t sound = day.files[file];
    uint8_t *hurt = malloc (sound.size + 1);
    assert_non_null (hurt);
    put_bytes (hurt, sound);
    bytes_t files[RECORDING_FILES_MAX] = {day.files[0], day.files[1]};
    files[file].data = hurt;
    const size_t bits = options->all ? 8 : 1; // of each byte another one
    for (size_t at = 0; at < sound.size * bits; at++) {
        const size_t byte = at / bits;
        if (!images_turn ())
            continue;
        const uint8_t flip = (uint8_t) (1u << (at % bits + byte) % 8);
        snprintf (images_case, sizeof images_case, "%s, byte %zu of %zu changed by %#x",
                  recording->files[file], byte, sound.size, flip);
        flips++;
        const char *sample = images_sample (options, "flip", flips);
        hurt[byte] = sound.data[byte] ^ flip;
        if (file == day.journal && byte < RECORD) {
            recovery_refused (recording, files, recording->files[file], ": byte 0: no ",
                              sample);
            flips_refused++;
        } else if (record_at (file, byte) < day.vouched) {
            refused (files, file, record_at (file, byte), sample);
            flips_refused++;
        } else
            passes (files, record_at (file, byte), sample);
        hurt[byte] = sound.data[byte];
    }
    free (hurt);
}

static void try_every_length (unsigned file)
{
    bytes_t files[RECORDING_FILES_MAX] = {day.files[0], day.files[1]};
    for (size_t size = 0; size < day.files[file].size; size++) {
        if (!images_turn ())
            continue;
        snprintf (images_case, sizeof images_case, "%s cut to %zu of %zu bytes",
                  recording->files[file], size, day.files[file].size);
        lengths++;
        const char *sample = images_sample (options, "cut", lengths);
        files[file].size = size;
        if (file != day.journal && record_at (file, size) < day.vouched) {
            refused (files, file, record_at (file, size), sample);
            lengths_refused++;
        } else if (file != day.journal)
            passes (files, record_at (file, size), sample);
        else if (size > 0 && size < RECORD) {
            recovery_refused (recording, files, recording->files[file], ": byte 0: no ",
                              sample);
            lengths_refused++;
        } else if (size == 0 && files[0].size > 0) {
            recovery_refused (recording, files,
                              "bets.csv: byte 0: ", "behind what the journal covers",
                              sample);
            lengths_refused++;
        } else
            passes (files, size > 0 ? record_at (file, size) : 0, sample);
    }
}

static void refused (const bytes_t *files, unsigned file, uint32_t hurt,
                     const char *sample)
{
    char begins[128], contains[128] = "";
    snprintf (begins, sizeof begins, "%s: byte %u: record %u is damaged, and ",
              recording->files[day.journal], RECORD * (hurt + 1), hurt);
    if (file != day.journal)
        snprintf (contains, sizeof contains, "bets.csv: bytes %llu to %llu: ",
                  (unsigned long long) day.position[hurt],
                  (unsigned long long) day.position[hurt + 1]);
    recovery_refused (recording, files, begins, contains, sample);
}

/* Exactly so many records are left, with their rows, as they were; everything behind
   them is cut off, and the process says how much that is. */
static void passes (const bytes_t *files, uint32_t records, const char *sample)
{
    promise_t promise = {0};
    const uint64_t records_end = RECORD * ((uint64_t) records + 1);
    const uint64_t rows_end = day.position[records];
    uint64_t torn = 0;
    if (files[day.journal].size > 0) {
        promise.files[day.journal] =
            bytes_of (day.files[day.journal].data, records_end);
        torn = files[day.journal].size - records_end;
    }
    if (day.journal > 0) {
        promise.files[0] = bytes_of (day.files[0].data, rows_end);
        torn += files[0].size - rows_end;
    }
    const found_t found = recovery_passes (recording, &promise, files, sample);
    assert_int_equal (found.records, records);
    assert_int_equal (found.torn, torn);
    if (records < day.records && torn == 0)
        lengths_whole++;
}

/* Which record this byte is part of, or is where its rows lie. */
static uint32_t record_at (unsigned file, uint64_t byte)
{
    if (file == day.journal)
        return (uint32_t) (byte / RECORD - 1);
    uint32_t record = 0;
    while (record < day.records && day.position[record + 1] <= byte)
        record++;
    return record;
}

/* Network byte order. */
static uint64_t number (const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}
