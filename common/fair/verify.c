/* verify.c - the notes of a provable draw, in the order in which they were made. */

#include "verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hex.h"
#include "ticket.h"
#include "verify_state.h"

typedef struct {
    const char *name;
    bool (*check) (checker_t *checker);
} step_t;

static bool check_open (checker_t *checker);
static bool check_receipts (checker_t *checker);
static bool check_seal (checker_t *checker);
static bool check_countersigned (checker_t *checker);
static bool check_result (checker_t *checker);
static bool check_void (checker_t *checker);
static bool check_bets (checker_t *checker);
static bool check_own_receipt (checker_t *checker);
static bool check_ticket (checker_t *checker);

static const step_t steps[] = {
    {"open", check_open},     {"receipts", check_receipts},
    {"seal", check_seal},     {"signatures", check_countersigned},
    {"result", check_result}, {"void", check_void},
    {"bets", check_bets},     {"receipt", check_own_receipt},
    {"ticket", check_ticket},
};

static bool read_note (checker_t *checker, const char *name, bytes_t file,
                       signed_note_t *note);
static bool read_statement (checker_t *checker, const char *name, size_t fault);
static bool is_signed (checker_t *checker, const char *name, const signed_note_t *note,
                       const note_key_t *key);
static bool of_this_draw (checker_t *checker, const char *name, const origin_t *origin,
                          const hash_t *open);
static bool check_receipt (checker_t *checker, const char *name, bytes_t file,
                           uint32_t agency);
static bool check_stakes (checker_t *checker);
static bool check_stake_of (checker_t *checker, size_t which, uint32_t *committed);
static bool check_countersignature (checker_t *checker, const char *name, bytes_t file,
                                    const note_key_t *key);
static bool tell_countersigned (checker_t *checker);
static bool check_reveals (checker_t *checker);
static bool check_reveal (checker_t *checker, const reveal_t *reveal,
                          const hash_t *commitment);
static bool check_number (checker_t *checker);
static bool check_won (checker_t *checker);
static bool check_pending (checker_t *checker);
static void tell_missing (const checker_t *checker);
static void clear (checker_t *checker);

verify_outcome_t verify (const verify_options_t *options)
{
    checker_t checker = {.options = options, .dossier = options->dossier};
    verify_outcome_t outcome = {.holds = true};
    for (size_t i = 0; outcome.holds && i < sizeof steps / sizeof *steps; i++) {
        outcome.holds = steps[i].check (&checker);
        snprintf (outcome.step, sizeof outcome.step, "%s", steps[i].name);
    }
    snprintf (outcome.fault, sizeof outcome.fault, "%s", checker.fault);
    outcome.phase = options->dossier->off.data ? VERIFY_VOID
                    : checker.drawn            ? VERIFY_DRAWN
                    : checker.sealed           ? VERIFY_PENDING
                                               : VERIFY_SELLING;
    outcome.number = checker.result.number;
    clear (&checker);
    return outcome;
}

bool verify_tell (const checker_t *checker, const char *step, const char *format, ...)
{
    char text[VERIFY_FAULT_BYTES];
    va_list values;
    va_start (values, format);
    vsnprintf (text, sizeof text, format, values);
    va_end (values);
    if (checker->options->tell)
        checker->options->tell (checker->options->context, step, text);
    return true;
}

bool verify_fail (checker_t *checker, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (checker->fault, sizeof checker->fault, format, values);
    va_end (values);
    return false;
}

