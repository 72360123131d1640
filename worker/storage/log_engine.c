/* log_engine.c - the log that an engine keeps. For storage.

   The page in the data directory: magic 16, format u32, zero u32, identity u64, zeros,
   XXH3 of bytes 0-119 at 120; then what is written over and over: records that are safe
   u64, XXH3 of that; zeros to its end. */

#include "log_engine.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "clock.h"
#include "log_group.h"
#include "log_state.h"
#include "xxh3.h"

#define PAGE_MAGIC     "LOTERIA ENGINE\n" // and the zero that ends it
#define PAGE_FORMAT    1
#define PAGE_HASH_AT   120
#define NOTE_AT        128
#define NOTE_BYTES     16
#define RETRY_MS       20
#define WAIT_MS        4000 // for a commit, as the process is told to stop
#define SIZES_KEPT     4096 // groups of which it is known how large they are
#define POSITION_LIMIT ((uint64_t) INT64_MAX)

typedef struct {
    log_t base;
    engine_t *engine; // borrowed
    file_t *file;     // borrowed
    bool asked;       // READ, which is not answered yet
    uint64_t asked_epoch;
    bool answered;  // once, since it follows
    bool more;      // there is, behind the end of the last answer
    bool compare;   // the last group that was found with the engine's, before more is
    bool all_found; // in the last answer that came with `epoch` there was nothing more
    uint64_t epoch; // of who leads; 0: it follows
    uint64_t heard; // the highest epoch that an answer came with
    uint64_t there, safe;          // groups
    uint64_t vouched;              // records that were safe, as is known from elsewhere
    uint64_t noted;                // likewise, as the page says
    uint64_t newest_epoch;         // of the entries
    uint64_t bytes, bytes_written; // since the mark released last; in all
    uint64_t sizes[SIZES_KEPT];    // bytes_written at the end of a group, by ordinal
    char silence[ENGINE_WHY_BYTES], failure[ENGINE_WHY_BYTES + 128];
} log_engine_t;

static_assert (sizeof PAGE_MAGIC == 16, "as long as it is written");
static_assert (ENGINE_WHY_BYTES <= LOG_WHY_BYTES, "one fits the other");

static void destroy (log_t *log);
static int settle (log_t *log);
static log_room_t room (log_t *log, size_t size, bool kept);
static int start (log_t *log);
static int descriptor (log_t *log);
static int outcome (log_t *log);
static int fail (log_engine_t *log, engine_outcome_t outcome, const char *reason);
static int wait_for_all (log_t *log);
static void released (log_t *log);
static uint64_t unreleased (const log_t *log);
static void count (const log_t *log, log_counts_t *counts);
static int sound (log_t *log);
static const char *failure (const log_t *log);
static int check_page (log_engine_t *log, uint64_t expected, char *why);
static bool all_found (const log_engine_t *log);
static void await (log_engine_t *log, int64_t until_ms);
static void ask_on (log_engine_t *log);
static int take_answer (log_engine_t *log, const engine_answer_t *answer,
                        log_found_fn *found, void *context, char *why);
static bool is_safe (log_engine_t *log, const engine_entry_t *entry);
static int note_safe (log_engine_t *log);
static uint64_t read_note (const uint8_t *page);
static int refuse_superseded (log_engine_t *log, uint64_t epoch, char *why);
static int compare_last (log_engine_t *log, const engine_answer_t *answer, char *why);
static int refuse_shorter (log_engine_t *log, uint64_t there, char *why);
static int take_entry (log_engine_t *log, const engine_entry_t *entry,
                       log_found_fn *found, void *context, char *why);
static bool read_entry (log_engine_t *log, const engine_entry_t *entry, group_t *group);
static void note_size (log_engine_t *log, uint64_t ordinal, uint64_t bytes);
static int refuse (const log_engine_t *log, uint64_t ordinal, char *why,
                   const char *format, ...) __attribute__ ((format (printf, 4, 5)));

