/* test_config.c - config.c with its values, its file and its help. What is printed goes
   to files while a test runs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "logger.h"
#include "process.h"

static const char *directory;
static uint32_t port;
static uint64_t pace_ms;
static bool exit_when_done;
static const char *path;

static const config_item_t items[] = {
    {"data-dir", CONFIG_TEXT, &path, "TEST_DATA_DIR", ".", 0, 0, "where bets.csv is"},
    {"id", CONFIG_TEXT, &directory, NULL, NULL, 0, 0, "no default"},
    {"port", CONFIG_NUMBER, &port, "TEST_PORT", "12345", 1, 65535, "port to listen on"},
    {"pace", CONFIG_DURATION, &pace_ms, "TEST_PACE", "0", 0, 0, "between batches"},
    {"exit-when-done", CONFIG_FLAG, &exit_when_done, "TEST_EXIT", "no", 0, 0, "end"},
    {"log-level", CONFIG_LEVEL, NULL, "TEST_LEVEL", "INFO", 0, 0, "what to log"},
    {0},
};
static const config_verb_t verbs[] = {
    {"draw open", "NAME", " id port ", "opens it"}, {"list", NULL, NULL, "lists"}, {0}};

static logger_level_t level (void)
{
    logger_level_t lowest = LOG_DEBUG;
    while (!logger_enabled (lowest))
        lowest++;
    return lowest;
}

/* No pace of 7 s at port 1: the values, and where they are from, are in place. */
static int agree (const config_t *config, void *context, char why[CONFIG_WHY_BYTES])
{
    ++*(int *) context;
    if (port != 1 || pace_ms != 7000)
        return 0;
    snprintf (why, CONFIG_WHY_BYTES, "--pace %s and --port 1: take another port",
              config_source (config, "pace"));
    return 7;
}

static int agreed; // how often it was asked

static const config_program_t program = {.program = "loteria-test",
                                         .section = "storage",
                                         .summary = "a test's program",
                                         .items = items,
                                         .verbs = verbs,
                                         .agree = agree,
                                         .context = &agreed};

static char output[8192], errors[8192];
static int output_file, errors_file, usual_output, usual_errors;
static char config_path[] = "/tmp/test_config.XXXXXX";

static void divert (void)
{
    fflush (stdout);
    usual_output = dup (STDOUT_FILENO);
    usual_errors = dup (STDERR_FILENO);
    output_file = memfd_create ("stdout", MFD_CLOEXEC);
    errors_file = memfd_create ("stderr", MFD_CLOEXEC);
    dup2 (output_file, STDOUT_FILENO);
    dup2 (errors_file, STDERR_FILENO);
}

static void take_back (int file, int usual, int standard, char *text, size_t capacity)
{
    ssize_t size = pread (file, text, capacity - 1, 0);
    text[size > 0 ? size : 0] = 0;
    dup2 (usual, standard);
    close (usual);
    close (file);
}

/* config_load () with these flags, separated by spaces; what was printed is in `output`
   and `errors`. */
static config_t *load (const char *flags, int *status)
{
    char copy[1024];
    char *rest = copy;
    char *argv[32] = {"loteria-test"};
    int argc = 1;

    snprintf (copy, sizeof copy, "%s", flags);
    for (char *word; *flags && (word = strsep (&rest, " "));)
        argv[argc++] = word;
    path = directory = NULL;
    port = pace_ms = 0;
    divert ();
    config_t *config = config_load (&program, argc, argv, status);
    fflush (stdout);
    take_back (output_file, usual_output, STDOUT_FILENO, output, sizeof output);
    take_back (errors_file, usual_errors, STDERR_FILENO, errors, sizeof errors);
    return config;
}

static void assert_good (const char *flags)
{
    int status;
    config_t *config = load (flags, &status);
    assert_string_equal (errors, "");
    assert_string_equal (output, "");
    assert_non_null (config);
    config_destroy (&config);
    assert_null (config);
}

typedef enum { ELSEWHERE, FLAG } place_t;

/* The program cannot start, and says why in one line that holds `text`, and for a flag
   where help is. */
