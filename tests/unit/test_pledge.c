/* test_pledge.c - a session in a provable draw: agency 4 of fair_draw.h's, with a
   central that has the draw's notes and whatever the agency sent. */

#define AGENCY 4

#include "fair_draw.h"
#include "session_day.h"

#include "bet_csv.h"
#include "rooting.h"

#define WHICH 1
#define KEPT  (VAULT_FILES + 4)
#define PAGE  300 // of a note: several each

typedef struct { // the agency's folder, which outlives its sessions
    struct {
        char name[VAULT_NAME_BYTES], file[2 * FAIR_NOTE];
    } kept[KEPT];
    size_t kept_count;
    char rows[FAIR_NOTE];
    uint64_t count, digest;
    uint64_t offsets[4], asked[4];
    size_t offsets_count, asked_count;
    int chances;
    char offered[256];
    uint64_t settled;
} folder_t;

typedef struct { // the other side
    uint64_t stored;
    uint32_t cancelled;
    bool ended;       // the agency's sale
    uint64_t late;    // bets that an earlier run has under way
    bool late_cancel; // likewise
    bool held;        // a commitment
    bool revealed;    // by the agency
    bool locked, published, closed;
    int questions; // so far
    int told;      // that it told of the winners
    char commit[4096], reveal[256];
    size_t commit_size, reveal_size;
    uint64_t other_at;               // the bet that it has otherwise; UINT64_MAX: none
    wire_code_t on_ready, on_commit; // refused
    bool before_ready;               // what is under way is stored just before it
    const char *receipt;             // another than the draw's
    int missing;                     // so many times the result note is not there yet
    char off[FAIR_NOTE];             // its void note, if any
} central_t;

static fair_draw_t draw;
static folder_t folder;
static central_t central;
static char typed[FAIR_BETS + 1][128];
static const char *table[FAIR_BETS + 1];
static day_t *day;
static vault_t *vault;

/* ---- The folder ---- */

static const char *keep (void *self, const char *name, bytes_t file)
{
    (void) self;
    if (strncmp (name, "faulty-", 7) == 0)
        return NULL; // test_vault.c looks at those
    for (size_t i = 0; i < folder.kept_count; i++)
        assert_string_not_equal (folder.kept[i].name, name);
    assert_true (folder.kept_count < KEPT);
    snprintf (folder.kept[folder.kept_count].name, VAULT_NAME_BYTES, "%s", name);
    snprintf (folder.kept[folder.kept_count++].file, 2 * FAIR_NOTE, "%.*s",
              (int) file.size, (const char *) file.data);
    return NULL;
}

static const char *begin (void *self, const char *name, uint64_t identity,
                          bool provable, uint64_t stored, uint64_t *next)
{
    (void) self;
    assert_string_equal (name, "noche");
    assert_true (identity == DRAW && provable);
    *next = folder.count;
    return folder.count <= stored ? NULL : "it lost bets";
}

static void add (void *self, uint64_t offset, uint32_t count, bytes_t rows)
{
    (void) self;
    if (offset < folder.count)
        return; // it was settled
    assert_true (offset == folder.count);
    bet_csv_error_t error;
    char *end = folder.rows + strlen (folder.rows);
    folder.digest = bet_csv_digest (folder.digest, rows, count);
    const size_t size = bet_csv_canonical (rows, count, AGENCY, &bet_rules_widest,
                                           (uint8_t *) end, &error);
    end[size] = '\0';
    folder.count += count;
}

static const char *bets_of (void *self, session_bets_t *bets)
{
    (void) self;
    *bets = (session_bets_t){folder.count,         folder.digest, folder.offsets,
                             folder.offsets_count, folder.asked,  folder.asked_count};
    return NULL;
}

static bytes_t rows_of (void *self, uint64_t offset)
{
    (void) self;
    const char *at = folder.rows;
    for (; offset > 0 && at; offset--)
        at = strstr (at, "\r\n") ? strstr (at, "\r\n") + 2 : NULL;
    return at ? fair_text (at) : bytes_of (NULL, 0);
}

/* The salt key first, then the nonce: those of the draw. */
static const char *chance (void *self, uint8_t *bytes, size_t size)
{
    (void) self;
    assert_int_equal (size, 32);
    memcpy (bytes,
            folder.chances++ == 0 ? draw.party[WHICH].salts.of
                                  : draw.party[WHICH].nonce.of,
            size);
    return NULL;
}

