/* tree.h - Merkle trees as RFC 6962 (section 2.1) has them, of leaves that come one
   after another: a tree takes the same few bytes however many there are.

   A node is SHA-256 (0x01 | left | right); who makes the leaves hashes them with 0x00
   in front, so that no node can be taken for a leaf. The root of no leaves is SHA-256
   of nothing. The audit path of one leaf (section 2.1.1) can be watched for on the way.

   Pure. */

#ifndef LOTERIA_TREE_H
#define LOTERIA_TREE_H

#include "sha256.h"

typedef struct {
    uint8_t of[SHA256_BYTES];
} hash_t;

#define TREE_LEVELS 64

typedef struct { // from the leaf's neighbour up
    uint8_t length;
    hash_t node[TREE_LEVELS];
} tree_path_t;

typedef struct {
    uint64_t count; // of leaves so far
    hash_t node[TREE_LEVELS];
    bool watching;
    uint64_t watched; // a leaf's index
    tree_path_t path; // of that leaf, as far as it is known
} tree_t;

void tree_begin (tree_t *tree);

/* Keep the path of the leaf with this index, which is still to come. */
void tree_watch (tree_t *tree, uint64_t index);

void tree_add (tree_t *tree, const hash_t *leaf);

/* The root of what was added so far; more may be added afterwards. */
hash_t tree_root (const tree_t *tree);

/* The path of the watched leaf, which was added, in the tree as it is now. */
tree_path_t tree_path (const tree_t *tree);

/* The root that a tree of `count` leaves has if `leaf` is its leaf `index` and `path`
   is that leaf's (RFC 9162, section 2.1.3.2). False: no such tree has a path of this
   length. */
bool tree_root_by_path (const hash_t *leaf, uint64_t index, uint64_t count,
                        const tree_path_t *path, hash_t *root);

/* SHA-256 of these bytes. */
static inline hash_t hash_of (bytes_t bytes)
{
    hash_t hash;
    sha256 (bytes, bytes_of (NULL, 0), hash.of);
    return hash;
}

/* In hexadecimal: 64 lower-case digits. Returns `text`. */
const char *hash_text (const hash_t *hash, char text[SHA256_TEXT_BYTES]);
bool hash_parse (const char *text, hash_t *hash);

static inline bool hash_equal (const hash_t *a, const hash_t *b)
{
    return memcmp (a->of, b->of, sizeof a->of) == 0;
}

#endif
