/* pledge.c - an agency's part in a provable draw (agency; docs/fairness.md). Pure.

   What is next follows from what the vault has: the open note before anything is sold;
   at the close its own commitment, which COMMIT tells, once READY has ended its sale,
   so that nothing is stored any more that an earlier run had under way; the receipt;
   once the draw is sealed the seal, and the auditor's signature if there is an auditor;
   its own signature, which REVEAL tells with the nonce; at last the result. So a run
   that was killed goes on with what it finds. */

#include "session_state.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE_ROWS     10000 // hashed in one step: some ten milliseconds
#define REFUSALS_MAX   2     // of READY or COMMIT, before it is taken to be too late
#define FETCH_AGAIN_MS 500   // a note that is not there yet

static bool cannot (session_t *session);
static bool is_complete (session_t *session, uint64_t stored);
static void fetch (session_t *session, uint8_t which);
static bool wants_receipt (session_t *session);
static bool wants_seal (session_t *session);
static bool reveals (session_t *session);
static bool wants_result (session_t *session);
static bool judge (session_t *session);
static bool drawn (const session_t *session);
static void begin_commit (session_t *session);
static void root_bets (session_t *session);
static bool bets_are_the_centrals (session_t *session);
static void ask_of_cancel (session_t *session);
static void commit (session_t *session, int64_t now_ms);
static void begin_rooting (session_t *session, root_purpose_t purpose,
                           const salt_key_t *key, uint64_t from, uint64_t count);
static void look_at_asked (session_t *session);
static void begin_search (session_t *session);
static void ask_root (session_t *session, root_purpose_t purpose, uint64_t from,
                      uint64_t count);
static void look_at_roots (session_t *session);
static void tell_difference (session_t *session);
static bool note_is_missing (session_t *session, int64_t now_ms);
static bool refuses_void (const session_t *session);
static bool came_too_late (session_t *session, int64_t now_ms);
static salt_key_t own_salts (const session_t *session);

void pledge_clear (session_t *session)
{
    free (session->proof.bytes);
    explicit_bzero (&session->proof, sizeof session->proof);
}

/* Without what it takes it may still ask for results. */
bool pledge_welcome (session_t *session, const wire_welcome_t *welcome)
{
    const session_proof_t *proof = session->options.proof;
    hash_t open;
    session->proof.day = welcome->day;
    session->proof.looked = false;
    if (!session->progress.provable) {
        if (!proof || !vault_has (proof->vault, NOTE_OPEN))
            return false;
        return session_fail (session,
                             "draw %s is no provable one, and the folder of --receipts "
                             "has an open note: give each draw a folder of its own",
                             session->progress.draw);
    }
    if (!proof)
        return session->options.task == SESSION_RESULTS_ONLY ? false : cannot (session);
    memcpy (open.of, welcome->open, sizeof open.of);
    const char *why =
        vault_begin (proof->vault, session->progress.draw, &open, welcome->highest);
    if (why)
        return session_fail (session, "%s", why);
    if (session->options.writer != 0)
        why = proof->settle (proof->self, welcome->next, welcome->digest);
    if (why)
        return session_fail (session, "%s", why);
    if (!vault_has (proof->vault, NOTE_OPEN))
        fetch (session, NOTE_OPEN);
    else if (vault_has (proof->vault, VAULT_COMMIT))
        return is_complete (session, welcome->next);
    else
        return false;
    return true;
}

/* What it has committed to is all that it sells, whether the central has heard of it or
   not. Returns whether that failed. */
static bool is_complete (session_t *session, uint64_t stored)
{
    const wire_commit_t *own = vault_commitment (session->options.proof->vault);
    session->closed = true;
    if (stored == own->tally.count)
        return false;
    return session_fail (
        session,
        "the central has %" PRIu64 " bets of agency %" PRIu32
        ", and the agency has committed to %" PRIu64 ", which it acknowledged: %s",
        stored, session->options.agency, own->tally.count,
        stored < own->tally.count
            ? "it lost some. Has it been started on an older copy of "
              "its data?"
            : "it has taken more, though it had told that the agency's "
              "sale was ended");
}

