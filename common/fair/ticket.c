/* ticket.c - what a bettor takes home. Agency, verifier. */

#include "ticket.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fair_text.h"
#include "hex.h"
#include "text.h"

#define STANDS    "stands"
#define CANCELLED "cancelled"

static void put_text (fair_writer_t *out, const char *word, bytes_t text);
static bool read_bet (fair_reader_t *in, bet_t *bet);
static bool read_text (fair_reader_t *in, const char *word, size_t bytes_max,
                       bytes_t *text);
static bool read_state (fair_reader_t *in, leaf_state_t *state);
static bool read_salt (fair_reader_t *in, salt_t *salt);
static bool read_path (fair_reader_t *in, tree_path_t *path);

char *ticket_write (const ticket_t *ticket, size_t *size)
{
    fair_writer_t out;
    char salt[2 * SALT_BYTES + 1];
    const bet_t *bet = &ticket->bet;
    fair_write_begin (&out, &ticket->origin, "ticket v1");
    fair_write_hash (&out, "open", &ticket->open);
    fair_write_hash (&out, "seal", &ticket->seal);
    fprintf (out.stream, "bet %" PRIu32 " %" PRIu64 "\n", ticket->agency,
             ticket->offset);
    put_text (&out, "first", bet->first_name);
    put_text (&out, "last", bet->last_name);
    put_text (&out, "document", bet->document);
    put_text (&out, "born", bet->birthdate);
    fprintf (out.stream, "number %" PRIu32 "\n", bet->number);
    fprintf (out.stream, "state %s\n",
             ticket->state == LEAF_CANCELLED ? CANCELLED : STANDS);
    fprintf (out.stream, "salt %s\n",
             hex_write (bytes_of (ticket->salt.of, SALT_BYTES), salt));
    for (size_t i = 0; i < ticket->path.length; i++)
        fair_write_hash (&out, "path", &ticket->path.node[i]);
    return fair_write_end (&out, size);
}

size_t ticket_parse (bytes_t text, ticket_t *ticket)
{
    fair_reader_t in;
    *ticket = (ticket_t){0};
    const bool sound =
        fair_read_begin (&in, text, "ticket v1", &ticket->origin) &&
        fair_line_hash (in.line, "open", &ticket->open) && fair_read_line (&in) &&
        fair_line_hash (in.line, "seal", &ticket->seal) && fair_read_line (&in) &&
        sscanf (in.line, "bet %" SCNu32 " %" SCNu64, &ticket->agency,
                &ticket->offset) == 2 &&
        fair_read_line (&in) && read_bet (&in, &ticket->bet) &&
        read_state (&in, &ticket->state) && read_salt (&in, &ticket->salt) &&
        read_path (&in, &ticket->path);
    size_t size = 0;
    char *again = sound ? ticket_write (ticket, &size) : NULL;
    return fair_read_fault (&in, sound, again, size);
}

const char *ticket_fault (const ticket_t *ticket, const seal_t *seal)
{
    const stake_t *stake = seal_stake (seal, ticket->agency);
    const char *draw = ticket->origin.draw;
    const salt_key_t none = {{0}};
    leaves_t leaves;
    hash_t root;
    if (!origin_equal (&ticket->origin, &seal->origin))
        return "it is of another draw";
    if (!hash_equal (&ticket->open, &seal->open))
        return "it is of another open note";
    if (!stake)
        return "its agency does not take part";
    if (ticket->offset >= stake->count)
        return "its agency has no bet at this offset";
    leaves_begin (&leaves, bytes_of (draw, strlen (draw)), ticket->agency, &none);
    const hash_t leaf = leaves_hash (&leaves, ticket->offset, ticket->state,
                                     &ticket->salt, &ticket->bet);
    if (!tree_root_by_path (&leaf, ticket->offset, stake->count, &ticket->path,
                            &root) ||
        !hash_equal (&root, &stake->root))
        return "the bet is not the one that was sealed there";
    return NULL;
}

static void put_text (fair_writer_t *out, const char *word, bytes_t text)
{
    fprintf (out->stream, "%s %.*s\n", word, (int) text.size, (const char *) text.data);
}

static bool read_bet (fair_reader_t *in, bet_t *bet)
{
    return read_text (in, "first", NAME_BYTES_MAX, &bet->first_name) &&
           read_text (in, "last", NAME_BYTES_MAX, &bet->last_name) &&
           read_text (in, "document", DOCUMENT_BYTES_MAX, &bet->document) &&
           read_text (in, "born", BIRTHDATE_BYTES, &bet->birthdate) &&
           bet_check_birthdate (bet->birthdate, BET_BORN_ANY) == REFUSED_OK &&
           sscanf (in->line, "number %" SCNu32, &bet->number) == 1 &&
           fair_read_line (in);
}

/* As it stands in the whole text, which outlives the line. */
static bool read_text (fair_reader_t *in, const char *word, size_t bytes_max,
                       bytes_t *text)
{
    if (!fair_line_is (in, word))
        return false;
    const size_t before = strlen (word) + 1, size = strlen (in->line) - before;
    *text = bytes_of (in->rest.data - 1 - size, size);
    return bet_check_text (*text, bytes_max) == REFUSED_OK && fair_read_line (in);
}

static bool read_state (fair_reader_t *in, leaf_state_t *state)
{
    *state = strcmp (in->line, "state " CANCELLED) == 0 ? LEAF_CANCELLED : LEAF_STANDS;
    return fair_line_is (in, "state") && fair_read_line (in);
}

static bool read_salt (fair_reader_t *in, salt_t *salt)
{
    const char *digits = in->line + strlen ("salt ");
    return fair_line_is (in, "salt") &&
           hex_read_whole (bytes_of (digits, strlen (digits)), salt->of, SALT_BYTES) &&
           fair_read_line (in);
}

static bool read_path (fair_reader_t *in, tree_path_t *path)
{
    while (path->length < TREE_LEVELS && fair_line_is (in, "path"))
        if (!fair_line_hash (in->line, "path", &path->node[path->length++]) ||
            !fair_read_line (in))
            return false;
    return true;
}
