/* tree.c - trees of hashes. Agency, storage, verifier. */

#include "tree.h"

#include <assert.h>

#include "hex.h"

typedef struct { // a node, and where it stands
    hash_t hash;
    bool watched; // the watched leaf is under it
} subtree_t;

static hash_t join_hashes (const hash_t *left, const hash_t *right);
static subtree_t join (tree_path_t *path, subtree_t left, subtree_t right);
static subtree_t subtree_of (const tree_t *tree, unsigned level);
static subtree_t fold (const tree_t *tree, tree_path_t *path);

void tree_begin (tree_t *tree)
{
    tree->count = 0;
    tree->watching = false;
    tree->path.length = 0;
}

void tree_watch (tree_t *tree, uint64_t index)
{
    assert (index >= tree->count);
    tree->watching = true;
    tree->watched = index;
}

/* The bits of `count` say which levels hold a whole subtree: a leaf joins them as a one
   that is added carries. */
void tree_add (tree_t *tree, const hash_t *leaf)
{
    unsigned level = 0;
    subtree_t subtree = {*leaf, tree->watching && tree->watched == tree->count};
    for (; tree->count >> level & 1; level++)
        subtree = join (&tree->path, subtree_of (tree, level), subtree);
    tree->node[level] = subtree.hash;
    tree->count++;
}

hash_t tree_root (const tree_t *tree)
{
    tree_path_t path = {0};
    return fold (tree, &path).hash;
}

tree_path_t tree_path (const tree_t *tree)
{
    assert (tree->watching && tree->watched < tree->count);
    tree_path_t path = tree->path;
    fold (tree, &path);
    return path;
}

/* A neighbour is to the left of a leaf whose index is odd; and of one that stands alone
   at the end of its level, as soon as there is one. */
bool tree_root_by_path (const hash_t *leaf, uint64_t index, uint64_t count,
                        const tree_path_t *path, hash_t *root)
{
    if (index >= count || path->length > TREE_LEVELS)
        return false;
    uint64_t last = count - 1;
    hash_t hash = *leaf;
    for (size_t i = 0; i < path->length; i++) {
        if (last == 0)
            return false;
        if ((index & 1) == 1 || index == last) {
            hash = join_hashes (&path->node[i], &hash);
            while ((index & 1) == 0 && index > 0) {
                index >>= 1;
                last >>= 1;
            }
        } else
            hash = join_hashes (&hash, &path->node[i]);
        index >>= 1;
        last >>= 1;
    }
    *root = hash;
    return last == 0;
}

const char *hash_text (const hash_t *hash, char text[SHA256_TEXT_BYTES])
{
    sha256_text (hash->of, text);
    return text;
}

bool hash_parse (const char *text, hash_t *hash)
{
    return hex_read_whole (bytes_of (text, strlen (text)), hash->of, sizeof hash->of);
}

static hash_t join_hashes (const hash_t *left, const hash_t *right)
{
    uint8_t both[1 + 2 * SHA256_BYTES] = {0x01};
    memcpy (both + 1, left->of, SHA256_BYTES);
    memcpy (both + 1 + SHA256_BYTES, right->of, SHA256_BYTES);
    return hash_of (bytes_of (both, sizeof both));
}

/* Whoever joins the watched leaf's subtree is its neighbour there. */
static subtree_t join (tree_path_t *path, subtree_t left, subtree_t right)
{
    if (left.watched || right.watched)
        path->node[path->length++] = left.watched ? right.hash : left.hash;
    return (subtree_t){join_hashes (&left.hash, &right.hash),
                       left.watched || right.watched};
}

/* The whole one of this level: the last of those that the leaves so far make up. */
static subtree_t subtree_of (const tree_t *tree, unsigned level)
{
    const uint64_t place = (tree->count >> level) - 1;
    return (subtree_t){tree->node[level], tree->watching &&
                                              tree->watched < tree->count &&
                                              tree->watched >> level == place};
}

/* The whole subtrees, the smallest one first: RFC 6962 splits at the largest power of
   two, so the rest is always to the right. */
static subtree_t fold (const tree_t *tree, tree_path_t *path)
{
    subtree_t rest = {0};
    if (tree->count == 0) {
        rest.hash = hash_of (bytes_of (NULL, 0));
        return rest;
    }
    unsigned level = (unsigned) __builtin_ctzll (tree->count);
    rest = subtree_of (tree, level);
    for (level++; level < TREE_LEVELS && tree->count >> level > 0; level++)
        if (tree->count >> level & 1)
            rest = join (path, subtree_of (tree, level), rest);
    return rest;
}
