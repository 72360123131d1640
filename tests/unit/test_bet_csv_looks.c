/* test_bet_csv_looks.c - however many bytes are looked at with one instruction, what is
   seen is the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../common/wire/bet_csv.c" // how it looks is nobody else's affair

#ifdef __SSE2__

#define TEXTS 20000

WIDE static void assert_seen_alike (const uint8_t *text)
{
    masks_t by_16, by_64;
    look_by_16 (text, &by_16);
    look_by_64 (text, &by_64);
    assert_memory_equal (&by_16, &by_64, sizeof by_16);
}

static void test_every_byte (void **state)
{
    (void) state;
    uint8_t text[SHORT_BYTES];
    if (!looks_wide ())
        skip ();
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned at = 0; at < SHORT_BYTES; at++) {
            memset (text, 'a', sizeof text);
            text[at] = (uint8_t) byte;
            assert_seen_alike (text);
        }
}

static void test_any_bytes (void **state)
{
    (void) state;
    uint8_t text[SHORT_BYTES];
    uint64_t random = 1;
    if (!looks_wide ())
        skip ();
    for (int i = 0; i < TEXTS; i++) {
        for (unsigned at = 0; at < SHORT_BYTES; at++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            text[at] = (uint8_t) (random >> 56);
        }
        assert_seen_alike (text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_byte),
        cmocka_unit_test (test_any_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

#else

int main (void) // there is one look only
{
    return 0;
}

#endif
