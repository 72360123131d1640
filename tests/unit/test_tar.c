/* test_tar.c - headers that every tar reads (tests/e2e/test_draw_archive.py has one
   read them), and nothing but those. */

#include "testing.h"

#include "tar.h"

static void a_header_is_read_as_it_was_written (void **state)
{
    (void) state;
    static const uint64_t sizes[] = {
        0, 1, 511, 512, 077777777777, 0100000000000, UINT64_MAX};
    uint8_t header[TAR_BLOCK_BYTES];
    char name[TAR_NAME_BYTES];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t size = 7;
        tar_put (header, "noche/bets.csv", sizes[i]);
        assert_int_equal (tar_get (header, name, &size), TAR_FILE);
        assert_string_equal (name, "noche/bets.csv");
        assert_true (size == sizes[i]);
        assert_memory_equal (header + 257,
                             "ustar\0"
                             "00",
                             8);
    }
}

static void the_longest_name (void **state)
{
    (void) state;
    uint8_t header[TAR_BLOCK_BYTES];
    char name[TAR_NAME_BYTES], longest[TAR_NAME_BYTES] = "";
    uint64_t size;
    memset (longest, 'x', sizeof longest - 1);
    tar_put (header, longest, 3);
    assert_int_equal (tar_get (header, name, &size), TAR_FILE);
    assert_string_equal (name, longest);
}

static void zeros_are_the_end_and_any_other_byte_breaks_it (void **state)
{
    (void) state;
    uint8_t header[TAR_BLOCK_BYTES] = {0};
    char name[TAR_NAME_BYTES];
    uint64_t size;
    assert_int_equal (tar_get (header, name, &size), TAR_END);
    tar_put (header, "noche/bets.csv", 1234567);
    for (size_t at = 0; at < sizeof header; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            header[at] ^= (uint8_t) (1 << bit);
            if (tar_get (header, name, &size) != TAR_BROKEN)
                fail_msg ("byte %zu, bit %u", at, bit);
            header[at] ^= (uint8_t) (1 << bit);
        }
}

static void files_fill_blocks (void **state)
{
    (void) state;
    assert_int_equal (tar_padded (0), 0);
    assert_int_equal (tar_padded (1), 512);
    assert_int_equal (tar_padded (512), 512);
    assert_int_equal (tar_padded (513), 1024);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_header_is_read_as_it_was_written),
        cmocka_unit_test (the_longest_name),
        cmocka_unit_test (zeros_are_the_end_and_any_other_byte_breaks_it),
        cmocka_unit_test (files_fill_blocks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
