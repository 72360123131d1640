/* test_agreement.c - which endpoints are the same place, which numbers go together.
   What looks at files is shown by tests/e2e/test_agreement.py. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agreement.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static char why[CONFIG_WHY_BYTES];

static bool differ (const char *a, const char *b)
{
    const agreement_endpoint_t places[] = {{"--a", a}, {"--b", b}};
    return agreement_places_differ (places, 2, why);
}

static void the_same_place (void **state)
{
    (void) state;
    static const char *const table[][2] = {
        {"tcp://127.0.0.1:9", "tcp://127.0.0.1:9"},
        {"tcp://*:9", "tcp://127.0.0.1:9"},
        {"tcp://0.0.0.0:9", "tcp://10.0.0.1:9"},
        {"tcp://[::]:9", "tcp://[::1]:9"},
        {"ipc:///tmp/a", "ipc:///tmp/a"},
        {"storage:1", "storage:1"},
        {"tcp://", "tcp://"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        char expected[256];
        for (int turned = 0; turned < 2; turned++) {
            const char *a = table[i][turned], *b = table[i][1 - turned];
            if (differ (a, b))
                fail_msg ("%s and %s differ", a, b);
            snprintf (expected, sizeof expected,
                      "--a %s and --b %s: the same address; change one of them", a, b);
            assert_string_equal (why, expected);
        }
    }
}

static void different_places (void **state)
{
    (void) state;
    static const char *const table[][2] = {
        {"tcp://127.0.0.1:9", "tcp://127.0.0.1:10"},
        {"tcp://127.0.0.1:9", "tcp://127.0.0.2:9"},
        {"tcp://*:9", "tcp://*:10"},
        {"tcp://*:9", "ipc://*:9"},
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0"}, // any that is free
        {"tcp://*:0", "tcp://127.0.0.1:0"},
        {"tcp://*:*", "tcp://127.0.0.1:*"},
        {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"},
        {"ipc:///tmp/a", "ipc:///tmp/b"},
        {"tcp://", "tcp://x"},
        {"tcp:/", "tcp://*:9"},
        {"", "tcp://*:9"},
        {NULL, "tcp://*:9"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        assert_true (differ (table[i][0], table[i][1]));
        assert_true (differ (table[i][1], table[i][0]));
    }
    assert_true (differ (NULL, NULL));
}

static void every_pair_is_looked_at (void **state)
{
    (void) state;
    const agreement_endpoint_t places[] = {{"--a", "tcp://h:1"},
                                           {"--b", "tcp://h:2"},
                                           {"--c", NULL},
                                           {"--d", "tcp://h:2"}};
    assert_false (agreement_places_differ (places, 4, why));
    assert_memory_equal (why, "--b tcp://h:2 and --d tcp://h:2: ", 33);
    assert_true (agreement_places_differ (places, 3, why));
}

static void numbers (void **state)
{
    (void) state;
    assert_true (agreement_number ((terms_number_t){TERMS_FIXED, 0}, 0, why));
    assert_true (agreement_number ((terms_number_t){TERMS_FIXED, 9999}, 9999, why));
    assert_true (agreement_number ((terms_number_t){TERMS_RANDOM, 0}, 9999, why));
    assert_false (agreement_number ((terms_number_t){TERMS_FIXED, 10000}, 9999, why));
    assert_non_null (strstr (why, "--number-max 9999"));
    assert_null (strstr (why, "10000")); // it is nobody's business before the draw

    assert_true (agreement_memory (256, 1048576, 512, why));
    assert_false (agreement_memory (256, 1048577, 512, why));
    assert_false (agreement_memory (256, 1048576, 511, why));
    assert_true (agreement_memory (64, 65536, 64, why));
}

/* RFC 8032's first key. */
#define AUDITOR "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static bool provable (uint8_t source, uint32_t least, const char *auditor,
                      const char *folder)
{
    const draw_options_t draws = {.name = "noche", .number = {source, 0}};
    provable_options_t options = {.least = least, .folder = folder};
    strcpy (why, "?");
    return agreement_provable (&draws, 5, auditor, &options, why);
}

static void an_auditor_is_a_key (void **state)
{
    (void) state;
    const draw_options_t draws = {.name = "noche", .number = {TERMS_RANDOM, 0}};
    provable_options_t options = {0};
    assert_true (agreement_provable (&draws, 5, AUDITOR, &options, why));
    assert_true (options.audited);
    assert_int_equal (options.auditor[0], 0xD7);
    assert_true (agreement_provable (&draws, 5, "none", &options, why));
    assert_false (options.audited);
    static const char *const none[] = {
        "x", "", "None", AUDITOR "=",
        "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < COUNT (none); i++) {
        assert_false (provable (TERMS_RANDOM, 0, none[i], NULL));
        assert_non_null (strstr (why, "--auditor: no public key"));
    }
}

