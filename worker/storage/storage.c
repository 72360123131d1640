/* storage.c - loteria-storage at work: the one process that writes a log's files. In:
   bundles from workers (STORE, CHECK, CANCEL and more) and from state (ADMIT, RECORD,
   FIND and more), and operators' FETCHes. Out: the agencies' answers to the brokers,
   EVENTs to state, each when what it speaks of is safe on the disk. The only place of
   storage that reads clocks. */

#include "storage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "book.h"
#include "candidate.h"
#include "clerk.h"
#include "clock.h"
#include "deadline.h"
#include "engine.h"
#include "gate.h"
#include "inquiry.h"
#include "logger.h"
#include "net.h"
#include "notify.h"
#include "pace.h"
#include "process.h"
#include "storage_metrics.h"

#define ACTION "almacenamiento"
#define ENGINE "replica"

/* So much is worth a sync of its own while more is waiting. With all that is waiting in
   one group, everybody waits at the same time, first for this process and then for the
   disk: 22.0 k batches a second and not 18.3 k (five agencies, two cores, medians in
   turn); 21.2 k with half of it, 21.4 k with twice. */
#define GROUP_WORTH_BYTES ((size_t) 64 * 1024)

#define DISK_LOOK_MS 1000 // how often the disk is asked for its room, at most

#define WAITING_US 1000000 // a commit that takes longer is told

#define QUICK_MS    5 // a sync that took no longer
#define QUICK_SYNCS 8 // as many in a row show that the disk is

struct storage {
    sales_t *sales;
    book_t *book;
    clerk_t *clerk;
    gate_t *gate;
    zsock_t *socket;
    brokers_t *brokers;
    uint64_t undelivered; // to state
    logger_strays_t strays;
    pace_t pace;      // of work that is done in slices
    bool served;      // somebody was, in this turn
    int64_t begun_us; // the group that is under way
    unsigned quick;   // syncs in a row that were
    storage_options_t options;
    engine_t *engine;       // that keeps the log, or NULL
    candidate_t *candidate; // with an engine
    int64_t held_ms;        // since when answers wait for a confirmation; 0: none do
    bool waits;             // was told: no standby has confirmed for a while
    // for who asks how it is
    const char *directory; // borrowed
    self_report_t report;
    histogram_t syncs;
    uint64_t disk_size, disk_free; // 0: not known
    int64_t looked_ms;             // at the disk
};

static int open_book (storage_t *storage, const storage_options_t *options,
                      problem_t *problem);
static int open_engine (storage_t *storage, const storage_options_t *options,
                        problem_t *problem);
static int open_service (storage_t *storage, int64_t now_ms, problem_t *problem);
static int run_for_lead (storage_t *storage, int64_t now_ms, problem_t *problem);
static bool serves (const storage_t *storage);
static int left_alone (storage_t *storage, const char *consequence, problem_t *problem);
static bool may_begin (const storage_t *storage);
static int64_t service_deadline (storage_t *storage, int64_t now_ms);
static uint64_t waiting_ms (const storage_t *storage);
static void tell_waiting (storage_t *storage);
static void tell_recovery (const storage_t *storage);
static int open_sockets (storage_t *storage, const storage_options_t *options,
                         int64_t now_ms, problem_t *problem);
static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page);
static wire_code_t knows_draw (void *context, uint64_t draw);
static void look_at_disk (storage_t *storage);
static int take_messages (storage_t *storage);
static int answer_fetch (storage_t *storage, const peer_t *peer, zmq_msg_t *body,
                         bool *answered);
static int work (storage_t *storage, int64_t turn_us);
static int serve_disk (storage_t *storage);
static int end_group (storage_t *storage);
static int begin_group (storage_t *storage);
static void note_sync (storage_t *storage);
static void send_answers (storage_t *storage, bool committed);
static bool may_leave (storage_t *storage, bool committed);
static uint64_t strays (const storage_t *storage);
static int disk_problem (const storage_t *storage, const char *consequence,
                         problem_t *problem);
static void head_text (const storage_t *storage, char text[SHA256_TEXT_BYTES]);

