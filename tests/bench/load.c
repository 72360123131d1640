/* load.c - bench-load: many agencies in one process. Each has a connection of its own
   and the real agency's session; all sell the same rows, out of memory. The clock
   starts when every one of them was let in.

   For what real processes are too heavy to measure: a thousand agencies at once, a
   lonely bet's round trip, the moment of the draw, batches at a steady rate, many draws
   at once. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "bet_csv.h"
#include "clock.h"
#include "config.h"
#include "digest.h"
#include "measure.h"
#include "net.h"
#include "process.h"
#include "session.h"

#define EVENTS_MAX    256
#define LOOK_MS       20 // deadlines are looked at so often
#define QUESTIONS_MAX 16
#define SECONDS_MAX   300

typedef struct {
    const char *server, *bets;
    uint32_t agencies, count, window, bytes, rows, bundle, rate, draws, first;
    bool results;
} options_t;

typedef struct { // a source of rows: the first `count` of what all sell
    bytes_t all, rest;
    uint64_t count, taken;
    bool again; // behind the last row comes the first one
} memory_t;

typedef struct {
    char draw[DRAW_NAME_BYTES_MAX + 1];
    memory_t memory;
    rows_t rows;
    session_t *session;
    zsock_t *socket;
    int64_t *sent_ns;      // of the batches under way, a ring of window
    uint64_t sent, stored; // batches
    uint64_t sent_end;     // offset behind the last batch that was sent
    int64_t ready_ns, over_ns;
    bool welcomed, over;
    bool early; // its next batch waits until it is due
} seller_t;

typedef struct {
    options_t options;
    seller_t *sellers;
    int epoll, timer;        // timer: with a rate, when the next batch is due
    uint64_t welcomed, over; // how many of the sellers
    int64_t begun_ns, start_ns, stored_ns;
    uint32_t *latencies;
    size_t batches, batches_capacity;
} load_t;

static load_t load; // one a process; the sessions' listener needs no more

static config_t *read_options (int argc, char **argv);
static bytes_t map_file (const char *path);
static void open_sellers (void);
static void open_seller (seller_t *seller, uint32_t index, bytes_t bets);
static void run (void);
static void serve (seller_t *seller);
static void take_messages (seller_t *seller);
static void send_messages (seller_t *seller);
static bool is_early (seller_t *seller, bytes_t message);
static void note_message (seller_t *seller, bytes_t bytes, int64_t now_ns);
static void note_sent (seller_t *seller, const wire_batch_t *batch, int64_t now_ns);
static bool is_due (seller_t *seller);
static int64_t due_ns (const seller_t *seller);
static void set_timer (void);
static void serve_due (void);
static void note_stored (void *listener, const window_batch_t *batch);
static void note_state (seller_t *seller);
static bool may_send (const seller_t *seller);
static bool start_again (memory_t *memory);
static rows_status_t next_row (void *self, row_t *row);
static rows_status_t seek_row (void *self, uint64_t index, uint64_t *rows);
static const char *no_error (void *self);
static size_t take_rows (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows, uint64_t *digest);
static void print_result (void);
static void print_winners (void);
static void close_sellers (void);

int main (int argc, char **argv)
{
    process_start ();
    config_t *config = read_options (argc, argv);
    open_sellers ();
    run ();
    print_result ();
    close_sellers ();
    config_destroy (&config);
    return 0;
}

static config_t *read_options (int argc, char **argv)
{
    options_t *options = &load.options;
    const config_item_t items[] = {
        {"server", CONFIG_TEXT, &options->server, NULL, "tcp://127.0.0.1:12345", 0, 0,
         "the central"},
        {"bets", CONFIG_TEXT, &options->bets, NULL, NULL, 0, 0, "file that all sell"},
        {"agencies", CONFIG_NUMBER, &options->agencies, NULL, "5", 1, AGENCIES_MAX,
         "agencies, from 1 to this number"},
        {"count", CONFIG_NUMBER, &options->count, NULL, "1000", 1, 1U << 31,
         "bets of each agency"},
        {"window", CONFIG_NUMBER, &options->window, NULL, "16", 1, WINDOW_MAX,
         "batches under way at once, of each agency"},
        {"bytes", CONFIG_NUMBER, &options->bytes, NULL, "8192", MESSAGE_BYTES_MIN,
         MESSAGE_BYTES_MAX, "most bytes of a batch's message"},
        {"rows", CONFIG_NUMBER, &options->rows, NULL, "8192", 1, BATCH_ROWS_MAX,
         "most bets of a batch"},
        {"bundle", CONFIG_NUMBER, &options->bundle, NULL, "65536", 0, BATCHES_BYTES_MAX,
         "most bytes of several batches in one message; 0, and with a rate: each goes "
         "alone"},
        {"rate", CONFIG_NUMBER, &options->rate, NULL, "0", 0, 10000000,
         "batches a second of all agencies, each measured from when it was due, out "
         "of a file that begins anew when it ends; 0: as many as the windows let pass"},
        {"draws", CONFIG_NUMBER, &options->draws, NULL, "0", 0, DRAWS_OPEN_MAX,
         "open draws, so many, draw-1 and on, among which the agencies are divided; in "
         "each they are numbered from 1 on; 0: all sell to the one on sale"},
        {"first-draw", CONFIG_NUMBER, &options->first, NULL, "1", 1, UINT32_MAX / 2,
         "the number in the name of the first of these draws"},
        {"results", CONFIG_FLAG, &options->results, NULL, "no", 0, 0,
         "then ask for the results, and measure how long the draw takes"},
        {0}};
    const config_program_t program = {.program = "bench-load",
                                      .section = "bench-load",
                                      .summary = "Many agencies in one process.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        exit (status);
    if (!options->bets)
        measure_die ("bench-load: --bets is needed");
    return config;
}

static void open_sellers (void)
{
    const uint64_t agencies = load.options.agencies;
    struct rlimit files;
    getrlimit (RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
    zsys_set_max_sockets (agencies + 16);

    const bytes_t bets = map_file (load.options.bets);
    load.epoll = epoll_create1 (0);
    load.timer = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK);
    load.sellers = calloc (agencies, sizeof *load.sellers);
    assert (load.epoll != -1 && load.timer != -1 && load.sellers);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl (load.epoll, EPOLL_CTL_ADD, load.timer, &event);
    load.begun_ns = measure_ns ();
    for (uint64_t i = 0; i < agencies; i++)
        open_seller (&load.sellers[i], (uint32_t) i, bets);
}

static bytes_t map_file (const char *path)
{
    struct stat about;
    const int file = open (path, O_RDONLY);
    if (file == -1 || fstat (file, &about) == -1)
        measure_die ("%s: %s", path, strerror (errno));
    void *data = mmap (NULL, (size_t) about.st_size, PROT_READ,
                       MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (data == MAP_FAILED)
        measure_die ("%s: %s", path, strerror (errno));
    return bytes_of (data, (size_t) about.st_size);
}

static void open_seller (seller_t *seller, uint32_t index, bytes_t bets)
{
    const options_t *options = &load.options;
    const uint32_t draws = options->draws > 0 ? options->draws : 1;
    seller->memory = (memory_t){
        .all = bets, .rest = bets, .count = options->count, .again = options->rate > 0};
    seller->rows =
        (rows_t){&seller->memory, "memory", next_row, seek_row, no_error, take_rows};
    seller->sent_ns = calloc (options->window, sizeof *seller->sent_ns);
    assert (seller->sent_ns);
    if (options->draws > 0)
        snprintf (seller->draw, sizeof seller->draw, "draw-%" PRIu32,
                  index % draws + options->first);
    const session_options_t session = {
        .agency = index / draws + 1,
        .draw = options->draws > 0 ? seller->draw : NULL,
        .limits = {.window = options->window,
                   .message_bytes_max = options->bytes,
                   .rows_max = options->rows,
                   .bundle_bytes = options->rate ? 0 : options->bundle},
        .patience_ms = 60000,
        .seed = index + 1,
        .task = options->results ? SESSION_WHOLE : SESSION_SELL_ONLY,
        .stored = note_stored,
        .listener = seller};
    seller->session = session_new (&session, &seller->rows, clock_ms ());
    problem_t problem;
    seller->socket =
        net_dealer (MESSAGE_BYTES_MAX, (int) options->window + QUESTIONS_MAX, &problem);
    if (!seller->socket)
        measure_die ("%s", problem.parts);
    if (net_connect (seller->socket, options->server) == -1)
        measure_die ("%s: %s", options->server, zmq_strerror (errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = seller};
    epoll_ctl (load.epoll, EPOLL_CTL_ADD, zsock_fd (seller->socket), &event);
}

static void run (void)
{
    const uint64_t agencies = load.options.agencies;
    struct epoll_event events[EVENTS_MAX];
    int64_t look_ms = 0, end_ms = clock_ms () + SECONDS_MAX * 1000;
    while (load.over < agencies && clock_ms () < end_ms) {
        const bool waiting = load.welcomed < agencies;
        if (load.options.rate > 0)
            set_timer ();
        const int count = epoll_wait (load.epoll, events, EVENTS_MAX, LOOK_MS);
        bool due = false;
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                serve (events[i].data.ptr);
            else
                due = true;
        if (due)
            serve_due ();
        const bool all_in = waiting && load.welcomed == agencies;
        if (!all_in && clock_ms () < look_ms)
            continue;
        look_ms = clock_ms () + LOOK_MS;
        for (uint64_t i = 0; i < agencies; i++)
            if (all_in || session_deadline (load.sellers[i].session) <= clock_ms ())
                serve (&load.sellers[i]);
    }
    if (load.over < agencies)
        measure_die ("not finished after %d seconds", SECONDS_MAX);
}

/* A socket tells of news once: so until there are none. */
static void serve (seller_t *seller)
{
    do {
        take_messages (seller);
        note_state (seller); // before it may send: the last one to be let in starts all
        session_tick (seller->session, clock_ms ());
        send_messages (seller);
        note_state (seller);
    } while (!seller->over && zsock_events (seller->socket) & ZMQ_POLLIN);
}

