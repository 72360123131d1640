/* test_leaf.c - salts and leaves against the golden ones, and that everything that is
   said of a bet changes its leaf. */

#include "testing.h"

#include "leaf.h"
#include "vectors.h"

static const char *value (const vector_t *vector, const char *key)
{
    const char *found = vector_value (vector, key, 0);
    if (!found)
        fail_msg ("no %s", key);
    return found;
}

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void golden_leaves_have_these_hashes (void **state)
{
    (void) state;
    FILE *stream = vector_open ("fair/leaves.txt");
    vector_t vector;
    size_t count = 0;
    for (; vector_next (stream, &vector); count++) {
        uint8_t bytes[VECTOR_BYTES_MAX];
        salt_key_t key;
        leaves_t leaves;
        assert_int_equal (vector_hex (value (&vector, "salt_key"), bytes),
                          sizeof key.of);
        memcpy (key.of, bytes, sizeof key.of);
        leaves_begin (&leaves, text_of (value (&vector, "draw")),
                      (uint32_t) vector_number (value (&vector, "agency")), &key);
        const uint64_t offset = vector_number (value (&vector, "offset"));
        const salt_t salt = leaves_salt (&leaves, offset);
        assert_int_equal (vector_hex (value (&vector, "salt"), bytes), SALT_BYTES);
        assert_memory_equal (salt.of, bytes, SALT_BYTES);
        const bet_t bet = {text_of (value (&vector, "first_name")),
                           text_of (value (&vector, "last_name")),
                           text_of (value (&vector, "document")),
                           text_of (value (&vector, "birthdate")),
                           (uint32_t) vector_number (value (&vector, "number"))};
        const leaf_state_t stands =
            (leaf_state_t) vector_number (value (&vector, "state"));
        assert_int_equal (vector_hex (value (&vector, "leaf"), bytes), SHA256_BYTES);
        const hash_t own = leaves_hash (&leaves, offset, stands, NULL, &bet);
        assert_memory_equal (own.of, bytes, SHA256_BYTES);
        const hash_t given = leaves_hash (&leaves, offset, stands, &salt, &bet);
        assert_memory_equal (given.of, bytes, SHA256_BYTES);
    }
    assert_int_equal (count, 3);
}

static void whatever_is_changed_the_leaf_is_another (void **state)
{
    (void) state;
    enum { LEAVES = 12 };
    const salt_key_t key = {{1}}, other_key = {{2}};
    const bet_t bet = {text_of ("Ana"), text_of ("Paz"), text_of ("123"),
                       text_of ("1990-01-01"), 74};
    /* The same bytes one behind the other, parted elsewhere. */
    bet_t parted = bet, named = bet, numbered = bet, born = bet, shown = bet;
    parted.first_name = text_of ("An");
    parted.last_name = text_of ("aPaz");
    named.last_name = text_of ("Pax");
    numbered.number = 7;
    born.birthdate = text_of ("1990-01-02");
    shown.document = text_of ("124");
    leaves_t leaves, of_other_key, of_other_draw, of_other_agency, moved;
    leaves_begin (&leaves, text_of ("noche"), 4, &key);
    leaves_begin (&of_other_key, text_of ("noche"), 4, &other_key);
    leaves_begin (&of_other_draw, text_of ("noches"), 4, &key);
    leaves_begin (&of_other_agency, text_of ("noche"), 5, &key);
    leaves_begin (&moved, text_of ("a"), 4, &key);
    const hash_t hashes[LEAVES] = {
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &bet),
        leaves_hash (&leaves, 1, LEAF_STANDS, NULL, &bet),
        leaves_hash (&leaves, 0, LEAF_CANCELLED, NULL, &bet),
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &parted),
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &named),
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &numbered),
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &born),
        leaves_hash (&leaves, 0, LEAF_STANDS, NULL, &shown),
        leaves_hash (&of_other_key, 0, LEAF_STANDS, NULL, &bet),
        leaves_hash (&of_other_draw, 0, LEAF_STANDS, NULL, &bet),
        leaves_hash (&of_other_agency, 0, LEAF_STANDS, NULL, &bet),
        leaves_hash (&moved, 0, LEAF_STANDS, NULL, &bet),
    };
    for (size_t i = 0; i < LEAVES; i++)
        for (size_t j = 0; j < i; j++)
            assert_false (hash_equal (&hashes[i], &hashes[j]));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (golden_leaves_have_these_hashes),
        cmocka_unit_test (whatever_is_changed_the_leaf_is_another),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
