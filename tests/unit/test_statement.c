/* test_statement.c - the statements of a provable draw: golden texts both ways, and
   that a text has one spelling. */

#include "testing.h"

#include "statement.h"
#include "wire.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH1 "0100000000000000000000000000000000000000000000000000000000000000"
#define HASH2 "0200000000000000000000000000000000000000000000000000000000000000"

static const origin_t origin = {"nacional", "noche"};
static const hash_t hash1 = {{1}}, hash2 = {{2}};

static note_key_t key_of (party_t party, uint32_t agency)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_secret_t secret;
    note_key_t key;
    party_name (&origin, party, agency, name);
    note_key_pair (&secret, public_key);
    assert_true (note_key_make (name, public_key, &key));
    return key;
}

static bytes_t whole (const char *text)
{
    return bytes_of (text, strlen (text));
}

static open_t an_open (open_agency_t *of, size_t agencies)
{
    open_t open = {.origin = origin,
                   .highest = 9999,
                   .closes_s = 1764104400,
                   .commit_s = 600,
                   .least = 2,
                   .operator= key_of (PARTY_OPERATOR, 0),
                   .commitment = hash1,
                   .agencies = agencies,
                   .of = of};
    for (size_t i = 0; i < agencies; i++)
        of[i] = (open_agency_t){(uint32_t) (i * i + 1),
                                key_of (PARTY_AGENCY, (uint32_t) (i * i + 1))};
    return open;
}

static void check_open (const open_t *open)
{
    size_t size, again_size;
    char *text = open_write (open, &size);
    assert_int_equal (size, strlen (text));
    open_t parsed;
    assert_int_equal (open_parse (whole (text), &parsed), 0);
    assert_int_equal (parsed.agencies, open->agencies);
    assert_int_equal (parsed.closes_s, open->closes_s);
    assert_int_equal (parsed.least, open->least);
    assert_int_equal (parsed.audited, open->audited);
    assert_int_equal (parsed.demo, open->demo);
    char *again = open_write (&parsed, &again_size);
    assert_string_equal (again, text);
    open_clear (&parsed);
    free (again);
    free (text);
}

static void an_open_note_says_who_takes_part_and_how_it_goes (void **state)
{
    (void) state;
    open_agency_t of[40];
    open_t open = an_open (of, 40);
    check_open (&open);
    open.closes_s = CLOSES_ALL_ASKED;
    check_open (&open);
    open.closes_s = CLOSES_NEVER;
    open.demo = true;
    check_open (&open);
    open.audited = true;
    open.auditor = key_of (PARTY_AUDITOR, 0);
    open.box = hash2;
    check_open (&open);
    open.agencies = 0;
    check_open (&open);
}

static const char ready_text[] = "loteria/nacional/noche\n"
                                 "ready v1\n"
                                 "open " HASH1 "\n"
                                 "agency 4 120 " HASH2 " " ZEROS "\n"
                                 "salts " HASH1 "\n"
                                 "box -\n";
static const char seal_text[] = "loteria/nacional/noche\n"
                                "seal v1\n"
                                "open " HASH1 "\n"
                                "agency 1 0 " HASH2 " " HASH1 " " ZEROS "\n"
                                "agency 4 18446744073709551615 " HASH2 " - " HASH2 "\n"
                                "sealed 1764104400\n";
static const char result_text[] = "loteria/nacional/noche\n"
                                  "result v1\n"
                                  "seal " HASH1 "\n"
                                  "reveal 0 " HASH2 "\n"
                                  "reveal 4 " ZEROS " by auditor\n"
                                  "number 7574\n"
                                  "winners 1 0 " HASH1 "\n"
                                  "winners 4 3 " HASH2 "\n";
static const char void_text[] = "loteria/nacional/noche\n"
                                "void v1\n"
                                "open " HASH1 "\n"
                                "reason the hall burnt, se quem\xC3\xB3\n";

static void golden_texts_are_read_and_written (void **state)
{
    (void) state;
    size_t size;
    ready_t ready;
    assert_int_equal (ready_parse (whole (ready_text), &ready), 0);
    assert_int_equal (ready.stake.agency, 4);
    assert_int_equal (ready.stake.count, 120);
    assert_true (hash_equal (&ready.stake.salts, &hash1));
    assert_false (ready.boxed);
    char *text = ready_write (&ready, &size);
    assert_string_equal (text, ready_text);
    free (text);

    seal_t seal;
    assert_int_equal (seal_parse (whole (seal_text), &seal), 0);
    assert_int_equal (seal.agencies, 2);
    assert_true (seal.of[0].committed);
    assert_false (seal.of[1].committed);
    assert_true (seal.of[1].count == UINT64_MAX);
    text = seal_write (&seal, &size);
    assert_string_equal (text, seal_text);
    seal_clear (&seal);
    free (text);

    result_t result;
    assert_int_equal (result_parse (whole (result_text), &result), 0);
    assert_int_equal (result.reveals, 2);
    assert_true (result.reveal[1].by_auditor);
    assert_int_equal (result.number, 7574);
    text = result_write (&result, &size);
    assert_string_equal (text, result_text);
    result_clear (&result);
    free (text);

    void_t off;
    assert_int_equal (void_parse (whole (void_text), &off), 0);
    text = void_write (&off, &size);
    assert_string_equal (text, void_text);
    free (text);
}