static const char *offers (void *self, bytes_t row)
{
    (void) self;
    snprintf (folder.offered, sizeof folder.offered, "%.*s", (int) row.size,
              (const char *) row.data);
    return NULL;
}

/* The one that was offered, if it is the one that is missing. */
static const char *settle (void *self, uint64_t stored, uint64_t digest)
{
    const bytes_t row = fair_text (folder.offered);
    folder.settled = stored;
    if (stored == folder.count + 1 && row.size > 0 &&
        bet_csv_digest (folder.digest, row, 1) == digest)
        add (self, folder.count, 1, row);
    return stored == folder.count && digest == folder.digest ? NULL : "not settled";
}

static const char *cancels (void *self, uint64_t offset)
{
    (void) self;
    folder.asked[folder.asked_count++] = offset;
    return NULL;
}

static const char *cancelled (void *self, uint64_t offset)
{
    (void) self;
    folder.offsets[folder.offsets_count++] = offset;
    for (size_t i = 0; i < folder.asked_count; i++)
        if (folder.asked[i] == offset)
            folder.asked[i--] = folder.asked[--folder.asked_count];
    return NULL;
}

static const session_receipts_t receipts = {NULL, begin, add};
static session_proof_t proof = {NULL,   NULL,   bets_of, rows_of,  chance,
                                offers, settle, cancels, cancelled};

static void open_vault (void)
{
    vault_options_t options = {.agency = AGENCY,
                               .secret = draw.party[WHICH].secret,
                               .central = "nacional",
                               .folder = "folder",
                               .keep = keep};
    note_key_public (&draw.operator, options.operator_key);
    vault_destroy (&vault);
    vault = vault_new (&options);
    for (size_t i = 0; i < VAULT_FILES; i++) {
        char name[VAULT_NAME_BYTES];
        const uint8_t which = vault_file (vault, i, name);
        for (size_t j = 0; j < folder.kept_count; j++)
            if (strcmp (folder.kept[j].name, name) == 0)
                assert_null (
                    vault_restore (vault, which, fair_text (folder.kept[j].file)));
    }
}

static const char *file_of (const char *name)
{
    for (size_t i = 0; i < folder.kept_count; i++)
        if (strcmp (folder.kept[i].name, name) == 0)
            return folder.kept[i].file;
    return NULL;
}

static void start_session (void)
{
    folder.chances = 0;
    open_vault ();
    proof.vault = vault;
    start (day);
}

/* ---- The central ---- */

static uint64_t digest_before (uint64_t count)
{
    uint64_t digest = 0;
    for (uint64_t i = 0; i < count; i++) {
        char row[160];
        const int size = snprintf (row, sizeof row, "%s\n", table[i]);
        digest = bet_csv_digest (digest, bytes_of (row, (size_t) size), 1);
    }
    return digest;
}

static void say_welcome (void)
{
    const hash_t open = fair_hash (draw.open_note);
    wire_message_t message = {.command = WIRE_WELCOME,
                              .agency = AGENCY,
                              .draw = DRAW,
                              .welcome = {.next = central.stored,
                                          .digest = digest_before (central.stored),
                                          .limits = {16, 65536, 65535, 0},
                                          .agencies = 3,
                                          .day = DAY_OPEN,
                                          .cancelled = central.cancelled,
                                          .highest = FAIR_HIGHEST,
                                          .name = bytes_of ("noche", 5)}};
    memcpy (message.welcome.open, open.of, sizeof open.of);
    if (central.published)
        message.welcome.day = DAY_DRAWN;
    else if (central.locked)
        message.welcome.day = DAY_LOCKED;
    else if (central.held || central.ended || central.closed)
        message.welcome.day = DAY_SEALED;
    answer (day, &message);
}

static void say_waiting (void)
{
    const wire_day_t now = central.locked                   ? DAY_LOCKED
                           : central.held || central.closed ? DAY_SEALED
                           : central.ended                  ? DAY_ENDED
                                                            : DAY_OPEN;
    answer (day, &(wire_message_t){
                     .command = WIRE_WAITING,
                     .agency = AGENCY,
                     .waiting = {.ready = 1, .agencies = 3, .day = (uint8_t) now}});
}