static void assert_wrong (const char *flags, place_t place, const char *text)
{
    int status = -1;
    config_t *config = load (flags, &status);
    assert_null (config);
    assert_int_equal (status, PROCESS_CANNOT_START);
    assert_string_equal (output, "");
    assert_memory_equal (errors, "loteria-test: ", 14);
    if (!strstr (errors, text))
        fail_msg ("'%s' is not in: %s", text, errors);
    assert_string_equal (strchr (errors, '\n'), "\n");
    assert_int_equal (strstr (errors, "--help)") != NULL, place == FLAG);
}

static void write_file (const char *text)
{
    FILE *file = fopen (config_path, "w");
    assert_non_null (file);
    assert_int_equal (fputs (text, file) >= 0, 1);
    assert_int_equal (fclose (file), 0);
}

static char *with_file (const char *flags)
{
    static char line[1024];
    snprintf (line, sizeof line, "--config %s%s%s", config_path, *flags ? " " : "",
              flags);
    return line;
}

static int clean (void **state)
{
    (void) state;
    static const char *const names[] = {"TEST_DATA_DIR", "TEST_PORT",
                                        "TEST_PACE",     "TEST_EXIT",
                                        "TEST_LEVEL",    "LOTERIA_CONFIG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv (names[i]);
    return 0;
}

static void defaults (void **state)
{
    (void) state;
    int status;
    logger_set_level (LOG_CRITICAL);
    exit_when_done = true;
    config_t *config = load ("", &status);
    assert_non_null (config);
    assert_string_equal (path, ".");
    assert_null (directory);
    assert_int_equal (port, 12345);
    assert_int_equal (pace_ms, 0);
    assert_false (exit_when_done);
    assert_int_equal (level (), LOG_INFO);
    for (const config_item_t *item = items; item->name; item++)
        assert_string_equal (config_source (config, item->name), "default");
    config_destroy (&config);
    config_destroy (&config);
}

static void flags_in_both_forms (void **state)
{
    (void) state;
    int status;
    config_t *config = load ("--data-dir=/a=b --port 1 --pace=1.5s --exit-when-done "
                             "--log-level debug --id -x",
                             &status);
    assert_non_null (config);
    assert_string_equal (path, "/a=b");
    assert_string_equal (directory, "-x");
    assert_int_equal (port, 1);
    assert_int_equal (pace_ms, 1500);
    assert_true (exit_when_done);
    assert_int_equal (level (), LOG_DEBUG);
    assert_string_equal (config_source (config, "port"), "flag");
    config_destroy (&config);

    assert_good ("--exit-when-done=no");
    assert_false (exit_when_done);
    assert_good ("--port 2 --port 65535");
    assert_int_equal (port, 65535);
    config = load ("--id= --data-dir=", &status);
    assert_string_equal (directory, "");
    config_destroy (&config);
}

static void wrong_usage_ends_with_2 (void **state)
{
    (void) state;
    assert_wrong ("--prot 1", FLAG, ": --prot: unknown");
    assert_wrong ("--prot=1", FLAG, ": --prot: unknown");
    assert_wrong ("--por 1", FLAG, ": --por: unknown");
    assert_wrong ("stray", FLAG, ": stray: not expected");
    assert_wrong ("--port 1 2", FLAG, ": 2: not expected");
    assert_wrong ("-p 1", FLAG, ": -p: not expected");
    assert_wrong ("--", FLAG, ": --: not expected");
    assert_wrong ("--port", FLAG, ": --port: needs a value");
    assert_wrong ("--port --id 1", FLAG, ": --port: needs a value");
    assert_wrong ("--config", FLAG, ": --config: needs a value");
    assert_wrong ("--config=", FLAG, ": --config: needs a value");
    assert_wrong ("--port=", FLAG,
                  ": --port: '' is not a whole number from 1 to 65535");
    assert_wrong ("--exit-when-done=maybe", FLAG, ": --exit-when-done: 'maybe'");
    assert_wrong ("--exit-when-done no", FLAG, ": no: not expected");
    assert_wrong ("--pace 5", FLAG, ": --pace: '5' is not a duration");
    assert_wrong ("--log-level LOUD", FLAG, ": --log-level: 'LOUD'");
    assert_wrong ("--help=1", FLAG, ": --help: takes no value");
    assert_wrong ("--check-config=yes", FLAG, ": --check-config: takes no value");
    assert_wrong ("--a\nb", FLAG, ": --a b: unknown");
    // A flag's mistake is told before the file's.
    assert_wrong ("--config /none --port 0", FLAG, ": --port: '0'");
}

static void numbers_are_strict (void **state)
{
    (void) state;
    static const char *const bad[] = {"0",
                                      "65536",
                                      "-1",
                                      "+1",
                                      "1.0",
                                      "0x10",
                                      "1e3",
                                      "12a",
                                      "a",
                                      "''",
                                      "\t80",
                                      "80\t",
                                      "18446744073709551615",
                                      "18446744073709551617",
                                      "99999999999999999999999999"};
    char flag[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf (flag, sizeof flag, "--port=%s", bad[i]);
        assert_wrong (flag, FLAG, "1 to 65535");
    }
    assert_good ("--port 00080");
    assert_int_equal (port, 80);
}

static void environment_beats_defaults_and_yields_to_flags (void **state)
{
    (void) state;
    int status;
    setenv ("TEST_PORT", "99", 1);
    setenv ("TEST_DATA_DIR", "", 1);
    setenv ("TEST_EXIT", "TRUE", 1);
    config_t *config = load ("", &status);
    assert_int_equal (port, 99);
    assert_string_equal (path, "."); // empty counts as unset
    assert_true (exit_when_done);
    assert_string_equal (config_source (config, "port"), "environment");
    assert_string_equal (config_source (config, "data-dir"), "default");
    config_destroy (&config);
    config = load ("--port 7", &status);
    assert_int_equal (port, 7);
    assert_string_equal (config_source (config, "port"), "flag");
    config_destroy (&config);

    setenv ("TEST_PORT", "many", 1);
    assert_wrong ("", ELSEWHERE, "TEST_PORT: 'many' is not a whole number");
    assert_wrong ("--port 7", ELSEWHERE, "TEST_PORT: 'many'");
}

static void file_yields_to_environment (void **state)
{
    (void) state;
    int status;
    write_file ("# a comment\n"
                "broker\n    whatever = x\n"
                "storage\n    port = 10 # a comment\n    pace = \"5ms\"\n"
                "    data-dir = /srv/x y\n\n"
                "common\n    log-level = ERROR\n");
    config_t *config = load (with_file (""), &status);
    assert_string_equal (errors, "");
    assert_int_equal (port, 10);
    assert_int_equal (pace_ms, 5);
    assert_string_equal (path, "/srv/x y");
    assert_int_equal (level (), LOG_ERROR);
    assert_string_equal (config_source (config, "log-level"), "file");
    config_destroy (&config);

    setenv ("TEST_PORT", "11", 1);
    assert_good (with_file (""));
    assert_int_equal (port, 11);
    assert_good (with_file ("--port 12"));
    assert_int_equal (port, 12);

    setenv ("LOTERIA_CONFIG", config_path, 1);
    unsetenv ("TEST_PORT");
    assert_good ("");
    assert_int_equal (port, 10);
    setenv ("LOTERIA_CONFIG", "/none/at/all", 1);
    assert_good (with_file (""));
    assert_wrong ("", ELSEWHERE, "/none/at/all: No such file");
}

static void own_section_beats_common (void **state)
{
    (void) state;
    write_file ("storage\n    log-level = DEBUG\ncommon\n    log-level = ERROR\n");
    assert_good (with_file (""));
    assert_int_equal (level (), LOG_DEBUG);
}

static void bad_files_are_named (void **state)
{
    (void) state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"storage\n    prot = 1\n", "storage/prot: unknown setting"},
        {"storage\n    port = 0\n", "storage/port: '0' is outside 1 to 65535"},
        {"storage\n    port\n", "storage/port: ''"},
        {"storage\n    port = 1\n        deep = 1\n",
         "storage/port: cannot contain settings"},
        {"storage = 3\n", "storage: is a section and takes no value"},
        {"common\n    port = 1\n", "common/port: unknown setting"},
        {"common\n    log-level = LOUD\n", "common/log-level: 'LOUD'"},
        {"sturage\n    port = 1\n", "sturage: unknown section"},
        {"port = 1\n", "port: unknown section"},
        {"storage\n  port = 1\n", "line 2: indent 4 spaces at once"},
        {"\n\nstorage\n\tport = 1\n", "line 4: invalid syntax"},
        {"storage\n        port = 1\n", "line 2: indentation error"},
        {"storage\n    id = \"x\n", "line 2: missing \""},
        {"storage port\n", "line 1: invalid syntax 'port'"},
    };
    char expected[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file (cases[i].text);
        snprintf (expected, sizeof expected, "loteria-test: %s: %s", config_path,
                  cases[i].error);
        assert_wrong (with_file (""), ELSEWHERE, expected);
    }
    assert_wrong ("--config /none", ELSEWHERE, "/none: No such file or directory");
    assert_wrong ("--config /", ELSEWHERE, "/: Is a directory");
}