static void take_messages (seller_t *seller)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    while (net_receive (seller->socket, NULL, &body) == NET_OK)
        session_receive (seller->session, net_body (&body), clock_ms ());
    zmq_msg_close (&body);
}

static void send_messages (seller_t *seller)
{
    size_t size;
    while (may_send (seller) &&
           (size = session_next_output (seller->session, clock_ms ())) > 0) {
        zmq_msg_t body, sent;
        zmq_msg_init_size (&body, size);
        session_write_output (seller->session, zmq_msg_data (&body));
        zmq_msg_init (&sent);
        zmq_msg_copy (&sent, &body);
        const int64_t now_ns = measure_ns ();
        const bool gone =
            !is_early (seller, net_body (&sent)) &&
            net_send (seller->socket, bytes_of (NULL, 0), &body) == NET_OK;
        if (gone) {
            session_output_sent (seller->session, clock_ms ());
            note_message (seller, net_body (&sent), now_ns);
        }
        zmq_msg_close (&sent);
        zmq_msg_close (&body);
        if (!gone)
            return;
    }
}

/* A new batch that is not due yet. */
static bool is_early (seller_t *seller, bytes_t message)
{
    wire_message_t batch;
    return load.options.rate > 0 && wire_decode (message, &batch) == REFUSED_OK &&
           batch.command == WIRE_BATCH && batch.batch.offset >= seller->sent_end &&
           !is_due (seller);
}