static void a_provable_draw_is_signed (void **state)
{
    (void) state;
    char folder[] = "/tmp/loteria-test-XXXXXX", path[64];
    signing_pair_t pair;
    assert_non_null (mkdtemp (folder));
    assert_true (provable (TERMS_RANDOM, 0, "none", NULL)); // nothing is asked for
    assert_false (provable (TERMS_PROVABLE, 0, "none", NULL));
    assert_non_null (strstr (why, "loteria-keys new"));
    assert_non_null (strstr (why, "--keys FOLDER"));
    assert_false (provable (TERMS_PROVABLE, 0, "none", folder));
    assert_non_null (strstr (why, "/" SIGNING_FILE ": "));
    assert_int_equal (signing_pair_create (folder, &pair, why), 0);
    assert_false (provable (TERMS_PROVABLE, 0, "none", folder));
    assert_non_null (strstr (why, "/" SIGNING_NAME_FILE ": "));
    assert_int_equal (central_name_save (folder, "nacional", why), 0);
    assert_false (provable (TERMS_PROVABLE, 0, "none", folder));
    assert_non_null (strstr (why, "/" SIGNING_SIGNERS_FILE ": "));
    assert_int_equal (signers_save (folder, &(signers_t){0}, why), 0);
    assert_true (provable (TERMS_PROVABLE, 0, "none", folder));
    assert_true (provable (TERMS_PROVABLE, 5, "none", folder));
    assert_false (provable (TERMS_PROVABLE, 6, "none", folder));
    assert_non_null (strstr (why, "--least 6 is more than the 5 agencies"));
    assert_true (provable (TERMS_RANDOM, 6, "none", folder));
    static const char *const names[] = {SIGNING_FILE, SIGNING_NAME_FILE,
                                        SIGNING_SIGNERS_FILE};
    for (size_t i = 0; i < COUNT (names); i++) {
        snprintf (path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal (unlink (path), 0);
    }
    assert_int_equal (rmdir (folder), 0);
}

static void a_log_is_an_engine_and_keeps_its_password (void **state)
{
    (void) state;
    static const char *const good[] = {
        NULL,
        "",
        "postgres://central@a,b:5432/loteria?sslmode=verify-full#night",
        "postgresql://[::1]:5432/x",
        "postgres://a:1,b:2/x?passfile=/etc/a:b@c&sslrootcert=/password=",
    };
    static const char *const told[] = {
        "postgres://central:geheim@a/loteria",
        "postgres://central:geheim@[::1]:5432/loteria",
        "postgres://central:@a",
        "postgresql://a:x@y@b,c/loteria?sslmode=verify-full",
        "postgres://central@a/loteria?password=geheim",
        "postgres://central@a/loteria?sslmode=disable&sslpassword=geheim",
        "mysql://central:geheim@a/loteria",
    };
    for (size_t i = 0; i < COUNT (good); i++)
        if (!agreement_log (good[i], false, false, why))
            fail_msg ("%s: %s", good[i], why);
    for (size_t i = 0; i < COUNT (told); i++) {
        if (agreement_log (told[i], true, false, why))
            fail_msg ("%s is let through", told[i]);
        assert_non_null (strstr (why, "PGPASSFILE"));
        assert_null (strstr (why, "geheim"));
    }
    assert_false (agreement_log ("bets.log", false, false, why));
    assert_string_equal (why, "--log: 'bets.log' is no postgres://HOST/DATABASE");
}

static void nobody_stands_by_without_a_log (void **state)
{
    (void) state;
    assert_true (agreement_log ("postgres://a/x", true, true, why));
    assert_false (agreement_log (NULL, true, false, why));
    assert_non_null (strstr (why, "--standby: without --log"));
    assert_false (agreement_log ("", false, true, why));
    assert_non_null (strstr (why, "--insecure-async: without --log"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_place),
        cmocka_unit_test (different_places),
        cmocka_unit_test (every_pair_is_looked_at),
        cmocka_unit_test (numbers),
        cmocka_unit_test (an_auditor_is_a_key),
        cmocka_unit_test (a_provable_draw_is_signed),
        cmocka_unit_test (a_log_is_an_engine_and_keeps_its_password),
        cmocka_unit_test (nobody_stands_by_without_a_log),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