static const log_ops_t engine_ops = {.destroy = destroy,
                                     .settle = settle,
                                     .room = room,
                                     .start = start,
                                     .descriptor = descriptor,
                                     .outcome = outcome,
                                     .wait = wait_for_all,
                                     .released = released,
                                     .unreleased = unreleased,
                                     .count = count,
                                     .sound = sound,
                                     .failure = failure};

int log_engine_sign (file_t *file, uint64_t identity)
{
    uint8_t page[LOG_PAGE_BYTES] = {0};
    memcpy (page, PAGE_MAGIC, sizeof PAGE_MAGIC);
    put_u32 (page + 16, PAGE_FORMAT);
    put_u64 (page + 24, identity);
    put_u64 (page + PAGE_HASH_AT, XXH3_64bits (page, PAGE_HASH_AT));
    if (file->ops->write (file, page, sizeof page, 0) == -1)
        return -1;
    return file->ops->sync (file);
}

bool log_engine_note (const uint8_t *page, uint64_t *identity)
{
    if (memcmp (page, PAGE_MAGIC, sizeof PAGE_MAGIC) != 0 ||
        get_u32 (page + 16) != PAGE_FORMAT ||
        XXH3_64bits (page, PAGE_HASH_AT) != get_u64 (page + PAGE_HASH_AT))
        return false;
    if (identity)
        *identity = get_u64 (page + 24);
    return true;
}

int log_engine_signed (file_t *file)
{
    uint8_t page[LOG_PAGE_BYTES];
    const ssize_t got = file->ops->read (file, page, sizeof page, 0);
    return got == -1 ? -1 : got == LOG_PAGE_BYTES && log_engine_note (page, NULL);
}

log_t *log_engine_open (engine_t *engine, file_t *file, uint64_t identity,
                        const log_mark_t *mark, char *why)
{
    log_engine_t *log = calloc (1, sizeof *log);
    assert (log);
    log->base.ops = &engine_ops;
    log->base.identity = engine ? engine->identity : identity;
    log->engine = engine;
    log->file = file;
    log_make_room (&log->base, LOG_GROUP_BYTES_MAX);
    chain_start (identity, log->base.written.chain);
    if (mark)
        log->base.written = *mark;
    log->base.released = log->base.written;
    log->compare = log->base.written.position > 0;
    log->safe = log->there = log->base.written.position;
    log_found_all (&log->base);
    log_t *base = &log->base;
    if (check_page (log, identity, why) == -1) {
        const int error = errno;
        log_destroy (&base);
        errno = error;
    }
    return base;
}

/* That it is the page of this log, and the mark one that such a log has. */
static int check_page (log_engine_t *log, uint64_t expected, char *why)
{
    uint8_t page[LOG_PAGE_BYTES];
    uint64_t identity = 0;
    const log_mark_t *mark = &log->base.written;
    const ssize_t got = log->file->ops->read (log->file, page, sizeof page, 0);
    errno = got == -1 ? errno : 0;
    if (got == -1)
        snprintf (why, LOG_WHY_BYTES, "%s: cannot be read, %s", log->file->name,
                  strerror (errno));
    else if (got < LOG_PAGE_BYTES || !log_engine_note (page, &identity))
        snprintf (
            why, LOG_WHY_BYTES,
            "%s: the log of this day is in this file, and not in an engine: start "
            "without --log, or take an empty directory",
            log->file->name);
    else if (identity != log->base.identity || identity != expected)
        snprintf (why, LOG_WHY_BYTES,
                  "%s: the day in this directory is of another log than %s has: "
                  "%016" PRIx64 ", and not %016" PRIx64
                  "; see what --log says, or take an empty directory",
                  log->file->name, log->engine ? log->engine->name : "the checkpoint",
                  identity, log->base.identity);
    else if (mark->position > POSITION_LIMIT || mark->last > mark->position ||
             mark->position - mark->last != (mark->position > 0))
        snprintf (why, LOG_WHY_BYTES, "%s: there is no such place in it: %" PRIu64,
                  log->file->name, mark->position);
    else {
        log->noted = read_note (page);
        return 0;
    }
    return -1;
}

