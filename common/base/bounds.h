/* bounds.h - every bound of the system in one place.

   What a user may want otherwise is configurable (the names in capitals ending in
   _DEFAULT, with _MAX the highest value a configuration may ask for); the rest is
   fixed. The assertions at the end are the relations that the code relies on. (Not
   called limits.h, since that is the C library's.) */

#ifndef LOTERIA_BOUNDS_H
#define LOTERIA_BOUNDS_H

#include <assert.h>

/* A bound as text, where a setting's default is written. */
#define BOUND_TEXT(bound)  BOUND_TEXT_ (bound)
#define BOUND_TEXT_(bound) #bound

/* A bet's fields, in bytes. Names are UTF-8, so a letter may take four of them. */
#define NAME_BYTES_MAX     128
#define DOCUMENT_BYTES_MAX 32
#define BIRTHDATE_BYTES    10 /* YYYY-MM-DD */
#define NUMBER_DIGITS_MAX  10 /* as typed, leading zeros included */
#define NUMBER_MAX_DEFAULT 9999
#define NUMBER_MAX_MAX     999999999

/* The longest row: two names and a document in which every byte is a doubled quote,
   three pairs of enclosing quotes, date, number, four commas and CRLF. */
#define ROW_BYTES_MAX                                                                  \
    (2 * (2 * NAME_BYTES_MAX + DOCUMENT_BYTES_MAX) + 6 + BIRTHDATE_BYTES +             \
     NUMBER_DIGITS_MAX + 4 + 2)
#define ROW_BYTES_MIN     19 /* a,b,1,2000-01-01,1 and LF */
#define AGENCY_DIGITS_MAX 10

/* A message on the front, whole. */
#define MESSAGE_BYTES_DEFAULT       8192  /* what an agency packs */
#define MESSAGE_BYTES_LIMIT_DEFAULT 65536 /* what a broker takes */
#define MESSAGE_BYTES_MIN           1024
#define MESSAGE_BYTES_MAX           (1024 * 1024)
#define BATCHES_BYTES_MAX           (64 * 1024) /* several batches in one */
#define BATCH_ROWS_MAX              65535
#define BATCH_ROWS_DEFAULT          8192

/* Batches an agency may have unacknowledged: what it asks for, what a broker grants. */
#define WINDOW_DEFAULT       16
#define WINDOW_LIMIT_DEFAULT 64
#define WINDOW_MAX           256

/* Agencies on the roll, and connections a broker remembers at once. */
#define AGENCIES_DEFAULT 5
#define COMMIT_S_DEFAULT 600 /* to commit in a provable draw, after its close */
#define COMMIT_S_MAX     604800
#define AGENCIES_MAX     100000
#define CLIENTS_MAX      131072

/* Connections that a key may have at the broker; as many more may have come in and not
   have said anything yet, for which they have SPEAK_MS. Bytes that go over a connection
   beside messages (a handshake, heartbeats), and are not taken for part of one. */
#define CONNECTIONS_PER_KEY           64
#define CONNECTION_OTHER_BYTES        (16 * 1024)
#define CONNECTION_OTHER_BYTES_SECOND 256
/* What is left for other files when a broker counts how many connections it may have.
 */
#define DESCRIPTORS_KEPT 64

/* The roll: two keys overlap while one takes the other's place. */
#define ROLL_KEYS_MAX       2
#define ROLL_NAME_BYTES_MAX 128
#define ROLL_BYTES_MAX      (32 * 1024 * 1024)
#define ROLL_LOOK_MS        250 /* how often the file is looked at */

/* What CURVE adds to a message, which ZeroMQ counts (RFC 26: flags, nonce, box). */
#define CURVE_BYTES 33

/* Workers a broker knows at once; requests each may hold. */
#define WORKERS_MAX           8192
#define WORKERS_DEFAULT       4
#define WORKER_CREDIT_DEFAULT 64
#define WORKER_CREDIT_MAX     1024
/* Bytes it may hold: it is given no more once it has so many. */
#define WORKER_CREDIT_BYTES (1024 * 1024)
/* One that holds all it may, and answered nothing of it in time, is tried with one
   request after so long, and then after twice as long, up to a limit. */