static bool check_open (checker_t *checker)
{
    signed_note_t note;
    char digits[SHA256_TEXT_BYTES], origin[ORIGIN_TEXT_BYTES];
    open_t *open = &checker->open;
    if (!read_note (checker, "open.note", checker->dossier->open, &note) ||
        !read_statement (checker, "open.note", open_parse (note.text, open)) ||
        !is_signed (checker, "open.note", &note, &open->operator))
        return false;
    if (open->least < 1 || open->least > open->agencies)
        return verify_fail (checker,
                            "open.note: of %zu agencies at least %" PRIu32
                            " are to commit, which cannot be",
                            open->agencies, open->least);
    checker->open_hash = statement_hash (note.text);
    hash_text (&checker->open_hash, digits);
    const hash_t *wanted = checker->options->open;
    if (wanted && !hash_equal (wanted, &checker->open_hash))
        return verify_fail (checker,
                            "open.note has the hash %s, and others were shown another: "
                            "whoever signed both has cheated",
                            digits);
    origin_text (&open->origin, origin);
    verify_tell (checker, "open",
                 "%s: signed by the operator; %zu agencies, at least %" PRIu32
                 " commit; numbers to %" PRIu32 "%s",
                 origin, open->agencies, open->least, open->highest,
                 open->demo ? "; DEMO: the operator made the agencies' keys, so that "
                              "their signatures prove nothing against it"
                            : "");
    return verify_tell (checker, "open", "O = %s%s", digits,
                        wanted ? ", as others were shown it"
                               : ": one view only; compare it with what others were "
                                 "shown (--open)");
}

static bool check_receipts (checker_t *checker)
{
    const party_files_t *files = &checker->dossier->ready;
    for (size_t i = 0; i < files->count; i++) {
        char name[32];
        snprintf (name, sizeof name, "ready-%" PRIu32 ".note", files->of[i].party);
        if (!check_receipt (checker, name, files->of[i].file, files->of[i].party))
            return false;
    }
    return files->count == 0 ||
           verify_tell (checker, "receipts",
                        "%zu: what these agencies sold is signed by them and by the "
                        "operator",
                        files->count);
}

static bool check_receipt (checker_t *checker, const char *name, bytes_t file,
                           uint32_t agency)
{
    signed_note_t note;
    ready_t ready;
    const note_key_t *key = open_key (&checker->open, agency);
    if (!key)
        return verify_fail (checker, "%s: agency %" PRIu32 " does not take part", name,
                            agency);
    if (!read_note (checker, name, file, &note) ||
        !read_statement (checker, name, ready_parse (note.text, &ready)) ||
        !of_this_draw (checker, name, &ready.origin, &ready.open))
        return false;
    if (ready.stake.agency != agency)
        return verify_fail (checker, "%s is of agency %" PRIu32, name,
                            ready.stake.agency);
    return is_signed (checker, name, &note, key) &&
           is_signed (checker, name, &note, &checker->open.operator);
}

static bool check_seal (checker_t *checker)
{
    const dossier_t *dossier = checker->dossier;
    signed_note_t note;
    char digits[SHA256_TEXT_BYTES];
    if (!dossier->seal.data) {
        if (dossier->countersigned.count > 0 || dossier->auditor.data ||
            dossier->result.data)
            return verify_fail (checker, "seal.note is missing, and what follows it is "
                                         "there");
        return verify_tell (checker, "seal",
                            dossier->off.data ? "none: the draw was called off before"
                                              : "not yet: the draw is selling");
    }
    if (!read_note (checker, "seal.note", dossier->seal, &note) ||
        !read_statement (checker, "seal.note", seal_parse (note.text, &checker->seal)))
        return false;
    checker->sealed = true;
    checker->seal_text = note.text;
    checker->seal_hash = statement_hash (note.text);
    if (!of_this_draw (checker, "seal.note", &checker->seal.origin,
                       &checker->seal.open) ||
        !is_signed (checker, "seal.note", &note, &checker->open.operator) ||
        !check_stakes (checker))
        return false;
    return verify_tell (checker, "seal", "S = %s: signed by the operator",
                        hash_text (&checker->seal_hash, digits));
}

/* The agencies of the open note, each as its receipt says. */
static bool check_stakes (checker_t *checker)
{
    const open_t *open = &checker->open;
    uint32_t committed = 0;
    if (checker->seal.agencies != open->agencies)
        return verify_fail (checker, "seal.note has %zu agencies, the open note %zu",
                            checker->seal.agencies, open->agencies);
    for (size_t i = 0; i < open->agencies; i++)
        if (!check_stake_of (checker, i, &committed))
            return false;
    if (committed < open->least)
        return verify_fail (checker,
                            "seal.note: %" PRIu32
                            " agencies have committed, at least %" PRIu32 " have to",
                            committed, open->least);
    return verify_tell (checker, "seal",
                        "%" PRIu32 " of %zu agencies have committed: nobody knew the "
                        "number unless all of these and the operator told each other",
                        committed, open->agencies);
}

