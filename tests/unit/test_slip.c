/* test_slip.c - a bettor's ticket from an agency's folder: that of agency 4 of
   fair_draw.h's draw. What is in the picture is read back by
   tests/e2e/test_bettors_tickets.py. */

#include "fair_draw.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "fair_paper.h"
#include "slip.h"
#include "verify.h"

#define WHICH 1

static fair_draw_t draw;
static char folder[64], why[SLIP_WHY_BYTES], ticket[FAIR_NOTE], told[1024];
static FILE *terminal;

static const char *path_of (const char *name)
{
    static char path[512];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file (const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen (path_of (name), "w");
    assert_non_null (file);
    assert_int_equal (fwrite (bytes, 1, size, file), size);
    fclose (file);
}

static void write_text (const char *name, const char *text)
{
    write_file (name, text, strlen (text));
}

static void write_commit (void)
{
    fair_paper_writer_t out;
    size_t size;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "salts", bytes_of (draw.party[WHICH].salts.of, 32));
    char *file = fair_paper_end (&out, fair_text (draw.party[WHICH].ready), &size);
    write_file ("commit", file, size);
    free (file);
}

static void write_sold (void)
{
    char rows[FAIR_NOTE] = "", *line = draw.bets;
    for (char *end; (end = strstr (line, "\r\n")); line = end + 2)
        if (line[0] == '4')
            strncat (rows, line, (size_t) (end + 2 - line));
    write_text ("sold.csv", rows);
}

static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    snprintf (folder, sizeof folder, "/tmp/loteria-slip-XXXXXX");
    if (!mkdtemp (folder))
        return -1;
    write_text ("open.note", draw.open_note);
    write_text ("seal.note", draw.seal_note);
    write_text ("cancelled.csv", "noche-4-2,2026-11-30T21:00:05Z,2,0000000000000007\n");
    write_commit ();
    write_sold ();
    terminal = tmpfile ();
    return terminal ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    DIR *directory = opendir (folder);
    for (const struct dirent *entry; (entry = readdir (directory));)
        unlink (path_of (entry->d_name));
    closedir (directory);
    fclose (terminal);
    return rmdir (folder);
}

static void note_told (void *context, const char *step, const char *text)
{
    (void) context;
    if (strcmp (step, "ticket") == 0)
        snprintf (told, sizeof told, "%s", text);
}

/* The ticket that was written, held against the published draw. */
static bool holds (uint64_t offset)
{
    char name[32];
    snprintf (name, sizeof name, "ticket-%u.txt", (unsigned) offset);
    FILE *file = fopen (path_of (name), "r");
    assert_non_null (file);
    ticket[fread (ticket, 1, sizeof ticket - 1, file)] = '\0';
    fclose (file);
    const verify_options_t options = {.dossier = fair_dossier (&draw),
                                      .ticket = fair_text (ticket),
                                      .tell = note_told};
    told[0] = '\0';
    const verify_outcome_t outcome = verify (&options);
    if (!outcome.holds)
        print_error ("%s: %s\n", outcome.step, outcome.fault);
    return outcome.holds;
}

static void assert_refused (uint32_t agency, uint64_t offset, const char *part)
{
    assert_int_equal (slip_make (folder, agency, offset, terminal, why), -1);
    if (!strstr (why, part))
        fail_msg ("not \"%s\": %s", part, why);
}

static void each_bet_has_a_ticket_that_holds (void **state)
{
    (void) state;
    for (uint64_t offset = 0; offset < FAIR_BETS; offset++) {
        if (slip_make (folder, offset % 2 ? 4 : 0, offset, terminal, why) != 0)
            fail_msg ("%s", why);
        assert_true (holds (offset));
        assert_non_null (strstr (told, offset == 2 ? "is cancelled"
                                       : offset == draw.result.number
                                           ? "WINS"
                                           : "does not win"));
    }
}

/* A PNG, and lines of the code: twice as wide as high. */
static void there_is_a_picture_and_it_is_shown (void **state)
{
    (void) state;
    uint8_t png[64];
    assert_int_equal (slip_make (folder, 4, 0, terminal, why), 0);
    FILE *file = fopen (path_of ("ticket-0.png"), "r");
    assert_int_equal (fread (png, 1, sizeof png, file), sizeof png);
    fclose (file);
    assert_memory_equal (png, "\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16);
    const unsigned side = (unsigned) png[18] << 8 | png[19];
    char line[4096];
    unsigned lines = 0;
    rewind (terminal);
    while (fgets (line, sizeof line, terminal))
        lines++;
    assert_int_equal (lines, (side / 4 + 1) / 2);
}

static void before_the_seal_there_is_none (void **state)
{
    (void) state;
    unlink (path_of ("seal.note"));
    assert_refused (0, 0, "there is no seal yet");
    unlink (path_of ("open.note"));
    assert_refused (0, 0, "has no open note");
}

static void a_bet_that_is_not_there_has_none (void **state)
{
    (void) state;
    assert_refused (0, FAIR_BETS, "has sold 7 bets in this draw, so there is none at");
    assert_refused (0, UINT64_MAX, "so there is none at");
    assert_refused (7, 0, "is agency 4's folder, not agency 7's");
}

/* Nobody is handed a ticket that does not hold. */
static void what_was_changed_since_is_found (void **state)
{
    (void) state;
    unlink (path_of ("cancelled.csv"));
    assert_refused (0, 0, "would not hold: the bet is not the one that was sealed");
    write_text ("cancelled.csv", "rubbish\n");
    assert_refused (0, 0, "cancelled.csv: is not what an agency wrote there");
    unlink (path_of ("cancelled.csv"));
    write_text ("sold.csv", "4,Ana,Paz,1,1990-01-01,1\r\n");
    assert_refused (0, 0, "has 1 bets, and 7 were sealed");
    write_text ("seal.note", draw.open_note);
    assert_refused (0, 0, "seal does not hold: seal.note");
    write_text ("commit", "rubbish");
    assert_refused (0, 0, "commit is not what an agency wrote there");
}

static void who_has_not_committed_has_no_salt_key (void **state)
{
    (void) state;
    draw.stakes[WHICH].committed = false;
    draw.stakes[2].committed = true;
    fair_seal (&draw);
    write_text ("seal.note", draw.seal_note);
    assert_refused (0, 0, "stands in the seal without its commitment");
    unlink (path_of ("commit"));
    assert_refused (0, 0, "has not committed to its bets");
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (each_bet_has_a_ticket_that_holds),
        TEST (there_is_a_picture_and_it_is_shown),
        TEST (before_the_seal_there_is_none),
        TEST (a_bet_that_is_not_there_has_none),
        TEST (what_was_changed_since_is_found),
        TEST (who_has_not_committed_has_no_salt_key),
    };
    if (signed_note_start () != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
