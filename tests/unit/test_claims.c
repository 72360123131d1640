/* test_claims.c - claims.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "claims.h"

static bytes_t text_bytes (const char *text)
{
    return bytes_of (text, strlen (text));
}

/* "A1 B2,3 ": each winner's document and offsets. */
static void assert_shared (const char *winners, const char *const *documents,
                           const uint64_t *offsets, size_t count, const char *expected)
{
    claim_t claims[8];
    char text[256] = "";
    size_t size = 0, place = 0, tickets;
    for (size_t i = 0; i < count; i++)
        claims[i] = (claim_t){offsets[i], text_bytes (documents[i])};
    claims_t *shared = claims_new (text_bytes (winners), claims, count);
    for (const char *at = winners; *at; at = strchr (at, '\n') + 1, place++) {
        const uint64_t *of = claims_of (shared, place, &tickets);
        size += (size_t) snprintf (text + size, sizeof text - size, "%.*s",
                                   (int) strcspn (at, "\n"), at);
        for (size_t i = 0; i < tickets; i++)
            size += (size_t) snprintf (text + size, sizeof text - size, "%s%u",
                                       i ? "," : "", (unsigned) of[i]);
        size += (size_t) snprintf (text + size, sizeof text - size, " ");
    }
    assert_string_equal (text, expected);
    claims_destroy (&shared);
    assert_null (shared);
}

static void winners_have_the_tickets_of_their_documents (void **state)
{
    (void) state;
    static const char *const documents[] = {"B", "A", "C"};
    static const uint64_t offsets[] = {3, 8, 9};
    assert_shared ("B\nA\nC\n", documents, offsets, 3, "B3 A8 C9 ");
    assert_shared ("", documents, offsets, 3, "");
    assert_shared ("A\n", documents, offsets, 3, "A8 ");      // two were cancelled
    assert_shared ("D\nB\n", documents, offsets, 3, "D B3 "); // one is not ours
    assert_shared ("D\nB\n", documents, offsets, 0, "D B ");  // none is known
    assert_shared ("AB\nB\n", documents, offsets, 3, "AB B3 ");
}

static void two_bets_of_one_document_are_both_there (void **state)
{
    (void) state;
    static const char *const documents[] = {"B", "A", "B", "B"};
    static const uint64_t offsets[] = {3, 8, 9, 12};
    assert_shared ("B\nA\nB\nB\n", documents, offsets, 4, "B3 A8 B9 B12 ");
    assert_shared ("B\nA\nB\n", documents, offsets, 4, "B3 A8 B9,12 "); // which is it?
    assert_shared ("B\nA\n", documents, offsets, 4, "B3,9,12 A8 ");
    assert_shared ("B\nB\nB\nB\n", documents, offsets, 4, "B3 B9 B12 B ");
}

static void without_documents_the_places_tell (void **state)
{
    (void) state;
    static const char *const documents[] = {"", "", ""};
    static const uint64_t offsets[] = {3, 8, 9};
    assert_shared ("B\nA\nC\n", documents, offsets, 3, "B3 A8 C9 ");
    assert_shared ("B\nA\n", documents, offsets, 3, "B A ");
    assert_shared ("B\nA\nC\nD\n", documents, offsets, 3, "B A C D ");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (winners_have_the_tickets_of_their_documents),
        cmocka_unit_test (two_bets_of_one_document_are_both_there),
        cmocka_unit_test (without_documents_the_places_tell),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
