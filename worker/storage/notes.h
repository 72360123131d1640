/* notes.h - the notes of a provable draw (docs/fairness.md), and the keys beside them,
   as the papers of its events have them (fair_paper.h). What was read last is kept for
   a while: many ask for the same. */

#ifndef LOTERIA_NOTES_H
#define LOTERIA_NOTES_H

#include "archive.h"
#include "leaf.h"
#include "fair_paper.h"

typedef struct notes notes_t;

notes_t *notes_new (archive_t *archive); // borrowed
void notes_destroy (notes_t **notes);

/* In what follows the sale has learned where its events lie (sale_learn ()).

   The paper of an event of the draw, and the sequence of its record: 1, or 0 when there
   is no such event, or -1 with errno when it cannot be read. Borrowed: two are
   kept at a time, at least. `agency` is 0 for events of all. */
int notes_paper (notes_t *notes, sale_t *sale, uint8_t kind, uint32_t agency,
                 fair_paper_t *paper, uint64_t *sequence);

/* Write a page of a note, as it is published, or of a key or box, into `bytes`
   (NOTE_PAGE_BYTES), and all else into `page`, of which `which`, `of` and `from` are
   filled in. 1 when it is there, 0 or -1 as above. `sequence` is that of the last
   record that it takes. */
int notes_page (notes_t *notes, sale_t *sale, wire_note_t *page, uint8_t *bytes,
                uint64_t *sequence);

/* The salt keys of all agencies on the roll, from 1 on, of a draw that is sealed. 0, or
   -1 with errno: EBADMSG when one is not there. */
int notes_salts (notes_t *notes, sale_t *sale, salt_key_t *keys);

/* Of a seal's paper: the keys that the operator chose, for agencies that did not
   commit. `keys` and `known` are of the agencies from 1 to `agencies`; those of others
   are left as they are. */
void notes_chosen (const fair_paper_t *seal, uint32_t agencies, salt_key_t *keys,
                   bool *known);

#endif