static void note_message (seller_t *seller, bytes_t bytes, int64_t now_ns)
{
    wire_message_t message, batch;
    bytes_t frame;
    if (wire_decode (bytes, &message) != REFUSED_OK)
        measure_die ("a message that is none");
    if (message.command == WIRE_READY && seller->ready_ns == 0)
        seller->ready_ns = now_ns;
    if (message.command == WIRE_BATCH)
        note_sent (seller, &message.batch, now_ns);
    if (message.command == WIRE_BATCHES)
        while (wire_batches_next (&message.batches, &frame, &batch))
            note_sent (seller, &batch.batch, now_ns);
}

/* What is sent a second time keeps its first time. */
static void note_sent (seller_t *seller, const wire_batch_t *batch, int64_t now_ns)
{
    if (batch->offset < seller->sent_end)
        return;
    seller->sent_ns[seller->sent % load.options.window] =
        load.options.rate > 0 ? due_ns (seller) : now_ns;
    seller->sent++;
    seller->sent_end = batch->offset + batch->count;
}

/* Whether the seller's next batch may be sent; if not, the timer will tell. */
static bool is_due (seller_t *seller)
{
    seller->early = load.options.rate > 0 && measure_ns () < due_ns (seller);
    return !seller->early;
}

/* The agencies take turns. */
static int64_t due_ns (const seller_t *seller)
{
    const uint64_t turn =
        seller->sent * load.options.agencies + (uint64_t) (seller - load.sellers);
    return load.start_ns + (int64_t) (turn * 1000000000 / load.options.rate);
}

