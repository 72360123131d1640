/* test_verify.c - a provable draw holds, and each way to cheat in one is found. */

#include "fair_draw.h"

#include "verify.h"

static fair_draw_t draw;
static char told[16384];

static void note_told (void *context, const char *step, const char *text)
{
    (void) context;
    snprintf (told + strlen (told), sizeof told - strlen (told), "%s: %s\n", step,
              text);
}

static verify_outcome_t verified_with (bytes_t receipt, bytes_t ticket)
{
    const verify_options_t options = {.dossier = &draw.dossier,
                                      .receipt = receipt,
                                      .ticket = ticket,
                                      .tell = note_told};
    told[0] = '\0';
    return verify (&options);
}

static verify_outcome_t verified (void)
{
    fair_dossier (&draw);
    return verified_with ((bytes_t){0}, (bytes_t){0});
}

static void assert_holds (verify_phase_t phase)
{
    const verify_outcome_t outcome = verified ();
    if (!outcome.holds)
        fail_msg ("%s: %s", outcome.step, outcome.fault);
    assert_int_equal (outcome.phase, phase);
}

static void assert_faulty (const verify_outcome_t *outcome, const char *step,
                           const char *part)
{
    assert_false (outcome->holds);
    assert_string_equal (outcome->step, step);
    if (!strstr (outcome->fault, part))
        fail_msg ("not \"%s\": %s", part, outcome->fault);
}

static void assert_found (const char *step, const char *part)
{
    const verify_outcome_t outcome = verified ();
    assert_faulty (&outcome, step, part);
}

static void assert_told (const char *part)
{
    if (!strstr (told, part))
        fail_msg ("not \"%s\": %s", part, told);
}

static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    return 0;
}

static void a_draw_holds_step_by_step (void **state)
{
    (void) state;
    assert_holds (VERIFY_DRAWN);
    assert_int_equal (verified ().number, draw.result.number);
    assert_told ("open: loteria/nacional/noche: signed by the operator; 3 agencies, at "
                 "least 2 commit; numbers to 9\n");
    assert_told ("one view only");
    assert_told ("seal: agency 7 has not committed: its 7 bets");
    assert_told ("bets: 21 bets of 3 agencies are those that were sealed, and the "
                 "winners are all with the number\n");
    draw.dossier.bets = draw.dossier.cancelled = (bytes_t){0};
    assert_true (verified_with ((bytes_t){0}, (bytes_t){0}).holds);
    assert_told ("bets: bets.csv is not here");
}

static void it_holds_on_its_way_too (void **state)
{
    (void) state;
    fair_dossier (&draw);
    draw.dossier.result = (bytes_t){0};
    verify_outcome_t outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_true (outcome.holds);
    assert_int_equal (outcome.phase, VERIFY_PENDING);
    assert_told ("result: all agencies that committed have revealed"); // both signed
    draw.dossier.countersigned = (party_files_t){0};
    assert_true (verified_with ((bytes_t){0}, (bytes_t){0}).holds);
    assert_told ("result: agency 1 has committed, and neither its nonce nor its signed "
                 "seal is here\n");
    assert_told ("result: agency 4 has committed, and neither");
    fair_secret_file (draw.party[1].nonce.of, draw.party[1].nonce_file);
    fair_dossier (&draw);
    draw.dossier.result = (bytes_t){0};
    draw.dossier.countersigned = (party_files_t){0};
    assert_true (verified_with ((bytes_t){0}, (bytes_t){0}).holds);
    assert_told ("result: agency 1 has committed, and neither");
    assert_null (strstr (told, "agency 4 has committed, and neither"));
    draw.dossier.nonces = (party_files_t){0};
    draw.dossier.seal = (bytes_t){0};
    outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_true (outcome.holds);
    assert_int_equal (outcome.phase, VERIFY_SELLING);
}

/* An agency has no signed seals but its own. */
static void an_agency_checks_with_the_notes_that_it_has (void **state)
{
    (void) state;
    fair_dossier (&draw);
    const verify_options_t options = {
        .dossier = &draw.dossier, .agency = 4, .tell = note_told};
    draw.dossier.bets = draw.dossier.cancelled = (bytes_t){0};
    draw.dossier.countersigned = (party_files_t){1, &draw.dossier.countersigned.of[1]};
    assert_true (verify (&options).holds);
    draw.dossier.countersigned.count = 0;
    const verify_outcome_t own = verify (&options);
    assert_faulty (&own, "result", "seal-4.note is missing");
}