int storage_serve (const storage_options_t *options, int signal_fd)
{
    problem_t problem;
    storage_t *storage = storage_new (options, clock_ms (), &problem);
    if (!storage)
        process_end (&problem);
    notify_say ("READY=1");
    while (!process_signal (signal_fd)) {
        zmq_pollitem_t items[STORAGE_ITEMS + 1];
        const size_t count = storage_items (storage, items);
        items[count] = (zmq_pollitem_t){.fd = signal_fd, .events = ZMQ_POLLIN};
        const int64_t now_ms = clock_ms ();
        zmq_poll (items, (int) count + 1,
                  notify_timeout (now_ms, storage_deadline (storage, now_ms)));
        if (storage_turn (storage, clock_ms (), &problem) == -1)
            process_end (&problem);
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    if (storage_close (storage, &problem) == -1)
        process_end (&problem);
    storage_destroy (&storage);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

storage_t *storage_new (const storage_options_t *options, int64_t now_ms,
                        problem_t *problem)
{
    storage_t *storage = calloc (1, sizeof *storage);
    assert (storage);
    storage->options = *options;
    if (open_book (storage, options, problem) == -1 ||
        (!storage->engine && open_service (storage, now_ms, problem) == -1)) {
        storage_destroy (&storage);
        return NULL;
    }
    return storage;
}

/* What workers and state find the active storage by: nobody else listens. */
static int open_service (storage_t *storage, int64_t now_ms, problem_t *problem)
{
    const storage_options_t *options = &storage->options;
    if (open_sockets (storage, options, now_ms, problem) == -1)
        return -1;
    storage->clerk = clerk_new (storage->book, options->log_batches, options->log_bets);
    storage->directory = options->data_directory;
    storage->looked_ms = INT64_MIN;
    storage->report = (self_report_t){
        .context = storage, .metrics = put_metrics, .knows = knows_draw};
    logger_gather (true);
    return 0;
}

static bool serves (const storage_t *storage)
{
    return storage->clerk;
}

void storage_destroy (storage_t **storage)
{
    if (*storage) {
        clerk_destroy (&(*storage)->clerk);
        brokers_destroy (&(*storage)->brokers);
        zsock_destroy (&(*storage)->socket);
        gate_destroy (&(*storage)->gate);
        candidate_destroy (&(*storage)->candidate);
        book_destroy (&(*storage)->book);
        engine_close (&(*storage)->engine);
        sales_destroy (&(*storage)->sales);
        free (*storage);
    }
    *storage = NULL;
}

/* A group is what is waiting by the time that the one before is safe: the longer a sync
   takes, the more; or some of it, see GROUP_WORTH_BYTES. A sync that failed is never
   asked for again: the kernel has dropped what it could not write, and would say yes.
   The next start reads what the disk has.
 */
int storage_turn (storage_t *storage, int64_t now_ms, problem_t *problem)
{
    static const char consequence[] = "what was not acknowledged is sent again";
    const int64_t turn_us = clock_us ();
    if (storage->candidate && run_for_lead (storage, now_ms, problem) == -1)
        return -1;
    if (!serves (storage))
        return 0;
    storage->served = false;
    gate_serve (storage->gate);
    brokers_look (storage->brokers, now_ms);
    if (end_group (storage) == -1 ||
        clerk_tick (storage->clerk, now_ms, clock_wall_ms ()) == -1 ||
        clerk_go_on (storage->clerk) == -1 || take_messages (storage) == -1)
        return disk_problem (storage, consequence, problem);
    logger_strays (&storage->strays, strays (storage), now_ms);
    tell_waiting (storage);
    if (storage->candidate &&
        waiting_ms (storage) > candidate_lease_ms (storage->candidate))
        return left_alone (storage, consequence, problem);
    if (may_begin (storage) && begin_group (storage) == -1)
        return disk_problem (storage, consequence, problem);
    const int came = work (storage, turn_us);
    if (came == -1 || (came == 1 && may_begin (storage) && begin_group (storage) == -1))
        return disk_problem (storage, consequence, problem);
    return 0;
}

/* Renewals may be confirmed meanwhile: they find the machine that was promoted, and a
   commit stays with the one that it was sent to, for ever if that one hangs. */
static int left_alone (storage_t *storage, const char *consequence, problem_t *problem)
{
    logger_discard ();
    candidate_end (storage->candidate);
    return problem_set (problem, PROCESS_FAILED, ENGINE,
                        "reason: %s: what was written was not answered for %llu ms, "
                        "which is longer than the lease, and nothing is known of it: "
                        "the machine that has it may lead no more | consequence: %s",
                        storage->engine->name,
                        (unsigned long long) waiting_ms (storage), consequence);
}

/* What waits to leave would be with what is gathered. */
static bool may_begin (const storage_t *storage)
{
    return !book_busy (storage->book) && storage->held_ms == 0;
}

/* Before anything is said: another may lead by now. */
static int run_for_lead (storage_t *storage, int64_t now_ms, problem_t *problem)
{
    if (candidate_turn (storage->candidate, now_ms, problem) == -1) {
        logger_discard ();
        return -1;
    }
    return serves (storage) || !candidate_leads (storage->candidate, now_ms)
               ? 0
               : open_service (storage, now_ms, problem);
}

size_t storage_items (storage_t *storage, zmq_pollitem_t *items)
{
    int descriptors[BOOK_DESCRIPTORS];
    size_t count = 0;
    if (storage->candidate)
        count = candidate_items (storage->candidate, items);
    if (!serves (storage))
        return count;
    if (!clerk_full (storage->clerk))
        items[count++] = (zmq_pollitem_t){.socket = zsock_resolve (storage->socket),
                                          .events = ZMQ_POLLIN};
    items[count++] = gate_item (storage->gate);
    const int more = book_descriptors (storage->book, descriptors);
    for (int i = 0; i < more; i++)
        items[count++] = (zmq_pollitem_t){.fd = descriptors[i], .events = ZMQ_POLLIN};
    return count + brokers_items (storage->brokers, items + count);
}

int64_t storage_deadline (storage_t *storage, int64_t now_ms)
{
    const int64_t lead_ms = storage->candidate
                                ? candidate_deadline (storage->candidate, now_ms)
                                : INT64_MAX;
    const int64_t service_ms =
        serves (storage) ? service_deadline (storage, now_ms) : INT64_MAX;
    return deadline_earlier (lead_ms, service_ms);
}

static int64_t service_deadline (storage_t *storage, int64_t now_ms)
{
    if (book_broken (storage->book) ||
        (clerk_working (storage->clerk) && !clerk_full (storage->clerk)) ||
        (may_begin (storage) && book_gathered (storage->book) > 0))
        return now_ms;
    const int64_t first_ms = deadline_earlier (clerk_deadline (storage->clerk),
                                               brokers_deadline (storage->brokers));
    const int64_t in_ms = clerk_close_in (storage->clerk, clock_wall_ms ());
    return in_ms < first_ms - now_ms ? now_ms + in_ms : first_ms;
}

int storage_close (storage_t *storage, problem_t *problem)
{
    char head[SHA256_TEXT_BYTES];
    if (!serves (storage)) {
        if (book_close (storage->book) == -1)
            return disk_problem (storage, "nothing is lost", problem);
        if (storage->candidate)
            candidate_close (storage->candidate);
        return 0;
    }
    const uint64_t strange = strays (storage);
    if (book_wait (storage->book) == -1)
        return disk_problem (storage, "what was acknowledged is stored", problem);
    send_answers (storage, storage->held_ms == 0); // of the group that was under way
    clerk_tell_stored (storage->clerk);
    if (begin_group (storage) == -1) // and of what was gathered
        return disk_problem (storage, "what was acknowledged is stored", problem);
    logger_gather (false);
    const uint64_t undelivered =
        storage->undelivered + brokers_undelivered (storage->brokers);
    brokers_destroy (&storage->brokers);
    zsock_destroy (&storage->socket);
    gate_destroy (&storage->gate);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | undelivered: %llu",
                  (unsigned long long) undelivered);
    if (book_close (storage->book) == -1)
        return disk_problem (storage, "what was acknowledged is stored", problem);
    if (storage->candidate)
        candidate_close (storage->candidate);
    head_text (storage, head);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: %s | records: %u | bytes: %llu | head: %s | strays: %llu",
                  BOOK_LOG, book_records (storage->book),
                  (unsigned long long) book_bytes (storage->book), head,
                  (unsigned long long) strange);
    return 0;
}