static void set_timer (void)
{
    int64_t first_ns = INT64_MAX;
    for (uint64_t i = 0; i < load.options.agencies; i++)
        if (load.sellers[i].early && due_ns (&load.sellers[i]) < first_ns)
            first_ns = due_ns (&load.sellers[i]);
    const struct itimerspec first = {
        .it_value = {first_ns / 1000000000, first_ns % 1000000000}};
    if (first_ns < INT64_MAX)
        timerfd_settime (load.timer, TFD_TIMER_ABSTIME, &first, NULL);
}

static void serve_due (void)
{
    const int64_t now_ns = measure_ns ();
    uint64_t times;
    if (read (load.timer, &times, sizeof times) != sizeof times)
        return;
    for (uint64_t i = 0; i < load.options.agencies; i++)
        if (load.sellers[i].early && due_ns (&load.sellers[i]) <= now_ns)
            serve (&load.sellers[i]);
}

static void note_stored (void *listener, const window_batch_t *batch)
{
    (void) batch;
    seller_t *seller = listener;
    if (load.batches == load.batches_capacity) {
        load.batches_capacity = 2 * load.batches_capacity + 1024;
        load.latencies =
            realloc (load.latencies, load.batches_capacity * sizeof *load.latencies);
        assert (load.latencies);
    }
    load.stored_ns = measure_ns ();
    load.latencies[load.batches++] =
        measure_latency (seller->sent_ns[seller->stored++ % load.options.window]);
}

static void note_state (seller_t *seller)
{
    const session_progress_t *progress = session_progress (seller->session);
    if (progress->state == SESSION_FAILED)
        measure_die ("%s", session_failure (seller->session));
    if (!seller->welcomed && progress->welcomed_ms >= 0) {
        seller->welcomed = true;
        if (++load.welcomed == load.options.agencies)
            load.start_ns = measure_ns ();
    }
    if (seller->over_ns == 0 && progress->state >= SESSION_LEAVING)
        seller->over_ns = measure_ns ();
    if (!seller->over && session_over (seller->session)) {
        seller->over = true;
        load.over++;
        epoll_ctl (load.epoll, EPOLL_CTL_DEL, zsock_fd (seller->socket), NULL);
    }
}

static bool may_send (const seller_t *seller)
{
    return !seller->welcomed || load.welcomed == load.options.agencies;
}

/* Whether a row is left. */
static bool start_again (memory_t *memory)
{
    if (memory->rest.size == 0 && memory->again)
        memory->rest = memory->all;
    return memory->rest.size > 0;
}