/* Without the open note, or what others were shown. */
static void there_is_one_open_note (void **state)
{
    (void) state;
    const hash_t shown = fair_hash (draw.open_note);
    hash_t other = shown;
    other.of[31] ^= 1;
    fair_dossier (&draw);
    const verify_options_t same = {
        .dossier = &draw.dossier, .open = &shown, .tell = note_told};
    assert_true (verify (&same).holds);
    const verify_options_t another = {
        .dossier = &draw.dossier, .open = &other, .tell = note_told};
    const verify_outcome_t outcome = verify (&another);
    assert_faulty (&outcome, "open", "others were shown another");
    draw.dossier.open = (bytes_t){0};
    const verify_outcome_t missing = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_faulty (&missing, "open", "open.note is missing");
}

static void an_open_note_that_cannot_be_is_refused (void **state)
{
    (void) state;
    static const uint32_t least[] = {0, FAIR_AGENCIES + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        draw.open.least = least[i];
        fair_open (&draw);
        assert_found ("open", "which cannot be");
    }
}

/* Another open note was made after agencies had committed under the first. */
static void an_open_note_is_not_exchanged (void **state)
{
    (void) state;
    draw.open.highest = 99;
    fair_open (&draw);
    assert_found ("receipts", "is of another open note");
}

static void a_bet_that_was_added_dropped_or_changed_is_found (void **state)
{
    (void) state;
    char before[FAIR_NOTE];
    strcpy (before, draw.bets);
    strcat (draw.bets, "1,Ana,Paz,999,1990-01-01,3\r\n");
    assert_found ("bets", "agency 1 has 8 bets in bets.csv, and 7 were sealed");
    strcpy (draw.bets, before);
    char *last = draw.bets + strlen (draw.bets) - 2;
    while (last[-1] != '\n')
        last--;
    *last = '\0';
    assert_found ("bets", "agency 7 has 6 bets in bets.csv, and 7 were sealed");
    strcpy (draw.bets, before);
    *strchr (draw.bets, 'A') = 'B';
    assert_found ("bets", "the bets of agency 1 are not those that were sealed");
    strcpy (draw.bets, before);
    char *moved = draw.bets; // its last bet goes to another agency
    for (char *row = moved; (row = strstr (row, "\n1,")); moved = ++row)
        ;
    *moved = '4';
    assert_found ("bets", "agency 1 has 6 bets");
    strcpy (draw.bets, before);
    strcat (draw.bets, "2,Ana,Paz,999,1990-01-01,3\r\n");
    assert_found ("bets", "row 22 is of agency 2, which does not take part");
    strcpy (draw.bets, before);
    strcat (draw.bets, "1,Ana\r\n");
    assert_found ("bets", "row 22 is none");
    draw.bets[0] = '\0';
    assert_found ("bets", "cancelled.csv has bet 2 of agency 1, which is not there");
    draw.cancelled[0] = '\0';
    assert_found ("bets", "agency 1 has 0 bets");
}

/* In another order there are other offsets. */
static void bets_stay_in_their_order (void **state)
{
    (void) state;
    char *first = draw.bets;
    char *second = strchr (first, '\n') + 1, *third = strchr (second, '\n') + 1;
    char *fourth = strchr (third, '\n') + 1, *fifth = strchr (fourth, '\n') + 1;
    char one[128] = "", four[128] = "";
    memcpy (one, first, (size_t) (second - first));
    memcpy (four, fourth, (size_t) (fifth - fourth));
    assert_int_equal (strlen (one), strlen (four));
    memcpy (first, four, strlen (four));
    memcpy (fourth, one, strlen (one));
    assert_found ("bets", "the bets of agency 1 are not those that were sealed");
}