static void odd_files (void **state)
{
    (void) state;
    write_file ("");
    assert_good (with_file (""));
    write_file ("storage\n    port = 5"); // no line end
    assert_good (with_file (""));
    assert_int_equal (port, 5);
    write_file ("storage\r\n    port = 6\r\n");
    assert_good (with_file (""));
    assert_int_equal (port, 6);

    FILE *file = fopen (config_path, "w");
    fwrite ("storage\0\n", 1, 9, file);
    fclose (file);
    assert_wrong (with_file (""), ELSEWHERE, "not a text file");

    file = fopen (config_path, "w");
    for (int i = 0; i < 33000; i++)
        fputs ("#\n", file);
    fclose (file);
    assert_wrong (with_file (""), ELSEWHERE, "longer than 65536 bytes");
}

static void help_says_it_all (void **state)
{
    (void) state;
    int status = -1;
    setenv ("TEST_PORT", "many", 1); // help is given all the same
    assert_null (load ("--port 5 --help --nonsense", &status));
    assert_int_equal (status, 0);
    assert_string_equal (errors, "");
    for (const config_item_t *item = items; item->name; item++) {
        char flag[64];
        snprintf (flag, sizeof flag, "\n  --%s ", item->name);
        assert_non_null (strstr (output, flag));
        assert_non_null (strstr (output, item->help));
        if (item->environment)
            assert_non_null (strstr (output, item->environment));
    }
    assert_non_null (
        strstr (output, "default: 12345; 1 to 65535; environment: TEST_PORT"));
    assert_non_null (strstr (output, "LOTERIA_CONFIG"));
    assert_non_null (strstr (output, "\n  draw open NAME  opens it\n"
                                     "  list            lists\n"));
}