static int open_book (storage_t *storage, const storage_options_t *options,
                      problem_t *problem)
{
    char why[BOOK_WHY_BYTES];
    storage->sales = sales_new ();
    if (options->draws_kept > 0)
        sales_keep (storage->sales, options->draws_kept);
    log_options_t log = options->log;
    if (options->engine && open_engine (storage, options, problem) == -1)
        return -1;
    log.engine = storage->engine;
    storage->book = book_open (options->data_directory, &log, storage->sales, why);
    if (!storage->book) {
        const int error = errno;
        return problem_set (problem,
                            error == ESTALE      ? PROCESS_SUPERSEDED
                            : error == ETIMEDOUT ? PROCESS_FAILED
                                                 : problem_status (error),
                            ACTION, "consequence: %snothing is served | reason: %s",
                            error == 0 ? "nothing was changed, " : "", why);
    }
    tell_recovery (storage);
    if (storage->engine) {
        const candidate_options_t candidate = {.engine = storage->engine,
                                               .book = storage->book,
                                               .directory = options->data_directory,
                                               .advertise = options->advertise,
                                               .role_file = options->role_file,
                                               .lease_s = options->lease_s,
                                               .standby = options->standby};
        storage->candidate = candidate_new (&candidate, clock_ms ());
    }
    return 0;
}

