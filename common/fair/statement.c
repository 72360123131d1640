/* statement.c - the texts of a provable draw's notes. State, agency, verifier. */

#include "statement.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fair_text.h"
#include "sorted.h"
#include "text.h"

#define HASH "%64[0-9a-f]"
#define KEY  "%191s" // NOTE_KEY_TEXT_BYTES with its end
static_assert (NOTE_KEY_TEXT_BYTES <= 192, "a key fits");

static void put_stake (fair_writer_t *out, const stake_t *stake, bool salts);

static bool parse_terms (fair_reader_t *in, open_t *open);
static bool parse_closes (const char *line, uint64_t *closes_s);
static bool parse_operator (const char *line, open_t *open);
static bool parse_agency (const char *line, open_t *open);
static bool parse_auditor (const char *line, open_t *open);
static bool parse_stake (const char *line, stake_t *stake);
static bool parse_reveal (const char *line, reveal_t *reveal);
static bool parse_won (const char *line, won_t *won);
static bool reason_sound (const char *reason);
static void *grow (void *array, size_t count, size_t size);

char *open_write (const open_t *open, size_t *size)
{
    fair_writer_t out;
    char key[NOTE_KEY_TEXT_BYTES], digits[SHA256_TEXT_BYTES];
    fair_write_begin (&out, &open->origin, "open v1");
    fprintf (out.stream, "highest %" PRIu32 "\n", open->highest);
    if (open->closes_s == CLOSES_ALL_ASKED || open->closes_s == CLOSES_NEVER)
        fprintf (out.stream, "closes %s\n",
                 open->closes_s == CLOSES_NEVER ? "never" : "all-asked");
    else
        fprintf (out.stream, "closes %" PRIu64 "\n", open->closes_s);
    fprintf (out.stream, "commits %" PRIu32 " %" PRIu32 "\n", open->commit_s,
             open->least);
    note_key_text (&open->operator, key);
    fprintf (out.stream, "operator %s %s\n", key,
             hash_text (&open->commitment, digits));
    for (size_t i = 0; i < open->agencies; i++) {
        note_key_text (&open->of[i].key, key);
        fprintf (out.stream, "agency %" PRIu32 " %s\n", open->of[i].agency, key);
    }
    if (open->audited) {
        note_key_text (&open->auditor, key);
        fprintf (out.stream, "auditor %s %s\n", key, hash_text (&open->box, digits));
    }
    if (open->demo)
        fprintf (out.stream, "demo\n");
    return fair_write_end (&out, size);
}

char *ready_write (const ready_t *ready, size_t *size)
{
    fair_writer_t out;
    fair_write_begin (&out, &ready->origin, "ready v1");
    fair_write_hash (&out, "open", &ready->open);
    put_stake (&out, &ready->stake, false);
    fair_write_hash (&out, "salts", &ready->stake.salts);
    if (ready->boxed)
        fair_write_hash (&out, "box", &ready->box);
    else
        fprintf (out.stream, "box -\n");
    return fair_write_end (&out, size);
}

char *seal_write (const seal_t *seal, size_t *size)
{
    fair_writer_t out;
    fair_write_begin (&out, &seal->origin, "seal v1");
    fair_write_hash (&out, "open", &seal->open);
    for (size_t i = 0; i < seal->agencies; i++)
        put_stake (&out, &seal->of[i], true);
    fprintf (out.stream, "sealed %" PRIu64 "\n", seal->sealed_s);
    return fair_write_end (&out, size);
}

char *result_write (const result_t *result, size_t *size)
{
    fair_writer_t out;
    char digits[SHA256_TEXT_BYTES];
    fair_write_begin (&out, &result->origin, "result v1");
    fair_write_hash (&out, "seal", &result->seal);
    for (size_t i = 0; i < result->reveals; i++) {
        const reveal_t *reveal = &result->reveal[i];
        sha256_text (reveal->nonce.of, digits);
        fprintf (out.stream, "reveal %" PRIu32 " %s%s\n", reveal->party, digits,
                 reveal->by_auditor ? " by auditor" : "");
    }
    fprintf (out.stream, "number %" PRIu32 "\n", result->number);
    for (size_t i = 0; i < result->agencies; i++) {
        const won_t *won = &result->won[i];
        fprintf (out.stream, "winners %" PRIu32 " %" PRIu64 " %s\n", won->agency,
                 won->count, hash_text (&won->root, digits));
    }
    return fair_write_end (&out, size);
}