/* What man pages and completion are made of: the same, one line each. */
static void help_table_says_the_same (void **state)
{
    (void) state;
    int status = -1;
    assert_null (load ("--help-table --nonsense", &status));
    assert_int_equal (status, 0);
    static const char *const lines[] = {
        "program\tloteria-test\tstorage\ta test's program\n"
        "verb\tdraw open\tNAME\t id port \topens it\n"
        "verb\tlist\t\t\tlists\n"
        "option\tdata-dir\tTEXT\twhere bets.csv is\t.\t\tTEST_DATA_DIR\n"
        "option\tid\tTEXT\tno default\t\t\t\n",
        "\noption\tport\tNUMBER\tport to listen on\t12345\t1 to 65535\tTEST_PORT\n",
        "\noption\texit-when-done\t\tend\tno\t\tTEST_EXIT\n",
        "\noption\thelp\t\tprint this\t\t\t\n"};
    assert_ptr_equal (strstr (output, lines[0]), output);
    for (size_t i = 1; i < sizeof lines / sizeof *lines; i++)
        assert_non_null (strstr (output, lines[i]));
    assert_wrong ("--help-table=1", FLAG, ": --help-table: unknown flag");
}

static void version_is_printed (void **state)
{
    (void) state;
    int status = -1;
    assert_null (load ("--version", &status));
    assert_int_equal (status, 0);
    assert_string_equal (output, "loteria-test " LOTERIA_VERSION "\n");
}