static bool check_stake_of (checker_t *checker, size_t which, uint32_t *committed)
{
    const stake_t *stake = &checker->seal.of[which];
    const uint32_t agency = checker->open.of[which].agency;
    const bytes_t receipt = dossier_find (&checker->dossier->ready, agency);
    signed_note_t note;
    ready_t ready;
    if (stake->agency != agency)
        return verify_fail (checker,
                            "seal.note has agency %" PRIu32
                            " where the open note has %" PRIu32,
                            stake->agency, agency);
    *committed += stake->committed;
    if (!stake->committed)
        verify_tell (checker, "seal",
                     "agency %" PRIu32 " has not committed: its %" PRIu64
                     " bets before the seal are the operator's word",
                     agency, stake->count);
    if (!receipt.data || !signed_note_parse (receipt, &note) ||
        ready_parse (note.text, &ready) != 0)
        return true; // there is none: they were looked at before
    return stake_agrees (stake, &ready.stake) ||
           verify_fail (checker,
                        "seal.note says something else of agency %" PRIu32
                        " than its receipt, which the operator has signed, too",
                        agency);
}

static bool check_countersigned (checker_t *checker)
{
    const party_files_t *files = &checker->dossier->countersigned;
    if (!checker->sealed)
        return true;
    for (size_t i = 0; i < files->count; i++) {
        char name[32];
        const uint32_t agency = files->of[i].party;
        const note_key_t *key = open_key (&checker->open, agency);
        snprintf (name, sizeof name, "seal-%" PRIu32 ".note", agency);
        if (!key)
            return verify_fail (checker, "%s: agency %" PRIu32 " does not take part",
                                name, agency);
        if (!check_countersignature (checker, name, files->of[i].file, key))
            return false;
    }
    if (checker->dossier->auditor.data && !checker->open.audited)
        return verify_fail (checker, "seal-auditor.note: the draw has no auditor");
    if (checker->dossier->auditor.data &&
        !check_countersignature (checker, "seal-auditor.note",
                                 checker->dossier->auditor, &checker->open.auditor))
        return false;
    return tell_countersigned (checker);
}

static bool check_countersignature (checker_t *checker, const char *name, bytes_t file,
                                    const note_key_t *key)
{
    signed_note_t note;
    if (!read_note (checker, name, file, &note) ||
        !is_signed (checker, name, &note, &checker->open.operator) ||
        !is_signed (checker, name, &note, key))
        return false;
    return bytes_equal (note.text, checker->seal_text) ||
           verify_fail (checker,
                        "%s is another seal than seal.note, and the operator has "
                        "signed both: it has cheated",
                        name);
}

static bool tell_countersigned (checker_t *checker)
{
    const party_files_t *files = &checker->dossier->countersigned;
    size_t missing = 0;
    for (size_t i = 0; i < checker->seal.agencies; i++)
        missing += checker->seal.of[i].committed &&
                   !dossier_find (files, checker->seal.of[i].agency).data;
    return verify_tell (
        checker, "signatures", "%zu %s signed this seal%s, %zu that committed %s not",
        files->count, files->count == 1 ? "agency has" : "agencies have",
        checker->dossier->auditor.data ? " and so has the auditor" : "", missing,
        missing == 1 ? "has" : "have");
}

