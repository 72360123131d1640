/* storage.c - loteria-storage at work: the one process that writes bets.csv and
   bets.journal. In: bundles from workers (STORE, CHECK) and from state (ADMIT, SEAL,
   FIND). Out: the agencies' answers to the brokers, SEALED to state, each after the
   disk has what it speaks of. */

#include "storage.h"

#include <errno.h>

#include "brokers.h"
#include "clerk.h"
#include "clock.h"
#include "gate.h"
#include "logger.h"
#include "net.h"
#include "process.h"

typedef struct {
    const char *directory; // borrowed
    file_t *csv_file, *journal_file;
    ledger_t *ledger;
    book_t *book;
    clerk_t *clerk;
    gate_t *gate;
    zsock_t *socket;
    brokers_t *brokers;
    uint64_t undelivered; // to state
    logger_strays_t strays;
} storage_t;

static void open_storage (storage_t *storage, const storage_options_t *options);
static void open_gate (storage_t *storage, const storage_options_t *options);
static void open_book (storage_t *storage);
static void found_record (void *context, uint32_t index, const record_t *record);
static void wait_for_work (storage_t *storage, int signal_fd);
static void take_group (storage_t *storage);
static bool take_message (storage_t *storage, peer_t *peer, zmq_msg_t *body);
static void commit_group (storage_t *storage);
static void send_answers (storage_t *storage);
static uint64_t strays (const storage_t *storage);
static void close_storage (storage_t *storage);
static void die_of_disk (const storage_t *storage, const char *consequence);

int storage_serve (const storage_options_t *options, int signal_fd)
{
    storage_t storage = {0};
    open_storage (&storage, options);
    while (!process_signal (signal_fd)) {
        wait_for_work (&storage, signal_fd);
        gate_serve (storage.gate);
        brokers_look (storage.brokers, clock_ms ());
        clerk_tick (storage.clerk, clock_ms ());
        take_group (&storage);
        logger_strays (&storage.strays, strays (&storage), clock_ms ());
        commit_group (&storage);
        send_answers (&storage);
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    close_storage (&storage);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

static void open_storage (storage_t *storage, const storage_options_t *options)
{
    storage->directory = options->data_directory;
    open_book (storage);
    storage->clerk = clerk_new (storage->ledger, storage->book, options->log_bets);
    open_gate (storage, options);
    problem_t problem;
    storage->socket = net_router (BUNDLE_BYTES_MAX, STORAGE_QUEUE_BUNDLES, &problem);
    const char *listen = storage->socket
                             ? gate_listen (storage->gate, storage->socket, "storage",
                                            options->listen, &problem)
                             : NULL;
    if (listen)
        storage->brokers = brokers_new (storage->gate, options->brokers, ROLE_STORAGE,
                                        clock_ms (), &problem);
    if (!storage->brokers)
        process_end (&problem);
    logger_event (
        LOG_INFO, "almacenamiento", LOG_SUCCESS,
        "listen: %s | broker: %s | data_dir: %s | records: %u | bytes: %llu | hash: "
        "%016llx",
        listen, options->brokers, options->data_directory, book_records (storage->book),
        (unsigned long long) book_bytes (storage->book),
        (unsigned long long) book_hash (storage->book));
    logger_gather (true);
}

static void open_gate (storage_t *storage, const storage_options_t *options)
{
    static const char *const peers[] = {"worker", "state", "broker", NULL};
    static const char *const hosts[] = {"broker", NULL};
    const gate_options_t gate = {.keys = options->keys,
                                 .peers = peers,
                                 .hosts = hosts,
                                 .insecure = options->insecure};
    problem_t problem;
    storage->gate = gate_new (&gate, &problem);
    if (!storage->gate)
        process_end (&problem);
}

static void open_book (storage_t *storage)
{
    char why[JOURNAL_WHY_BYTES];
    const char *directory = storage->directory;
    storage->journal_file =
        file_take (directory, STORAGE_JOURNAL, FILE_WRITE, why, sizeof why);
    if (storage->journal_file)
        storage->csv_file =
            file_take (directory, STORAGE_CSV, FILE_WRITE, why, sizeof why);
    if (!storage->journal_file || !storage->csv_file)
        process_die_of (errno, "almacenamiento", "reason: %s", why);
    storage->ledger = ledger_new ();
    storage->book = book_open (storage->csv_file, storage->journal_file, found_record,
                               storage->ledger, why);
    if (!storage->book)
        process_die_of (
            storage->csv_file->failed || storage->journal_file->failed ? EIO : 0,
            "almacenamiento",
            "reason: %s/%s | consequence: nothing was changed, nothing is served",
            directory, why);
    if (book_torn (storage->book) > 0)
        logger_event (
            LOG_WARNING, "recuperacion", LOG_SUCCESS,
            "cut_off: %llu bytes of an unfinished and never acknowledged tail",
            (unsigned long long) book_torn (storage->book));
    if (book_settle (storage->book) == -1)
        die_of_disk (storage, "nothing is served");
}

static void found_record (void *context, uint32_t index, const record_t *record)
{
    ledger_apply (context, index, record);
}

static void wait_for_work (storage_t *storage, int signal_fd)
{
    zmq_pollitem_t items[3 + BROKERS_ITEMS] = {
        {.socket = zsock_resolve (storage->socket), .events = ZMQ_POLLIN},
        gate_item (storage->gate),
        {.fd = signal_fd, .events = ZMQ_POLLIN},
    };
    const int count = 3 + (int) brokers_items (storage->brokers, items + 3);
    const int64_t clerk_ms = clerk_deadline (storage->clerk);
    const int64_t brokers_ms = brokers_deadline (storage->brokers);
    zmq_poll (
        items, count,
        clock_timeout (clock_ms (), clerk_ms < brokers_ms ? clerk_ms : brokers_ms));
}

/* A group is what is waiting by now: the longer the last sync took, the more. */
static void take_group (storage_t *storage)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    while (!clerk_full (storage->clerk) && take_message (storage, &peer, &body))
        ;
    zmq_msg_close (&body);
}

static bool take_message (storage_t *storage, peer_t *peer, zmq_msg_t *body)
{
    const net_status_t status = net_receive (storage->socket, peer, body);
    if (status == NET_OK && net_is_ping (net_body (body)))
        net_send_pong (storage->socket, peer, "loteria-storage");
    else if (status == NET_OK &&
             clerk_take (storage->clerk, net_peer (peer), net_body (body)) == -1)
        die_of_disk (storage, "nothing of this group was acknowledged");
    return status != NET_EMPTY;
}

/* A sync that failed is never asked for again: the kernel has dropped what it could not
   write, and would say yes. The next start reads what the disk has. */
static void commit_group (storage_t *storage)
{
    if (clerk_commit (storage->clerk) == -1)
        die_of_disk (storage, "nothing of this group was acknowledged");
    logger_flush ();
}

static void send_answers (storage_t *storage)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (clerk_to_state (storage->clerk), &peer, &bundle))
        if (net_send_bundle (storage->socket, peer, bundle) != NET_OK)
            storage->undelivered++; // that state is gone: the agencies will ask again
    brokers_send (storage->brokers, clerk_answers (storage->clerk));
}