static void say_winners (void)
{
    char documents[64] = "";
    central.told++;
    for (uint64_t i = 0; i < draw.won[WHICH].count; i++)
        sprintf (documents + strlen (documents), "%u\n", 100 + draw.result.number);
    answer (day,
            &(wire_message_t){.command = WIRE_WINNERS,
                              .agency = AGENCY,
                              .winners = {.number = draw.result.number,
                                          .count = (uint32_t) draw.won[WHICH].count,
                                          .documents = fair_text (documents)}});
}

static void say_note (const wire_fetch_t *fetch)
{
    const char *receipt = central.receipt ? central.receipt : draw.party[WHICH].ready;
    const char *note = fetch->which == NOTE_OPEN                      ? draw.open_note
                       : fetch->which == NOTE_RECEIPT && central.held ? receipt
                       : fetch->which == NOTE_VOID && *central.off    ? central.off
                       : fetch->which == NOTE_SEAL && central.locked  ? draw.seal_note
                       : fetch->which == NOTE_RESULT && central.published
                           ? draw.result_note
                           : NULL;
    assert_int_equal (fetch->of, 0);
    if (fetch->which == NOTE_RESULT && central.missing > 0) {
        central.missing--;
        note = NULL;
    }
    if (!note) {
        refuse (day, REFUSED_NOTE, WIRE_FETCH, 0);
        return;
    }
    const size_t size = strlen (note), rest = size - fetch->from;
    assert_true (fetch->from < size);
    answer (day,
            &(wire_message_t){.command = WIRE_NOTE,
                              .agency = AGENCY,
                              .note = {.which = fetch->which,
                                       .total = (uint32_t) size,
                                       .from = (uint32_t) fetch->from,
                                       .bytes = bytes_of (note + fetch->from,
                                                          rest < PAGE ? rest : PAGE)}});
}

/* The root of its own bets, of which it may have changed one. */
static void say_root (const wire_root_t *root)
{
    char rows[FAIR_NOTE];
    rooting_t rooting;
    salt_key_t key;
    const uint64_t at[] = {2};
    size_t size = 0;
    for (uint64_t i = root->from; i < FAIR_BETS; i++)
        size += (size_t) sprintf (rows + size, "4,%s%s\r\n",
                                  i == central.other_at ? "X" : "", table[i]);
    memcpy (key.of, root->salt_key, sizeof key.of);
    rooting_begin (&rooting, bytes_of ("noche", 5), AGENCY, &key, bytes_of (rows, size),
                   root->from, root->count, at, central.cancelled);
    assert_true (rooting_step (&rooting, 100) && !rooting.faulty);
    const hash_t hash = tree_root (&rooting.tree);
    wire_message_t message = {.command = WIRE_ROOTED,
                              .agency = AGENCY,
                              .rooted = {.from = root->from, .count = root->count}};
    memcpy (message.rooted.root, hash.of, sizeof hash.of);
    answer (day, &message);
}

/* Whatever is said again is the same. */
static void note_same (char *before, size_t *before_size, bytes_t bytes)
{
    if (*before_size == 0)
        memcpy (before, bytes.data, *before_size = bytes.size);
    assert_int_equal (bytes.size, *before_size);
    assert_memory_equal (bytes.data, before, bytes.size);
}

/* What was under way comes in as long as the agency's sale has not ended. */
static void deliver_late (void)
{
    if (!central.ended)
        central.stored += central.late;
    if (!central.ended && central.late_cancel)
        central.cancelled++;
    central.late_cancel = false;
    central.late = 0;
}

static void take_ready (const wire_tally_t *tally)
{
    if (central.before_ready)
        deliver_late ();
    if (central.on_ready != REFUSED_OK || tally->count != central.stored ||
        tally->cancelled != central.cancelled) {
        wire_message_t refusal = wire_refusal (
            &(wire_message_t){.command = WIRE_READY, .tally = *tally},
            central.on_ready != REFUSED_OK ? central.on_ready : REFUSED_TALLY, "why");
        refusal.agency = AGENCY;
        answer (day, &refusal);
        return;
    }
    central.ended = true;
    say_waiting ();
}