#define TRIAL_MS     500
#define TRIAL_MS_MAX 4000

/* What a request takes in a broker's memory besides its message. */
#define REQUEST_BYTES 256

/* Requests waiting in a broker: per client, at its widest window, and in all. */
#define CLIENT_QUEUE_REQUESTS (2 * WINDOW_MAX)
#define QUEUE_BYTES_MAX       (64 * 1024 * 1024)
#define QUEUE_SHARE           4 /* of a broker's memory, at most: a quarter */
/* Requests of one agency that are served before the others have their turn, and their
   bytes: what goes through together is acknowledged together. One that is longer takes
   the bytes of several turns. What an agency was refused is taken off its next turns,
   up to a limit, so that it has a turn again in finite time. */
#define LANE_TURN           4
#define LANE_TURN_BYTES     (LANE_TURN * (MESSAGE_BYTES_DEFAULT + REQUEST_BYTES))
#define LANE_DEBT_BYTES_MAX (64 * LANE_TURN_BYTES)
/* What a short request counts for among these bytes when storage reads its disk for it.
 */
#define DISK_READ_BYTES LANE_TURN_BYTES
/* What all agencies of the roll may have under way together: with more agencies each is
   granted a narrower window, so that an honest crowd is never told BUSY. */
#define UNDER_WAY_BYTES_MAX (QUEUE_BYTES_MAX / 2)
/* And what those who are there may have beyond that, as most of a roll is not: whoever
   comes may take an eighth of what is left of it. */
#define LENT_BYTES_MAX (QUEUE_BYTES_MAX / 4)
#define LENT_PART      8
#define INFLIGHT_MAX   131072 /* a power of two */

/* Brokers that storage and state answer; how long a broker that misses one of the two
   lets requests for it wait before it answers UNAVAILABLE. */
#define BROKERS_MAX      8
#define PART_PATIENCE_MS 2000

/* Memory of a broker, in MB: beyond it those who have sent most are cut. */
#define BROKER_MEMORY_MB_DEFAULT 1024
#define BROKER_MEMORY_MB_MIN     64
#define BROKER_MEMORY_MB_MAX     (1024 * 1024)

/* Bundles on the inner hops: full once either is reached. */
#define BUNDLE_MESSAGES_MAX 64
/* Fewer than this are not divided among workers: a message costs each process it passes
   about as much as checking two batches. 8 workers on 2 cores: 1.4 times as
   fast as with an even division (medians of runs in turn); 2 workers: no slower. */
#define BUNDLE_MESSAGES_WORTH 12
#define BUNDLE_BYTES_FULL     (256 * 1024)
#define ADDRESS_BYTES_MAX     255 /* a ZeroMQ routing id */

/* Canonical rows are larger than what came: each by agency number, comma and CR. */
#define STORE_BYTES_MAX     (2 * MESSAGE_BYTES_MAX)
#define ENVELOPED_BYTES_MAX (STORE_BYTES_MAX + 128)
#define BUNDLE_BYTES_MAX    (BUNDLE_BYTES_FULL + ENVELOPED_BYTES_MAX)

/* Batches that arrived ahead of the one before them wait in storage. */
#define HELD_BATCHES_PER_AGENCY (2 * WINDOW_MAX)
#define HELD_BYTES_PER_AGENCY   (8 * 1024 * 1024)
#define HELD_BYTES_MAX          (64 * 1024 * 1024)

/* Storage commits a group once it has this much, or nothing more is waiting. */
#define GROUP_MESSAGES_MAX 4096

/* The log of records: a ring of equal segments, each of which holds at least two of the
   largest groups; its size is the option --log-mib. */
#define LOG_GROUP_BYTES_MAX                                                            \
    (4 * 1024 * 1024) /* on disk, a header and records with it */
#define LOG_SEGMENTS    4
#define LOG_MIB_DEFAULT 64
#define LOG_MIB_MIN     32
#define LOG_MIB_MAX     (64 * 1024)

/* One page of winners: at most this much of bets.csv is read for it. */
#define WINNERS_SCAN_BYTES (8 * 1024 * 1024)
#define WINNERS_PAGE_BYTES 7168                /* of documents */
#define WINNERS_BYTES_MAX  (256 * 1024 * 1024) /* documents that an agency gathers */