char *void_write (const void_t *statement, size_t *size)
{
    fair_writer_t out;
    fair_write_begin (&out, &statement->origin, "void v1");
    fair_write_hash (&out, "open", &statement->open);
    fprintf (out.stream, "reason %s\n", statement->reason);
    return fair_write_end (&out, size);
}

size_t open_parse (bytes_t text, open_t *open)
{
    fair_reader_t in;
    *open = (open_t){0};
    bool sound = fair_read_begin (&in, text, "open v1", &open->origin) &&
                 parse_terms (&in, open);
    while (sound && fair_line_is (&in, "agency"))
        sound = parse_agency (in.line, open) && fair_read_line (&in);
    if (sound && fair_line_is (&in, "auditor"))
        sound = parse_auditor (in.line, open) && fair_read_line (&in);
    if (sound && strcmp (in.line, "demo") == 0)
        sound = open->demo = fair_read_line (&in);
    size_t size = 0;
    char *again = sound ? open_write (open, &size) : NULL;
    const size_t line = fair_read_fault (&in, sound, again, size);
    if (line > 0)
        open_clear (open);
    return line;
}

size_t ready_parse (bytes_t text, ready_t *ready)
{
    fair_reader_t in;
    *ready = (ready_t){0};
    bool sound = fair_read_begin (&in, text, "ready v1", &ready->origin) &&
                 fair_line_hash (in.line, "open", &ready->open) &&
                 fair_read_line (&in) && parse_stake (in.line, &ready->stake) &&
                 ready->stake.committed && fair_read_line (&in) &&
                 fair_line_hash (in.line, "salts", &ready->stake.salts) &&
                 fair_read_line (&in);
    ready->boxed = sound && strcmp (in.line, "box -") != 0;
    sound = sound && (!ready->boxed || fair_line_hash (in.line, "box", &ready->box)) &&
            fair_read_line (&in);
    size_t size = 0;
    char *again = sound ? ready_write (ready, &size) : NULL;
    return fair_read_fault (&in, sound, again, size);
}

size_t seal_parse (bytes_t text, seal_t *seal)
{
    fair_reader_t in;
    uint32_t last = 0;
    *seal = (seal_t){0};
    bool sound = fair_read_begin (&in, text, "seal v1", &seal->origin) &&
                 fair_line_hash (in.line, "open", &seal->open) && fair_read_line (&in);
    while (sound && fair_line_is (&in, "agency")) {
        seal->of = grow (seal->of, seal->agencies, sizeof *seal->of);
        stake_t *stake = &seal->of[seal->agencies++];
        sound = parse_stake (in.line, stake) && stake->agency > last &&
                fair_read_line (&in);
        last = stake->agency;
    }
    sound = sound && sscanf (in.line, "sealed %" SCNu64, &seal->sealed_s) == 1 &&
            fair_read_line (&in);
    size_t size = 0;
    char *again = sound ? seal_write (seal, &size) : NULL;
    const size_t line = fair_read_fault (&in, sound, again, size);
    if (line > 0)
        seal_clear (seal);
    return line;
}