static void take_commit (const wire_message_t *message, bytes_t bytes)
{
    deliver_late ();
    if (central.on_commit != REFUSED_OK) {
        refuse (day, central.on_commit, WIRE_COMMIT, message->commit.tally.count);
        return;
    }
    signed_note_t note, receipt;
    assert_true (signed_note_parse (message->commit.note, &note));
    assert_true (signed_note_parse (fair_text (draw.party[WHICH].ready), &receipt));
    assert_true (bytes_equal (note.text, receipt.text));
    assert_int_equal (message->commit.tally.count, central.stored);
    note_same (central.commit, &central.commit_size, bytes);
    central.held = true;
    say_waiting ();
}

static void take_reveal (bytes_t bytes)
{
    assert_true (central.locked);
    note_same (central.reveal, &central.reveal_size, bytes);
    central.revealed = true;
    if (central.published)
        say_winners ();
    else
        say_waiting ();
}

/* Takes what the session says next, and answers it. False: it says nothing. */
static bool serve (void)
{
    bytes_t bytes;
    wire_message_t message;
    if (!next_output (day, &bytes))
        return false;
    assert_int_equal (wire_decode (bytes, &message), REFUSED_OK);
    session_output_sent (day->session, day->now_ms);
    central.questions++;
    switch (message.command) {
    case WIRE_HELLO:
        say_welcome ();
        break;
    case WIRE_BATCH:
        assert_false (central.held);
        if (message.batch.offset == central.stored)
            central.stored += message.batch.count;
        stored_as (day, central.stored, digest_before (central.stored));
        break;
    case WIRE_FETCH:
        say_note (&message.fetch);
        break;
    case WIRE_READY:
        take_ready (&message.tally);
        break;
    case WIRE_COMMIT:
        take_commit (&message, bytes);
        break;
    case WIRE_ROOT:
        say_root (&message.root);
        break;
    case WIRE_REVEAL:
        take_reveal (bytes);
        break;
    case WIRE_RESULTS:
        if (central.published)
            say_winners ();
        else
            say_waiting ();
        break;
    case WIRE_CANCEL:
        answer (day, &(wire_message_t){.command = WIRE_CANCELLED,
                                       .agency = AGENCY,
                                       .cancelled = {message.offset, 1}});
        break;
    case WIRE_DONE:
        goodbye (day);
        break;
    default:
        fail_msg ("%s", wire_command_name (message.command));
    }
    return true;
}

/* Until it says no more at this moment, or so much time has passed. */
static void serve_all (void)
{
    for (int i = 0; i < 500 && !session_over (day->session) && serve (); i++)
        ;
}

static void pass_by (int64_t ms)
{
    day->now_ms += ms;
    session_tick (day->session, day->now_ms);
    serve_all ();
}

static void pass_to_end (void)
{
    for (int i = 0; i < 10 && !session_over (day->session); i++)
        pass_by (2 * READY_RENEW_MS);
}

static void assert_fails_with (const char *part)
{
    assert_state (day, SESSION_FAILED);
    if (!strstr (session_failure (day->session), part))
        fail_msg ("not \"%s\": %s", part, session_failure (day->session));
}

/* Its bets are sold, and bet 2 is cancelled, as the draw has it. */
static void cancel_2 (void)
{
    central.cancelled = 1;
    folder.offsets[0] = 2;
    folder.offsets_count = 1;
}

static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    folder = (folder_t){0};
    central = (central_t){.other_at = UINT64_MAX};
    for (unsigned i = 0; i < FAIR_BETS; i++) {
        snprintf (typed[i], sizeof typed[i], "Ana,\"Paz, of 4\",%u,1990-01-%02u,%u",
                  100 + i, i + 1, i % (FAIR_HIGHEST + 1));
        table[i] = typed[i];
    }
    snprintf (typed[FAIR_BETS], sizeof typed[0], "Eva,Paz,7,1990-01-01,1");
    table[FAIR_BETS] = typed[FAIR_BETS];
    day_setup ((void **) &day);
    day->fake = (fake_t){.table = table,
                         .count = FAIR_BETS,
                         .fails_at = UINT64_MAX,
                         .other_at = UINT64_MAX};
    day->options.agency = AGENCY;
    day->options.receipts = &receipts;
    day->options.proof = &proof;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    day_teardown ((void **) &day);
    vault_destroy (&vault);
    return 0;
}

/* ---- The tests ---- */

static void sell_and_cancel (void)
{
    day->options.task = SESSION_SELL_ONLY;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_ENDED);
    cancel_2 ();
    day->options.task = SESSION_WHOLE;
}

static void setup_again (void)
{
    teardown (NULL);
    setup (NULL);
    sell_and_cancel ();
    day->options.task = SESSION_CLOSE_ONLY;
}

