/* roll.c - reads the roll of agencies: for the broker, and for loteria-keys. */

#include "roll.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <uthash.h>

#include "text.h"

#define DEMO_PREFIX "ed25519-demo:" // else SIGNING_PREFIX

typedef struct { // one key, and whose it is
    const char *text;
    const roll_entry_t *entry;
    UT_hash_handle hh;
} owner_t;

struct roll {
    roll_entry_t *entries; // never moved once the owners point at them
    size_t size, capacity;
    owner_t *owners;   // of all keys
    owner_t *by_key;   // the table over them
    size_t *by_agency; // index + 1, by number; 0: none
    uint32_t agency_max;
};

typedef struct {
    bytes_t rest; // of the line
    size_t line;
    char *why;
} place_t;

static int take_entry (roll_t *roll, bytes_t line, size_t number, char *why);
static int take_agency (place_t *place, roll_entry_t *entry);
static int take_state (place_t *place, roll_entry_t *entry);
static int take_keys (place_t *place, roll_entry_t *entry);
static int take_signing (place_t *place, roll_entry_t *entry);
static int take_name (place_t *place, roll_entry_t *entry);
static bool begins (bytes_t text, const char *prefix);
static bytes_t take_word (place_t *place);
static bool is_blank (uint8_t byte);
static int index_entries (roll_t *roll, char *why);
static int index_entry (roll_t *roll, size_t index, owner_t **owner, char *why);
static int complain (char *why, size_t line, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

roll_t *roll_parse (bytes_t text, char *why)
{
    roll_t *roll = calloc (1, sizeof *roll);
    assert (roll);
    roll->capacity = bytes_count (text, '\n') + 1;
    if (roll->capacity > AGENCIES_MAX)
        roll->capacity = AGENCIES_MAX;
    roll->entries = calloc (roll->capacity + 1, sizeof *roll->entries);
    assert (roll->entries);
    int rc = 0;
    bytes_t line;
    text = text_without_mark (text);
    for (size_t number = 1; rc == 0 && bytes_take_line (&text, &line); number++)
        rc = take_entry (roll, line, number, why);
    if (rc == 0)
        rc = index_entries (roll, why);
    if (rc == -1)
        roll_destroy (&roll);
    return roll;
}

void roll_destroy (roll_t **roll)
{
    if (*roll) {
        HASH_CLEAR (hh, (*roll)->by_key);
        free ((*roll)->owners);
        free ((*roll)->by_agency);
        free ((*roll)->entries);
        free (*roll);
    }
    *roll = NULL;
}

uint32_t roll_find (const roll_t *roll, const char *key)
{
    const roll_entry_t *entry = roll_owner (roll, key);
    return entry && entry->enabled ? entry->agency : 0;
}

const roll_entry_t *roll_owner (const roll_t *roll, const char *key)
{
    owner_t *owner;
    HASH_FIND (hh, roll->by_key, key, strlen (key), owner);
    return owner ? owner->entry : NULL;
}

size_t roll_size (const roll_t *roll)
{
    return roll->size;
}

const roll_entry_t *roll_at (const roll_t *roll, size_t index)
{
    assert (index < roll->size);
    return &roll->entries[index];
}

const roll_entry_t *roll_agency (const roll_t *roll, uint32_t agency)
{
    const size_t index = agency <= roll->agency_max ? roll->by_agency[agency] : 0;
    return index ? &roll->entries[index - 1] : NULL;
}

bool roll_name_is_key (bytes_t name)
{
    return begins (name, SIGNING_PREFIX) || begins (name, DEMO_PREFIX);
}

bool roll_keeps (const roll_t *roll, const roll_entry_t *before)
{
    if (!before->enabled)
        return true;
    for (size_t i = 0; i < before->keys; i++)
        if (roll_find (roll, before->key[i]) != before->agency)
            return false;
    return true;
}

size_t roll_write (const roll_entry_t *entry, char line[ROLL_LINE_BYTES_MAX + 1])
{
    size_t size = (size_t) sprintf (line, "%-9u %-8s ", entry->agency,
                                    entry->enabled ? "enabled" : "disabled");
    for (size_t i = 0; i < entry->keys; i++)
        size += (size_t) sprintf (line + size, "%s%s", i ? "," : "", entry->key[i]);
    if (entry->signs) {
        char text[SIGNING_TEXT_BYTES];
        signing_text (entry->signing, text);
        size += (size_t) sprintf (line + size, " %s%s",
                                  entry->demo ? DEMO_PREFIX : SIGNING_PREFIX,
                                  text + strlen (SIGNING_PREFIX));
    }
    size +=
        (size_t) sprintf (line + size, "%s%s\n", *entry->name ? "  " : "", entry->name);
    return size;
}

/* Empty lines and comments are skipped. */
static int take_entry (roll_t *roll, bytes_t line, size_t number, char *why)
{
    place_t place = {.rest = line, .line = number, .why = why};
    place_t peek = place;
    const bytes_t first = take_word (&peek);
    if (first.size == 0 || first.data[0] == '#')
        return 0;
    if (roll->size == roll->capacity)
        return complain (why, number, "more than %u agencies", AGENCIES_MAX);
    roll_entry_t *entry = &roll->entries[roll->size];
    entry->line = number;
    if (take_agency (&place, entry) == -1 || take_state (&place, entry) == -1 ||
        take_keys (&place, entry) == -1 || take_signing (&place, entry) == -1 ||
        take_name (&place, entry) == -1)
        return -1;
    roll->size++;
    return 0;
}

static int take_agency (place_t *place, roll_entry_t *entry)
{
    const bytes_t word = take_word (place);
    uint64_t number = 0;
    for (size_t i = 0; i < word.size; i++) {
        const unsigned digit = word.data[i] - (unsigned) '0';
        if (digit > 9 || number > AGENCIES_MAX)
            number = AGENCIES_MAX + 1;
        else
            number = 10 * number + digit;
    }
    if (number < 1 || number > AGENCIES_MAX)
        return complain (place->why, place->line,
                         "the first word is not an agency from 1 to %u", AGENCIES_MAX);
    entry->agency = (uint32_t) number;
    return 0;
}

static int take_state (place_t *place, roll_entry_t *entry)
{
    const bytes_t word = take_word (place);
    entry->enabled = bytes_equal (word, bytes_of ("enabled", 7));
    if (entry->enabled || bytes_equal (word, bytes_of ("disabled", 8)))
        return 0;
    return complain (place->why, place->line,
                     "the second word is neither enabled nor disabled");
}

static int take_keys (place_t *place, roll_entry_t *entry)
{
    bytes_t word = take_word (place);
    const size_t size = KEY_TEXT_BYTES - 1;
    while (word.size >= size && entry->keys < ROLL_KEYS_MAX) {
        char *key = entry->key[entry->keys];
        memcpy (key, word.data, size);
        if (!key_sound (key))
            break;
        entry->keys++;
        word = bytes_of (word.data + size, word.size - size);
        if (word.size == 0)
            return 0;
        if (word.data[0] != ',')
            break;
        word = bytes_of (word.data + 1, word.size - 1);
    }
    return complain (place->why, place->line,
                     "the third word is neither a public key of %zu characters nor %d "
                     "of them separated by a comma",
                     size, ROLL_KEYS_MAX);
}

static int take_signing (place_t *place, roll_entry_t *entry)
{
    place_t ahead = *place;
    const bytes_t word = take_word (&ahead);
    if (!roll_name_is_key (word))
        return 0;
    char text[SIGNING_TEXT_BYTES] = "";
    entry->demo = begins (word, DEMO_PREFIX);
    const size_t prefix = strlen (entry->demo ? DEMO_PREFIX : SIGNING_PREFIX);
    const size_t size = word.size - prefix;
    if (size < sizeof text - strlen (SIGNING_PREFIX)) {
        strcpy (text, SIGNING_PREFIX);
        memcpy (text + strlen (text), word.data + prefix, size);
    }
    entry->signs = signing_text_parse (bytes_of (text, strlen (text)), entry->signing);
    if (!entry->signs)
        return complain (place->why, place->line,
                         "the fourth word is no signing key (" SIGNING_PREFIX
                         " and base64 of 32 bytes)");
    place->rest = ahead.rest;
    return 0;
}

static int take_name (place_t *place, roll_entry_t *entry)
{
    bytes_t name = place->rest;
    while (name.size > 0 && is_blank (name.data[0]))
        name = bytes_of (name.data + 1, name.size - 1);
    while (name.size > 0 && is_blank (name.data[name.size - 1]))
        name.size--;
    if (name.size > ROLL_NAME_BYTES_MAX)
        return complain (place->why, place->line, "the name is longer than %d bytes",
                         ROLL_NAME_BYTES_MAX);
    uint32_t character;
    char explanation[TEXT_EXPLANATION_BYTES];
    const text_fault_t fault = text_check (name, &character);
    if (fault != TEXT_GOOD)
        return complain (place->why, place->line, "the name has %s",
                         text_explain (fault, character, explanation));
    put_bytes ((uint8_t *) entry->name, name);
    return 0;
}

static bool begins (bytes_t text, const char *prefix)
{
    return text.size >= strlen (prefix) &&
           memcmp (text.data, prefix, strlen (prefix)) == 0;
}

static bytes_t take_word (place_t *place)
{
    const uint8_t *at = place->rest.data, *end = at + place->rest.size;
    while (at < end && is_blank (*at))
        at++;
    const uint8_t *start = at;
    while (at < end && !is_blank (*at))
        at++;
    place->rest = bytes_of (at, (size_t) (end - at));
    return bytes_of (start, (size_t) (at - start));
}

static bool is_blank (uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static int index_entries (roll_t *roll, char *why)
{
    for (size_t i = 0; i < roll->size; i++)
        if (roll->entries[i].agency > roll->agency_max)
            roll->agency_max = roll->entries[i].agency;
    roll->by_agency = calloc ((size_t) roll->agency_max + 1, sizeof (size_t));
    roll->owners = calloc (roll->size * ROLL_KEYS_MAX + 1, sizeof *roll->owners);
    assert (roll->by_agency && roll->owners);
    owner_t *owner = roll->owners;
    for (size_t i = 0; i < roll->size; i++)
        if (index_entry (roll, i, &owner, why) == -1)
            return -1;
    return 0;
}

static int index_entry (roll_t *roll, size_t index, owner_t **owner, char *why)
{
    const roll_entry_t *entry = &roll->entries[index];
    size_t *slot = &roll->by_agency[entry->agency];
    if (*slot)
        return complain (why, entry->line, "agency %u is in line %zu already",
                         entry->agency, roll->entries[*slot - 1].line);
    *slot = index + 1;
    for (size_t i = 0; i < entry->keys; i++) {
        const roll_entry_t *other = roll_owner (roll, entry->key[i]);
        if (other)
            return complain (why, entry->line,
                             "the key is also that of agency %u (line %zu)",
                             other->agency, other->line);
        (*owner)->text = entry->key[i];
        (*owner)->entry = entry;
        HASH_ADD_KEYPTR (hh, roll->by_key, (*owner)->text, KEY_TEXT_BYTES - 1, *owner);
        (*owner)++;
    }
    return 0;
}

static int complain (char *why, size_t line, const char *format, ...)
{
    va_list values;
    const int size = snprintf (why, KEYS_WHY_BYTES, "line %zu: ", line);
    va_start (values, format);
    vsnprintf (why + size, KEYS_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    return -1;
}
