/* mail.h - what the tests of the inner processes share: letters given in by hand, and
   the answers kept to be looked at. Routing ids are texts. */

#ifndef LOTERIA_MAIL_H
#define LOTERIA_MAIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "letter.h"

#define ID_BYTES (ADDRESS_BYTES_MAX + 1)

typedef struct {
    char peer[ID_BYTES], client[ID_BYTES], via[ID_BYTES];
    uint64_t ticket;
    wire_message_t message; // borrows from `bytes`
    uint8_t *bytes;
} mail_letter_t;

typedef struct { // letters in the order they came
    mail_letter_t *letters;
    size_t count, capacity;
} mail_t;

static inline bytes_t text_bytes (const char *text)
{
    return bytes_of (text, strlen (text));
}

static inline void mail_clear (mail_t *mail)
{
    for (size_t i = 0; i < mail->count; i++)
        free (mail->letters[i].bytes);
    free (mail->letters);
    *mail = (mail_t){0};
}

static inline void mail_copy_id (char *id, bytes_t from)
{
    assert_true (from.size < ID_BYTES);
    if (from.size > 0)
        memcpy (id, from.data, from.size);
    id[from.size] = 0;
}

static inline void mail_add (mail_t *mail, bytes_t peer, const letter_t *letter)
{
    if (mail->count == mail->capacity) {
        mail->capacity = 2 * mail->capacity + 16;
        mail->letters =
            realloc (mail->letters, mail->capacity * sizeof (mail_letter_t));
        assert_non_null (mail->letters);
    }
    mail_letter_t *kept = &mail->letters[mail->count++];
    *kept = (mail_letter_t){.ticket = letter->ticket};
    mail_copy_id (kept->peer, peer);
    mail_copy_id (kept->client, letter->client);
    mail_copy_id (kept->via, letter->via);
    kept->bytes = malloc (letter->message.size); // ASan sees who reads past its end
    assert_non_null (kept->bytes);
    put_bytes (kept->bytes, letter->message);
    assert_int_equal (
        wire_decode (bytes_of (kept->bytes, letter->message.size), &kept->message),
        REFUSED_OK);
}

/* Every letter of a bundle, which has to be sound. */
static inline void mail_open (mail_t *mail, bytes_t peer, bytes_t bundle)
{
    letter_t letter;
    int more;
    while ((more = bundle_next (&bundle, &letter)) == 1)
        mail_add (mail, peer, &letter);
    assert_int_equal (more, 0);
}

static inline bytes_t bundle_bytes (const bundle_t *bundle)
{
    return bytes_of (bundle->data, bundle->size);
}

/* Add a letter from `client` to a bundle that is being made. */
static inline void bundle_put (bundle_t *bundle, const char *client, uint64_t ticket,
                               const wire_message_t *message)
{
    const letter_t letter = {.ticket = ticket, .client = text_bytes (client)};
    bundle_write (bundle, &letter, message);
}

/* The only letter there is; then there is none. */
#define assert_only(mail, expected)                                                    \
    do {                                                                               \
        assert_int_equal ((mail)->count, 1);                                           \
        assert_string_equal (wire_command_name ((mail)->letters[0].message.command),   \
                             wire_command_name (expected));                            \
    } while (0)

#define assert_refused(letter, expected)                                               \
    do {                                                                               \
        assert_string_equal (wire_command_name ((letter)->message.command),            \
                             "REFUSED");                                               \
        assert_string_equal (wire_code_name ((letter)->message.refused.code),          \
                             wire_code_name (expected));                               \
    } while (0)

#endif