static void a_whole_draw (void **state)
{
    (void) state;
    sell_and_cancel ();
    assert_int_equal (folder.count, FAIR_BETS);
    assert_non_null (file_of ("open.note"));
    start_session ();
    serve_all ();
    assert_state (day, SESSION_WAITING);
    assert_true (progress (day)->committed && progress (day)->ready);
    assert_non_null (file_of ("commit"));
    assert_string_equal (file_of ("ready-4.note"), draw.party[WHICH].ready);
    assert_null (file_of ("seal.note"));
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    assert_true (central.revealed && progress (day)->revealed);
    assert_string_equal (file_of ("seal-4.note"), draw.party[WHICH].countersigned);
    assert_state (day, SESSION_WAITING);
    central.published = true;
    central.missing = 1;
    say_winners (); // pushed
    serve_all ();
    assert_state (day, SESSION_FETCHING); // the result is not there yet
    pass_by (2000);
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->proven && progress (day)->drawn);
    assert_string_equal (file_of ("result.note"), draw.result_note);
    assert_int_equal (progress (day)->winners, draw.won[WHICH].count);
}

/* State was started anew when the result note was asked for: the winners, which are
   told before, are asked for once more. */
static void winners_are_not_forgotten_over_the_result (void **state)
{
    (void) state;
    sell_and_cancel ();
    start_session ();
    serve_all ();
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    central.published = true;
    central.missing = 1;
    say_winners ();
    serve_all ();
    assert_state (day, SESSION_FETCHING);
    refuse (day, REFUSED_HELLO, WIRE_FETCH, 0);
    pass_to_end ();
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->proven);
    assert_int_equal (central.told, 2);
}

/* Killed after each message, again and again; what it said before it says again. */
static void whenever_it_is_killed_it_goes_on (void **state)
{
    for (int kill_after = 1; kill_after < 60; kill_after++) {
        teardown (state);
        setup (state);
        sell_and_cancel ();
        central.questions = 0;
        for (int run = 0; run < 200; run++) {
            start_session ();
            for (int said = 0;
                 said < kill_after + run && !session_over (day->session);) {
                if (serve ())
                    said++;
                else {
                    central.locked = central.held;
                    central.published = central.revealed;
                    day->now_ms += 1000;
                    session_tick (day->session, day->now_ms);
                }
            }
            if (session_over (day->session))
                break;
        }
        assert_state (day, SESSION_ENDED);
        assert_true (progress (day)->proven);
        assert_int_equal (folder.kept_count, 6);
    }
}

static void without_a_folder_nothing_is_sold (void **state)
{
    (void) state;
    day->options.proof = NULL;
    day->options.receipts = NULL;
    start (day);
    serve_all ();
    assert_fails_with ("draw noche is provable: every agency keeps its bets");
    day->options.unprovable = "keys are missing";
    start (day);
    serve_all ();
    assert_fails_with ("from the first sale on: keys are missing");
    assert_int_equal (central.stored, 0);
    day->options.task = SESSION_RESULTS_ONLY;
    start (day);
    serve_all ();
    assert_state (day, SESSION_WAITING); // whoever only asks may
    central.stored = FAIR_BETS;
    central.published = true;
    pass_to_end ();
    assert_state (day, SESSION_ENDED);
    assert_false (progress (day)->proven);
}

static void another_open_note_ends_it (void **state)
{
    (void) state;
    sell_and_cancel ();
    draw.open.commit_s++;
    fair_open (&draw);
    start_session ();
    serve_all ();
    assert_fails_with ("the operator has shown two");
    assert_null (file_of ("commit"));
}

static void an_open_note_that_does_not_hold_is_not_kept (void **state)
{
    (void) state;
    draw.open_note[strlen (draw.open_note) - 3] ^= 4; // of its signature
    start_session ();
    serve_all ();
    assert_state (day, SESSION_FAILED);
    assert_int_equal (folder.kept_count, 0);
    assert_int_equal (central.stored, 0);
}

