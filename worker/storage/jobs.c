/* jobs.c - work that is done in slices, and who waits for it. Storage. */

#include "jobs.h"

#include <assert.h>
#include <stdlib.h>

#include "roots.h"

#define SLICE_BETS  2048          // 1 to 4 ms
#define SLICE_BYTES (1024 * 1024) // of rows that are searched: 1 ms

enum { FOR_STATE, FOR_AGENCIES, LANES };

typedef struct { // a job that waits, or is under way
    job_t job;
    uint8_t *copy; // of peer and message
    salt_key_t *keys;
    size_t bytes; // in all
    sale_t *sale; // of one that is under way: it stays at hand
    roots_t *roots;
    award_t *award;
} entry_t;

typedef struct {
    entry_t **of; // the first is under way
    size_t count, capacity;
    size_t bytes; // of all of them
} lane_t;

struct jobs {
    book_t *book;       // borrowed
    cancels_t *cancels; // borrowed
    lane_t lanes[LANES];
    int turn;       // whose it is
    entry_t *ended; // the last that was over
    uint64_t rooted;
};

static lane_t *lane_of (jobs_t *jobs, const job_t *job);
static bool has_room (const lane_t *lane, const job_t *job);
static entry_t *find (const lane_t *lane, const job_t *job);
static void move_to_end (lane_t *lane, const entry_t *entry);
static void copy_job (lane_t *lane, entry_t *entry, const job_t *job);
static void weigh (lane_t *lane, entry_t *entry, size_t bytes);
static int begin (jobs_t *jobs, entry_t *entry);
static int go_on (jobs_t *jobs, entry_t *entry);
static void tell (entry_t *entry, job_done_t *done);
static void stop (entry_t *entry);
static void forget (entry_t **entry);

jobs_t *jobs_new (book_t *book, cancels_t *cancels)
{
    jobs_t *jobs = calloc (1, sizeof *jobs);
    assert (jobs);
    jobs->book = book;
    jobs->cancels = cancels;
    return jobs;
}

void jobs_destroy (jobs_t **jobs)
{
    if (*jobs) {
        for (int i = 0; i < LANES; i++) {
            lane_t *lane = &(*jobs)->lanes[i];
            while (lane->count > 0)
                forget (&lane->of[--lane->count]);
            free (lane->of);
        }
        forget (&(*jobs)->ended);
        free (*jobs);
    }
    *jobs = NULL;
}

bool jobs_join (jobs_t *jobs, const job_t *job)
{
    lane_t *lane = lane_of (jobs, job);
    entry_t *entry = find (lane, job);
    if (!entry)
        return false;
    const bool same = entry->job.from == job->from && entry->job.count == job->count &&
                      memcmp (&entry->job.key, &job->key, sizeof job->key) == 0;
    if (!same) {
        stop (entry);
        move_to_end (lane, entry);
    }
    copy_job (lane, entry, job);
    return true;
}

bool jobs_add (jobs_t *jobs, const job_t *job, const salt_key_t *keys)
{
    lane_t *lane = lane_of (jobs, job);
    assert (!find (lane, job));
    if (!has_room (lane, job))
        return false;
    if (lane->count == lane->capacity) {
        lane->capacity = 2 * lane->capacity + 16;
        lane->of = realloc (lane->of, lane->capacity * sizeof *lane->of);
        assert (lane->of);
    }
    entry_t *entry = calloc (1, sizeof *entry);
    assert (entry);
    size_t size = 0;
    if (keys) {
        const sale_t *sale = sales_find (book_sales (jobs->book), job->draw);
        size = sale->terms.agencies * sizeof *keys;
        entry->keys = malloc (size);
        assert (entry->keys);
        memcpy (entry->keys, keys, size);
    }
    weigh (lane, entry, sizeof *entry + size);
    copy_job (lane, entry, job);
    lane->of[lane->count++] = entry;
    return true;
}

size_t jobs_count (const jobs_t *jobs)
{
    return jobs->lanes[FOR_STATE].count + jobs->lanes[FOR_AGENCIES].count;
}

uint64_t jobs_rooted (const jobs_t *jobs)
{
    return jobs->rooted;
}

/* One lane after the other, but what has nobody waiting. */
int jobs_step (jobs_t *jobs, job_done_t *done)
{
    forget (&jobs->ended);
    if (jobs->lanes[jobs->turn].count == 0)
        jobs->turn = (jobs->turn + 1) % LANES;
    lane_t *lane = &jobs->lanes[jobs->turn];
    if (lane->count == 0)
        return 0;
    jobs->turn = (jobs->turn + 1) % LANES;
    entry_t *entry = lane->of[0];
    const int over = entry->sale ? go_on (jobs, entry) : begin (jobs, entry);
    if (over != 1)
        return over;
    tell (entry, done);
    lane->count--;
    lane->bytes -= entry->bytes;
    memmove (lane->of, lane->of + 1, lane->count * sizeof *lane->of);
    jobs->ended = entry;
    return 1;
}

