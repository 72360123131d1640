/* ticket.h - what a bettor takes home of a provable draw: one bet, and the path from it
   to its agency's root in the seal (docs/fairness.md, "Tickets").

   A text in lines, as a note's, but not signed: what it says is held against the seal.
   Pure. */

#ifndef LOTERIA_TICKET_H
#define LOTERIA_TICKET_H

#include "statement.h"

typedef struct {
    origin_t origin;
    hash_t open, seal; // O and S
    uint32_t agency;
    uint64_t offset;
    leaf_state_t state;
    salt_t salt;
    bet_t bet; // borrows from the text that was parsed
    tree_path_t path;
} ticket_t;

/* As statement.h's. */
char *ticket_write (const ticket_t *ticket, size_t *size);
size_t ticket_parse (bytes_t text, ticket_t *ticket);

/* Whether the bet is the one at its place in the tree that the seal tells of its
   agency. NULL, or why not, for people. */
const char *ticket_fault (const ticket_t *ticket, const seal_t *seal);

#endif