/* One that was torn says nothing, and one that a power cut took back says less. */
static uint64_t read_note (const uint8_t *page)
{
    const uint8_t *note = page + NOTE_AT;
    return get_u64 (note + 8) == XXH3_64bits (note, 8) ? get_u64 (note) : 0;
}

/* What is safe is seen in the records that follow; of the last one nobody would know.
   It is not synced: the next start reads it after a kill. */
static int note_safe (log_engine_t *log)
{
    uint8_t note[NOTE_BYTES];
    if (log->base.written.sequence <= log->noted)
        return 0;
    put_u64 (note, log->base.written.sequence);
    put_u64 (note + 8, XXH3_64bits (note, 8));
    if (log->file->ops->write (log->file, note, sizeof note, NOTE_AT) == -1)
        return -1;
    log->noted = log->base.written.sequence;
    return 0;
}

uint64_t log_noted (const log_t *base)
{
    return ((const log_engine_t *) base)->noted;
}

/* ---- Following ---- */

int log_follow (log_t *base, log_found_fn *found, void *context, char *why)
{
    log_engine_t *log = (log_engine_t *) base;
    engine_answer_t answer;
    int groups = 0;
    assert (!base->busy && base->group_size == 0);
    if (log->asked) {
        const engine_outcome_t came =
            log->engine->ops->look (log->engine, ENGINE_LOG, &answer);
        if (came == ENGINE_PENDING)
            return 0;
        log->asked = false;
        if (came == ENGINE_FENCED)
            return fail (log, came, answer.why), refuse (log, 0, why, "%s", answer.why);
        snprintf (log->silence, sizeof log->silence, "%s",
                  came == ENGINE_DONE ? "" : answer.why);
        if (came == ENGINE_DONE && log->asked_epoch == log->epoch)
            groups = take_answer (log, &answer, found, context, why);
    }
    if (groups != -1 && !log_leads (base))
        ask_on (log);
    return groups;
}

bool log_behind (const log_t *base)
{
    const log_engine_t *log = (const log_engine_t *) base;
    return log->asked || base->written.position < log->safe;
}

uint64_t log_groups_there (const log_t *base)
{
    return ((const log_engine_t *) base)->there;
}

uint64_t log_groups_found (const log_t *base)
{
    return base->written.position;
}

const char *log_silence (const log_t *base)
{
    const log_engine_t *log = (const log_engine_t *) base;
    return log->silence[0] ? log->silence : NULL;
}

void log_vouch (log_t *base, uint64_t sequence)
{
    ((log_engine_t *) base)->vouched = sequence;
}

void log_lead (log_t *base, uint64_t epoch)
{
    log_engine_t *log = (log_engine_t *) base;
    assert (epoch > 0);
    log->epoch = epoch;
    log->all_found = false;
    log->compare = base->written.position > 0;
}

bool log_leads (const log_t *base)
{
    const log_engine_t *log = (const log_engine_t *) base;
    return log->epoch > 0 && log->all_found;
}

int log_catch_up (log_t *base, log_found_fn *found, void *context, uint64_t sequence,
                  uint64_t bytes, int64_t silence_ms, char *why)
{
    log_engine_t *log = (log_engine_t *) base;
    int64_t until_ms = clock_ms () + silence_ms;
    while (!all_found (log)) {
        if (log->bytes >= bytes && base->written.sequence >= sequence)
            return 0;
        const int groups = log_follow (base, found, context, why);
        if (groups == -1) {
            errno = base->superseded ? ESTALE : 0;
            return -1;
        }
        if (groups > 0)
            until_ms = clock_ms () + silence_ms;
        else if (clock_ms () >= until_ms) {
            snprintf (why, LOG_WHY_BYTES, "%s",
                      log_silence (base) ? log_silence (base) : "it does not answer");
            errno = ETIMEDOUT;
            return -1;
        } else
            await (log, until_ms);
    }
    return 1;
}

/* Who follows has all once he has what is safe, by an answer of his own; and that may
   have ended before what is vouched for. */
