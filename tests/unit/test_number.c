/* test_number.c - commitments, seeds and numbers against the golden ones; that numbers
   are even, and where values are drawn again. */

#include "testing.h"

#include "number.h"
#include "vectors.h"

static void take_hash (const char *text, uint8_t hash[SHA256_BYTES])
{
    uint8_t bytes[VECTOR_BYTES_MAX];
    assert_non_null (text);
    assert_int_equal (vector_hex (text, bytes), SHA256_BYTES);
    memcpy (hash, bytes, SHA256_BYTES);
}

/* Of `vector`, the party at field `at`, and the two behind it. */
static void check_party (const vector_t *vector, size_t at, seed_t *seed)
{
    const char *draw = vector_value (vector, "draw", 0);
    nonce_t nonce;
    hash_t commitment;
    assert_string_equal (vector->field[at].key, "party");
    take_hash (vector->field[at + 1].value, nonce.of);
    take_hash (vector->field[at + 2].value, commitment.of);
    const hash_t own =
        nonce_commitment (bytes_of (draw, strlen (draw)),
                          (uint32_t) vector_number (vector->field[at].value), &nonce);
    assert_true (hash_equal (&own, &commitment));
    seed_add (seed, &nonce);
}

static void golden_numbers_follow_from_seals_and_nonces (void **state)
{
    (void) state;
    FILE *stream = vector_open ("fair/numbers.txt");
    vector_t vector;
    size_t count = 0;
    for (; vector_next (stream, &vector); count++) {
        hash_t seal, wanted;
        seed_t seed;
        take_hash (vector_value (&vector, "seal", 0), seal.of);
        take_hash (vector_value (&vector, "seed", 0), wanted.of);
        seed_begin (&seed, &seal);
        for (size_t at = 3; strcmp (vector.field[at].key, "seed") != 0; at += 3)
            check_party (&vector, at, &seed);
        const hash_t own = seed_end (&seed);
        assert_true (hash_equal (&own, &wanted));
        const uint32_t highest =
            (uint32_t) vector_number (vector_value (&vector, "highest", 0));
        assert_int_equal (number_of_seed (&own, highest),
                          vector_number (vector_value (&vector, "number", 0)));
    }
    assert_int_equal (count, 4);
}

/* 2^64 = 0 mod 1 and 2^32; 6 mod 10,000 is 1,616; 2 mod 7. */
static void values_beyond_the_last_whole_multiple_are_drawn_again (void **state)
{
    (void) state;
    static const struct {
        uint32_t highest;
        uint64_t left_over;
    } cases[] = {{0, 0}, {UINT32_MAX, 0}, {9999, 1616}, {6, 2}, {1, 0}, {2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t number;
        const uint32_t highest = cases[i].highest;
        const uint64_t last = UINT64_MAX - cases[i].left_over;
        assert_true (number_of_value (last, highest, &number));
        assert_int_equal (number, highest); // so the numbers before it are all there
        assert_true (number_of_value (0, highest, &number));
        assert_int_equal (number, 0);
        if (cases[i].left_over > 0) {
            assert_false (number_of_value (last + 1, highest, &number));
            assert_false (number_of_value (UINT64_MAX, highest, &number));
        }
    }
}

static void all_numbers_come_about_as_often (void **state)
{
    (void) state;
    enum { NUMBERS = 7, DRAWS = 7000 };
    unsigned times[NUMBERS] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        seed_t seed;
        const hash_t seal = {{(uint8_t) i, (uint8_t) (i >> 8)}};
        seed_begin (&seed, &seal);
        const hash_t hash = seed_end (&seed);
        const uint32_t number = number_of_seed (&hash, NUMBERS - 1);
        assert_true (number < NUMBERS);
        times[number]++;
    }
    for (size_t i = 0; i < NUMBERS; i++) // 1,000 are expected, with a deviation of 29
        assert_in_range (times[i], 850, 1150);
}

static void every_nonce_and_its_place_matters (void **state)
{
    (void) state;
    const hash_t seal = {{1}}, other = {{2}};
    const nonce_t first = {{3}}, second = {{4}};
    hash_t seeds[5];
    const struct {
        const hash_t *seal;
        const nonce_t *nonces[2];
    } cases[5] = {{&seal, {&first, &second}},
                  {&seal, {&second, &first}},
                  {&seal, {&first, NULL}},
                  {&seal, {NULL, NULL}},
                  {&other, {&first, &second}}};
    for (size_t i = 0; i < 5; i++) {
        seed_t seed;
        seed_begin (&seed, cases[i].seal);
        for (size_t n = 0; n < 2 && cases[i].nonces[n]; n++)
            seed_add (&seed, cases[i].nonces[n]);
        seeds[i] = seed_end (&seed);
        for (size_t j = 0; j < i; j++)
            assert_false (hash_equal (&seeds[i], &seeds[j]));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (golden_numbers_follow_from_seals_and_nonces),
        cmocka_unit_test (values_beyond_the_last_whole_multiple_are_drawn_again),
        cmocka_unit_test (all_numbers_come_about_as_often),
        cmocka_unit_test (every_nonce_and_its_place_matters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