/* The central's bets are others: the first is named, whichever it is. */
static void the_first_bet_that_differs_is_named (void **state)
{
    (void) state;
    sell_and_cancel ();
    central.on_commit = REFUSED_ROOT;
    for (central.other_at = 0; central.other_at < FAIR_BETS; central.other_at++) {
        char text[64];
        start_session ();
        serve_all ();
        snprintf (text, sizeof text,
                  "the first that differs is bet %u (ticket noche-4-",
                  (unsigned) central.other_at);
        assert_fails_with (text);
    }
    central.other_at = UINT64_MAX; // nor is one named that is the same
    start_session ();
    serve_all ();
    assert_fails_with ("has just these bets, as all roots show");
}

/* Committed before, with another nonce: the folder is an older one. */
static void a_folder_that_was_lost_signs_nothing (void **state)
{
    (void) state;
    sell_and_cancel ();
    central.held = true;
    start_session ();
    serve_all ();
    assert_fails_with ("LOST: folder does not have the commitment");
    assert_null (file_of ("commit"));
    central.held = false;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_WAITING);
    folder.kept_count -= 1; // without the receipt, and another is there
    central.receipt = draw.party[0].ready;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_FAILED);
}

static void what_it_has_committed_to_is_all_that_it_sells (void **state)
{
    (void) state;
    sell_and_cancel ();
    central.on_commit = REFUSED_BUSY; // killed before it was taken
    start_session ();
    serve_all ();
    assert_state (day, SESSION_COMMITTING);
    assert_non_null (file_of ("commit"));
    central.on_commit = REFUSED_OK;
    day->fake.count = FAIR_BETS + 1;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_WAITING);
    assert_true (progress (day)->closed && central.held);
    assert_int_equal (central.stored, FAIR_BETS);
    central.stored--;
    start_session ();
    serve_all ();
    assert_fails_with ("it lost bets");
    folder.count--;
    start_session ();
    serve_all ();
    assert_fails_with ("has committed to 7, which it acknowledged: it lost some");
    folder.count++;
    central.stored += 2;
    start_session ();
    serve_all ();
    assert_fails_with ("has committed to 7");
}

/* A batch of a run that was killed, which is stored at the worst moment: it is found
   before anything is committed to, or comes too late. */
static void what_a_killed_run_had_under_way_contradicts_nothing (void **state)
{
    (void) state;
    setup_again ();
    central.late = 1;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_WAITING);
    assert_true (central.held && central.ended);
    assert_int_equal (central.stored, FAIR_BETS);
    setup_again ();
    central.late = 1;
    central.before_ready = true;
    start_session ();
    serve_all ();
    pass_by (5000);
    assert_fails_with ("has 8 bets of agency 4, and the folder of --receipts has 7");
    assert_null (file_of ("commit"));
    assert_false (central.ended);
}

/* Nor does a cancel: whether it is so the leaf says. */
static void a_late_cancel_contradicts_nothing (void **state)
{
    (void) state;
    setup_again ();
    folder.asked[folder.asked_count++] = 2;
    folder.offsets_count = 0;
    central.cancelled = 0;
    central.late_cancel = central.before_ready = true;
    start_session ();
    serve_all ();
    pass_by (5000);
    assert_state (day, SESSION_WAITING);
    assert_true (central.held && central.cancelled == 1);
    assert_int_equal (folder.offsets_count, 1);
}

/* What is answered while it ends its sale may be the answer to an earlier question. */
static void only_the_end_of_its_sale_is_taken_for_it (void **state)
{
    (void) state;
    sell_and_cancel ();
    central.on_ready = REFUSED_UNAVAILABLE;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_ENDING);
    wire_message_t waiting = {
        .command = WIRE_WAITING, .agency = AGENCY, .waiting = {.agencies = 3}};
    answer (day, &waiting); // open
    assert_state (day, SESSION_ENDING);
    waiting.waiting.day = DAY_SEALED; // it closed meanwhile, perhaps with more bets
    answer (day, &waiting);
    serve_all ();
    assert_state (day, SESSION_ENDING);
    assert_null (file_of ("commit"));
    central.on_ready = REFUSED_OK;
    pass_by (5000);
    assert_true (central.held);
}

/* The file is not at hand, and the folder lacks a bet. */
static void nothing_is_committed_to_that_it_does_not_have (void **state)
{
    (void) state;
    sell_and_cancel ();
    folder.count--;
    day->options.task = SESSION_CLOSE_ONLY;
    start_session ();
    serve_all ();
    assert_fails_with ("has 7 bets of agency 4, and the folder of --receipts has 6");
    folder.count++;
    folder.digest ^= 1;
    start_session ();
    serve_all ();
    assert_fails_with ("other bets of agency 4 than the folder");
    assert_null (file_of ("commit"));
}