static void check_prints_values_and_sources (void **state)
{
    (void) state;
    int status = -1;
    write_file ("storage\n    pace = 5ms\n");
    setenv ("TEST_DATA_DIR", "/a  b", 1);
    assert_null (load (with_file ("--check-config --exit-when-done"), &status));
    assert_int_equal (status, 0);
    assert_string_equal (errors, "");
    assert_string_equal (output, "data-dir = /a  b (environment)\n"
                                 "id = (default)\n"
                                 "port = 12345 (default)\n"
                                 "pace = 5ms (file)\n"
                                 "exit-when-done = yes (flag)\n"
                                 "log-level = INFO (default)\n");
    setenv ("TEST_PORT", "0", 1);
    assert_wrong (with_file ("--check-config"), ELSEWHERE, "TEST_PORT");
}

static void durations (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"0", 0},
        {"0s", 0},
        {"5ms", 5},
        {"1.5s", 1500},
        {"1h2m", 3720000},
        {"1h2m3s4ms", 3723004},
        {"2m", 120000},
        {"1ns", 1},
        {"1us", 1},
        {"1001us", 2},
        {"1000\u00B5s", 1},
        {"2000\u03BCs", 2},
        {"1000000ns", 1},
        {"1000001ns", 2},
        {".5s", 500},
        {"1.s", 1000},
        {"0.1h", 360000},
        {"0.3333s", 334},
        {"00005ms", 5},
        {"0.000000000001h", 1},
        {"1m0.001s", 60001},
        {"0.0000000000000000000000000001s", 1},
        {"0.00000000000000000000000000s", 0},
        {"2562047h", 9223369200000},
    };
    static const char *const bad[] = {"",
                                      "5",
                                      "1",
                                      "ms",
                                      ".s",
                                      ".",
                                      "-5ms",
                                      "+5ms",
                                      " 5ms",
                                      "5 ms",
                                      "5ms ",
                                      "5MS",
                                      "1d",
                                      "1sm",
                                      "1h2",
                                      "5m s",
                                      "2562048h",
                                      "1..5s",
                                      "00",
                                      "1e3s",
                                      "99999999999999999999s",
                                      "9223372036s1h"};
    uint64_t ms;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ms = 77;
        if (config_parse_duration (good[i].text, &ms) != 0 || ms != good[i].ms)
            fail_msg ("%s gives %lu", good[i].text, (unsigned long) ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (config_parse_duration (bad[i], &ms) != -1)
            fail_msg ("'%s' was taken", bad[i]);
}

static void values_that_do_not_go_together (void **state)
{
    (void) state;
    static const char *const words[] = {"", " --check-config"};
    int status;
    for (size_t i = 0; i < 2; i++) {
        char flags[128];
        snprintf (flags, sizeof flags, "--port 1 --pace 7s%s", words[i]);
        assert_null (load (flags, &status));
        assert_int_equal (status, 7);
        assert_string_equal (output, "");
        assert_string_equal (
            errors, "loteria-test: --pace flag and --port 1: take another port\n");
    }
    agreed = 0;
    assert_null (load ("--port 1 --pace 6s --check-config", &status));
    assert_int_equal (status, 0);
    assert_int_equal (agreed, 1);
    // not before all of them are good
    assert_wrong ("--port 1 --pace 7", FLAG, "--pace: ");
    assert_null (load ("--help", &status));
    assert_int_equal (agreed, 1);
}

