/* test_attacks.c - how a lottery could be cheated from inside, as stories: who does it,
   what is published, and what loteria-verify says, to anybody or to the agency that was
   cheated (docs/fairness.md, "What is proven"). Of the single faults of notes there are
   more in test_verify.c. */

#include "fair_draw.h"

#include "verify.h"

#define COLLUDER 1 // agency 4, who is with the operator; agency 1 is honest
#define HONEST   0

static fair_draw_t draw;

static void tell (void *context, const char *step, const char *text)
{
    char *told = context;
    const size_t size = strlen (told);
    snprintf (told + size, FAIR_NOTE - size, "%s: %s\n", step, text);
}

static char told[FAIR_NOTE];

static verify_outcome_t verified_with (const char *receipt)
{
    const verify_options_t options = {.dossier = &draw.dossier,
                                      .receipt =
                                          receipt ? fair_text (receipt) : (bytes_t){0},
                                      .context = told,
                                      .tell = tell};
    told[0] = '\0';
    return verify (&options);
}

static void assert_outcome (const verify_outcome_t *outcome, const char *step,
                            const char *part)
{
    if (outcome->holds)
        fail_msg ("it holds, and should not: \"%s\"", part);
    assert_string_equal (outcome->step, step);
    if (!strstr (outcome->fault, part))
        fail_msg ("not \"%s\": %s", part, outcome->fault);
}

/* Anybody finds it. */
static void assert_found (const char *step, const char *part)
{
    fair_dossier (&draw);
    const verify_outcome_t outcome = verified_with (NULL);
    assert_outcome (&outcome, step, part);
}

/* What is published holds by itself; who has this finds it. */
static void assert_found_by (const char *receipt, const char *part)
{
    const verify_outcome_t alone = verified_with (NULL);
    if (!alone.holds)
        fail_msg ("%s: %s", alone.step, alone.fault);
    const verify_outcome_t outcome = verified_with (receipt);
    assert_outcome (&outcome, "receipt", part);
}

static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    return 0;
}

/* The result that follows from the seal and nonces as they are. */
static void draw_number (void)
{
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
}

/* Its bets won, so that another number is wanted. The operator makes another seal, in
   which agency 4 has not committed, and a result that follows from it. */
