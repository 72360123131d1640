/* test_provable.c - a provable draw's notes, from the open note to the result: what
   each says, what is refused, and that a state that starts again at any point goes on
   with the same ones. */

#include "parties.h"

#include "draw.h"
#include "logged.h"
#include "note_lines.h"

#define EVENTS_MAX 32
#define HIGHEST    9999

static parties_t parties;
static draw_t *draw;
static uint64_t now_ms;
static char why[PROVABLE_WHY_BYTES];

// what happened, to be replayed
static struct {
    wire_event_t event;
    char *text;
} events[EVENTS_MAX];
static size_t count;

static const nonce_t operators_nonce = {{1, 2, 3}};

static int setup (void **state)
{
    (void) state;
    parties_begin (&parties, false);
    draw = draw_new (1);
    now_ms = 1000000;
    count = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    draw_destroy (&draw);
    while (count > 0)
        free (events[--count].text);
    return 0;
}

static const provable_t *notes (void)
{
    return draw_provable (draw);
}

/* Another state has heard all that happened. */
static draw_t *replayed (void)
{
    draw_t *again = draw_new (1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (draw_apply (again, &events[i].event), 0);
    return again;
}

static void log_last (void)
{
    note_lines_log (draw, &events[count - 1].event);
}

static void assert_hidden (const char *lines, const uint8_t secret[SHA256_BYTES])
{
    char digits[SHA256_TEXT_BYTES];
    sha256_text (secret, digits);
    assert_null (strstr (lines, digits));
}

/* A note has one line in the log, without what is secret. */
static void assert_logged (uint8_t kind)
{
    static const char notes_kinds[] = "NYULAQ";
    const char *lines = logged_text (log_last);
    const char *end = strchr (lines, '\n');
    assert_int_equal (end != NULL, strchr (notes_kinds, kind) != NULL);
    assert_true (!end || end[1] == 0);
    assert_hidden (lines, operators_nonce.of);
    for (uint32_t agency = 1; agency <= PARTIES; agency++) {
        assert_hidden (lines, parties.of[agency].nonce.of);
        assert_hidden (lines, parties.of[agency].salts.of);
    }
}

/* It is recorded; both the one that heard it and one that starts now take it in. */
static void happens (wire_event_t event, char *text, size_t size)
{
    event.time_ms = now_ms++;
    if (text)
        event.text = bytes_of (text, size);
    assert_true (count < EVENTS_MAX);
    events[count].event = event;
    events[count++].text = text;
    assert_int_equal (draw_apply (draw, &event), 0);
    assert_logged (event.kind);
    draw_t *again = replayed ();
    const draw_facts_t *facts = draw_facts (draw), *others = draw_facts (again);
    assert_memory_equal (facts, others, sizeof *facts);
    draw_destroy (&again);
}

static void open_with (uint64_t closes_ms)
{
    happens ((wire_event_t){.kind = EVENT_OPENED,
                            .source = SOURCE_PROVABLE,
                            .agencies = PARTIES,
                            .highest = HIGHEST,
                            .closes_ms = closes_ms,
                            .text = bytes_of ("noche", 5)},
             NULL, 0);
}

static void note_it (void)
{
    escrow_box_t sealed;
    size_t size;
    bytes_t box = {0};
    if (parties.operator.auditor) {
        assert_true (
            escrow_seal (&operators_nonce, parties.auditor.public_key, &sealed));
        box = bytes_of (sealed.of, sizeof sealed.of);
    }
    char *paper = provable_open_paper (notes (), &parties.operator, & operators_nonce,
                                       &box, &size, why);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_NOTED}, paper, size);
}

static wire_commit_t commit_of (uint32_t agency, bool boxed)
{
    return parties_commit (&parties, provable_open (notes ()), provable_hash (notes ()),
                           agency, boxed);
}

static void commits (uint32_t agency)
{
    size_t size;
    const wire_commit_t commit = commit_of (agency, parties.operator.auditor != NULL);
    char *paper = provable_receipt_paper (notes (), &parties.operator, agency, &commit,
                                          &size, why);
    if (!paper)
        fail_msg ("%s", why);
    happens ((wire_event_t){.kind = EVENT_COMMITTED,
                            .agency = agency,
                            .count = commit.tally.count,
                            .digest = commit.tally.digest},
             paper, size);
}