static rows_status_t next_row (void *self, row_t *row)
{
    memory_t *memory = self;
    size_t end;
    if (memory->taken == memory->count)
        return ROWS_END;
    const size_t size =
        start_again (memory) ? bet_csv_row_size (memory->rest, &end) : 0;
    if (size == 0)
        return ROWS_FAILED; // fewer rows than --count
    row->text = bytes_of (memory->rest.data, end);
    row->line = ++memory->taken;
    memory->rest = bytes_of (memory->rest.data + size, memory->rest.size - size);
    return ROWS_OK;
}

static rows_status_t seek_row (void *self, uint64_t index, uint64_t *rows)
{
    memory_t *memory = self;
    row_t row;
    memory->rest = memory->all;
    memory->taken = 0;
    *rows = memory->count;
    while (memory->taken < index)
        if (next_row (memory, &row) != ROWS_OK)
            return ROWS_END;
    return ROWS_OK;
}

static const char *no_error (void *self)
{
    (void) self;
    return "the file has fewer rows than --count";
}

/* Sample bets have no quotes. */
static size_t take_rows (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows, uint64_t *digest)
{
    memory_t *memory = self;
    start_again (memory);
    const uint8_t *start = memory->rest.data;
    const uint64_t left = memory->count - memory->taken;
    bytes_t rest =
        bytes_of (start, memory->rest.size < room ? memory->rest.size : room);
    *rows =
        digest_plain_rows (digest, &rest, left < rows_max ? (uint32_t) left : rows_max);
    memory->taken += *rows;
    const size_t size = (size_t) (rest.data - start);
    put_bytes (out, bytes_of (start, size));
    memory->rest = bytes_of (rest.data, memory->rest.size - size);
    return size;
}

static void print_result (void)
{
    const options_t *options = &load.options;
    const uint64_t bets = (uint64_t) options->agencies * options->count;
    const double seconds = (double) (load.stored_ns - load.start_ns) / 1e9;
    uint64_t retries = 0;
    int64_t ready_ns = 0, over_ns = 0;
    for (uint64_t i = 0; i < options->agencies; i++) {
        const seller_t *seller = &load.sellers[i];
        retries += session_progress (seller->session)->retries;
        ready_ns = seller->ready_ns > ready_ns ? seller->ready_ns : ready_ns;
        over_ns = seller->over_ns > over_ns ? seller->over_ns : over_ns;
    }
    printf ("{\"agencies\":%" PRIu32 ",\"bets\":%" PRIu64 ",\"batches\":%zu,"
            "\"seconds\":%.6f,\"bets_per_second\":%.1f,\"batches_per_second\":%.1f,"
            "\"welcome_seconds\":%.6f,\"retries\":%" PRIu64 ",\"latency_us\":",
            options->agencies, bets, load.batches, seconds, (double) bets / seconds,
            (double) load.batches / seconds,
            (double) (load.start_ns - load.begun_ns) / 1e9, retries);
    measure_print_latency (load.latencies, load.batches);
    if (options->results) {
        printf (",\"draw_ms\":%.3f,\"winners\":{", (double) (over_ns - ready_ns) / 1e6);
        print_winners ();
        printf ("}");
    }
    printf ("}\n");
}

static void print_winners (void)
{
    for (uint64_t i = 0; i < load.options.agencies; i++) {
        bytes_t documents = session_winners (load.sellers[i].session);
        printf ("%s\"%" PRIu64 "\":[", i ? "," : "", i + 1);
        for (const char *comma = ""; documents.size > 0; comma = ",") {
            const uint8_t *end = memchr (documents.data, '\n', documents.size);
            const size_t size = (size_t) (end - documents.data);
            printf ("%s\"%.*s\"", comma, (int) size, (const char *) documents.data);
            documents = bytes_of (end + 1, documents.size - size - 1);
        }
        printf ("]");
    }
}

static void close_sellers (void)
{
    for (uint64_t i = 0; i < load.options.agencies; i++) {
        session_destroy (&load.sellers[i].session);
        zsock_destroy (&load.sellers[i].socket);
        free (load.sellers[i].sent_ns);
    }
    free (load.sellers);
    free (load.latencies);
    zsys_shutdown ();
}