static int open_engine (storage_t *storage, const storage_options_t *options,
                        problem_t *problem)
{
    char why[ENGINE_WHY_BYTES];
    const engine_options_t engine = {.url = options->engine,
                                     .insecure = options->insecure,
                                     .insecure_async = options->insecure_async};
    const engine_open_t came = engine_open (&engine, &storage->engine, why);
    if (came != ENGINE_OPENED)
        return problem_set (
            problem, came == ENGINE_NOT_NOW ? PROCESS_FAILED : PROCESS_CANNOT_START,
            ENGINE, "consequence: nothing is served | reason: %s", why);
    if (why[0])
        logger_event (LOG_WARNING, ENGINE, LOG_SUCCESS, "reason: %s", why);
    return 0;
}

/* Of the group under way, once it is longer than a server with standbys takes. */
static uint64_t waiting_ms (const storage_t *storage)
{
    const int64_t took_us = clock_us () - storage->begun_us;
    return book_busy (storage->book) && took_us > WAITING_US ? (uint64_t) took_us / 1000
                                                             : 0;
}

/* A server waits for its standbys for ever, and nothing is lost meanwhile. */
static void tell_waiting (storage_t *storage)
{
    const uint64_t took_ms = storage->engine ? waiting_ms (storage) : 0;
    if (storage->waits == (took_ms > 0))
        return;
    storage->waits = took_ms > 0;
    if (storage->waits)
        logger_event_now (
            LOG_WARNING, ENGINE, LOG_IN_PROGRESS,
            "engine: %s | waiting_ms: %llu | reason: no standby has confirmed "
            "what was written, nothing is acknowledged until one does",
            storage->engine->name, (unsigned long long) took_ms);
    else
        logger_event_now (
            LOG_INFO, ENGINE, LOG_SUCCESS,
            "engine: %s | reason: a standby has confirmed what was written",
            storage->engine->name);
}

static void tell_recovery (const storage_t *storage)
{
    const book_recovery_t *found = book_recovery (storage->book);
    const uint64_t other = found->rows_other + found->index_other;
    const uint64_t cut = found->torn + found->rows_cut + found->index_cut;
    if (found->torn_checkpoint)
        logger_event (LOG_WARNING, "recuperacion", LOG_SUCCESS,
                      "file: %s | reason: it is not whole, as after a crash; the one "
                      "before it was used",
                      found->torn_checkpoint);
    if (found->replayed > 0)
        logger_event (LOG_INFO, "recuperacion", LOG_SUCCESS,
                      "file: %s | records: %llu | reason: behind the last checkpoint",
                      BOOK_LOG, (unsigned long long) found->replayed);
    if (other > 0)
        logger_event (LOG_WARNING, "recuperacion", LOG_SUCCESS,
                      "completed: %s %llu bytes, %s %llu bytes | reason: they were "
                      "missing, or other than in %s",
                      FOLDERS_ALL, (unsigned long long) found->rows_other, BOOK_INDEX,
                      (unsigned long long) found->index_other, BOOK_LOG);
    if (cut > 0)
        logger_event (LOG_WARNING, "recuperacion", LOG_SUCCESS,
                      "cut_off: %s %llu bytes, %s %llu bytes, %s %llu bytes | reason: "
                      "of a group that was never acknowledged",
                      BOOK_LOG, (unsigned long long) found->torn, FOLDERS_ALL,
                      (unsigned long long) found->rows_cut, BOOK_INDEX,
                      (unsigned long long) found->index_cut);
}