static bool all_found (const log_engine_t *log)
{
    const bool unseen = log->more && log->base.written.sequence < log->vouched;
    return log->epoch > 0
               ? log_leads (&log->base)
               : log->answered && !unseen && log->base.written.position == log->safe;
}

static void await (log_engine_t *log, int64_t until_ms)
{
    struct pollfd news = {.fd = descriptor (&log->base), .events = POLLIN};
    const int64_t left_ms = until_ms - clock_ms ();
    if (log->silence[0])
        poll (NULL, 0, RETRY_MS);
    if (log->asked && news.fd != -1 && left_ms > 0 && !all_found (log))
        poll (&news, 1, (int) left_ms);
}

static void ask_on (log_engine_t *log)
{
    if (log->asked)
        return;
    const engine_question_t question = {
        .kind = ENGINE_READ,
        .epoch = log->epoch > 0 ? log->epoch : log->heard,
        .ordinal = log->base.written.position + !log->compare};
    log->engine->ops->ask (log->engine, ENGINE_LOG, &question);
    log->asked = true;
    log->asked_epoch = log->epoch;
}

/* An entry may be acted on when the active was told that it is safe, when there is
   another behind it, or when it was read with an epoch of one's own. */
static int take_answer (log_engine_t *log, const engine_answer_t *answer,
                        log_found_fn *found, void *context, char *why)
{
    size_t next = 0;
    int groups = 0;
    log->heard = answer->epoch;
    log->there = answer->last;
    if (log->epoch > 0 && answer->epoch != log->epoch)
        return refuse_superseded (log, answer->epoch, why);
    if (log->epoch == 0 && answer->last < log->base.written.position) {
        snprintf (log->silence, sizeof log->silence,
                  "%s: groups %" PRIu64 " to %" PRIu64
                  ", which were safe, are not at the "
                  "machine that answers: it is one that was left behind, or the engine "
                  "has lost what was acknowledged: let the machine that has it lead "
                  "again, and keep this directory",
                  log->engine->name, answer->last + 1, log->base.written.position);
        return 0;
    }
    if (log->compare) {
        if (compare_last (log, answer, why) == -1)
            return -1;
        log->compare = false;
        next = 1;
    }
    const uint64_t before = answer->last > 0 ? answer->last - 1 : 0;
    log->safe = log->epoch > 0             ? answer->last
                : answer->durable > before ? answer->durable
                                           : before;
    if (log->safe > answer->last)
        return refuse_shorter (log, answer->last, why);
    if (log->safe < log->base.written.position) // what was vouched for
        log->safe = log->base.written.position;
    while (next < answer->count && is_safe (log, &answer->entries[next])) {
        if (take_entry (log, &answer->entries[next++], found, context, why) == -1)
            return -1;
        groups++;
    }
    log_found_all (&log->base);
    if (note_safe (log) == -1) {
        const int error = errno;
        refuse (log, 0, why, "%s: cannot be written, %s", log->file->name,
                strerror (error));
        errno = error;
        return -1;
    }
    log->answered = true;
    log->more = next == answer->count && log->base.written.position < answer->last;
    log->all_found = log->epoch > 0 && log->base.written.position == answer->last;
    return groups;
}

/* By its header, which is looked at when it is taken. */
static bool is_safe (log_engine_t *log, const engine_entry_t *entry)
{
    const uint8_t *bytes = entry->body.data;
    if (entry->ordinal > log->safe && entry->body.size >= GROUP_HEADER_BYTES &&
        get_u64 (bytes + 32) + get_u32 (bytes + 44) <= log->vouched)
        log->safe = entry->ordinal;
    return entry->ordinal <= log->safe;
}

static int refuse_superseded (log_engine_t *log, uint64_t epoch, char *why)
{
    char reason[ENGINE_WHY_BYTES];
    snprintf (reason, sizeof reason,
              "another process has taken over: the epoch is %" PRIu64
              ", and was %" PRIu64 " here",
              epoch, log->epoch);
    fail (log, ENGINE_FENCED, reason);
    return refuse (log, 0, why, "%s", reason);
}