typedef struct {
    const char *text;
    size_t (*parse) (bytes_t text);
} kind_t;

static size_t parse_open (bytes_t text)
{
    open_t open;
    const size_t line = open_parse (text, &open);
    if (line == 0)
        open_clear (&open);
    return line;
}

static size_t parse_ready (bytes_t text)
{
    ready_t ready;
    return ready_parse (text, &ready);
}

static size_t parse_seal (bytes_t text)
{
    seal_t seal;
    const size_t line = seal_parse (text, &seal);
    if (line == 0)
        seal_clear (&seal);
    return line;
}

static size_t parse_result (bytes_t text)
{
    result_t result;
    const size_t line = result_parse (text, &result);
    if (line == 0)
        result_clear (&result);
    return line;
}

static size_t parse_void (bytes_t text)
{
    void_t off;
    return void_parse (text, &off);
}

static size_t lines_of_text (const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void who_takes_part_is_found_by_number (void **state)
{
    (void) state;
    open_agency_t agencies[] = {{.agency = 2}, {.agency = 5}};
    stake_t stakes[] = {{.agency = 2}, {.agency = 5}};
    const open_t open = {.agencies = 2, .of = agencies};
    const seal_t seal = {.agencies = 2, .of = stakes}, none = {0};
    assert_ptr_equal (open_key (&open, 2), &agencies[0].key);
    assert_ptr_equal (open_key (&open, 5), &agencies[1].key);
    assert_null (open_key (&open, 3));
    assert_null (open_key (&open, 6));
    assert_ptr_equal (seal_stake (&seal, 2), &stakes[0]);
    assert_ptr_equal (seal_stake (&seal, 5), &stakes[1]);
    assert_null (seal_stake (&seal, 0));
    assert_null (seal_stake (&none, 2));
}

static void stakes_agree_only_in_all_that_was_committed_to (void **state)
{
    (void) state;
    const stake_t stake = {.committed = true, .count = 3};
    stake_t other[6];
    for (size_t i = 0; i < 6; i++)
        other[i] = stake;
    assert_true (stake_agrees (&stake, &other[0]));
    other[1].committed = false;
    other[2].count = 4;
    other[3].root.of[0] ^= 1;
    other[4].commitment.of[31] ^= 1;
    other[5].salts.of[7] ^= 1;
    for (size_t i = 1; i < 6; i++) {
        assert_false (stake_agrees (&stake, &other[i]));
        assert_false (stake_agrees (&other[i], &stake));
    }
    assert_false (stake_agrees (&other[1], &other[1])); // neither has committed
}

/* Without a line, with one twice, with two exchanged, cut anywhere, with a blank too
   many anywhere: refused, and the line that is named is one of the text, or the one
   behind it. */
static void check_spelling (const kind_t *kind)
{
    const size_t size = strlen (kind->text), lines = lines_of_text (kind->text);
    char changed[8192];
    assert_int_equal (kind->parse (whole (kind->text)), 0);
    for (size_t cut = 0; cut < size; cut++) {
        const size_t line = kind->parse (bytes_of (kind->text, cut));
        // without the last of its agencies, or what need not be said, it is another
        // text
        const bool whole_lines = cut > 0 && kind->text[cut - 1] == '\n';
        if (!whole_lines || (kind->parse != parse_open && kind->parse != parse_result))
            assert_in_range (line, 1, lines + 1);
    }
    for (size_t at = 0; at <= size; at++)
        for (const char *more = " \n0\t"; *more; more++) {
            // in free text a blank or digit more is another text, which is sound
            const char *text = strstr (kind->text, "\nreason ");
            const bool reason = text && kind->text + at > text + 7 && *more != '\t';
            snprintf (changed, sizeof changed, "%.*s%c%s", (int) at, kind->text, *more,
                      kind->text + at);
            const size_t line = kind->parse (whole (changed));
            const bool number = *more == '0' && line == 0;
            if (!reason && !number)
                assert_in_range (line, 1, lines + 2);
        }
    for (const char *from = kind->text; *from; from = strchr (from, '\n') + 1) {
        const char *behind = strchr (from, '\n') + 1;
        snprintf (changed, sizeof changed, "%.*s%.*s%s", (int) (behind - kind->text),
                  kind->text, (int) (behind - from), from, behind);
        assert_in_range (kind->parse (whole (changed)), 1, lines + 2);
    }
    snprintf (changed, sizeof changed, "%s%s", kind->text, "more of it\n");
    assert_int_equal (kind->parse (whole (changed)), lines + 1);
}

static void a_text_has_one_spelling (void **state)
{
    (void) state;
    open_agency_t of[3];
    open_t open = an_open (of, 3);
    size_t size;
    open.audited = open.demo = true;
    open.auditor = key_of (PARTY_AUDITOR, 0);
    char *open_text = open_write (&open, &size);
    const kind_t kinds[] = {{open_text, parse_open},
                            {ready_text, parse_ready},
                            {seal_text, parse_seal},
                            {result_text, parse_result},
                            {void_text, parse_void}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        check_spelling (&kinds[i]);
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
            if (i != j)
                assert_int_equal (kinds[i].parse (whole (kinds[j].text)), 2);
    }
    free (open_text);
}

static void wrong_lines_are_named (void **state)
{
    (void) state;
    static const struct {
        size_t (*parse) (bytes_t text);
        const char *text;
        size_t line;
    } cases[] = {
        {parse_ready, "loteria/nacional/-noche\nready v1\n", 1},
        {parse_ready, "loteria/nacional\nready v1\n", 1},
        {parse_ready, "lotería/nacional/noche\nready v1\n", 1},
        {parse_ready, "loteria/nacional/noche\nready v2\n", 2},
        {parse_ready, "loteria/nacional/noche\nready v1\nopen 01\n", 3},
        // an agency that does not commit says nothing
        {parse_ready,
         "loteria/nacional/noche\nready v1\nopen " HASH1 "\nagency 4 1 " HASH1 " -\n"
         "salts " HASH1 "\nbox -\n",
         4},
        {parse_ready,
         "loteria/nacional/noche\nready v1\nopen " HASH1 "\nagency 0 1 " HASH1 " " HASH1
         "\nsalts " HASH1 "\nbox -\n",
         4},
        {parse_seal,
         "loteria/nacional/noche\nseal v1\nopen " HASH1 "\nagency 4 1 " HASH1 " " HASH1
         " " HASH1 "\nagency 4 1 " HASH1 " " HASH1 " " HASH1 "\nsealed 1\n",
         5},
        {parse_seal,
         "loteria/nacional/noche\nseal v1\nopen " HASH1 "\nagency 4 01 " HASH1
         " - " HASH1 "\nsealed 1\n",
         4},
        {parse_seal,
         "loteria/nacional/noche\nseal v1\nopen " HASH1 "\nagency 4 +1 " HASH1
         " - " HASH1 "\nsealed 1\n",
         4},
        {parse_result,
         "loteria/nacional/noche\nresult v1\nseal " HASH1 "\nreveal 1 " HASH1
         "\nnumber 1\n",
         4},
        {parse_result,
         "loteria/nacional/noche\nresult v1\nseal " HASH1 "\nreveal 0 " HASH1
         " by auditors\nnumber 1\n",
         4},
        {parse_result, "loteria/nacional/noche\nresult v1\nseal " HASH1 "\nnumber -1\n",
         4},
        {parse_void, "loteria/nacional/noche\nvoid v1\nopen " HASH1 "\nreason \n", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal (cases[i].parse (whole (cases[i].text)), cases[i].line);
}

/* A key has the name of its place: nobody can stand in for another. */
static void keys_stand_where_their_names_say (void **state)
{
    (void) state;
    open_agency_t of[2];
    open_t open = an_open (of, 2), parsed;
    size_t size;
    const note_key_t kept = of[1].key;
    of[1].key = of[0].key;
    char *text = open_write (&open, &size);
    assert_int_equal (open_parse (whole (text), &parsed), 8);
    free (text);
    of[1].key = kept;
    of[1].agency = of[0].agency;
    text = open_write (&open, &size);
    assert_int_equal (open_parse (whole (text), &parsed), 8);
    free (text);
    open.operator= kept;
    text = open_write (&open, &size);
    assert_int_equal (open_parse (whole (text), &parsed), 6);
    free (text);
}

static void bytes_that_are_no_text_are_refused (void **state)
{
    (void) state;
    char bytes[4096];
    memset (bytes, 'a', sizeof bytes);
    assert_int_equal (parse_seal (bytes_of (bytes, sizeof bytes)), 1);
    memset (bytes, '\n', sizeof bytes);
    assert_int_equal (parse_seal (bytes_of (bytes, sizeof bytes)), 1);
    memset (bytes, 0, sizeof bytes);
    assert_int_equal (parse_seal (bytes_of (bytes, sizeof bytes)), 1);
    assert_int_equal (parse_seal ((bytes_t){0}), 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_open_note_says_who_takes_part_and_how_it_goes),
        cmocka_unit_test (golden_texts_are_read_and_written),
        cmocka_unit_test (a_text_has_one_spelling),
        cmocka_unit_test (wrong_lines_are_named),
        cmocka_unit_test (keys_stand_where_their_names_say),
        cmocka_unit_test (bytes_that_are_no_text_are_refused),
        cmocka_unit_test (who_takes_part_is_found_by_number),
        cmocka_unit_test (stakes_agree_only_in_all_that_was_committed_to),
    };
    return signed_note_start () == 0 ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