static void what_is_cancelled_is_sealed_too (void **state)
{
    (void) state;
    char before[FAIR_NOTE];
    strcpy (before, draw.cancelled);
    draw.cancelled[0] = '3';
    assert_found ("bets", "cancelled.csv has another bet 3 of agency 1 than bets.csv");
    strcpy (draw.cancelled, before);
    memmove (draw.cancelled, strchr (draw.cancelled, '\n') + 1,
             strlen (strchr (draw.cancelled, '\n')));
    assert_found ("bets", "the bets of agency 1 are not those that were sealed");
    strcpy (draw.cancelled, before);
    strcat (draw.cancelled, before);
    assert_found ("bets", "cancelled.csv has bet 2 of agency 1");
    strcpy (draw.cancelled, "x,1,a,b,1,1990-01-01,1\r\n");
    assert_found ("bets", "cancelled.csv: row 1 is none");
    strcpy (draw.cancelled, "2");
    assert_found ("bets", "cancelled.csv: row 1 is none");
    strcpy (draw.cancelled, "0");
    strcat (draw.cancelled, before);
    assert_found ("bets", "cancelled.csv: row 1 is none");
    strcpy (draw.cancelled, before);
    strcat (draw.cancelled, "0,9,a,b,1,1990-01-01,1\r\n");
    assert_found ("bets", "cancelled.csv: row 4 is of agency 9, which does not");
}

/* Bet 2 of each is on number 2. */
static void a_bet_that_is_cancelled_does_not_win (void **state)
{
    (void) state;
    for (int tries = 0; tries < 2000 && draw.result.number != 2; tries++)
        fair_draw_make (&draw);
    assert_int_equal (draw.result.number, 2);
    assert_int_equal (draw.won[0].count, 0);
    assert_holds (VERIFY_DRAWN);
}

static void salt_keys_are_those_of_the_seal (void **state)
{
    (void) state;
    draw.party[2].salts_file[0] ^= 1;
    assert_found ("bets", "salts-7.txt is not the salt key of the seal");
    draw.party[2].salts_file[0] = 'x';
    assert_found ("bets", "salts-7.txt is no salt key");
    draw.party[2].salts_file[0] = '\0';
    assert_found ("bets", "salts-7.txt is missing");
}

/* A seal over other bets than the agency's READY, whoever has signed it. */
static void a_seal_says_what_the_receipts_say (void **state)
{
    (void) state;
    const stake_t before = draw.stakes[0];
    for (int what = 0; what < 5; what++) {
        draw.stakes[0] = before;
        draw.stakes[0].count += what == 0;
        draw.stakes[0].root.of[0] ^= what == 1;
        draw.stakes[0].commitment.of[0] ^= what == 2;
        draw.stakes[0].salts.of[0] ^= what == 3;
        draw.stakes[0].committed = what != 4;
        draw.open.least = what == 4 ? 1 : FAIR_COMMITS;
        if (what == 4) { // an honest agency with a receipt is left out
            fair_open (&draw);
            draw.stakes[0].committed = true;
            fair_ready (&draw, 0);
            fair_ready (&draw, 1);
            draw.stakes[0].committed = false;
        }
        fair_seal (&draw);
        fair_countersign (&draw, 0);
        fair_countersign (&draw, 1);
        assert_found ("seal", "says something else of agency 1 than its receipt");
    }
}

static void a_seal_has_the_agencies_of_the_open_note (void **state)
{
    (void) state;
    draw.seal.agencies = 2;
    fair_seal (&draw);
    assert_found ("seal", "seal.note has 2 agencies, the open note 3");
    draw.seal.agencies = 3;
    draw.stakes[2].agency = 9;
    fair_seal (&draw);
    assert_found ("seal", "seal.note has agency 9 where the open note has 7");
}

static void fewer_than_have_to_commit_seal_nothing (void **state)
{
    (void) state;
    draw.open.least = 3;
    fair_open (&draw);
    fair_ready (&draw, 0);
    fair_ready (&draw, 1);
    fair_seal (&draw);
    assert_found ("seal", "2 agencies have committed, at least 3 have to");
}