static bool cannot (session_t *session)
{
    return session_fail (session,
                         "draw %s is provable: every agency keeps its bets and what is "
                         "signed, from the first sale on: %s",
                         session->progress.draw,
                         session->options.unprovable
                             ? session->options.unprovable
                             : "give a folder for that with --receipts");
}

bool pledge_active (const session_t *session)
{
    return session->progress.provable && session->options.proof;
}

void pledge_offer (session_t *session, bytes_t row)
{
    const session_proof_t *proof = session->options.proof;
    const char *why = proof->offers (proof->self, row);
    if (why)
        session_fail (session, "%s", why);
}

void pledge_go_on (session_t *session, int64_t now_ms)
{
    if (session_over (session) || wants_receipt (session) || wants_seal (session) ||
        wants_result (session) || reveals (session))
        return;
    if (session->proof.drawn)
        session_leave (session, now_ms);
    else
        session_ask (session, SESSION_WAITING);
}

/* What the central holds of this agency is asked for before it makes anything: a folder
   that was lost signs nothing. */
static bool wants_receipt (session_t *session)
{
    vault_t *vault = session->options.proof->vault;
    session_progress_t *progress = &session->progress;
    progress->committed = vault_has (vault, NOTE_RECEIPT);
    if (progress->committed || progress->late)
        return false;
    if (!session->proof.looked) {
        fetch (session, NOTE_RECEIPT);
        return true;
    }
    if (session->proof.day == DAY_LOCKED || drawn (session)) {
        progress->late = true;
        return false;
    }
    if (vault_has (vault, VAULT_COMMIT)) {
        session_ask (session, SESSION_COMMITTING);
        return true;
    }
    if (session->asks_only)
        return false;
    begin_commit (session);
    return true;
}

static bool drawn (const session_t *session)
{
    return session->proof.day == DAY_DRAWN || session->proof.drawn;
}

static bool wants_seal (session_t *session)
{
    const vault_t *vault = session->options.proof->vault;
    if (session->proof.day != DAY_LOCKED && !drawn (session))
        return false;
    if (!vault_has (vault, NOTE_SEAL))
        fetch (session, NOTE_SEAL);
    else if (vault_audited (vault) && !vault_has (vault, NOTE_ATTESTED))
        fetch (session, NOTE_ATTESTED);
    else
        return false;
    return true;
}

/* Until the winners are there it says so again and again, and waits. */
static bool reveals (session_t *session)
{
    proof_t *proof = &session->proof;
    vault_t *vault = session->options.proof->vault;
    if (proof->reveals || proof->aside || proof->day != DAY_LOCKED ||
        !vault_counts (vault))
        return false;
    const char *why = vault_reveal (vault, &proof->reveal);
    if (why)
        return session_fail (session, "%s", why);
    proof->reveals = session->progress.revealed = true;
    return false;
}

static bool wants_result (session_t *session)
{
    const vault_t *vault = session->options.proof->vault;
    if (!session->proof.drawn || session->proof.judged)
        return false;
    if (!vault_has (vault, NOTE_RESULT)) {
        fetch (session, NOTE_RESULT);
        return true;
    }
    return judge (session);
}

/* Its own winners can be hashed if it has the salt key that the seal is of. */
static bool judge (session_t *session)
{
    proof_t *proof = &session->proof;
    vault_t *vault = session->options.proof->vault;
    const session_progress_t *progress = &session->progress;
    const char *why = vault_judge (vault, progress->number, &progress->winners, NULL);
    if (!why && vault_counts (vault))
        why = session->options.proof->bets (session->options.proof->self, &proof->bets);
    if (why)
        return session_fail (session, "%s", why);
    if (vault_counts (vault)) {
        const salt_key_t salts = own_salts (session);
        begin_rooting (session, ROOT_WINNERS, &salts, 0,
                       vault_commitment (vault)->tally.count);
        rooting_watch (&proof->rooting, progress->number);
        return true;
    }
    proof->judged = session->progress.proven = true;
    return false;
}

/* ---- Committing ---- */