/* The agencies that have not committed have sold nothing. */
static char *seal_paper (size_t *size)
{
    stake_t others[PARTIES] = {0};
    salt_key_t keys[PARTIES] = {0};
    size_t missing = 0;
    for (uint32_t agency = 1; agency <= PARTIES; agency++)
        if (!provable_committed (notes (), agency))
            others[missing++].agency = agency;
    return provable_seal_paper (notes (), &parties.operator, others, keys, missing,
                                1764104977, size, why);
}

static void seal_it (void)
{
    size_t size;
    char *paper = seal_paper (&size);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_LOCKED}, paper, size);
}

static bytes_t seal_text (void)
{
    for (size_t i = 0; i < count; i++)
        if (events[i].event.kind == EVENT_LOCKED)
            return parties_text (events[i].event.text);
    fail ();
    return bytes_of (NULL, 0);
}

static void reveals (uint32_t agency)
{
    size_t size;
    const wire_reveal_t reveal = parties_reveal (&parties, seal_text (), agency);
    char *paper = provable_reveal_paper (notes (), agency, &reveal, &size, why);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_REVEALED, .agency = agency}, paper, size);
}

static void make_it (void)
{
    assert_true (draw_due (draw));
    happens ((wire_event_t){.kind = EVENT_DRAWN, .number = draw_due_number (draw)},
             NULL, 0);
}

/* Nobody has won anything. */
static void publish_it (void)
{
    uint8_t awarded[PARTIES * WIRE_AWARD_BYTES], *at = awarded;
    size_t size;
    for (uint32_t agency = 1; agency <= PARTIES; agency++) {
        const wire_award_t award = {.agency = agency};
        at = wire_awarded_put (at, &award);
    }
    char *paper = provable_result_paper (
        notes (), &parties.operator, bytes_of (awarded, sizeof awarded), &size, why);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_PUBLISHED}, paper, size);
}

/* What cannot have happened changes nothing. */
static void assert_impossible (wire_event_t event, const char *text)
{
    const draw_facts_t before = *draw_facts (draw);
    if (text)
        event.text = bytes_of (text, strlen (text));
    assert_int_equal (draw_apply (draw, &event), -1);
    assert_memory_equal (&before, draw_facts (draw), sizeof before);
}

/* ---- How it goes ---- */

