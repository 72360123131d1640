/* test_instruction.c - which draw an order is meant for, and whether it is so already.
 */

#include "testing.h"

#include "instruction.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static listed_t draws[] = {
    {{.phase = PHASE_OPEN, .source = SOURCE_RANDOM}, "open"},
    {{.phase = PHASE_CLOSED, .source = SOURCE_ENTERED}, "closed"},
    {{.phase = PHASE_CLOSED, .source = SOURCE_RANDOM}, "about-to-be"},
    {{.phase = PHASE_DRAWN, .source = SOURCE_ENTERED, .number = 7}, "drawn"},
    {{.phase = PHASE_VOID, .source = SOURCE_ENTERED}, "void"},
    {{.phase = PHASE_PLANNED, .source = SOURCE_ENTERED}, "planned"},
    {{.phase = PHASE_SEALED, .source = SOURCE_PROVABLE}, "sealed"},
};

/* Each draw alone: those that the order can be meant for. */
static void check_meant (wire_order_kind_t kind, const char *meant)
{
    char why[INSTRUCTION_WHY_BYTES], found[128] = "";
    for (size_t i = 0; i < COUNT (draws); i++) {
        instruction_t instruction = {.kind = kind};
        const draw_list_t one = {1, &draws[i]};
        if (instruction_find_draw (&instruction, &one, why) == 0) {
            assert_string_equal (instruction.name, draws[i].name);
            strcat (strcat (found, *found ? " " : ""), instruction.name);
        }
    }
    assert_string_equal (found, meant);
}

static void the_one_that_is_meant (void **state)
{
    char why[INSTRUCTION_WHY_BYTES];
    instruction_t instruction = {.kind = ORDER_VOID};
    const draw_list_t all = {COUNT (draws), draws}, none = {0};
    (void) state;
    check_meant (ORDER_CLOSE, "open");
    check_meant (ORDER_EXCUSE, "open");
    check_meant (ORDER_NUMBER, "closed");
    check_meant (ORDER_VOID, "open closed about-to-be");
    check_meant (ORDER_ATTEST, "sealed");
    check_meant (ORDER_REVEAL, "sealed");
    assert_int_equal (instruction_find_draw (&instruction, &all, why), -1);
    assert_string_equal (why, "it may be meant for open, closed or others; name one");
    assert_int_equal (instruction_find_draw (&instruction, &none, why), -1);
    assert_string_equal (instruction.name, "");
    instruction.kind = ORDER_NUMBER; // among others that cannot be meant
    assert_int_equal (instruction_find_draw (&instruction, &all, why), 0);
    assert_string_equal (instruction.name, "closed");
}

static void what_is_done (void **state)
{
    static const struct {
        wire_order_kind_t kind;
        const char *phases; // a 1 where it is done
    } cases[] = {{ORDER_CLOSE, "0111001"},  {ORDER_VOID, "0000100"},
                 {ORDER_NUMBER, "0001000"}, {ORDER_EXCUSE, "0000000"},
                 {ORDER_ATTEST, "0000000"}, {ORDER_REVEAL, "0000000"},
                 {ORDER_OPEN, "1000000"}};
    (void) state;
    for (size_t i = 0; i < COUNT (cases); i++) {
        const instruction_t instruction = {
            .kind = cases[i].kind, .order = {.number = 7, .highest = UINT32_MAX}};
        for (size_t j = 0; j < COUNT (draws); j++)
            assert_int_equal (instruction_done (&instruction, &draws[j]),
                              cases[i].phases[j] == '1');
    }
    const instruction_t other = {.kind = ORDER_NUMBER, .order.number = 8};
    assert_false (instruction_done (&other, &draws[3]));
}

static void what_was_opened_with_other_terms (void **state)
{
    const listed_t listed = {{.phase = PHASE_OPEN,
                              .source = SOURCE_RANDOM,
                              .agencies = 5,
                              .highest = 99,
                              .closes_ms = 1000},
                             "noche"};
    const wire_order_t same = {
        .source = SOURCE_RANDOM, .agencies = 5, .highest = 99, .closes_ms = 1000};
    instruction_t instruction = {.kind = ORDER_OPEN, .order = same};
    (void) state;
    assert_true (instruction_done (&instruction, &listed));
    instruction.order.source = SOURCE_FIXED;
    assert_false (instruction_done (&instruction, &listed));
    instruction.order = same;
    instruction.order.agencies = 4;
    assert_false (instruction_done (&instruction, &listed));
    instruction.order = same;
    instruction.order.highest = 100;
    assert_false (instruction_done (&instruction, &listed));
    instruction.order = same;
    instruction.order.closes_ms = 1001;
    assert_false (instruction_done (&instruction, &listed));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_one_that_is_meant),
        cmocka_unit_test (what_is_done),
        cmocka_unit_test (what_was_opened_with_other_terms),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