static int open_sockets (storage_t *storage, const storage_options_t *options,
                         int64_t now_ms, problem_t *problem)
{
    static const char *const peers[] = {"worker", "state", "broker", NULL};
    static const char *const hosts[] = {"broker", NULL};
    const gate_options_t gate = {.keys = options->keys,
                                 .peers = peers,
                                 .hosts = hosts,
                                 .asker = "operator",
                                 .insecure = options->insecure};
    char head[SHA256_TEXT_BYTES];
    const char *listen = NULL;
    storage->gate = gate_new (&gate, problem);
    if (storage->gate)
        storage->socket = net_router (BUNDLE_BYTES_MAX, STORAGE_QUEUE_BUNDLES, problem);
    if (storage->socket)
        listen = gate_listen (storage->gate, storage->socket, "storage",
                              options->listen, problem);
    if (listen)
        storage->brokers = brokers_new (storage->gate, options->brokers, ROLE_STORAGE,
                                        now_ms, problem);
    if (!storage->brokers)
        return -1;
    head_text (storage, head);
    logger_event (
        LOG_INFO, ACTION, LOG_SUCCESS,
        "listen: %s | broker: %s | data_dir: %s | records: %u | bytes: %llu | "
        "head: %s",
        listen, options->brokers, options->data_directory, book_records (storage->book),
        (unsigned long long) book_bytes (storage->book), head);
    return 0;
}

/* Of one thing; what is of the whole process is looked up when that is asked for. */
static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page)
{
    storage_t *storage = context;
    if (draw == 0 && *position == 0)
        look_at_disk (storage);
    const storage_facts_t facts = {.sales = storage->sales,
                                   .syncs = &storage->syncs,
                                   .log = book_counts (storage->book),
                                   .records = book_records (storage->book),
                                   .lag_bytes = book_lag_bytes (storage->book),
                                   .gathered_bytes = book_gathered (storage->book),
                                   .disk_size = storage->disk_size,
                                   .disk_free = storage->disk_free,
                                   .conflicts = clerk_conflicts (storage->clerk),
                                   .jobs = clerk_jobs (storage->clerk),
                                   .rooted = clerk_rooted (storage->clerk),
                                   .strays = strays (storage),
                                   .engine = storage->engine,
                                   .waiting_ms = waiting_ms (storage)};
    return storage_metrics (&facts, draw, position, page);
}

/* Who asks about it finds it at hand with the next page, too. */
static wire_code_t knows_draw (void *context, uint64_t draw)
{
    storage_t *storage = context;
    return sales_find (storage->sales, draw) ? REFUSED_OK : REFUSED_HELLO;
}

/* Now and then, however often somebody asks. */
static void look_at_disk (storage_t *storage)
{
    const int64_t now_ms = clock_ms ();
    if (storage->looked_ms != INT64_MIN && now_ms - storage->looked_ms < DISK_LOOK_MS)
        return;
    storage->looked_ms = now_ms;
    if (file_space (storage->directory, &storage->disk_size, &storage->disk_free) == -1)
        storage->disk_size = storage->disk_free = 0;
}

static int take_messages (storage_t *storage)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    int rc = 0;
    for (int i = 0; i < LOOP_MESSAGES_MAX && !clerk_full (storage->clerk); i++) {
        const net_status_t status = net_receive (storage->socket, &peer, &body);
        if (status == NET_EMPTY)
            break;
        bool answered = false;
        storage->served = true;
        rc = status == NET_OK ? answer_fetch (storage, &peer, &body, &answered) : 0;
        if (rc == 0 && status == NET_OK && !answered &&
            !net_answer_ping (storage->socket, &peer, &body, "loteria-storage") &&
            !inquiry_answer (storage->gate, storage->socket, &peer, &body,
                             &storage->report))
            rc = clerk_take (storage->clerk, net_peer (&peer),
                             gate_role (storage->gate, &body), net_body (&body));
        if (rc == 0 && book_gathered (storage->book) >= GROUP_WORTH_BYTES)
            rc = serve_disk (storage);
        if (rc == -1)
            break;
    }
    zmq_msg_close (&body);
    return rc;
}

/* An operator's, which comes alone, as STATUS does, and from whom may ask that. */
static int answer_fetch (storage_t *storage, const peer_t *peer, zmq_msg_t *body,
                         bool *answered)
{
    uint8_t bytes[NOTE_PAGE_BYTES];
    wire_message_t fetch, answer;
    const bytes_t frame = net_body (body);
    if (frame.size < WIRE_HEADER_BYTES || frame.size > WIRE_SMALL_BYTES_MAX ||
        wire_decode (frame, &fetch) != REFUSED_OK || fetch.command != WIRE_FETCH)
        return 0;
    *answered = true;
    if (!gate_may_inquire (storage->gate, body))
        return 0;
    if (clerk_fetch (storage->clerk, &fetch, &answer, bytes) == -1)
        return -1;
    net_send_message (storage->socket, net_peer (peer), &answer);
    return 0;
}