/* The answer to a cancel was lost: the leaf says what came of it. */
static void a_cancel_that_was_not_answered_is_found_out (void **state)
{
    (void) state;
    sell_and_cancel ();
    folder.offsets_count = 0;
    start_session ();
    serve_all ();
    assert_fails_with ("says that 1 bets of agency 4 are cancelled");
    folder.asked[0] = 1;
    folder.asked[1] = 2;
    folder.asked_count = 2;
    start_session ();
    serve_all ();
    assert_state (day, SESSION_WAITING);
    assert_true (central.held);
    assert_int_equal (folder.offsets_count, 1);
    assert_int_equal (folder.offsets[0], 2);
}

static void a_cancel_is_noted_before_it_is_asked_for (void **state)
{
    (void) state;
    sell_and_cancel ();
    day->options.task = SESSION_CANCEL_ONLY;
    day->options.cancel = 5;
    start_session ();
    assert_true (serve ()); // HELLO
    assert_state (day, SESSION_CANCELLING);
    assert_int_equal (folder.asked[0], 5);
    serve_all ();
    assert_state (day, SESSION_ENDED);
    folder.asked_count = 0;
    day->options.task = SESSION_WHOLE;
    start_session ();
    serve_all ();
    day->options.task = SESSION_CANCEL_ONLY;
    start_session ();
    serve_all ();
    assert_fails_with ("none can be cancelled any more");
    assert_int_equal (folder.asked_count, 0);
}

/* Sealed without it: it signs nothing, checks everything, and hears of its winners. */
static void who_comes_too_late_hears_of_the_results (void **state)
{
    (void) state;
    sell_and_cancel ();
    draw.stakes[WHICH].committed = false;
    draw.stakes[2].committed = true;
    draw.stakes[2].commitment = fair_commitment (&draw, 7, &draw.party[2].nonce);
    draw.reveals[2] = (reveal_t){.party = 7, .nonce = draw.party[2].nonce};
    fair_seal (&draw);
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
    central.on_commit = REFUSED_PHASE;
    start_session ();
    serve_all ();
    for (int i = 0; i < 10 && !progress (day)->late; i++)
        pass_by (2000);
    assert_true (progress (day)->late);
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    assert_non_null (file_of ("seal.note"));
    assert_null (file_of ("seal-4.note"));
    central.published = true;
    pass_by (2 * READY_RENEW_MS);
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->proven);
    assert_false (central.held || central.revealed);
}

static void whoever_only_asks_reveals_too (void **state)
{
    (void) state;
    sell_and_cancel ();
    start_session ();
    serve_all ();
    central.locked = true;
    day->options.task = SESSION_RESULTS_ONLY;
    start_session ();
    serve_all ();
    assert_true (central.revealed);
    central.published = true;
    pass_to_end ();
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->proven);
}

static void winners_that_are_not_its_own_are_found (void **state)
{
    (void) state;
    sell_and_cancel ();
    start_session ();
    serve_all ();
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    draw.won[WHICH].root.of[0] ^= 1;
    fair_result (&draw);
    central.published = true;
    pass_to_end ();
    assert_fails_with ("other winning bets of agency 4 than it has");
}

static void a_sealed_draw_that_is_called_off_is_fraud (void **state)
{
    (void) state;
    sell_and_cancel ();
    start_session ();
    serve_all ();
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    refuse (day, REFUSED_VOID, WIRE_REVEAL, 0);
    assert_state (day, SESSION_FETCHING); // the void note
    refuse (day, REFUSED_NOTE, WIRE_FETCH, 0);
    assert_fails_with ("cannot be called off any more");
}

/* The central was started again from before its seal, and has made another. */
static void a_second_seal_is_fraud (void **state)
{
    (void) state;
    sell_and_cancel ();
    start_session ();
    serve_all ();
    central.locked = true;
    pass_by (2 * READY_RENEW_MS);
    refuse (day, REFUSED_ROOT, WIRE_REVEAL, 0);
    assert_fails_with ("draw noche is sealed twice: the seal that agency 4 has signed");
}