/* The operator shows agency 4 another seal than the others. */
static void two_seals_are_the_proof_of_fraud (void **state)
{
    (void) state;
    char first[FAIR_NOTE];
    strcpy (first, draw.seal_note);
    draw.seal.sealed_s++;
    fair_seal (&draw);
    fair_countersign (&draw, 1);
    strcpy (draw.seal_note, first);
    assert_found ("signatures", "the operator has signed both: it has cheated");
    fair_dossier (&draw);
    draw.dossier.countersigned.count =
        1; // without agency 4's, which it keeps for itself
    draw.dossier.result = (bytes_t){0};
    const verify_outcome_t outcome =
        verified_with (fair_text (draw.party[1].countersigned), (bytes_t){0});
    assert_faulty (&outcome, "receipt", "it has cheated");
}

static void signatures_are_by_whom_they_have_to_be (void **state)
{
    (void) state;
    const note_secret_t stranger = draw.party[2].secret;
    strcpy (draw.party[0].countersigned, draw.seal_note);
    fair_sign (&draw, draw.party[0].countersigned, PARTY_AGENCY, 1, &stranger);
    assert_found ("signatures",
                  "seal-1.note is not signed by loteria/nacional/noche/agency-1");
    fair_countersign (&draw, 0);
    char *end = strchr (strstr (draw.party[0].countersigned, "agency-1"), '\n');
    end[-8] = end[-8] == 'A' ? 'B' : 'A';
    assert_found ("signatures", "the signature of loteria/nacional/noche/agency-1 is "
                                "not right");
    fair_countersign (&draw, 0);
    end = strrchr (draw.party[0].ready, '\xE2');
    *end = '\0'; // without the operator's
    assert_found ("receipts", "ready-1.note is not signed by loteria/nacional/noche/"
                              "operator");
}

/* Each of the result's lines: a nonce that is another, or missing, or too many. */
static void nonces_are_those_that_were_committed_to (void **state)
{
    (void) state;
    draw.reveals[1].nonce.of[0] ^= 1;
    draw.result.number = fair_number (&draw);
    fair_result (&draw);
    assert_found ("result",
                  "the nonce of agency 1 is not the one that it committed to");
    draw.reveals[1].nonce.of[0] ^= 1;
    draw.reveals[0].nonce.of[0] ^= 1;
    draw.result.number = fair_number (&draw);
    fair_result (&draw);
    assert_found ("result", "the nonce of the operator, 0 is not the one");
    draw.reveals[0].nonce.of[0] ^= 1;
    draw.result.reveals = 2;
    draw.result.number = fair_number (&draw);
    fair_result (&draw);
    assert_found ("result", "the nonce of agency 4 is not where it has to be");
    draw.result.reveals = 0;
    fair_result (&draw);
    assert_found ("result", "nobody's nonce is there");
}

static void nonces_of_others_are_too_many (void **state)
{
    (void) state;
    reveal_t reveals[4];
    memcpy (reveals, draw.reveals, sizeof draw.reveals);
    reveals[3] = (reveal_t){.party = 7};
    draw.result.reveal = reveals;
    draw.result.reveals = 4;
    draw.result.number = fair_number (&draw);
    fair_result (&draw);
    assert_found ("result", "agency 7 has not committed, and its nonce is there");
}

static void a_number_follows_from_the_notes (void **state)
{
    (void) state;
    const uint32_t number = draw.result.number;
    draw.result.number = (number + 1) % (FAIR_HIGHEST + 1);
    fair_count (&draw, &draw.result.number); // its winners are right
    fair_result (&draw);
    assert_found ("result", "the number is said to be");
}

static void winners_are_the_bets_with_the_number (void **state)
{
    (void) state;
    won_t *won = &draw.won[0];
    won->root.of[0] ^= 1;
    fair_result (&draw);
    assert_found ("bets", "result.note says others");
    won->root.of[0] ^= 1;
    won->count++;
    fair_result (&draw);
    assert_found ("bets", "result.note says others");
    won->count = FAIR_BETS + 1;
    fair_result (&draw);
    assert_found ("result", "what it says of agency 1 cannot be");
    won->count = 0;
    draw.result.agencies = 2;
    fair_result (&draw);
    assert_found ("result", "tells the winners of 2 agencies, not of 3");
}