static void begin_commit (session_t *session)
{
    const session_proof_t *proof = session->options.proof;
    const char *why = proof->bets (proof->self, &session->proof.bets);
    if (why)
        session_fail (session, "%s", why);
    else if (bets_are_the_centrals (session)) {
        if (session->closed)
            root_bets (session);
        else
            session_ask (session, SESSION_ENDING);
    }
}

/* What a batch or a cancel that was still under way could change is over: the bets are
   those that were compared. Else what is new is looked at: the draw may be sealed. */
void pledge_take_ended (session_t *session, uint8_t day, int64_t now_ms)
{
    if (day == DAY_OPEN)
        return; // the answer to an earlier question
    session_made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    if (day == DAY_ENDED) {
        session->closed = true;
        root_bets (session);
        return;
    }
    session->proof.day = day;
    session->proof.looked = false;
    pledge_go_on (session, now_ms);
}

static void root_bets (session_t *session)
{
    const session_proof_t *proof = session->options.proof;
    const char *why =
        proof->chance (proof->self, session->proof.salts.of, SHA256_BYTES);
    if (why)
        session_fail (session, "%s", why);
    else
        begin_rooting (session, ROOT_COMMIT, &session->proof.salts, 0,
                       session->proof.bets.count);
}

/* Nothing is committed to that the central would refuse: it would be for good. */
static bool bets_are_the_centrals (session_t *session)
{
    const session_bets_t *bets = &session->proof.bets;
    const session_progress_t *progress = &session->progress;
    if (bets->count != progress->stored)
        return !session_fail (
            session,
            "the central has %" PRIu64 " bets of agency %" PRIu32
            ", and the folder of --receipts has %" PRIu64
            ": give the file that was sold with --bets, so that they can be compared "
            "and added; or see who else sells as agency %" PRIu32
            ". Nothing was committed to",
            progress->stored, session->options.agency, bets->count,
            session->options.agency);
    if (bets->digest != session->digest)
        return !session_fail (
            session,
            "the central has other bets of agency %" PRIu32
            " than the folder of --receipts, which has them as they were acknowledged: "
            "give the file that was sold with --bets to be told which. Nothing was "
            "committed to",
            session->options.agency);
    if (bets->offsets_count == progress->cancelled)
        return true;
    ask_of_cancel (session);
    return false;
}

/* The answer to a cancel was lost, perhaps: whether it is cancelled its leaf says. */
static void ask_of_cancel (session_t *session)
{
    proof_t *proof = &session->proof;
    if (proof->asked < proof->bets.asked_count) {
        ask_root (session, ROOT_ASKED, proof->bets.asked[proof->asked], 1);
        return;
    }
    session_fail (session,
                  "the central says that %" PRIu32 " bets of agency %" PRIu32
                  " are cancelled, and the folder of --receipts knows of %zu: whoever "
                  "cancelled one has to do so with this folder. Nothing was committed "
                  "to",
                  session->progress.cancelled, session->options.agency,
                  proof->bets.offsets_count);
}

static void commit (session_t *session, int64_t now_ms)
{
    const session_proof_t *proof = session->options.proof;
    const session_bets_t *bets = &session->proof.bets;
    const vault_stake_t stake = {
        {bets->count, bets->digest, (uint32_t) bets->offsets_count},
        tree_root (&session->proof.rooting.tree)};
    nonce_t nonce;
    const char *why = proof->chance (proof->self, nonce.of, sizeof nonce.of);
    if (!why)
        why = vault_commit (proof->vault, &stake, &nonce, &session->proof.salts);
    explicit_bzero (&nonce, sizeof nonce);
    if (why)
        session_fail (session, "%s", why);
    else
        pledge_go_on (session, now_ms);
}

/* ---- Hashing ---- */

static void begin_rooting (session_t *session, root_purpose_t purpose,
                           const salt_key_t *key, uint64_t from, uint64_t count)
{
    const session_proof_t *options = session->options.proof;
    const char *draw = session->progress.draw;
    proof_t *proof = &session->proof;
    const bytes_t rows = options->rows (options->self, from);
    proof->purpose = purpose;
    proof->rooted = false;
    session->timer_ms = NEVER;
    session->asking = session->holding = false;
    if (!rows.data) {
        session_fail (session, "the bets of the folder of --receipts cannot be read");
        return;
    }
    session->progress.state = SESSION_ROOTING;
    rooting_begin (&proof->rooting, bytes_of (draw, strlen (draw)),
                   session->options.agency, key, rows, from, count, proof->bets.offsets,
                   proof->bets.offsets_count);
}