static bool check_result (checker_t *checker)
{
    const dossier_t *dossier = checker->dossier;
    result_t *result = &checker->result;
    signed_note_t note;
    if (!checker->sealed)
        return true;
    if (!dossier->result.data)
        return check_pending (checker);
    if (!read_note (checker, "result.note", dossier->result, &note) ||
        !read_statement (checker, "result.note", result_parse (note.text, result)))
        return false;
    checker->drawn = true;
    if (!origin_equal (&result->origin, &checker->open.origin))
        return verify_fail (checker, "result.note is of another draw");
    if (!hash_equal (&result->seal, &checker->seal_hash))
        return verify_fail (checker, "result.note is of another seal than seal.note");
    if (checker->open.audited && !dossier->auditor.data)
        return verify_fail (
            checker, "seal-auditor.note is missing: the draw has an auditor, and "
                     "nobody reveals before it has signed the seal");
    return is_signed (checker, "result.note", &note, &checker->open.operator) &&
           check_reveals (checker) && check_number (checker) && check_won (checker);
}

/* Who committed, and nobody else, has revealed. */
static bool check_reveals (checker_t *checker)
{
    const result_t *result = &checker->result;
    size_t next = 0;
    if (result->reveals == 0)
        return verify_fail (checker, "result.note: nobody's nonce is there");
    if (!check_reveal (checker, &result->reveal[next++], &checker->open.commitment))
        return false;
    for (size_t i = 0; i < checker->seal.agencies; i++) {
        const stake_t *stake = &checker->seal.of[i];
        if (!stake->committed)
            continue;
        if (next == result->reveals || result->reveal[next].party != stake->agency)
            return verify_fail (checker,
                                "result.note: the nonce of agency %" PRIu32
                                " is not where it has to be",
                                stake->agency);
        if (!check_reveal (checker, &result->reveal[next++], &stake->commitment))
            return false;
    }
    if (next < result->reveals)
        return verify_fail (checker,
                            "result.note: agency %" PRIu32
                            " has not committed, and its nonce is there",
                            result->reveal[next].party);
    return verify_tell (checker, "result",
                        "%zu nonces, the operator's and those of all that committed, "
                        "each as it was committed to",
                        result->reveals);
}

static bool check_reveal (checker_t *checker, const reveal_t *reveal,
                          const hash_t *commitment)
{
    const char *draw = checker->open.origin.draw;
    const hash_t own = nonce_commitment (bytes_of (draw, strlen (draw)), reveal->party,
                                         &reveal->nonce);
    const dossier_t *dossier = checker->dossier;
    if (!hash_equal (&own, commitment))
        return verify_fail (checker,
                            "result.note: the nonce of %s %" PRIu32
                            " is not the one that it committed to",
                            reveal->party == NONCE_OPERATOR ? "the operator,"
                                                            : "agency",
                            reveal->party);
    if (reveal->by_auditor && !checker->open.audited)
        return verify_fail (checker, "result.note: a nonce is by the auditor, and the "
                                     "draw has none");
    const uint32_t own_agency = checker->options->agency;
    if (!reveal->by_auditor && reveal->party != NONCE_OPERATOR &&
        (own_agency == 0 || reveal->party == own_agency) &&
        !dossier_find (&dossier->countersigned, reveal->party).data)
        return verify_fail (checker,
                            "seal-%" PRIu32 ".note is missing: agency %" PRIu32
                            " has revealed its nonce, so it has signed a seal",
                            reveal->party, reveal->party);
    return true;
}

static bool check_number (checker_t *checker)
{
    const result_t *result = &checker->result;
    seed_t seed;
    seed_begin (&seed, &checker->seal_hash);
    for (size_t i = 0; i < result->reveals; i++)
        seed_add (&seed, &result->reveal[i].nonce);
    const hash_t hash = seed_end (&seed);
    const uint32_t number = number_of_seed (&hash, checker->open.highest);
    if (number != result->number)
        return verify_fail (checker,
                            "result.note: the number is said to be %" PRIu32
                            ", and %" PRIu32 " follows from the nonces and the seal",
                            result->number, number);
    return verify_tell (
        checker, "result",
        "the number is %" PRIu32 ": it follows from the seal and the nonces", number);
}