/* Nobody's nonce comes out before he has signed a seal. */
static void a_nonce_without_a_signed_seal_is_suspicious (void **state)
{
    (void) state;
    draw.party[1].countersigned[0] = '\0';
    assert_found ("result", "seal-4.note is missing");
    draw.reveals[2].by_auditor = true;
    fair_result (&draw);
    assert_found ("result", "a nonce is by the auditor, and the draw has none");
}

static void a_party_that_was_lost_has_an_auditor (void **state)
{
    (void) state;
    note_secret_t auditor;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    char note[FAIR_NOTE];
    note_key_pair (&auditor, public_key);
    draw.open.audited = true;
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &auditor);
    fair_open (&draw);
    fair_ready (&draw, 0);
    fair_ready (&draw, 1);
    fair_seal (&draw);
    fair_countersign (&draw, 0);
    draw.party[1].countersigned[0] = '\0';
    draw.reveals[2].by_auditor = true;
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
    strcpy (note, draw.seal_note);
    fair_sign (&draw, note, PARTY_AUDITOR, 0, &auditor);
    fair_dossier (&draw);
    draw.dossier.auditor = fair_text (note);
    verify_outcome_t outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    if (!outcome.holds)
        fail_msg ("%s: %s", outcome.step, outcome.fault);
    draw.dossier.auditor = fair_text (draw.seal_note); // not signed by it
    outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_faulty (&outcome, "signatures", "is not signed by");
}

static void a_sealed_draw_is_not_called_off (void **state)
{
    (void) state;
    const void_t off = {
        .origin = draw.origin, .open = draw.seal.open, .reason = "the number was bad"};
    char note[FAIR_NOTE];
    size_t size;
    fair_begin_note (note, void_write (&off, &size));
    fair_sign (&draw, note, PARTY_OPERATOR, 0, &draw.operator);
    fair_dossier (&draw);
    draw.dossier.off = fair_text (note);
    verify_outcome_t outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_faulty (&outcome, "void", "a draw that is sealed cannot be called off");
    draw.dossier.seal = draw.dossier.result = (bytes_t){0};
    draw.dossier.countersigned.count = 0;
    outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_true (outcome.holds);
    assert_int_equal (outcome.phase, VERIFY_VOID);
    assert_told ("void: called off by the operator: the number was bad");
    assert_told ("seal: none: the draw was called off before");
}

/* All notes of one draw, and one of another: of the same operator and agencies. */
static void notes_of_another_draw_are_none (void **state)
{
    (void) state;
    static fair_draw_t other;
    other = draw;
    strcpy (other.origin.draw, "tarde");
    fair_ready (&other, 0);
    strcpy (draw.party[0].ready, other.party[0].ready);
    assert_found ("receipts", "ready-1.note is of another draw");
    fair_ready (&draw, 0);
    other.seal.origin = other.result.origin = other.origin;
    fair_seal (&other);
    char kept[FAIR_NOTE];
    strcpy (kept, draw.seal_note);
    strcpy (draw.seal_note, other.seal_note);
    assert_found ("seal", "seal.note is of another draw");
    strcpy (draw.seal_note, kept);
    fair_result (&other);
    strcpy (draw.result_note, other.result_note);
    assert_found ("result", "result.note is of another draw");
}

static void what_follows_a_seal_that_is_missing_is_told (void **state)
{
    (void) state;
    fair_dossier (&draw);
    draw.dossier.seal = (bytes_t){0};
    verify_outcome_t outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_faulty (&outcome, "seal", "seal.note is missing");
    draw.dossier.result = (bytes_t){0};
    outcome = verified_with ((bytes_t){0}, (bytes_t){0});
    assert_faulty (&outcome, "seal", "seal.note is missing");
}