void pledge_work (session_t *session, int64_t now_ms)
{
    proof_t *proof = &session->proof;
    session->progress.heard_ms = now_ms; // the central has nothing to answer
    if (!rooting_step (&proof->rooting, SLICE_ROWS))
        return;
    if (proof->rooting.faulty) {
        session_fail (session,
                      "bet %" PRIu64 " of the folder of --receipts is none: "
                      "sold.csv is damaged, put it back",
                      proof->rooting.next);
        return;
    }
    const hash_t root = tree_root (&proof->rooting.tree);
    const char *why = NULL;
    switch (proof->purpose) {
    case ROOT_COMMIT:
        commit (session, now_ms);
        break;
    case ROOT_WINNERS:
        why = vault_judge (session->options.proof->vault, session->progress.number,
                           &proof->rooting.tree.count, &root);
        if (why) {
            session_fail (session, "%s", why);
            break;
        }
        proof->judged = session->progress.proven = true;
        pledge_go_on (session, now_ms);
        break;
    default:
        proof->ours = root;
        proof->rooted = true;
        session_ask (session, SESSION_SEARCHING);
    }
}

/* ---- Looking for what differs ---- */

/* Cancelled, as far as is known to us, is what was asked for. */
static void look_at_asked (session_t *session)
{
    proof_t *proof = &session->proof;
    const session_proof_t *options = session->options.proof;
    const uint64_t offset = proof->from;
    const bool is_so = hash_equal (&proof->ours, &proof->theirs);
    const char *why = is_so ? options->cancelled (options->self, offset) : NULL;
    proof->asked += !is_so; // else it is not among them any more
    if (why)
        session_fail (session, "%s", why);
    else
        begin_commit (session);
}

/* The central's bets have another root than ours: there is a leaf that differs. */
static void begin_search (session_t *session)
{
    proof_t *proof = &session->proof;
    const session_proof_t *options = session->options.proof;
    const char *why = options->bets (options->self, &proof->bets);
    if (why) {
        session_fail (session, "%s", why);
        return;
    }
    proof->same = 0;
    proof->differs = false;
    proof->upto = vault_commitment (options->vault)->tally.count;
    if (proof->upto > 0)
        look_at_roots (session);
    else
        session_fail (session,
                      "the central does not take that agency %" PRIu32 " has no bets",
                      session->options.agency);
}

static void ask_root (session_t *session, root_purpose_t purpose, uint64_t from,
                      uint64_t count)
{
    proof_t *proof = &session->proof;
    proof->from = from;
    proof->count = count;
    if (purpose == ROOT_SEARCH) {
        const salt_key_t salts = own_salts (session);
        begin_rooting (session, purpose, &salts, from, count);
        return;
    }
    memset (&proof->salts, 0, sizeof proof->salts); // of no use to anybody
    begin_rooting (session, purpose, &proof->salts, from, count);
    proof->rooting.offsets = &proof->from; // were it cancelled
    proof->rooting.offsets_count = 1;
}

/* By halves. That there is a difference the central has said; it is seen before it is
   told. */
static void look_at_roots (session_t *session)
{
    const proof_t *proof = &session->proof;
    const uint64_t left = proof->upto - proof->same;
    if (left == 0)
        session_fail (session,
                      "the central does not take what agency %" PRIu32
                      " has committed to, and has just these bets, as all roots show "
                      "that it tells: keep the folder of --receipts, it is the proof",
                      session->options.agency);
    else if (left == 1 && proof->differs)
        tell_difference (session);
    else
        ask_root (session, ROOT_SEARCH, proof->same, left == 1 ? 1 : left / 2);
}