static bool check_won (checker_t *checker)
{
    const result_t *result = &checker->result;
    uint64_t winners = 0;
    if (result->agencies != checker->seal.agencies)
        return verify_fail (checker,
                            "result.note tells the winners of %zu agencies, not of %zu",
                            result->agencies, checker->seal.agencies);
    for (size_t i = 0; i < result->agencies; i++) {
        if (result->won[i].agency != checker->seal.of[i].agency ||
            result->won[i].count > checker->seal.of[i].count)
            return verify_fail (
                checker, "result.note: what it says of agency %" PRIu32 " cannot be",
                result->won[i].agency);
        winners += result->won[i].count;
    }
    return verify_tell (checker, "result", "winning bets: %" PRIu64, winners);
}

/* What was revealed though there is no result, so that "missing" is not only the
   operator's word. */
static bool check_pending (checker_t *checker)
{
    const party_files_t *nonces = &checker->dossier->nonces;
    const char *draw = checker->open.origin.draw;
    for (size_t i = 0; i < nonces->count; i++) {
        const uint32_t party = nonces->of[i].party;
        const stake_t *stake = seal_stake (&checker->seal, party);
        nonce_t nonce;
        if (!hex_read_line (nonces->of[i].file, nonce.of, sizeof nonce.of))
            return verify_fail (checker, "nonce-%" PRIu32 ".txt is no nonce", party);
        const hash_t own =
            nonce_commitment (bytes_of (draw, strlen (draw)), party, &nonce);
        const hash_t *wanted = party == NONCE_OPERATOR     ? &checker->open.commitment
                               : stake && stake->committed ? &stake->commitment
                                                           : NULL;
        if (!wanted || !hash_equal (&own, wanted))
            return verify_fail (
                checker, "nonce-%" PRIu32 ".txt is not what that party committed to",
                party);
    }
    tell_missing (checker);
    return verify_tell (checker, "result", "not yet: the draw is pending");
}

/* A nonce comes with the signed seal, in one message: whose seal is there has revealed,
   if the operator has shown it or not. */
static void tell_missing (const checker_t *checker)
{
    const dossier_t *dossier = checker->dossier;
    size_t missing = 0;
    for (size_t i = 0; i < checker->seal.agencies; i++) {
        const stake_t *stake = &checker->seal.of[i];
        if (!stake->committed || dossier_find (&dossier->nonces, stake->agency).data ||
            dossier_find (&dossier->countersigned, stake->agency).data)
            continue;
        missing++;
        verify_tell (checker, "result",
                     "agency %" PRIu32 " has committed, and neither its nonce nor its "
                     "signed seal is here",
                     stake->agency);
    }
    if (missing == 0)
        verify_tell (checker, "result",
                     "all agencies that committed have revealed: the result is for the "
                     "operator to publish");
}

static bool check_void (checker_t *checker)
{
    signed_note_t note;
    void_t off;
    const bytes_t file = checker->dossier->off;
    if (!file.data)
        return true;
    if (!read_note (checker, "void.note", file, &note) ||
        !read_statement (checker, "void.note", void_parse (note.text, &off)) ||
        !of_this_draw (checker, "void.note", &off.origin, &off.open) ||
        !is_signed (checker, "void.note", &note, &checker->open.operator))
        return false;
    if (checker->sealed)
        return verify_fail (checker, "void.note and seal.note are both there: a draw "
                                     "that is sealed cannot be called off");
    return verify_tell (checker, "void", "called off by the operator: %s", off.reason);
}

static bool check_bets (checker_t *checker)
{
    if (!checker->dossier->bets.data)
        return verify_tell (checker, "bets",
                            "bets.csv is not here: what the roots stand for was not "
                            "looked at");
    if (!checker->sealed)
        return verify_tell (checker, "bets", "there is no seal to hold them against");
    return verify_bets (checker);
}