/* An agency's receipt, held against a draw whose folder does not show it. */
static void an_agency_holds_its_receipt_against_the_draw (void **state)
{
    (void) state;
    fair_dossier (&draw);
    draw.dossier.ready.count = 0;
    verify_outcome_t outcome =
        verified_with (fair_text (draw.party[1].ready), (bytes_t){0});
    assert_true (outcome.holds);
    assert_told ("receipt: of agency 4, 7 bets: the seal says the same");
    outcome = verified_with (fair_text (draw.party[0].countersigned), (bytes_t){0});
    assert_true (outcome.holds);
    assert_told ("receipt: it is this seal");
    outcome = verified_with (fair_text (draw.open_note), (bytes_t){0});
    assert_faulty (&outcome, "receipt", "neither a receipt nor a seal");
    outcome = verified_with (fair_text ("nonsense"), (bytes_t){0});
    assert_faulty (&outcome, "receipt", "no signed note");
    draw.stakes[1].count++; // one bet more was acknowledged
    fair_ready (&draw, 1);
    outcome = verified_with (fair_text (draw.party[1].ready), (bytes_t){0});
    assert_faulty (&outcome, "receipt", "the seal says something else of agency 4");
    draw.stakes[1].count--;
    draw.stakes[1].agency = 5;
    fair_ready (&draw, 1);
    outcome = verified_with (fair_text (draw.party[1].ready), (bytes_t){0});
    assert_faulty (&outcome, "receipt", "agency 5 does not take part");
}

/* The ticket of agency 4's bet at this offset. */
static ticket_t ticket_of (uint64_t offset, uint8_t scratch[ROW_BYTES_MAX])
{
    const fair_party_t *party = &draw.party[1];
    ticket_t ticket = {.origin = draw.origin,
                       .open = draw.seal.open,
                       .seal = draw.result.seal,
                       .agency = party->agency,
                       .offset = offset,
                       .state = offset == 2 ? LEAF_CANCELLED : LEAF_STANDS};
    bytes_t rows = fair_text (draw.bets);
    leaves_t leaves;
    tree_t tree;
    uint32_t agency;
    bet_t bet;
    leaves_begin (&leaves, fair_text (draw.origin.draw), party->agency, &party->salts);
    tree_begin (&tree);
    tree_watch (&tree, offset);
    while (bet_csv_next (&rows, scratch, &agency, &bet) == 1) {
        if (agency != party->agency)
            continue;
        if (tree.count == offset)
            ticket.bet = bet;
        const hash_t leaf =
            leaves_hash (&leaves, tree.count,
                         tree.count == 2 ? LEAF_CANCELLED : LEAF_STANDS, NULL, &bet);
        tree_add (&tree, &leaf);
    }
    ticket.bet.last_name = fair_text ("Paz, of 4"); // scratch has another by now
    ticket.salt = leaves_salt (&leaves, offset);
    ticket.path = tree_path (&tree);
    return ticket;
}

static void a_bettor_holds_his_ticket_against_the_draw (void **state)
{
    (void) state;
    uint8_t scratch[ROW_BYTES_MAX];
    for (uint64_t offset = 0; offset < FAIR_BETS; offset++) {
        size_t size;
        ticket_t ticket = ticket_of (offset, scratch);
        char *text = ticket_write (&ticket, &size);
        fair_dossier (&draw);
        verify_outcome_t outcome = verified_with ((bytes_t){0}, bytes_of (text, size));
        if (!outcome.holds)
            fail_msg ("%s: %s", outcome.step, outcome.fault);
        assert_told (offset == 2                               ? "it is cancelled\n"
                     : ticket.bet.number == draw.result.number ? "it WINS\n"
                                                               : "it does not win\n");
        draw.dossier.result = (bytes_t){0};
        assert_true (verified_with ((bytes_t){0}, bytes_of (text, size)).holds);
        assert_told (offset == 2 ? "it is cancelled\n" : "is not drawn yet\n");
        draw.dossier.seal = (bytes_t){0};
        draw.dossier.countersigned.count = 0;
        outcome = verified_with ((bytes_t){0}, bytes_of (text, size));
        assert_faulty (&outcome, "ticket", "no seal");
        free (text);

        ticket.bet.number ^= 1;
        text = ticket_write (&ticket, &size);
        fair_dossier (&draw);
        outcome = verified_with ((bytes_t){0}, bytes_of (text, size));
        assert_faulty (&outcome, "ticket", "not the one that was sealed there");
        free (text);
    }
    fair_dossier (&draw);
    const verify_outcome_t outcome = verified_with ((bytes_t){0}, fair_text ("a\n"));
    assert_faulty (&outcome, "ticket", "line 1 is not as it has to be");
}