static uint64_t strays (const storage_t *storage)
{
    return clerk_strays (storage->clerk) + brokers_strays (storage->brokers);
}

static void close_storage (storage_t *storage)
{
    logger_gather (false);
    const uint64_t undelivered =
        storage->undelivered + brokers_undelivered (storage->brokers);
    const uint64_t strange = strays (storage);
    brokers_destroy (&storage->brokers);
    zsock_destroy (&storage->socket);
    gate_destroy (&storage->gate);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | undelivered: %llu",
                  (unsigned long long) undelivered);
    clerk_destroy (&storage->clerk);
    if (book_settle (storage->book) == -1) // gives reserved space back
        die_of_disk (storage, "what was acknowledged is stored");
    const uint64_t bytes = book_bytes (storage->book);
    book_destroy (&storage->book);
    file_close (&storage->csv_file);
    file_close (&storage->journal_file);
    ledger_destroy (&storage->ledger);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: %s | bytes: %llu | strays: %llu", STORAGE_CSV,
                  (unsigned long long) bytes, (unsigned long long) strange);
}

/* Whatever was logged of this group did not come to be. */
static void die_of_disk (const storage_t *storage, const char *consequence)
{
    const int error = errno;
    const file_t *file =
        storage->csv_file->failed ? storage->csv_file : storage->journal_file;
    logger_discard ();
    process_die ("almacenamiento", "reason: %s/%s %s, %s | consequence: %s",
                 storage->directory, file->name,
                 file->failed ? file->failed : "cannot be read", strerror (error),
                 consequence);
}
