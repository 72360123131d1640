/* fuzz_journal.c - a journal on a disk that did its worst. The first byte chooses: the
   rest is a whole file; or changes to a sound journal (two bytes of place, one of
   value), some of them with their record's check made right again, as a forger would.

   What opens is a beginning of what there was, unless somebody forged it; it can be
   settled and appended to, and is the same when it is opened once more. */

#include "fuzz.h"

#include "disk.h"

#include "journal.h"

#include <xxhash.h>

#define RECORDS  12
#define FORGED   0x8000 // in a change's place: mend the record's check
#define CHECK_AT 52

typedef struct {
    uint32_t count;
    uint8_t payloads[1024][JOURNAL_PAYLOAD_BYTES];
} found_t;

static void make_sound (disk_file_t *file);
static bool damage (disk_file_t *file, const uint8_t *data, size_t size);
static int note (void *context, uint32_t index, const uint8_t *payload, char *why);
static void check (disk_file_t *file, bool forged);
static void payload_of (uint32_t index, uint8_t *payload);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    disk_t *disk = disk_new (NULL);
    disk_file_t *file = disk_file (disk, "bets.journal");
    if (size > 0 && data[0] == 'F') {
        disk_set (file, data + 1, size - 1);
        check (file, true);
    } else if (size > 0) {
        make_sound (file);
        check (file, damage (file, data + 1, size - 1));
    }
    disk_destroy (&disk);
    return 0;
}

static void make_sound (disk_file_t *file)
{
    char why[JOURNAL_WHY_BYTES];
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
    found_t found = {0};
    journal_t *journal = journal_open (file->file, "bets", note, &found, why);
    MUST (journal && journal_settle (journal) == 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        payload_of (i, payload);
        journal_append (journal, payload);
        if (i % 3 == 2)
            MUST (journal_write (journal) == 0 && journal_sync (journal) == 0);
    }
    journal_destroy (&journal);
}

/* Whether a record was forged. */
static bool damage (disk_file_t *file, const uint8_t *data, size_t size)
{
    bool forged = false;
    for (; size >= 3; data += 3, size -= 3) {
        const unsigned place = (unsigned) data[0] << 8 | data[1];
        const size_t at = (place & ~FORGED) % (file->cached.size + 1);
        if (at == file->cached.size) { // its length, too
            const size_t cut =
                data[2] < file->cached.size ? data[2] : file->cached.size;
            file->file->ops->truncate (file->file, file->cached.size - cut);
            if (file->cached.size == 0)
                break;
            continue;
        }
        file->cached.data[at] = data[2];
        const size_t record = at / JOURNAL_RECORD_BYTES * JOURNAL_RECORD_BYTES;
        if (place & FORGED && record + JOURNAL_RECORD_BYTES <= file->cached.size) {
            const uint32_t sum =
                (uint32_t) XXH3_64bits (file->cached.data + record, CHECK_AT);
            put_u32 (file->cached.data + record + CHECK_AT, sum);
            forged = true;
        }
    }
    return forged;
}

static int note (void *context, uint32_t index, const uint8_t *payload, char *why)
{
    (void) why;
    found_t *found = context;
    MUST (index == found->count);
    if (found->count < 1024)
        memcpy (found->payloads[found->count], payload, JOURNAL_PAYLOAD_BYTES);
    found->count++;
    return 0;
}

static void check (disk_file_t *file, bool forged)
{
    static found_t found, again; // too large for the stack
    char why[JOURNAL_WHY_BYTES];
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
    found.count = again.count = 0;
    journal_t *journal = journal_open (file->file, "bets", note, &found, why);
    if (!journal) {
        MUST (strstr (why, "bets.journal") != NULL); // it names the file
        return;
    }
    for (uint32_t i = 0; !forged && i < found.count; i++) {
        payload_of (i, payload);
        MUST (memcmp (found.payloads[i], payload, sizeof payload) == 0);
    }
    MUST (journal_count (journal) == found.count);
    MUST (journal_settle (journal) == 0);
    payload_of (found.count, payload);
    MUST (journal_append (journal, payload) == found.count);
    MUST (journal_write (journal) == 0 && journal_sync (journal) == 0);
    const uint64_t chain = journal_chain (journal);
    journal_destroy (&journal);

    journal = journal_open (file->file, "bets", note, &again, why);
    MUST (journal && again.count == found.count + 1);
    MUST (journal_chain (journal) == chain && journal_torn (journal) == 0);
    journal_destroy (&journal);
}

static void payload_of (uint32_t index, uint8_t *payload)
{
    memset (payload, (int) (index * 37 + 1), JOURNAL_PAYLOAD_BYTES);
    payload[0] = 'B';
}