/* A draw's name; the reason that an operator gives for what he orders. */
#define WAITING_NAMES_MAX   8 // missing agencies that an agency is told
#define DRAW_NAME_BYTES_MAX 40
#define NOTE_BYTES_MAX      200

/* A provable draw: agencies on its roll; the rows of one of its events (fair_paper.h);
   the bytes of a note that one NOTE has; of a READY that is signed, and of a nonce's
   box.
 */
#define PROVABLE_AGENCIES_MAX 4000
#define PAPER_BYTES_MAX       (1536 * 1024)
#define NOTE_PAGE_BYTES       7168
#define COMMIT_NOTE_BYTES_MAX 800
#define BOX_BYTES_MAX         80

/* Agencies that may wait at storage for a root over bets of theirs (ROOT). */
#define ROOT_JOBS_MAX 64
/* What state asks there that takes long, as long as it waits. */
#define STATE_JOBS_BYTES_MAX (32 * 1024 * 1024)

/* Draws that are open or closed at once, and the agencies on their rolls together;
   those that are over and are kept in memory; those that one LIST is answered with. */
#define DRAWS_OPEN_MAX      128
#define DRAWS_AGENCIES_MAX  (2 * AGENCIES_MAX)
#define DRAWS_FINISHED_KEPT 16
#define LIST_DRAWS          32
/* Operators' orders that state carries out at a time; HELLOs that wait for a draw that
   it does not have at hand. */
#define ORDERS_MAX             32
#define OPERATOR_QUESTIONS_MAX 32 /* likewise, of what they ask about a draw */
#define HELLOS_MAX             256

/* Bets that an agency may cancel in a draw. */
#define CANCELS_MAX 10000
/* A row of cancelled.csv: an offset, a comma and a canonical row. */
#define CANCELLED_ROW_BYTES_MAX (20 + 1 + AGENCY_DIGITS_MAX + 1 + ROW_BYTES_MAX)

/* What happens to a draw: it is opened, closed and made, or void instead; each agency
   is excused, or asks, or both, and is served. A provable one has four notes besides,
   and each agency reveals. So many events storage replays at a time. */
#define DRAW_EVENTS_MAX (7 + 4 * AGENCIES_MAX)
#define REPLAY_EVENTS   64

/* Bundles or messages that a socket queues for one peer, each way. */
#define STORAGE_QUEUE_BUNDLES 1024
#define STATE_QUEUE_BUNDLES   1024
#define WORKER_QUEUE_BUNDLES  1024
#define BROKER_QUEUE_BUNDLES  1024
#define FRONT_QUEUE_MESSAGES  (WINDOW_MAX + 8)

/* Log lines that one agency can cause, and all together, within a time; the others are
   counted. */
#define RATE_LIMIT_LINES     10
#define RATE_LIMIT_LINES_ALL 1000
#define RATE_LIMIT_PERIOD_MS 10000

/* The text of a REPORT; the log lines and the refusals that a process keeps for who
   asks, and the bytes of those lines; pieces that one page is gathered from at most. */
#define REPORT_BYTES_MAX  32768
#define LINES_KEPT        1024
#define LINES_KEPT_BYTES  (256 * 1024)
#define REFUSALS_KEPT     256
#define REPORT_PIECES_MAX 4096

/* A refusal's text. */
#define REFUSAL_TEXT_MAX 255

/* Newcomers whose keys are looked at in one go. */
#define LOOP_HANDSHAKES_MAX 64

/* Messages taken from one socket before the others get their turn. */
#define LOOP_MESSAGES_MAX 256

/* Comings and goings at the broker's front that are looked at in one go. */
#define LOOP_EVENTS_MAX 4096