static void a_draw_goes_from_note_to_note (void **state)
{
    (void) state;
    wire_code_t code;
    uint32_t ready, agencies, missing[WAITING_NAMES_MAX];
    open_with (CLOSES_ALL_ASKED);
    assert_false (draw_noted (draw));
    assert_null (provable_hash (notes ()));
    assert_int_equal (draw_commit (draw, 1, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_BUSY);
    note_it ();
    assert_true (draw_noted (draw));
    assert_int_equal (draw_facts (draw)->least, 2);
    assert_int_equal (draw_facts (draw)->commit_s, 600);
    assert_int_equal (draw_commit (draw, 1, &code), DRAW_RECORD);
    commits (2);
    assert_int_equal (draw_commit (draw, 2, &code), DRAW_WAIT); // whatever it says
    assert_int_equal (draw_day (draw, 2), DAY_SEALED);
    assert_int_equal (draw_day (draw, 1), DAY_OPEN);
    draw_progress (draw, &ready, &agencies);
    assert_true (ready == 1 && agencies == PARTIES);
    draw_missing (draw, missing);
    assert_true (missing[0] == 1 && missing[1] == 3 && missing[2] == 0);
    commits (1);
    assert_int_equal (draw_facts (draw)->phase, PHASE_OPEN);
    commits (3);
    assert_int_equal (draw_facts (draw)->phase, PHASE_CLOSED);
    assert_int_equal (draw_awaited (draw), 0);
    assert_int_equal (draw_reveal (draw, 1, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_PHASE);
    assert_false (draw_due (draw));
    seal_it ();
    assert_int_equal (draw_facts (draw)->phase, PHASE_SEALED);
    assert_int_equal (draw_day (draw, 1), DAY_LOCKED);
    assert_int_equal (draw_reveal (draw, 3, &code), DRAW_RECORD);
    reveals (3);
    assert_int_equal (draw_reveal (draw, 3, &code), DRAW_WAIT);
    draw_progress (draw, &ready, &agencies);
    assert_true (ready == 1 && agencies == 3);
    draw_missing (draw, missing);
    assert_true (missing[0] == 1 && missing[1] == 2 && missing[2] == 0);
    reveals (1);
    assert_false (draw_due (draw));
    reveals (2);
    make_it ();
    assert_false (draw_told (draw) || draw_finished (draw));
    assert_int_equal (draw_results (draw, 1, &code), DRAW_WAIT);
    assert_int_equal (draw_done (draw, 1), REFUSED_UNDRAWN);
    publish_it ();
    assert_true (draw_told (draw) && draw_finished (draw));
    assert_int_equal (draw_commit (draw, 1, &code), DRAW_TELL);
    assert_int_equal (draw_reveal (draw, 1, &code), DRAW_TELL);
    assert_int_equal (draw_done (draw, 1), REFUSED_OK);
    assert_int_equal (draw_day (draw, 1), DAY_DRAWN);
}

/* READY ends the sale of one agency, which is waited for as before. */
static void an_agency_ends_its_sale_and_then_commits (void **state)
{
    (void) state;
    wire_code_t code;
    const wire_event_t ended = {
        .kind = EVENT_ENDED, .agency = 1, .count = 3, .cancelled = 1, .digest = 9};
    const wire_tally_t right = {3, 9, 1}, other = {4, 9, 1}, digest = {3, 8, 1};
    open_with (CLOSES_ALL_ASKED);
    assert_int_equal (draw_ready (draw, 1, &right, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_BUSY);
    assert_impossible (ended, NULL);
    note_it ();
    assert_int_equal (draw_ready (draw, 1, &right, &code), DRAW_RECORD);
    assert_false (draw_ended (draw, 1));
    happens (ended, NULL, 0);
    assert_impossible (ended, NULL);
    assert_true (draw_ended (draw, 1) && !draw_asked (draw, 1));
    assert_true (draw_count (draw, 1) == UINT64_MAX);
    assert_int_equal (draw_day (draw, 1), DAY_SEALED);
    assert_int_equal (draw_awaited (draw), PARTIES);
    assert_int_equal (draw_ready (draw, 1, &right, &code), DRAW_WAIT);
    assert_int_equal (draw_ready (draw, 1, &other, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_TALLY);
    assert_int_equal (draw_ready (draw, 1, &digest, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_CONFLICT);
    assert_int_equal (draw_commit (draw, 1, &code), DRAW_RECORD);
    commits (1);
    assert_false (draw_ended (draw, 1));
    assert_int_equal (draw_ready (draw, 1, &other, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_TALLY);
    assert_impossible (ended, NULL);
    commits (2);
    happens ((wire_event_t){.kind = EVENT_ENDED, .agency = 3}, NULL, 0);
    happens ((wire_event_t){.kind = EVENT_EXCUSED, .agency = 3}, NULL, 0);
    assert_int_equal (draw_facts (draw)->phase, PHASE_CLOSED);
    seal_it ();
    assert_int_equal (draw_ready (draw, 3, &(wire_tally_t){0}, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_PHASE);
}

/* As docs/fairness.md has it, put together here once more. */
static void the_number_follows_from_the_seal_and_the_nonces (void **state)
{
    (void) state;
    open_with (CLOSES_NEVER);
    note_it ();
    commits (3);
    commits (1);
    happens ((wire_event_t){.kind = EVENT_CLOSED}, NULL, 0);
    seal_it ();
    reveals (3);
    reveals (1);
    const hash_t seal = statement_hash (seal_text ());
    seed_t seed;
    seed_begin (&seed, &seal);
    seed_add (&seed, &operators_nonce);
    seed_add (&seed, &parties.of[1].nonce);
    seed_add (&seed, &parties.of[3].nonce);
    const hash_t end = seed_end (&seed);
    assert_int_equal (draw_due_number (draw), number_of_seed (&end, HIGHEST));
    assert_impossible (
        (wire_event_t){.kind = EVENT_DRAWN, .number = draw_due_number (draw) ^ 1},
        NULL);
    make_it ();
}

/* Who was closed by the clock has a window; who has not committed by the seal is in it
   without a commitment, and has its winners all the same. */
static void who_does_not_commit_is_in_the_seal_as_well (void **state)
{
    (void) state;
    wire_code_t code;
    seal_t seal;
    size_t size;
    open_with (5000000);
    note_it ();
    commits (1);
    happens ((wire_event_t){.kind = EVENT_CLOSED}, NULL, 0);
    assert_int_equal (draw_commit (draw, 2, &code), DRAW_RECORD);
    assert_null (seal_paper (&size)); // two have to
    assert_non_null (strstr (why, "1 agencies have committed, of the 2"));
    commits (2);
    seal_it ();
    assert_int_equal (seal_parse (seal_text (), &seal), 0);
    assert_true (seal.of[0].committed && seal.of[1].committed);
    assert_false (seal.of[2].committed);
    seal_clear (&seal);
    assert_int_equal (draw_commit (draw, 3, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_PHASE);
    assert_int_equal (draw_reveal (draw, 3, &code), DRAW_REFUSE);
    assert_int_equal (draw_day (draw, 3), DAY_SEALED);
    reveals (1);
    reveals (2);
    make_it ();
    publish_it ();
    assert_int_equal (draw_results (draw, 3, &code), DRAW_TELL);
}

static void excuses_and_voids_are_as_ever_before_the_seal (void **state)
{
    (void) state;
    size_t size;
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    commits (1);
    assert_impossible ((wire_event_t){.kind = EVENT_EXCUSED, .agency = 1}, NULL);
    happens ((wire_event_t){.kind = EVENT_EXCUSED, .agency = 2}, NULL, 0);
    commits (3);
    assert_int_equal (draw_facts (draw)->phase, PHASE_CLOSED);
    char *paper = provable_void_paper (notes (), &parties.operator,
                                       bytes_of ("flood [ana]", 11), &size, why);
    assert_non_null (paper);
    const bytes_t text = parties_text (bytes_of (paper, size));
    void_t off;
    assert_int_equal (void_parse (text, &off), 0);
    assert_string_equal (off.reason, "flood"); // who said so is the central's affair
    assert_true (hash_equal (&off.open, provable_hash (notes ())));
    free (paper);
    seal_it ();
    assert_impossible ((wire_event_t){.kind = EVENT_VOIDED}, "note flood\n\n");
    draw_t *other = draw_new (1);
    assert_int_equal (draw_apply (other, &events[0].event), 0);
    const wire_event_t voided = {.kind = EVENT_VOIDED,
                                 .text = bytes_of ("note flood [ana]\n\n", 18)};
    assert_int_equal (draw_apply (other, &voided), 0); // before it had a note
    assert_string_equal (draw_facts (other)->note, "flood [ana]");
    draw_destroy (&other);
}

static void a_void_draw_without_a_reason_says_so (void **state)
{
    (void) state;
    size_t size;
    void_t off;
    open_with (CLOSES_ALL_ASKED);
    char *paper = provable_void_paper (notes (), NULL, bytes_of (NULL, 0), &size, why);
    assert_string_equal (paper, "\n"); // there is no open note: nobody was let in
    free (paper);
    note_it ();
    paper = provable_void_paper (notes (), &parties.operator, bytes_of (NULL, 0), &size,
                                 why);
    assert_int_equal (void_parse (parties_text (bytes_of (paper, size)), &off), 0);
    assert_string_equal (off.reason, "no reason was given");
    free (paper);
}

/* ---- Receipts ---- */

static void assert_no_receipt (const wire_commit_t *commit, uint32_t agency,
                               const char *reason)
{
    size_t size;
    char *paper = provable_receipt_paper (notes (), &parties.operator, agency, commit,
                                          &size, why);
    assert_null (paper);
    if (!strstr (why, reason))
        fail_msg ("%s, not %s", why, reason);
}

static void what_ready_says_is_held_against_the_draw (void **state)
{
    (void) state;
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    wire_commit_t commit = commit_of (1, false);
    commit.tally.count++;
    assert_no_receipt (&commit, 1, "another count");
    commit = commit_of (1, false);
    commit.salt_key[0] ^= 1;
    assert_no_receipt (&commit, 1, "another salt key");
    commit = commit_of (1, false);
    assert_no_receipt (&commit, 2, "another agency's");
    commit.box = bytes_of ("box", 3);
    assert_no_receipt (&commit, 1, "another box");
    commit = commit_of (1, true);
    assert_no_receipt (&commit, 1, "no auditor");
    hash_t hash = *provable_hash (notes ());
    hash.of[0] ^= 1;
    commit = parties_commit (&parties, provable_open (notes ()), &hash, 1, false);
    assert_no_receipt (&commit, 1, "another open note");
    open_t open = *provable_open (notes ());
    strcpy (open.origin.draw, "tarde");
    commit = parties_commit (&parties, &open, provable_hash (notes ()), 1, false);
    assert_no_receipt (&commit, 1, "another draw");
    commit = commit_of (1, false);
    commit.note.size--;
    assert_no_receipt (&commit, 1, "no signed note");
    const signing_pair_t own = parties.of[1].pair;
    parties.of[1].pair = parties.of[2].pair;
    commit = commit_of (1, false);
    assert_no_receipt (&commit, 1, "not signed with the key");
    parties.of[1].pair = own;
    commit = commit_of (1, false);
    parties.of[1].ready[60] ^= 1; // in the hash of the open note
    assert_no_receipt (&commit, 1, "READY");
}

/* A line that the operator did not sign would make the receipt a forged one. */
static void ready_has_the_agencys_signature_alone (void **state)
{
    (void) state;
    char two[2 * COMMIT_NOTE_BYTES_MAX], line[NOTE_LINE_BYTES];
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    wire_commit_t commit = commit_of (1, false);
    signed_note_sign (bytes_of ("other\n", 6),
                      &provable_open (notes ())->operator, & parties.pair.secret, line);
    snprintf (two, sizeof two, "%s%s", parties.of[1].ready, line);
    commit.note = bytes_of (two, strlen (two));
    assert_no_receipt (&commit, 1, "more signatures");
}

static void a_receipt_has_both_signatures_and_what_travelled_beside (void **state)
{
    (void) state;
    fair_paper_t paper;
    signed_note_t note;
    uint8_t bytes[ESCROW_BOX_BYTES];
    parties.operator.auditor = parties.auditor.public_key;
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    commits (2);
    const open_t *open = provable_open (notes ());
    assert_true (fair_paper_read (events[count - 1].event.text, &paper));
    assert_true (signed_note_parse (paper.note, &note));
    assert_int_equal (signed_note_verify (&note, &open->operator), NOTE_SIGNED);
    assert_int_equal (signed_note_verify (&note, &open->of[1].key), NOTE_SIGNED);
    assert_true (fair_paper_find_bytes (&paper, "salts", bytes, 32));
    assert_memory_equal (bytes, parties.of[2].salts.of, 32);
    assert_true (fair_paper_find_bytes (&paper, "box", bytes, sizeof bytes));
    assert_memory_equal (bytes, parties.of[2].box.of, sizeof bytes);
}

/* Keys that were changed meanwhile sign nothing of it. */
static void who_opened_it_signs_all_of_it (void **state)
{
    (void) state;
    size_t size;
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    const wire_commit_t commit = commit_of (1, false);
    const signing_pair_t own = parties.pair;
    parties_pair (&parties.pair);
    assert_no_receipt (&commit, 1, "another");
    parties.pair = own;
    parties.operator.central = "provincial";
    assert_no_receipt (&commit, 1, "another");
    parties.operator.central = "nacional";
    assert_null (provable_receipt_paper (notes (), NULL, 1, &commit, &size, why));
    assert_non_null (strstr (why, "not there"));
}

/* ---- Reveals ---- */

static void a_nonce_is_revealed_for_this_seal_alone (void **state)
{
    (void) state;
    size_t size;
    open_with (CLOSES_NEVER);
    note_it ();
    commits (1);
    commits (2);
    happens ((wire_event_t){.kind = EVENT_CLOSED}, NULL, 0);
    seal_it ();
    wire_reveal_t reveal = parties_reveal (&parties, seal_text (), 1);
    reveal.nonce[0] ^= 1;
    assert_null (provable_reveal_paper (notes (), 1, &reveal, &size, why));
    assert_non_null (strstr (why, "not the nonce"));
    reveal = parties_reveal (&parties, seal_text (), 2);
    assert_null (provable_reveal_paper (notes (), 1, &reveal, &size, why));
    assert_non_null (strstr (why, "not the agency's signature"));
    reveal = parties_reveal (&parties, bytes_of ("another\n", 8), 1);
    assert_null (provable_reveal_paper (notes (), 1, &reveal, &size, why));
    assert_null (
        provable_nonce_paper (notes (), 1, bytes_of (reveal.nonce, 32), &size, why));
    assert_non_null (strstr (why, "auditor"));
    assert_null (
        provable_attest_paper (notes (), bytes_of (reveal.signature, 64), &size, why));
    assert_non_null (strstr (why, "without an auditor"));
    reveals (1);
}

static void an_auditor_signs_first_and_opens_the_box_of_who_is_lost (void **state)
{
    (void) state;
    size_t size;
    uint8_t signature[WIRE_SIGNATURE_BYTES];
    nonce_t nonce;
    parties.operator.auditor = parties.auditor.public_key;
    open_with (CLOSES_NEVER);
    note_it ();
    assert_true (draw_facts (draw)->audited);
    commits (1);
    commits (2);
    happens ((wire_event_t){.kind = EVENT_CLOSED}, NULL, 0);
    seal_it ();
    const wire_reveal_t reveal = parties_reveal (&parties, seal_text (), 1);
    assert_null (provable_reveal_paper (notes (), 1, &reveal, &size, why));
    assert_non_null (strstr (why, "auditor has not signed"));
    assert_true (escrow_open (&parties.of[2].box, &parties.auditor.secret, &nonce));
    const bytes_t opened = bytes_of (nonce.of, sizeof nonce.of);
    assert_null (provable_nonce_paper (notes (), 2, opened, &size, why));
    parties_sign (&parties.auditor, bytes_of ("another\n", 8), signature);
    assert_null (
        provable_attest_paper (notes (), bytes_of (signature, 64), &size, why));
    assert_non_null (strstr (why, "not the auditor's"));
    parties_sign (&parties.auditor, seal_text (), signature);
    char *paper =
        provable_attest_paper (notes (), bytes_of (signature, 64), &size, why);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_ATTESTED}, paper, size);
    reveals (1);
    assert_null (provable_nonce_paper (notes (), 1, opened, &size, why));
    assert_non_null (strstr (why, "already"));
    assert_null (provable_nonce_paper (notes (), 3, opened, &size, why));
    assert_non_null (strstr (why, "not committed"));
    assert_null (provable_nonce_paper (
        notes (), 2, bytes_of (parties.of[1].nonce.of, 32), &size, why));
    assert_non_null (strstr (why, "its box does not hold it"));
    paper = provable_nonce_paper (notes (), 2, opened, &size, why);
    assert_non_null (paper);
    happens ((wire_event_t){.kind = EVENT_REVEALED, .agency = 2}, paper, size);
    make_it ();
    publish_it ();
    result_t result;
    assert_int_equal (
        result_parse (parties_text (events[count - 1].event.text), &result), 0);
    assert_false (result.reveal[1].by_auditor);
    assert_true (result.reveal[2].by_auditor);
    result_clear (&result);
}

/* ---- What cannot be ---- */

static void what_the_log_cannot_say_is_refused (void **state)
{
    (void) state;
    open_with (CLOSES_ALL_ASKED);
    static const char *const papers[] = {"", "\n", "nonce 00\n\nopen\n", "x"};
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        assert_impossible ((wire_event_t){.kind = EVENT_NOTED}, papers[i]);
    assert_impossible ((wire_event_t){.kind = EVENT_COMMITTED, .agency = 1}, "\n");
    note_it ();
    assert_impossible (events[count - 1].event, NULL); // a second one
    assert_impossible ((wire_event_t){.kind = EVENT_SEALED, .agency = 1}, NULL);
    commits (1);
    assert_impossible (events[count - 1].event, NULL);
    wire_event_t others = events[count - 1].event;
    others.agency = 2; // agency 1's receipt
    assert_impossible (others, NULL);
    others = events[count - 1].event;
    others.agency = PARTIES + 1;
    assert_impossible (others, NULL);
    assert_impossible ((wire_event_t){.kind = EVENT_LOCKED}, "\n");
    commits (2);
    commits (3);
    seal_it ();
    assert_impossible (events[count - 1].event, NULL);
    assert_impossible ((wire_event_t){.kind = EVENT_ATTESTED}, "\n"); // by nobody
    assert_impossible ((wire_event_t){.kind = EVENT_REVEALED, .agency = 1}, "\n");
    reveals (1);
    assert_impossible (events[count - 1].event, NULL);
    assert_impossible ((wire_event_t){.kind = EVENT_DRAWN}, NULL);
    assert_impossible ((wire_event_t){.kind = EVENT_PUBLISHED}, NULL);
}

/* A seal that says of an agency what its receipt does not. */
static void a_seal_says_what_the_receipts_say (void **state)
{
    (void) state;
    size_t size;
    open_with (CLOSES_ALL_ASKED);
    note_it ();
    for (uint32_t agency = 1; agency <= PARTIES; agency++)
        commits (agency);
    char *paper = seal_paper (&size);
    char *root = strstr (paper, "\nagency 2 20 ");
    assert_non_null (root);
    root[strlen ("\nagency 2 20 ")] ^= 1; // a digit of its root
    assert_impossible ((wire_event_t){.kind = EVENT_LOCKED}, paper);
    root[strlen ("\nagency 2 20 ")] ^= 1;
    happens ((wire_event_t){.kind = EVENT_LOCKED}, paper, size);
}

static void who_can_open_a_draw (void **state)
{
    (void) state;
    assert_true (provable_can_open (&parties.operator, PARTIES, why));
    assert_false (provable_can_open (NULL, PARTIES, why));
    assert_non_null (strstr (why, "loteria-keys new"));
    assert_false (provable_can_open (&parties.operator, PARTIES + 1, why));
    assert_non_null (strstr (why, "agency 4 has no signing key"));
    assert_false (provable_can_open (&parties.operator, 1, why));
    assert_non_null (strstr (why, "--least"));
    assert_false (
        provable_can_open (&parties.operator, PROVABLE_AGENCIES_MAX + 1, why));
    parties.operator.least = 0; // all
    assert_true (provable_can_open (&parties.operator, 1, why));
    open_with (CLOSES_ALL_ASKED);
    parties.signer[1].demo = true;
    note_it ();
    assert_int_equal (draw_facts (draw)->least, PARTIES);
    assert_true (draw_facts (draw)->demo);
}

#define PROVABLE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        PROVABLE_TEST (a_draw_goes_from_note_to_note),
        PROVABLE_TEST (an_agency_ends_its_sale_and_then_commits),
        PROVABLE_TEST (the_number_follows_from_the_seal_and_the_nonces),
        PROVABLE_TEST (who_does_not_commit_is_in_the_seal_as_well),
        PROVABLE_TEST (excuses_and_voids_are_as_ever_before_the_seal),
        PROVABLE_TEST (a_void_draw_without_a_reason_says_so),
        PROVABLE_TEST (what_ready_says_is_held_against_the_draw),
        PROVABLE_TEST (ready_has_the_agencys_signature_alone),
        PROVABLE_TEST (a_receipt_has_both_signatures_and_what_travelled_beside),
        PROVABLE_TEST (who_opened_it_signs_all_of_it),
        PROVABLE_TEST (a_nonce_is_revealed_for_this_seal_alone),
        PROVABLE_TEST (an_auditor_signs_first_and_opens_the_box_of_who_is_lost),
        PROVABLE_TEST (what_the_log_cannot_say_is_refused),
        PROVABLE_TEST (a_seal_says_what_the_receipts_say),
        PROVABLE_TEST (who_can_open_a_draw),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
