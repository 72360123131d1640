/* test_sorted.c - entries found by number: in lists of each length, and numbers below,
   between and above theirs. */

#include "testing.h"

#include "sorted.h"

typedef struct {
    uint32_t number;
    uint8_t other[20];
} entry_t;

/* The entries have the odd numbers from 3 on. */
static void each_number_is_found_where_it_stands (void **state)
{
    (void) state;
    entry_t list[9];
    for (size_t i = 0; i < 9; i++)
        list[i] = (entry_t){.number = (uint32_t) (2 * i + 3)};
    for (size_t count = 0; count <= 9; count++)
        for (uint32_t number = 0; number < 24; number++) {
            size_t below = 0;
            while (below < count && list[below].number < number)
                below++;
            const bool there = below < count && list[below].number == number;
            assert_int_equal (sorted_from (list, count, sizeof *list, number), below);
            assert_int_equal (sorted_find (list, count, sizeof *list, number),
                              there ? below : count);
        }
}

static void of_several_with_one_number_it_is_the_first (void **state)
{
    (void) state;
    const entry_t list[] = {{.number = 1}, {.number = 4}, {.number = 4}, {.number = 4}};
    assert_int_equal (sorted_from (list, 4, sizeof *list, 4), 1);
    assert_int_equal (sorted_find (list, 4, sizeof *list, 4), 1);
}

static void an_empty_list_need_not_be_there (void **state)
{
    (void) state;
    assert_int_equal (sorted_from (NULL, 0, sizeof (entry_t), 7), 0);
    assert_int_equal (sorted_find (NULL, 0, sizeof (entry_t), 7), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_number_is_found_where_it_stands),
        cmocka_unit_test (of_several_with_one_number_it_is_the_first),
        cmocka_unit_test (an_empty_list_need_not_be_there),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
