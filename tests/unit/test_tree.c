/* test_tree.c - trees against the golden ones, and against RFC 6962's own definition by
   recursion, with the path of every leaf. */

#include "testing.h"

#include "tree.h"
#include "vectors.h"

#define LEAVES_MAX 130

static hash_t leaf_of (uint64_t index)
{
    const uint8_t bytes[] = {0x00, (uint8_t) index};
    hash_t hash;
    sha256 (bytes_of (bytes, sizeof bytes), (bytes_t){0}, hash.of);
    return hash;
}

/* MTH of RFC 6962, of the leaves `first` to `first + count - 1`. */
static hash_t by_definition (uint64_t first, uint64_t count)
{
    hash_t hash;
    if (count == 0) {
        sha256 ((bytes_t){0}, (bytes_t){0}, hash.of);
        return hash;
    }
    if (count == 1)
        return leaf_of (first);
    uint64_t split = 1;
    while (2 * split < count)
        split *= 2;
    uint8_t both[1 + 2 * SHA256_BYTES] = {0x01};
    const hash_t left = by_definition (first, split);
    const hash_t right = by_definition (first + split, count - split);
    memcpy (both + 1, left.of, SHA256_BYTES);
    memcpy (both + 1 + SHA256_BYTES, right.of, SHA256_BYTES);
    sha256 (bytes_of (both, sizeof both), (bytes_t){0}, hash.of);
    return hash;
}

static hash_t hash_of_text (const char *text)
{
    uint8_t bytes[VECTOR_BYTES_MAX];
    hash_t hash;
    assert_int_equal (vector_hex (text, bytes), sizeof hash.of);
    memcpy (hash.of, bytes, sizeof hash.of);
    return hash;
}

static void fill (tree_t *tree, uint64_t count, uint64_t watched)
{
    tree_begin (tree);
    if (watched < count)
        tree_watch (tree, watched);
    for (uint64_t i = 0; i < count; i++) {
        const hash_t leaf = leaf_of (i);
        tree_add (tree, &leaf);
    }
}

static void golden_trees_have_these_roots_and_paths (void **state)
{
    (void) state;
    FILE *stream = vector_open ("fair/trees.txt");
    vector_t vector;
    size_t trees = 0;
    for (; vector_next (stream, &vector); trees++) {
        tree_t tree;
        const uint64_t count = vector_number (vector_value (&vector, "count", 0));
        const char *index = vector_value (&vector, "index", 0);
        const hash_t root = hash_of_text (vector_value (&vector, "root", 0));
        fill (&tree, count, index ? vector_number (index) : UINT64_MAX);
        const hash_t own = tree_root (&tree);
        assert_true (hash_equal (&own, &root));
        if (!index)
            continue;
        const tree_path_t path = tree_path (&tree);
        assert_int_equal (path.length, vector.fields - 3);
        for (size_t i = 0; i < path.length; i++) {
            const hash_t node = hash_of_text (vector.field[3 + i].value);
            assert_true (hash_equal (&node, &path.node[i]));
        }
    }
    assert_int_equal (trees, 12);
}

static void every_root_is_as_defined_and_every_path_leads_to_it (void **state)
{
    (void) state;
    for (uint64_t count = 0; count <= LEAVES_MAX; count++) {
        const hash_t wanted = by_definition (0, count);
        for (uint64_t index = 0; index < (count > 0 ? count : 1); index++) {
            tree_t tree;
            hash_t root = {0};
            fill (&tree, count, index);
            const hash_t own = tree_root (&tree);
            assert_true (hash_equal (&own, &wanted));
            if (count == 0)
                continue;
            const hash_t leaf = leaf_of (index);
            const tree_path_t path = tree_path (&tree);
            assert_true (tree_root_by_path (&leaf, index, count, &path, &root));
            assert_true (hash_equal (&root, &wanted));
        }
    }
}

/* What an altered path leads to is another root, or none. */
static void a_path_fits_its_leaf_its_place_and_its_tree_only (void **state)
{
    (void) state;
    enum { COUNT = 13 };
    const hash_t wanted = by_definition (0, COUNT);
    for (uint64_t index = 0; index < COUNT; index++) {
        tree_t tree;
        fill (&tree, COUNT, index);
        const tree_path_t path = tree_path (&tree);
        const hash_t leaf = leaf_of (index), other = leaf_of (index + 1);
        hash_t root;
        assert_true (tree_root_by_path (&other, index, COUNT, &path, &root));
        assert_false (hash_equal (&root, &wanted));
        for (uint64_t place = 0; place < COUNT; place++)
            if (place != index && tree_root_by_path (&leaf, place, COUNT, &path, &root))
                assert_false (hash_equal (&root, &wanted));
        assert_false (tree_root_by_path (&leaf, COUNT, COUNT, &path, &root));
        assert_false (tree_root_by_path (&leaf, 0, 0, &path, &root));
        for (uint8_t length = 0; length <= TREE_LEVELS; length++) {
            tree_path_t cut = path;
            cut.length = length;
            if (length != path.length)
                assert_false (tree_root_by_path (&leaf, index, COUNT, &cut, &root));
        }
        for (size_t i = 0; i < path.length; i++) {
            tree_path_t bent = path;
            bent.node[i].of[i] ^= 1;
            assert_true (tree_root_by_path (&leaf, index, COUNT, &bent, &root));
            assert_false (hash_equal (&root, &wanted));
        }
        tree_path_t endless = path;
        endless.length = UINT8_MAX;
        assert_false (tree_root_by_path (&leaf, index, COUNT, &endless, &root));
    }
}

/* Any prefix has its root; asking changes nothing. */
static void a_tree_may_be_asked_on_the_way (void **state)
{
    (void) state;
    tree_t tree;
    tree_begin (&tree);
    for (uint64_t i = 0; i < LEAVES_MAX; i++) {
        const hash_t leaf = leaf_of (i), wanted = by_definition (0, i);
        const hash_t root = tree_root (&tree);
        assert_true (hash_equal (&root, &wanted));
        tree_add (&tree, &leaf);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (golden_trees_have_these_roots_and_paths),
        cmocka_unit_test (every_root_is_as_defined_and_every_path_leads_to_it),
        cmocka_unit_test (a_path_fits_its_leaf_its_place_and_its_tree_only),
        cmocka_unit_test (a_tree_may_be_asked_on_the_way),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