/* What was found last is there as it was. */
static int compare_last (log_engine_t *log, const engine_answer_t *answer, char *why)
{
    const log_mark_t *mark = &log->base.written;
    const engine_entry_t *entry = answer->entries;
    group_t group;
    if (answer->last < mark->position)
        return refuse_shorter (log, answer->last, why);
    if (answer->count > 0 && read_entry (log, entry, &group) &&
        group.position == mark->last) {
        log_mark_t end = {.sequence = group.sequence};
        put_bytes (end.chain, bytes_of (group.chain, SHA256_BYTES));
        if (group_walk (&group, &end, NULL, NULL, NULL) == 0 &&
            end.sequence == mark->sequence &&
            memcmp (end.chain, mark->chain, SHA256_BYTES) == 0)
            return 0;
    }
    return refuse (log, mark->position, why,
                   "it is not the group that was found here, which ends with record "
                   "%" PRIu64 ": the engine was taken back to an earlier moment and "
                   "went on otherwise, or this directory is of another log; nothing is "
                   "served until somebody has seen which history counts",
                   mark->sequence);
}

static int refuse_shorter (log_engine_t *log, uint64_t there, char *why)
{
    return refuse (log, there + 1, why,
                   "groups %" PRIu64 " to %" PRIu64 " are gone, which were safe: the "
                   "engine has lost what was acknowledged, as after the promotion of a "
                   "standby that was behind; let the machine that has them lead again "
                   "(or restore it from there), and keep this directory: it has them",
                   there + 1,
                   log->base.written.position > log->safe ? log->base.written.position
                                                          : log->safe);
}

static int take_entry (log_engine_t *log, const engine_entry_t *entry,
                       log_found_fn *found, void *context, char *why)
{
    group_t group;
    char reason[LOG_WHY_BYTES] = "";
    log_mark_t mark = log->base.written;
    if (entry->ordinal != mark.position + 1)
        return refuse (log, mark.position + 1, why,
                       "it is not there, and later ones are");
    if (!read_entry (log, entry, &group))
        return refuse (log, entry->ordinal, why, "its bytes are damaged");
    if (!group_follows (&group, &mark) || entry->epoch < log->newest_epoch)
        return refuse (log, entry->ordinal, why,
                       "it does not go on from record %" PRIu64 ", the last before it",
                       mark.sequence);
    mark.last = mark.position++;
    if (group_walk (&group, &mark, found, context, reason) == -1)
        return refuse (log, entry->ordinal, why, "record %" PRIu64 ": %s",
                       mark.sequence + 1,
                       reason[0] ? reason : "it is not a record, in a whole group");
    log->base.written = mark;
    log->newest_epoch = entry->epoch;
    note_size (log, entry->ordinal, entry->body.size);
    return 0;
}

/* Its bytes are in the group's buffer then. */
static bool read_entry (log_engine_t *log, const engine_entry_t *entry, group_t *group)
{
    const size_t size = entry->body.size;
    uint8_t *bytes = log->base.group;
    if (size < GROUP_HEADER_BYTES || size > log->base.group_max)
        return false;
    memcpy (bytes, entry->body.data, size);
    return group_length (bytes, log->base.identity, entry->ordinal - 1) == size &&
           group_get (bytes, size, group);
}

/* ---- Leading ---- */

static void destroy (log_t *base)
{
    free (base);
}

/* What was found was not trusted before it was safe. */
static int settle (log_t *base)
{
    (void) base;
    return 0;
}

static log_room_t room (log_t *base, size_t size, bool kept)
{
    (void) base, (void) size, (void) kept;
    return LOG_FITS;
}

static int start (log_t *base)
{
    log_engine_t *log = (log_engine_t *) base;
    assert (log_leads (base) && !base->busy);
    const uint64_t position = base->written.position;
    const size_t size = base->group_size;
    const engine_question_t question = {.kind = ENGINE_COMMIT,
                                        .epoch = log->epoch,
                                        .ordinal = position + 1,
                                        .sequence = base->written.sequence,
                                        .body = bytes_of (base->group, size)};
    group_close (base->group, base->identity, position, size, base->group_records,
                 size);
    log->engine->ops->ask (log->engine, ENGINE_LOG, &question);
    note_size (log, position + 1, size);
    log_went (base, position, position + 1, size);
    return 0;
}