static void tell_difference (session_t *session)
{
    session_fail (session,
                  "the central has other bets of agency %" PRIu32
                  " than it acknowledged: the first that differs is bet %" PRIu64
                  " (ticket %s-%" PRIu32 "-%" PRIu64
                  "), which the folder of --receipts has in row %" PRIu64
                  " of sold.csv. It does not take what this agency has committed to; "
                  "keep the folder, it is the proof",
                  session->options.agency, session->proof.same, session->progress.draw,
                  session->options.agency, session->proof.same,
                  session->proof.same + 1);
}

bool pledge_take_rooted (session_t *session, const wire_rooted_t *rooted)
{
    proof_t *proof = &session->proof;
    if (session->progress.state != SESSION_SEARCHING || !proof->rooted ||
        rooted->from != proof->from || rooted->count != proof->count)
        return false;
    memcpy (proof->theirs.of, rooted->root, sizeof proof->theirs.of);
    session_made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    if (proof->purpose == ROOT_ASKED) {
        look_at_asked (session);
        return true;
    }
    if (hash_equal (&proof->ours, &proof->theirs))
        proof->same = proof->from + proof->count;
    else
        proof->upto = proof->from + proof->count;
    proof->differs = proof->differs || !hash_equal (&proof->ours, &proof->theirs);
    look_at_roots (session);
    return true;
}

/* ---- Fetching ---- */

static void fetch (session_t *session, uint8_t which)
{
    proof_t *proof = &session->proof;
    free (proof->bytes);
    proof->bytes = NULL;
    proof->size = proof->total = 0;
    proof->which = which;
    session_ask (session, SESSION_FETCHING);
}

/* A page. One that does not follow is late, or of another note. */
bool pledge_take_note (session_t *session, const wire_note_t *note, int64_t now_ms)
{
    proof_t *proof = &session->proof;
    if (session->progress.state != SESSION_FETCHING || note->which != proof->which ||
        note->from != proof->size || note->total > PAPER_BYTES_MAX ||
        (proof->total > 0 && note->total != proof->total) || note->bytes.size == 0 ||
        note->bytes.size > note->total - proof->size)
        return false;
    if (!proof->bytes) {
        proof->bytes = malloc (note->total);
        assert (proof->bytes);
        proof->total = note->total;
    }
    put_bytes (proof->bytes + proof->size, note->bytes);
    proof->size += note->bytes.size;
    session_made_progress (session);
    session_ask (session, SESSION_FETCHING);
    if (proof->size < proof->total)
        return true;
    const char *why = vault_take (session->options.proof->vault, proof->which,
                                  bytes_of (proof->bytes, proof->size));
    if (why)
        return session_fail (session, "%s", why);
    if (proof->which == NOTE_VOID)
        return session_fail_void (session, &session->refused);
    if (proof->which == NOTE_OPEN)
        session_start_over (session, true, now_ms); // and now it may sell
    else
        pledge_go_on (session, now_ms);
    return true;
}

/* There is no receipt, so nobody has committed in this agency's name. Others are to
   come. */
static bool note_is_missing (session_t *session, int64_t now_ms)
{
    proof_t *proof = &session->proof;
    if (proof->which == NOTE_VOID)
        return session_fail_void (session, &session->refused);
    if (proof->which != NOTE_RECEIPT) {
        session_hold_back (session, 0, now_ms);
        session->timer_ms =
            now_ms + backoff_jitter_ms (&session->backoff, FETCH_AGAIN_MS);
        return true;
    }
    proof->looked = true;
    pledge_go_on (session, now_ms);
    return true;
}

/* ---- What is refused ---- */

/* Once: whatever comes of it, the draw is void. */
bool pledge_void (session_t *session, const wire_refused_t *refused)
{
    const vault_t *vault = session->options.proof->vault;
    if (vault_has (vault, NOTE_VOID) || !vault_has (vault, NOTE_OPEN) ||
        refuses_void (session))
        return session_fail_void (session, refused);
    session->refused = *refused;
    session->refused.text = bytes_of (session->refused_text, refused->text.size);
    put_bytes (session->refused_text, refused->text);
    fetch (session, NOTE_VOID);
    return true;
}

static bool refuses_void (const session_t *session)
{
    return session->progress.state == SESSION_FETCHING &&
           session->proof.which == NOTE_VOID;
}