/* One bet a run: it is noted before it is sent, and found when its answer was lost. */
static void a_single_bet_is_noted_before_it_is_sent (void **state)
{
    (void) state;
    day->fake.count = 1;
    day->options.writer = 0xB0B;
    day->options.task = SESSION_SELL_ONLY;
    start_session ();
    while (central.questions < 20 && !folder.offered[0])
        assert_true (serve ()); // up to the BATCH
    assert_string_equal (folder.offered, "Ana,\"Paz, of 4\",100,1990-01-01,0\n");
    serve_all ();
    assert_state (day, SESSION_ENDED);
    assert_int_equal (folder.count, 1);
    folder.count = folder.digest = 0; // killed before it heard the answer
    folder.rows[0] = '\0';
    start_session ();
    assert_true (serve ());
    assert_int_equal (folder.settled, 1);
    assert_int_equal (folder.count, 1);
    folder.offered[0] = '\0';
    folder.count = folder.digest = 0;
    start_session ();
    serve_all ();
    assert_fails_with ("not settled");
}

/* What calls it off is signed, too, and kept. */
static void a_void_note_is_kept (void **state)
{
    (void) state;
    const void_t off = {draw.origin, draw.seal.open, "a flood"};
    size_t size;
    fair_begin_note (central.off, void_write (&off, &size));
    fair_sign (&draw, central.off, PARTY_OPERATOR, 0, &draw.operator);
    sell_and_cancel ();
    start_session ();
    serve_all ();
    refuse (day, REFUSED_VOID, WIRE_RESULTS, 0);
    serve_all ();
    assert_fails_with ("draw noche is void: why");
    assert_string_equal (file_of ("void.note"), central.off);
    start_session ();
    serve_all ();
    refuse (day, REFUSED_VOID, WIRE_RESULTS, 0);
    assert_fails_with ("draw noche is void: why");
}

/* Pages of another note, too long, or out of order are passed over. */
static void strange_pages_are_passed_over (void **state)
{
    (void) state;
    sell_and_cancel ();
    folder.kept_count = 0;
    start_session ();
    assert_true (serve ());
    wire_note_t note = {
        .which = NOTE_SEAL, .total = 8, .bytes = bytes_of ("12345678", 8)};
    wire_message_t message = {.command = WIRE_NOTE, .agency = AGENCY};
    const struct {
        uint8_t which;
        uint32_t total, from;
        size_t size;
    } pages[] = {{NOTE_SEAL, 8, 0, 8},
                 {NOTE_OPEN, 8, 4, 4},
                 {NOTE_OPEN, PAPER_BYTES_MAX + 1, 0, 8},
                 {NOTE_OPEN, 4, 0, 8},
                 {NOTE_OPEN, 8, 0, 0}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        const uint64_t before = progress (day)->ignored;
        note.which = pages[i].which;
        note.total = pages[i].total;
        note.from = pages[i].from;
        note.bytes.size = pages[i].size;
        message.note = note;
        answer (day, &message);
        assert_state (day, SESSION_FETCHING);
        assert_int_equal (progress (day)->ignored, before + 1);
    }
    serve_all ();
    assert_true (central.held);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_whole_draw),
        TEST (winners_are_not_forgotten_over_the_result),
        TEST (whenever_it_is_killed_it_goes_on),
        TEST (without_a_folder_nothing_is_sold),
        TEST (another_open_note_ends_it),
        TEST (an_open_note_that_does_not_hold_is_not_kept),
        TEST (the_first_bet_that_differs_is_named),
        TEST (a_folder_that_was_lost_signs_nothing),
        TEST (what_it_has_committed_to_is_all_that_it_sells),
        TEST (what_a_killed_run_had_under_way_contradicts_nothing),
        TEST (a_late_cancel_contradicts_nothing),
        TEST (only_the_end_of_its_sale_is_taken_for_it),
        TEST (nothing_is_committed_to_that_it_does_not_have),
        TEST (a_cancel_that_was_not_answered_is_found_out),
        TEST (a_cancel_is_noted_before_it_is_asked_for),
        TEST (who_comes_too_late_hears_of_the_results),
        TEST (whoever_only_asks_reveals_too),
        TEST (winners_that_are_not_its_own_are_found),
        TEST (a_sealed_draw_that_is_called_off_is_fraud),
        TEST (a_second_seal_is_fraud),
        TEST (a_single_bet_is_noted_before_it_is_sent),
        TEST (a_void_note_is_kept),
        TEST (strange_pages_are_passed_over),
    };
    if (signed_note_start () != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