static void texts_are_text (void **state)
{
    (void) state;
    assert_good ("--id \u00D1and\u00FA");
    assert_good ("--id=");
    assert_wrong ("--id a\tb", FLAG, "--id: 'a b' has a control character, U+0009");
    assert_wrong ("--id a\u202Eb", FLAG, "--id: 'a???b' has an invisible character");
    assert_wrong ("--id Nicol\xE1s", FLAG,
                  "--id: 'Nicol?s' has bytes that are not UTF-8");
    assert_wrong ("--data-dir=/tmp\u00A0", FLAG, "has whitespace at its start or end");
    assert_wrong ("--port 1\u200B", FLAG, "--port: '1??\?' is not a whole number");
    setenv ("TEST_DATA_DIR", "data\n", 1);
    assert_wrong ("", ELSEWHERE,
                  "TEST_DATA_DIR: 'data ' has a control character, U+000A");
    setenv ("TEST_DATA_DIR", " data", 1);
    assert_wrong ("", ELSEWHERE, "TEST_DATA_DIR: ' data' has whitespace");
    unsetenv ("TEST_DATA_DIR");
    write_file ("storage\n    data-dir = \"data\u200B\"\n");
    assert_wrong (with_file (""), ELSEWHERE,
                  "storage/data-dir: 'data??\?' has an invisible");
}

static void a_mark_before_the_file_is_passed_over (void **state)
{
    (void) state;
    write_file ("\uFEFFstorage\n    port = 77\n");
    assert_good (with_file (""));
    assert_int_equal (port, 77);
    write_file ("\uFEFF# a comment\nstorage\n    port = 78\n");
    assert_good (with_file (""));
    assert_int_equal (port, 78);
    write_file ("storage\n\uFEFF    port = 78\n");
    assert_wrong (with_file (""), ELSEWHERE, "line 2: ");
}

#define CONFIG_TEST(test) cmocka_unit_test_setup (test, clean)

/* Another program with the same rows reads there what this one was told. */
static void settings_are_handed_on_by_the_environment (void **state)
{
    (void) state;
    static uint32_t secret;
    static const config_item_t with_secret[] = {
        {"data-dir", CONFIG_TEXT, &path, "TEST_DATA_DIR", ".", 0, 0, "where it is"},
        {"id", CONFIG_TEXT, &directory, "TEST_ID", NULL, 0, 0, "no default"},
        {"port", CONFIG_NUMBER, &port, "TEST_PORT", "12345", 1, 65535, "a number"},
        {"number", CONFIG_SECRET, &secret, "TEST_SECRET", "1", 0, 9999, "a secret"},
        {0},
    };
    static const config_program_t handing = {.program = "loteria-test",
                                             .section = "storage",
                                             .summary = "a test's program",
                                             .items = with_secret};
    char *argv[] = {"loteria-test", "--port=7", strdup ("--number=4711")};
    int status;
    setenv ("TEST_PORT", "8", 1);
    setenv ("TEST_SECRET", "4712", 1);
    config_t *config = config_load (&handing, 3, argv, &status);
    assert_non_null (config);
    assert_int_equal (secret, 4711);
    config_export (config);
    assert_string_equal (getenv ("TEST_PORT"), "7");
    assert_string_equal (getenv ("TEST_DATA_DIR"), ".");
    assert_null (getenv ("TEST_ID"));
    assert_null (getenv ("TEST_SECRET"));
    config_destroy (&config);
    free (argv[2]);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST (defaults),
        CONFIG_TEST (flags_in_both_forms),
        CONFIG_TEST (wrong_usage_ends_with_2),
        CONFIG_TEST (numbers_are_strict),
        CONFIG_TEST (environment_beats_defaults_and_yields_to_flags),
        CONFIG_TEST (file_yields_to_environment),
        CONFIG_TEST (own_section_beats_common),
        CONFIG_TEST (bad_files_are_named),
        CONFIG_TEST (odd_files),
        CONFIG_TEST (help_says_it_all),
        CONFIG_TEST (help_table_says_the_same),
        CONFIG_TEST (version_is_printed),
        CONFIG_TEST (check_prints_values_and_sources),
        CONFIG_TEST (durations),
        CONFIG_TEST (values_that_do_not_go_together),
        CONFIG_TEST (texts_are_text),
        CONFIG_TEST (a_mark_before_the_file_is_passed_over),
        CONFIG_TEST (settings_are_handed_on_by_the_environment),
    };
    int file = mkstemp (config_path);
    if (file == -1)
        return 1;
    close (file);
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    unlink (config_path);
    return failed;
}