static lane_t *lane_of (jobs_t *jobs, const job_t *job)
{
    return &jobs->lanes[job->kind == JOB_ROOT ? FOR_AGENCIES : FOR_STATE];
}

/* An agency's question has no more than so many bytes; what state asks to record is as
   long as its paper. One finds room whatever it is. */
static bool has_room (const lane_t *lane, const job_t *job)
{
    const size_t bytes = lane->bytes + sizeof (entry_t) + job->message.size;
    if (job->kind == JOB_ROOT)
        return lane->count < ROOT_JOBS_MAX;
    return lane->count == 0 || bytes <= STATE_JOBS_BYTES_MAX;
}

static entry_t *find (const lane_t *lane, const job_t *job)
{
    for (size_t i = 0; i < lane->count; i++) {
        entry_t *entry = lane->of[i];
        if (entry->job.kind == job->kind && entry->job.draw == job->draw &&
            entry->job.agency == job->agency)
            return entry;
    }
    return NULL;
}

static void move_to_end (lane_t *lane, const entry_t *entry)
{
    size_t place = 0;
    while (lane->of[place] != entry)
        place++;
    entry_t *const moved = lane->of[place];
    memmove (lane->of + place, lane->of + place + 1,
             (lane->count - place - 1) * sizeof *lane->of);
    lane->of[lane->count - 1] = moved;
}

static void weigh (lane_t *lane, entry_t *entry, size_t bytes)
{
    lane->bytes += bytes - entry->bytes;
    entry->bytes = bytes;
}

/* Its bytes become the entry's own. */
static void copy_job (lane_t *lane, entry_t *entry, const job_t *job)
{
    uint8_t *copy = malloc (job->peer.size + job->message.size + 1);
    assert (copy);
    uint8_t *message = put_bytes (copy, job->peer);
    put_bytes (message, job->message);
    const size_t before = entry->job.peer.size + entry->job.message.size;
    weigh (lane, entry, entry->bytes - before + job->peer.size + job->message.size);
    free (entry->copy);
    entry->copy = copy;
    entry->job = *job;
    entry->job.peer = bytes_of (copy, job->peer.size);
    entry->job.message = bytes_of (message, job->message.size);
}

/* A draw that was put away while the job waited is nobody's any more; one that a job
   works on is not put away. Bets cannot become less. */
static int begin (jobs_t *jobs, entry_t *entry)
{
    const job_t *job = &entry->job;
    archive_t *archive = book_archive (jobs->book);
    sale_t *sale = sales_find (book_sales (jobs->book), job->draw);
    const cursor_t *cursor = sale ? cursors_find (sale->cursors, job->agency) : NULL;
    cancelled_t cancelled;
    if (!sale || (!cursor && job->kind != JOB_AWARD))
        return 1;
    if (job->kind == JOB_AWARD)
        entry->award =
            award_new (archive, jobs->cancels, sale, sale->number, entry->keys);
    else if (cancels_of (jobs->cancels, cursor, &cancelled) == -1)
        return -1;
    else
        entry->roots = roots_new (archive, sale, cursor, &cancelled, &job->key,
                                  job->from, job->count);
    entry->sale = sale;
    sale->pins++;
    return go_on (jobs, entry);
}

static int go_on (jobs_t *jobs, entry_t *entry)
{
    if (entry->award)
        return award_step (entry->award, SLICE_BYTES);
    const uint64_t before = roots_taken (entry->roots);
    const int over = roots_step (entry->roots, SLICE_BETS);
    jobs->rooted += roots_taken (entry->roots) - before;
    return over;
}

static void tell (entry_t *entry, job_done_t *done)
{
    *done = (job_done_t){.job = &entry->job, .lost = !entry->sale};
    if (entry->award) {
        done->won = award_won (entry->award, &done->won_count);
        award_hand_over (entry->award, &entry->sale->hits);
    }
    if (entry->roots)
        done->root = roots_root (entry->roots);
    if (entry->sale)
        entry->sale->pins--;
    entry->sale = NULL;
}

static void stop (entry_t *entry)
{
    if (entry->sale)
        entry->sale->pins--;
    entry->sale = NULL;
    roots_destroy (&entry->roots);
    award_destroy (&entry->award);
}

static void forget (entry_t **entry)
{
    if (*entry) {
        stop (*entry);
        free ((*entry)->copy);
        free ((*entry)->keys);
        free (*entry);
    }
    *entry = NULL;
}