/* What it is of is said first: all else follows from that. */
static void a_ticket_of_something_else_is_told_so (void **state)
{
    (void) state;
    uint8_t scratch[ROW_BYTES_MAX];
    for (int other = 0; other < 2; other++) {
        size_t size;
        ticket_t ticket = ticket_of (0, scratch);
        ticket.seal.of[0] ^= 1;
        if (other == 1)
            strcpy (ticket.origin.draw, "otra");
        char *text = ticket_write (&ticket, &size);
        fair_dossier (&draw);
        const verify_outcome_t outcome =
            verified_with ((bytes_t){0}, bytes_of (text, size));
        assert_faulty (&outcome, "ticket",
                       other == 1 ? "it is of another draw" : "it is of another seal");
        free (text);
    }
}

/* Whatever byte of whatever file is changed: something does not hold. */
static void no_byte_of_a_dossier_can_be_changed (void **state)
{
    (void) state;
    char *const files[] = {draw.open_note,
                           draw.seal_note,
                           draw.result_note,
                           draw.party[0].ready,
                           draw.party[1].countersigned,
                           draw.party[2].salts_file,
                           draw.cancelled,
                           draw.bets};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t at = 0; files[i][at]; at++) {
            const char before = files[i][at];
            files[i][at] ^= (char) (1 << (at % 7));
            if (files[i][at])
                assert_false (verified ().holds);
            files[i][at] = before;
        }
    assert_holds (VERIFY_DRAWN);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (a_draw_holds_step_by_step, setup),
        cmocka_unit_test_setup (it_holds_on_its_way_too, setup),
        cmocka_unit_test_setup (an_agency_checks_with_the_notes_that_it_has, setup),
        cmocka_unit_test_setup (there_is_one_open_note, setup),
        cmocka_unit_test_setup (an_open_note_that_cannot_be_is_refused, setup),
        cmocka_unit_test_setup (an_open_note_is_not_exchanged, setup),
        cmocka_unit_test_setup (a_bet_that_was_added_dropped_or_changed_is_found,
                                setup),
        cmocka_unit_test_setup (bets_stay_in_their_order, setup),
        cmocka_unit_test_setup (what_is_cancelled_is_sealed_too, setup),
        cmocka_unit_test_setup (a_bet_that_is_cancelled_does_not_win, setup),
        cmocka_unit_test_setup (salt_keys_are_those_of_the_seal, setup),
        cmocka_unit_test_setup (a_seal_says_what_the_receipts_say, setup),
        cmocka_unit_test_setup (a_seal_has_the_agencies_of_the_open_note, setup),
        cmocka_unit_test_setup (fewer_than_have_to_commit_seal_nothing, setup),
        cmocka_unit_test_setup (two_seals_are_the_proof_of_fraud, setup),
        cmocka_unit_test_setup (signatures_are_by_whom_they_have_to_be, setup),
        cmocka_unit_test_setup (nonces_are_those_that_were_committed_to, setup),
        cmocka_unit_test_setup (nonces_of_others_are_too_many, setup),
        cmocka_unit_test_setup (a_number_follows_from_the_notes, setup),
        cmocka_unit_test_setup (winners_are_the_bets_with_the_number, setup),
        cmocka_unit_test_setup (a_nonce_without_a_signed_seal_is_suspicious, setup),
        cmocka_unit_test_setup (a_party_that_was_lost_has_an_auditor, setup),
        cmocka_unit_test_setup (a_sealed_draw_is_not_called_off, setup),
        cmocka_unit_test_setup (notes_of_another_draw_are_none, setup),
        cmocka_unit_test_setup (what_follows_a_seal_that_is_missing_is_told, setup),
        cmocka_unit_test_setup (an_agency_holds_its_receipt_against_the_draw, setup),
        cmocka_unit_test_setup (a_bettor_holds_his_ticket_against_the_draw, setup),
        cmocka_unit_test_setup (a_ticket_of_something_else_is_told_so, setup),
        cmocka_unit_test_setup (no_byte_of_a_dossier_can_be_changed, setup),
    };
    return signed_note_start () == 0 ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