static void an_honest_agency_is_left_out_and_the_draw_thrown_again (void **state)
{
    (void) state;
    static char receipt[FAIR_NOTE], countersigned[FAIR_NOTE];
    draw.open.least = 1; // it was allowed to
    fair_open (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_ready (&draw, i);
    fair_seal (&draw);
    fair_countersign (&draw, 1);
    strcpy (receipt, draw.party[1].ready);
    strcpy (countersigned, draw.party[1].countersigned);

    draw.stakes[1].committed = false;
    draw.party[1].countersigned[0] = '\0';
    fair_seal (&draw);
    fair_countersign (&draw, 0); // by an agency that is in it, too
    draw.result.reveals = 2;
    draw_number ();
    assert_found ("seal", "says something else of agency 4 than its receipt");
    draw.party[1].ready[0] = '\0';
    fair_dossier (&draw);
    assert_found_by (receipt, "the seal says something else of agency 4");
    assert_found_by (countersigned, "the operator has signed this seal and another");
}

/* Who is needed cannot be left out at all: the seal says how many there were. */
static void fewer_than_least_are_told_by_the_seal (void **state)
{
    (void) state;
    draw.stakes[1].committed = false;
    draw.party[1].ready[0] = draw.party[1].countersigned[0] = '\0';
    fair_seal (&draw);
    fair_countersign (&draw, 0);
    draw.result.reveals = 2;
    draw_number ();
    assert_found ("seal", "1 agencies have committed, at least 2 have to");
}

/* State was restored, or restarted with an older log, and seals again: the hour is
   another, and with it the number. */
static void a_second_seal_after_a_restart (void **state)
{
    (void) state;
    draw.seal.sealed_s += 60;
    fair_seal (&draw);
    draw_number ();
    assert_found ("signatures", "seal-1.note is another seal than seal.note, and the "
                                "operator has signed both: it has cheated");
    static char first[FAIR_NOTE];
    strcpy (first, draw.party[0].countersigned);
    draw.party[0].countersigned[0] = draw.party[1].countersigned[0] = '\0';
    assert_found ("result", "seal-1.note is missing: agency 1 has revealed its nonce");
    draw.result_note[0] = '\0'; // before there is a result
    fair_dossier (&draw);
    draw.dossier.result = (bytes_t){0};
    assert_found_by (first, "the operator has signed this seal and another");
}

/* Agency 1 has revealed its nonce. The operator and all others, who know all secrets by
   now, look for nonces of theirs with which the number suits them. */
static void who_knows_all_secrets_cannot_change_his_own (void **state)
{
    (void) state;
    const uint32_t wanted = (draw.result.number + 1) % (FAIR_HIGHEST + 1);
    reveal_t *const theirs[] = {&draw.reveals[0], &draw.reveals[1 + COLLUDER]};
    static const char *const found[] = {
        "the nonce of the operator, 0 is not the one that it committed to",
        "the nonce of agency 4 is not the one that it committed to"};
    for (size_t who = 0; who < 2; who++) {
        const nonce_t before = theirs[who]->nonce;
        for (unsigned tries = 0; fair_number (&draw) != wanted; tries++)
            memcpy (theirs[who]->nonce.of, &tries, sizeof tries);
        draw_number ();
        assert_int_equal (draw.result.number, wanted);
        assert_found ("result", found[who]);
        theirs[who]->nonce = before;
    }
}

/* So they make the commitments anew, too, and another seal with them. Agency 1 has
   signed one seal, and that was the other. */
static void who_knows_all_secrets_has_no_second_seal (void **state)
{
    (void) state;
    static char first[FAIR_NOTE];
    const uint32_t wanted = (draw.result.number + 1) % (FAIR_HIGHEST + 1);
    fair_party_t *colluder = &draw.party[COLLUDER];
    strcpy (first, draw.party[HONEST].countersigned);
    for (unsigned tries = 0; fair_number (&draw) != wanted; tries++) {
        memcpy (colluder->nonce.of, &tries, sizeof tries);
        draw.stakes[COLLUDER].commitment =
            fair_commitment (&draw, colluder->agency, &colluder->nonce);
        draw.reveals[1 + COLLUDER].nonce = colluder->nonce;
        fair_seal (&draw);
    }
    fair_ready (&draw, COLLUDER);
    fair_countersign (&draw, COLLUDER);
    draw_number ();
    assert_found ("signatures",
                  "seal-1.note is another seal than seal.note, and the operator has "
                  "signed both");
    draw.party[HONEST].countersigned[0] = '\0';
    assert_found ("result", "seal-1.note is missing");
    strcpy (draw.party[HONEST].countersigned, draw.seal_note); // with a forged one
    fair_sign (&draw, draw.party[HONEST].countersigned, PARTY_AGENCY, 1,
               &colluder->secret);
    assert_found ("signatures", "is not signed by loteria/nacional/noche/agency-1");
}

/* Before agency 1 reveals they know its commitment only, and every number is as likely
   as every other, whatever they choose. */
static void one_secret_keeps_the_number_open (void **state)
{
    (void) state;
    enum { NONCES = 2000, EVEN = NONCES / (FAIR_HIGHEST + 1) };
    unsigned drawn[FAIR_HIGHEST + 1] = {0};
    for (unsigned i = 0; i < NONCES; i++) {
        memcpy (draw.reveals[1 + HONEST].nonce.of, &i, sizeof i);
        drawn[fair_number (&draw)]++;
    }
    for (uint32_t number = 0; number <= FAIR_HIGHEST; number++)
        if (drawn[number] < EVEN / 2 || drawn[number] > EVEN * 2)
            fail_msg ("%u comes %u times of %u", number, drawn[number], NONCES);
}

/* Agency 4 sees the number first, and keeps its nonce back. */
static void a_nonce_that_is_withheld_is_told_by_name (void **state)
{
    (void) state;
    fair_dossier (&draw);
    draw.dossier.result = (bytes_t){0};
    draw.dossier.countersigned.count = 1; // agency 1's, which came with its nonce
    const verify_outcome_t outcome = verified_with (NULL);
    assert_true (outcome.holds);
    assert_int_equal (outcome.phase, VERIFY_PENDING);
    assert_non_null (strstr (told, "agency 4 has committed, and neither its nonce nor "
                                   "its signed seal is here"));
    assert_null (strstr (told, "agency 1 has committed, and its nonce"));
}

/* And the operator goes on without it, or calls the draw off. */
static void there_is_no_way_round_a_missing_nonce (void **state)
{
    (void) state;
    draw.result.reveals = 2;
    draw_number ();
    assert_found ("result", "the nonce of agency 4 is not where it has to be");
    const void_t off = {
        .origin = draw.origin, .open = draw.seal.open, .reason = "agency 4 is lost"};
    static char note[FAIR_NOTE];
    size_t size;
    fair_begin_note (note, void_write (&off, &size));
    fair_sign (&draw, note, PARTY_OPERATOR, 0, &draw.operator);
    fair_dossier (&draw);
    draw.dossier.result = (bytes_t){0};
    draw.dossier.off = fair_text (note);
    const verify_outcome_t outcome = verified_with (NULL);
    assert_outcome (&outcome, "void", "a draw that is sealed cannot be called off");
}

/* Bets of two agencies change places: the counts stay. */
static void a_bet_is_moved_to_another_agency (void **state)
{
    (void) state;
    char *mine = draw.bets, *theirs = strchr (draw.bets, '\n') + 1;
    assert_int_equal (*mine, '1');
    assert_int_equal (*theirs, '4');
    *mine = '4';
    *theirs = '1';
    assert_found ("bets", "the bets of agency 1 are not those that were sealed");
}

/* The end of bets.csv is gone: at a row, or within one. */
static void the_bets_are_cut_short (void **state)
{
    (void) state;
    const size_t whole = strlen (draw.bets);
    size_t found = 0;
    for (size_t size = 0; size < whole; size++) {
        fair_dossier (&draw);
        draw.dossier.bets = bytes_of (draw.bets, size);
        const verify_outcome_t outcome = verified_with (NULL);
        assert_false (outcome.holds);
        assert_string_equal (outcome.step, "bets");
        found++;
    }
    assert_int_equal (found, whole);
}

/* Agency 4 is shown another open note, of another list of agencies, and commits under
   that: it is in no seal of the others'. */
static void two_groups_are_shown_two_draws (void **state)
{
    (void) state;
    static fair_draw_t other;
    other = draw;
    other.open.of = other.roll;
    other.open.highest = 99;
    fair_open (&other);
    fair_ready (&other, 1);
    strcpy (draw.party[1].ready, other.party[1].ready);
    assert_found ("receipts", "ready-4.note is of another open note");
    fair_draw_make (&draw);
    const hash_t theirs = fair_hash (other.open_note);
    fair_dossier (&draw);
    const verify_options_t options = {
        .dossier = &draw.dossier, .open = &theirs, .context = told, .tell = tell};
    told[0] = '\0';
    const verify_outcome_t outcome = verify (&options);
    assert_outcome (&outcome, "open", "others were shown another");
}

/* The auditor's signature binds who is lost to one seal. A result without it was drawn
   behind his back. */
static void an_auditor_is_passed_over (void **state)
{
    (void) state;
    note_secret_t auditor;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_key_pair (&auditor, public_key);
    draw.open.audited = true;
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &auditor);
    fair_open (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_ready (&draw, i);
    fair_seal (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_countersign (&draw, i);
    draw_number ();
    assert_found ("result",
                  "seal-auditor.note is missing: the draw has an auditor, and "
                  "nobody reveals before it has signed the seal");
}

int main (void)
{
#define ATTACK(test) cmocka_unit_test_setup (test, setup)
    const struct CMUnitTest tests[] = {
        ATTACK (an_honest_agency_is_left_out_and_the_draw_thrown_again),
        ATTACK (fewer_than_least_are_told_by_the_seal),
        ATTACK (a_second_seal_after_a_restart),
        ATTACK (who_knows_all_secrets_cannot_change_his_own),
        ATTACK (who_knows_all_secrets_has_no_second_seal),
        ATTACK (one_secret_keeps_the_number_open),
        ATTACK (a_nonce_that_is_withheld_is_told_by_name),
        ATTACK (there_is_no_way_round_a_missing_nonce),
        ATTACK (a_bet_is_moved_to_another_agency),
        ATTACK (the_bets_are_cut_short),
        ATTACK (two_groups_are_shown_two_draws),
        ATTACK (an_auditor_is_passed_over),
    };
    return signed_note_start () == -1 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}