size_t result_parse (bytes_t text, result_t *result)
{
    fair_reader_t in;
    uint32_t last = 0;
    *result = (result_t){0};
    bool sound = fair_read_begin (&in, text, "result v1", &result->origin) &&
                 fair_line_hash (in.line, "seal", &result->seal) &&
                 fair_read_line (&in);
    while (sound && fair_line_is (&in, "reveal")) {
        result->reveal = grow (result->reveal, result->reveals, sizeof *result->reveal);
        reveal_t *reveal = &result->reveal[result->reveals++];
        sound = parse_reveal (in.line, reveal) &&
                (result->reveals == 1 ? reveal->party == NONCE_OPERATOR
                                      : reveal->party > last) &&
                fair_read_line (&in);
        last = reveal->party;
    }
    sound = sound && sscanf (in.line, "number %" SCNu32, &result->number) == 1 &&
            fair_read_line (&in);
    last = 0;
    while (sound && fair_line_is (&in, "winners")) {
        result->won = grow (result->won, result->agencies, sizeof *result->won);
        won_t *won = &result->won[result->agencies++];
        sound = parse_won (in.line, won) && won->agency > last && fair_read_line (&in);
        last = won->agency;
    }
    size_t size = 0;
    char *again = sound ? result_write (result, &size) : NULL;
    const size_t line = fair_read_fault (&in, sound, again, size);
    if (line > 0)
        result_clear (result);
    return line;
}

size_t void_parse (bytes_t text, void_t *statement)
{
    fair_reader_t in;
    *statement = (void_t){0};
    bool sound = fair_read_begin (&in, text, "void v1", &statement->origin) &&
                 fair_line_hash (in.line, "open", &statement->open) &&
                 fair_read_line (&in) && fair_line_is (&in, "reason") &&
                 strlen (in.line) - strlen ("reason ") <= STATEMENT_REASON_BYTES_MAX;
    if (sound)
        strcpy (statement->reason, in.line + strlen ("reason "));
    sound = sound && reason_sound (statement->reason) && fair_read_line (&in);
    size_t size = 0;
    char *again = sound ? void_write (statement, &size) : NULL;
    return fair_read_fault (&in, sound, again, size);
}

const note_key_t *open_key (const open_t *open, uint32_t agency)
{
    const size_t place =
        sorted_find (open->of, open->agencies, sizeof *open->of, agency);
    return place < open->agencies ? &open->of[place].key : NULL;
}

const stake_t *seal_stake (const seal_t *seal, uint32_t agency)
{
    const size_t place =
        sorted_find (seal->of, seal->agencies, sizeof *seal->of, agency);
    return place < seal->agencies ? &seal->of[place] : NULL;
}

bool stake_agrees (const stake_t *stake, const stake_t *other)
{
    return stake->committed && other->committed && stake->count == other->count &&
           hash_equal (&stake->root, &other->root) &&
           hash_equal (&stake->commitment, &other->commitment) &&
           hash_equal (&stake->salts, &other->salts);
}

void open_clear (open_t *open)
{
    free (open->of);
    *open = (open_t){0};
}

void seal_clear (seal_t *seal)
{
    free (seal->of);
    *seal = (seal_t){0};
}

void result_clear (result_t *result)
{
    free (result->reveal);
    free (result->won);
    *result = (result_t){0};
}

hash_t statement_hash (bytes_t text)
{
    return hash_of (text);
}

static void put_stake (fair_writer_t *out, const stake_t *stake, bool salts)
{
    char root[SHA256_TEXT_BYTES], commitment[SHA256_TEXT_BYTES] = "-",
                                  key[SHA256_TEXT_BYTES] = "";
    if (stake->committed)
        hash_text (&stake->commitment, commitment);
    if (salts)
        hash_text (&stake->salts, key);
    fprintf (out->stream, "agency %" PRIu32 " %" PRIu64 " %s %s%s%s\n", stake->agency,
             stake->count, hash_text (&stake->root, root), commitment, salts ? " " : "",
             key);
}

static bool parse_terms (fair_reader_t *in, open_t *open)
{
    return sscanf (in->line, "highest %" SCNu32, &open->highest) == 1 &&
           fair_read_line (in) && parse_closes (in->line, &open->closes_s) &&
           fair_read_line (in) &&
           sscanf (in->line, "commits %" SCNu32 " %" SCNu32, &open->commit_s,
                   &open->least) == 2 &&
           fair_read_line (in) && parse_operator (in->line, open) &&
           fair_read_line (in);
}