static int descriptor (log_t *base)
{
    engine_t *engine = ((log_engine_t *) base)->engine;
    return engine->ops->descriptor (engine, ENGINE_LOG);
}

/* Whatever it is but DONE: nothing is asked again, and nothing else is. */
static int outcome (log_t *base)
{
    log_engine_t *log = (log_engine_t *) base;
    engine_answer_t answer;
    const engine_outcome_t came =
        log->engine->ops->look (log->engine, ENGINE_LOG, &answer);
    if (came == ENGINE_DONE && note_safe (log) == -1)
        return fail (log, ENGINE_FAILED, strerror (errno));
    if (came == ENGINE_PENDING || came == ENGINE_DONE)
        return came == ENGINE_DONE;
    return fail (log, came, answer.why);
}

static int fail (log_engine_t *log, engine_outcome_t outcome, const char *reason)
{
    log->base.superseded = outcome == ENGINE_FENCED;
    snprintf (log->failure, sizeof log->failure, "%s: group %" PRIu64 ": %s",
              log->engine->name, log->base.written.position, reason);
    errno = outcome == ENGINE_FENCED ? ESTALE : EIO;
    return -1;
}

static int wait_for_all (log_t *base)
{
    log_engine_t *log = (log_engine_t *) base;
    const int64_t until_ms = clock_ms () + WAIT_MS;
    int rc = 0;
    while (rc != -1 && (base->busy || base->group_size > 0)) {
        if (!base->busy)
            start (base);
        struct pollfd news = {.fd = descriptor (base), .events = POLLIN};
        const int64_t left_ms = until_ms - clock_ms ();
        if (left_ms <= 0)
            return fail (
                log, ENGINE_UNKNOWN,
                "no standby has confirmed it in time, so nothing is known of it");
        if (news.fd != -1)
            poll (&news, 1, (int) left_ms);
        rc = outcome (base);
        if (rc == 1)
            log_became_durable (base);
    }
    return rc == -1 ? -1 : 0;
}

static void released (log_t *base)
{
    log_engine_t *log = (log_engine_t *) base;
    const uint64_t since = log->base.written.position - log->base.released.position;
    log->bytes =
        since == 0 ? 0
        : since < SIZES_KEPT
            ? log->bytes_written - log->sizes[log->base.released.position % SIZES_KEPT]
            : log->bytes;
}

static uint64_t unreleased (const log_t *base)
{
    return ((const log_engine_t *) base)->bytes + base->group_size;
}

static void note_size (log_engine_t *log, uint64_t ordinal, uint64_t bytes)
{
    log->bytes += bytes;
    log->bytes_written += bytes;
    log->sizes[ordinal % SIZES_KEPT] = log->bytes_written;
}

static void count (const log_t *base, log_counts_t *counts)
{
    (void) base, (void) counts;
}

static int sound (log_t *base)
{
    log_engine_t *log = (log_engine_t *) base;
    return log->file->ops->sound (log->file, LOG_PAGE_BYTES);
}

static const char *failure (const log_t *base)
{
    const log_engine_t *log = (const log_engine_t *) base;
    return log->failure[0] ? log->failure : NULL;
}

static int refuse (const log_engine_t *log, uint64_t ordinal, char *why,
                   const char *format, ...)
{
    va_list values;
    int size = ordinal > 0 ? snprintf (why, LOG_WHY_BYTES, "%s: group %" PRIu64 ": ",
                                       log->engine->name, ordinal)
                           : snprintf (why, LOG_WHY_BYTES, "%s: ", log->engine->name);
    size = size < LOG_WHY_BYTES / 2 ? size : LOG_WHY_BYTES / 2;
    va_start (values, format);
    vsnprintf (why + size, LOG_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    errno = 0;
    return -1;
}