/* A slice of what takes long, when others have had their time: 1 when something came of
   it, which leaves right away, as nobody else may come for long. */
static int work (storage_t *storage, int64_t turn_us)
{
    if (!clerk_working (storage->clerk))
        return 0;
    const int64_t begun_us = clock_us ();
    const int64_t served_us = storage->served ? begun_us - turn_us : 0;
    if (!pace_allows (&storage->pace, served_us))
        return 0;
    const int rc = clerk_work (storage->clerk);
    pace_took (&storage->pace, storage->served, clock_us () - begun_us);
    return rc;
}

/* The disk is not to wait for what is taken meanwhile, nor is who waits for it. */
static int serve_disk (storage_t *storage)
{
    if (end_group (storage) == -1)
        return -1;
    return may_begin (storage) ? begin_group (storage) : 0;
}

/* What was under way, if it is safe by now. */
static int end_group (storage_t *storage)
{
    const int over = book_look (storage->book);
    if (over == 1)
        note_sync (storage);
    if (over != -1 && !book_busy (storage->book))
        send_answers (storage, over == 1);
    return over == -1 ? -1 : 0;
}

/* A bet that comes alone is answered sooner if nobody else is asked to sync it; as long
   as the disk is quick, since nothing is heard or said meanwhile. */
static int begin_group (storage_t *storage)
{
    const size_t gathered = book_gathered (storage->book);
    const bool at_once =
        !storage->engine && storage->quick >= QUICK_SYNCS && gathered <= LOG_PAGE_BYTES;
    storage->begun_us = clock_us ();
    if (clerk_begin (storage->clerk, at_once) == -1)
        return -1;
    if (at_once && gathered > 0)
        note_sync (storage);
    logger_mark ();
    if (!book_busy (storage->book)) // nothing had to be recorded
        send_answers (storage, at_once && gathered > 0);
    return 0;
}

/* Of the group that is over; and its lines of the log. */
static void send_answers (storage_t *storage, bool committed)
{
    bytes_t peer;
    bundle_t *bundle;
    if (!may_leave (storage, committed))
        return;
    while (outbox_take (clerk_to_state (storage->clerk), &peer, &bundle))
        if (net_send_bundle (storage->socket, peer, bundle) != NET_OK)
            storage->undelivered++; // that state is gone: the agencies will ask again
    brokers_send (storage->brokers, clerk_answers (storage->clerk));
    logger_flush_marked ();
}

/* A commit says that another had not taken over by then. What was not recorded is not
   covered by one: another may have taken over, and have recorded what this one does not
   know. */
static bool may_leave (storage_t *storage, bool committed)
{
    const int64_t now_ms = clock_ms ();
    if (!storage->candidate || committed ||
        candidate_vouches (storage->candidate, storage->held_ms, now_ms)) {
        storage->held_ms = 0;
        return true;
    }
    if (storage->held_ms == 0)
        storage->held_ms = now_ms;
    return false;
}

static void note_sync (storage_t *storage)
{
    const int64_t took_us = clock_us () - storage->begun_us;
    if (storage->candidate)
        candidate_confirm (storage->candidate, storage->begun_us / 1000);
    const bool quick = took_us <= QUICK_MS * 1000;
    storage->quick = quick ? storage->quick + 1 : 0;
    histogram_add (&storage->syncs, (uint64_t) took_us);
}

static uint64_t strays (const storage_t *storage)
{
    return clerk_strays (storage->clerk) + brokers_strays (storage->brokers);
}

/* Whatever was logged of the groups that are not safe did not come to be. */
static int disk_problem (const storage_t *storage, const char *consequence,
                         problem_t *problem)
{
    char why[BOOK_WHY_BYTES];
    book_failure (storage->book, why);
    logger_discard ();
    if (storage->candidate)
        candidate_end (storage->candidate);
    return problem_set (
        problem, book_superseded (storage->book) ? PROCESS_SUPERSEDED : PROCESS_FAILED,
        storage->engine ? ENGINE : ACTION, "reason: %s | consequence: %s", why,
        consequence);
}

static void head_text (const storage_t *storage, char text[SHA256_TEXT_BYTES])
{
    sha256_text (book_head (storage->book), text);
}