/* A receipt, or a seal that an agency has signed. */
static bool check_own_receipt (checker_t *checker)
{
    const bytes_t file = checker->options->receipt;
    signed_note_t note;
    ready_t ready;
    if (!file.data)
        return true;
    if (!read_note (checker, "the receipt", file, &note))
        return false;
    if (ready_parse (note.text, &ready) == 0) {
        const uint32_t agency = ready.stake.agency;
        if (!check_receipt (checker, "the receipt", file, agency))
            return false;
        const stake_t *stake = seal_stake (&checker->seal, agency);
        if (checker->sealed && (!stake || !stake_agrees (stake, &ready.stake)))
            return verify_fail (checker,
                                "the seal says something else of agency %" PRIu32
                                " than its receipt, which the operator has signed, too",
                                agency);
        return verify_tell (
            checker, "receipt", "of agency %" PRIu32 ", %" PRIu64 " bets: %s", agency,
            ready.stake.count,
            checker->sealed ? "the seal says the same" : "there is no seal yet");
    }
    seal_t seal;
    if (seal_parse (note.text, &seal) != 0)
        return verify_fail (checker, "the receipt is neither a receipt nor a seal");
    seal_clear (&seal);
    if (!is_signed (checker, "the receipt", &note, &checker->open.operator))
        return false;
    if (checker->sealed && !bytes_equal (note.text, checker->seal_text))
        return verify_fail (checker, "the operator has signed this seal and another, "
                                     "seal.note: it has cheated");
    return verify_tell (checker, "receipt", "it is this seal");
}

static bool check_ticket (checker_t *checker)
{
    ticket_t ticket;
    const bytes_t file = checker->options->ticket;
    if (!file.data)
        return true;
    const size_t line = ticket_parse (file, &ticket);
    if (line > 0)
        return verify_fail (
            checker, "the ticket is none: line %zu is not as it has to be", line);
    if (!checker->sealed)
        return verify_fail (checker, "there is no seal to hold the ticket against");
    const char *fault = ticket_fault (&ticket, &checker->seal);
    if (!hash_equal (&ticket.seal, &checker->seal_hash) &&
        origin_equal (&ticket.origin, &checker->seal.origin))
        fault = "it is of another seal"; // what else is wrong follows from that
    if (fault)
        return verify_fail (checker, "the ticket: %s", fault);
    const bool cancelled = ticket.state == LEAF_CANCELLED;
    const bool won =
        checker->drawn && !cancelled && ticket.bet.number == checker->result.number;
    return verify_tell (checker, "ticket",
                        "bet %" PRIu64 " of agency %" PRIu32
                        " is in the seal, on number %" PRIu32 ": %s",
                        ticket.offset, ticket.agency, ticket.bet.number,
                        cancelled         ? "it is cancelled"
                        : !checker->drawn ? "the number is not drawn yet"
                        : won             ? "it WINS"
                                          : "it does not win");
}

static bool read_note (checker_t *checker, const char *name, bytes_t file,
                       signed_note_t *note)
{
    if (!file.data)
        return verify_fail (checker, "%s is missing", name);
    return signed_note_parse (file, note) ||
           verify_fail (checker, "%s is no signed note", name);
}

static bool read_statement (checker_t *checker, const char *name, size_t fault)
{
    return fault == 0 ||
           verify_fail (checker, "%s: line %zu is not as it has to be", name, fault);
}

static bool is_signed (checker_t *checker, const char *name, const signed_note_t *note,
                       const note_key_t *key)
{
    switch (signed_note_verify (note, key)) {
    case NOTE_SIGNED:
        return true;
    case NOTE_UNSIGNED:
        return verify_fail (checker, "%s is not signed by %s", name, key->name);
    case NOTE_FORGED:
        break;
    }
    return verify_fail (checker, "%s: the signature of %s is not right", name,
                        key->name);
}

static bool of_this_draw (checker_t *checker, const char *name, const origin_t *origin,
                          const hash_t *open)
{
    if (!origin_equal (origin, &checker->open.origin))
        return verify_fail (checker, "%s is of another draw", name);
    return hash_equal (open, &checker->open_hash) ||
           verify_fail (checker, "%s is of another open note than open.note", name);
}

static void clear (checker_t *checker)
{
    open_clear (&checker->open);
    seal_clear (&checker->seal);
    result_clear (&checker->result);
}