bool pledge_refused (session_t *session, const wire_refused_t *refused, int64_t now_ms)
{
    if (refused->command == WIRE_FETCH && refused->code == REFUSED_NOTE)
        return note_is_missing (session, now_ms);
    if (refused->command == WIRE_REVEAL && refused->code == REFUSED_PHASE) {
        session->proof.aside = true; // the auditor has, or all is over
        session->proof.reveals = false;
        session_ask (session, SESSION_WAITING);
        return true;
    }
    if (refused->command == WIRE_REVEAL && refused->code == REFUSED_ROOT)
        return session_fail (
            session,
            "draw %s is sealed twice: the seal that agency %" PRIu32
            " has signed, and the operator too, is another than the central has now; "
            "seal-%" PRIu32 ".note in the folder of --receipts is the proof "
            "(loteria-verify --receipt)",
            session->progress.draw, session->options.agency, session->options.agency);
    if (refused->command == WIRE_READY) // else WELCOME tells what is new
        return refused->code == REFUSED_PHASE && came_too_late (session, now_ms);
    if (refused->command != WIRE_COMMIT)
        return false;
    switch (refused->code) {
    case REFUSED_ROOT:
    case REFUSED_CONFLICT:
        begin_search (session);
        return true;
    case REFUSED_TALLY:
        return session_fail (
            session,
            "the central does not have %" PRIu64 " bets of agency %" PRIu32 ", %" PRIu32
            " of them cancelled, as it acknowledged and as the agency has "
            "committed to: %.*s",
            vault_commitment (session->options.proof->vault)->tally.count,
            session->options.agency,
            vault_commitment (session->options.proof->vault)->tally.cancelled,
            (int) refused->text.size, (const char *) refused->text.data);
    case REFUSED_PHASE:
    case REFUSED_CLOSED:
        return came_too_late (session, now_ms);
    default:
        return false;
    }
}

/* WELCOME tells whether the draw is sealed by now. If it goes on refusing, this agency
   is left out, and will hear of its winners all the same. */
static bool came_too_late (session_t *session, int64_t now_ms)
{
    if (++session->proof.refusals < REFUSALS_MAX) {
        session_start_over (session, false, now_ms);
        return true;
    }
    session->progress.late = true;
    pledge_go_on (session, now_ms);
    return true;
}

/* The seal is to be fetched, or to be signed. */
bool pledge_news (session_t *session, uint8_t day)
{
    const proof_t *proof = &session->proof;
    const vault_t *vault = session->options.proof->vault;
    session->proof.day = day;
    return day == DAY_LOCKED &&
           (!vault_has (vault, NOTE_SEAL) ||
            (vault_audited (vault) && !vault_has (vault, NOTE_ATTESTED)) ||
            (vault_counts (vault) && !proof->reveals && !proof->aside));
}

/* ---- Questions ---- */

void pledge_question (const session_t *session, wire_message_t *message)
{
    const proof_t *proof = &session->proof;
    switch (session->progress.state) {
    case SESSION_FETCHING:
        message->command = WIRE_FETCH;
        message->fetch = (wire_fetch_t){.which = proof->which, .from = proof->size};
        break;
    case SESSION_SEARCHING: {
        const salt_key_t salts =
            proof->purpose == ROOT_ASKED ? proof->salts : own_salts (session);
        message->command = WIRE_ROOT;
        message->root = (wire_root_t){.from = proof->from, .count = proof->count};
        memcpy (message->root.salt_key, salts.of, sizeof salts.of);
        break;
    }
    case SESSION_ENDING:
        message->command = WIRE_READY;
        message->tally = session_tally (session);
        break;
    case SESSION_COMMITTING:
        message->command = WIRE_COMMIT;
        message->commit = *vault_commitment (session->options.proof->vault);
        break;
    default:
        message->command = proof->reveals ? WIRE_REVEAL : WIRE_RESULTS;
        if (proof->reveals)
            message->reveal = proof->reveal;
        break;
    }
}

static salt_key_t own_salts (const session_t *session)
{
    salt_key_t salts;
    memcpy (salts.of, vault_commitment (session->options.proof->vault)->salt_key,
            sizeof salts.of);
    return salts;
}