/* Times, in milliseconds. */
#define HEARTBEAT_MS_DEFAULT   500
#define HEARTBEAT_MS_MIN       100
#define HEARTBEAT_MS_MAX       60000
#define HEARTBEATS_MISSED      3
#define INFLIGHT_MS            2000 /* then the agency's resend is what counts */
#define RETRY_MS_MIN           250
#define RETRY_MS_MAX           2000
#define ASK_AGAIN_MS           500  /* what state itself asks of storage */
#define ASK_NEWS_MS            1000 /* whether a draw was closed whose hour has come */
#define DRAW_USED_MS           (RETRY_MS_MAX + RETRY_MS_MIN) /* it stays live so long */
#define QUESTION_MS            (5 * READY_RENEW_MS) /* then nobody asks it any more */
#define HELLO_PATIENCE_MS      1000  /* of state, until a draw was looked up */
#define ORDER_PATIENCE_MS      5000  /* of state, until an order is recorded */
#define OPERATOR_PATIENCE_MS   2000  /* of state, until what he asks is answered */
#define WALL_LOOK_MS           60000 /* the clock on the wall may be set */
#define READY_RENEW_MS         2000
#define CONNECT_RETRY_MS       20
#define CONNECT_LOOK_MS        20
#define CONNECT_RETRY_MS_MAX   1000
#define SPEAK_MS               10000 /* for a newcomer's first message */
#define HANDSHAKE_MS           2000
#define CONNECT_MS             3000 /* without an answer: nobody is at that address */
#define LINGER_MS              500
#define AWAKE_STEP_MS          100  /* the most that passes from one look to the next */
#define WAIT_FIRST_MS          5000 /* who waits says so after this */
#define WAIT_AGAIN_MS          60000 /* and then now and then */
#define MEMORY_GUARD_LOOK_MS   100
#define ZMTP_HEARTBEAT_MS      1500
#define ZMTP_TIMEOUT_MS        3000
#define PATIENCE_SECONDS       60
#define RESTART_BACKOFF_MS     100
#define RESTART_BACKOFF_MS_MAX 5000
#define STOP_GRACE_MS          5000
#define SINK_WAIT_MS           200 /* for somebody to read the log */
#define OTHERS_PATIENCE_MS     5000 /* for another process to let go of files or a port */
#define OTHERS_LOOK_MS         50
#define RUN_DIRECTORY_LOOK_MS  1000

/* File descriptors: what a process needs besides its connections, and how many are
   tried at once whether they are there. */
#define DESCRIPTORS_OWN       40
#define DESCRIPTORS_TRIED_MAX 256

static_assert (ROW_BYTES_MAX < MESSAGE_BYTES_MIN - 32, "any row fits any message");
static_assert (WINNERS_PAGE_BYTES + DOCUMENT_BYTES_MAX + 128 < MESSAGE_BYTES_DEFAULT,
               "a page of winners is no longer than an ordinary batch");
static_assert (MESSAGE_BYTES_DEFAULT <= MESSAGE_BYTES_LIMIT_DEFAULT, "default fits");
static_assert (BATCH_ROWS_MAX <= 0xFFFF, "a record counts rows in 16 bits");
static_assert (HELD_BATCHES_PER_AGENCY >= WINDOW_MAX, "a whole window can be held");
static_assert (CLIENT_QUEUE_REQUESTS >= WINDOW_MAX, "a whole window can wait");
static_assert (LOG_MIB_MIN * 1024 * 1024 / LOG_SEGMENTS >= 2 * LOG_GROUP_BYTES_MAX,
               "a segment holds two groups");
static_assert (STORE_BYTES_MAX + 256 <= LOG_GROUP_BYTES_MAX, "any batch fits a group");
static_assert ((INFLIGHT_MAX & (INFLIGHT_MAX - 1)) == 0, "indexed by a mask");
static_assert (AGENCY_DIGITS_MAX + 2 <= ROW_BYTES_MIN,
               "a row grows by its agency, a comma and a CR: to less than double");
static_assert (NOTE_BYTES_MAX <= REFUSAL_TEXT_MAX, "a refusal can say why");
static_assert (PAPER_BYTES_MAX <= STORE_BYTES_MAX, "a paper fits where a batch fits");
static_assert (NOTE_PAGE_BYTES <= WINNERS_PAGE_BYTES,
               "a page of a note is no longer than one of winners");
static_assert (COMMIT_NOTE_BYTES_MAX + BOX_BYTES_MAX + 128 <= MESSAGE_BYTES_MIN,
               "a COMMIT fits any message");
static_assert (AWAKE_STEP_MS <= HEARTBEAT_MS_MIN, "a stop uses up no patience");

#endif