static bool parse_closes (const char *line, uint64_t *closes_s)
{
    if (strcmp (line, "closes all-asked") == 0)
        *closes_s = CLOSES_ALL_ASKED;
    else if (strcmp (line, "closes never") == 0)
        *closes_s = CLOSES_NEVER;
    else
        return sscanf (line, "closes %" SCNu64, closes_s) == 1;
    return true;
}

static bool parse_operator (const char *line, open_t *open)
{
    char key[NOTE_KEY_TEXT_BYTES + 64], digits[SHA256_TEXT_BYTES];
    return sscanf (line, "operator " KEY " " HASH, key, digits) == 2 &&
           party_key_parse (key, &open->origin, PARTY_OPERATOR, 0, &open->operator) &&
           hash_parse (digits, &open->commitment);
}

static bool parse_agency (const char *line, open_t *open)
{
    open_agency_t agency = {0};
    char key[NOTE_KEY_TEXT_BYTES + 64];
    const size_t before = open->agencies;
    if (sscanf (line, "agency %" SCNu32 " " KEY, &agency.agency, key) != 2 ||
        agency.agency == 0 ||
        (before > 0 && agency.agency <= open->of[before - 1].agency) ||
        !party_key_parse (key, &open->origin, PARTY_AGENCY, agency.agency, &agency.key))
        return false;
    open->of = grow (open->of, before, sizeof *open->of);
    open->of[open->agencies++] = agency;
    return true;
}

static bool parse_auditor (const char *line, open_t *open)
{
    char key[NOTE_KEY_TEXT_BYTES + 64], digits[SHA256_TEXT_BYTES];
    open->audited = true;
    return sscanf (line, "auditor " KEY " " HASH, key, digits) == 2 &&
           party_key_parse (key, &open->origin, PARTY_AUDITOR, 0, &open->auditor) &&
           hash_parse (digits, &open->box);
}

static bool parse_stake (const char *line, stake_t *stake)
{
    char root[SHA256_TEXT_BYTES], commitment[SHA256_TEXT_BYTES],
        salts[SHA256_TEXT_BYTES] = "";
    *stake = (stake_t){0};
    if (sscanf (line, "agency %" SCNu32 " %" SCNu64 " " HASH " %64s " HASH,
                &stake->agency, &stake->count, root, commitment, salts) < 4)
        return false;
    stake->committed = strcmp (commitment, "-") != 0;
    return stake->agency > 0 && hash_parse (root, &stake->root) &&
           (!stake->committed || hash_parse (commitment, &stake->commitment)) &&
           (!*salts || hash_parse (salts, &stake->salts));
}

static bool parse_reveal (const char *line, reveal_t *reveal)
{
    char digits[SHA256_TEXT_BYTES], by[16] = "";
    hash_t nonce;
    *reveal = (reveal_t){0};
    if (sscanf (line, "reveal %" SCNu32 " " HASH " by %15s", &reveal->party, digits,
                by) < 2 ||
        !hash_parse (digits, &nonce))
        return false;
    memcpy (reveal->nonce.of, nonce.of, sizeof nonce.of);
    reveal->by_auditor = strcmp (by, "auditor") == 0;
    return true;
}

static bool parse_won (const char *line, won_t *won)
{
    char root[SHA256_TEXT_BYTES];
    *won = (won_t){0};
    return sscanf (line, "winners %" SCNu32 " %" SCNu64 " " HASH, &won->agency,
                   &won->count, root) == 3 &&
           won->agency > 0 && hash_parse (root, &won->root);
}

static bool reason_sound (const char *reason)
{
    uint32_t character;
    return *reason &&
           text_check (bytes_of (reason, strlen (reason)), &character) == TEXT_GOOD;
}

/* For one more. Twice as many each time that there is a power of two of them. */
static void *grow (void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array;
    array = realloc (array, (count > 0 ? 2 * count : 1) * size);
    assert (array);
    return array;
}
