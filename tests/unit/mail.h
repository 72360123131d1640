/* mail.h - what the tests of the inner processes share: messages given in by hand, and
   those that were sent, kept to be looked at. Routing ids are texts, and so are
   clients: the number of one is its text, of eight characters at most. */

#ifndef LOTERIA_MAIL_H
#define LOTERIA_MAIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bundle.h"

#define ID_BYTES (ADDRESS_BYTES_MAX + 1)

typedef struct {
    char peer[ID_BYTES], client[9];
    uint64_t ticket; // boot number and ticket
    envelope_t envelope;
    wire_message_t message; // borrows from `bytes`
    uint8_t *bytes;
} mailed_t;

typedef struct { // in the order they came
    mailed_t *items;
    size_t count, capacity;
} mail_t;

static inline bytes_t text_bytes (const char *text)
{
    return bytes_of (text, strlen (text));
}

static inline void mail_clear (mail_t *mail)
{
    for (size_t i = 0; i < mail->count; i++)
        free (mail->items[i].bytes);
    free (mail->items);
    *mail = (mail_t){0};
}

static inline void mail_copy_id (char *id, bytes_t from)
{
    assert_true (from.size < ID_BYTES);
    if (from.size > 0)
        memcpy (id, from.data, from.size);
    id[from.size] = 0;
}

static inline uint64_t mail_number (const char *client)
{
    uint64_t number = 0;
    assert_true (strlen (client) <= sizeof number);
    while (*client)
        number = number << 8 | (uint8_t) *client++;
    return number;
}

static inline envelope_t mail_envelope (const char *client, uint64_t ticket)
{
    return (envelope_t){(uint32_t) (ticket >> 32), (uint32_t) ticket,
                        mail_number (client)};
}

static inline void mail_add (mail_t *mail, bytes_t peer, const envelope_t *envelope,
                             bytes_t message)
{
    if (mail->count == mail->capacity) {
        mail->capacity = 2 * mail->capacity + 16;
        mail->items = realloc (mail->items, mail->capacity * sizeof (mailed_t));
        assert_non_null (mail->items);
    }
    mailed_t *kept = &mail->items[mail->count++];
    *kept = (mailed_t){.envelope = *envelope,
                       .ticket = (uint64_t) envelope->boot << 32 | envelope->ticket};
    mail_copy_id (kept->peer, peer);
    uint8_t client[sizeof envelope->client], *text = client;
    put_u64 (client, envelope->client);
    while (text < client + sizeof client && *text == 0)
        text++;
    memcpy (kept->client, text, (size_t) (client + sizeof client - text));
    kept->bytes = malloc (message.size); // ASan sees who reads past its end
    assert_non_null (kept->bytes);
    put_bytes (kept->bytes, message);
    assert_int_equal (
        wire_decode (bytes_of (kept->bytes, message.size), &kept->message), REFUSED_OK);
}

/* Every message of a bundle, which has to be sound. */
static inline void mail_open (mail_t *mail, bytes_t peer, bytes_t bundle)
{
    envelope_t envelope;
    bytes_t message;
    int more;
    while ((more = bundle_next (&bundle, &envelope, &message)) == 1)
        mail_add (mail, peer, &envelope, message);
    assert_int_equal (more, 0);
}

static inline bytes_t bundle_bytes (const bundle_t *bundle)
{
    return bytes_of (bundle->data, bundle->size);
}

/* Add a message of `client` to a bundle that is being made. */
static inline void bundle_put (bundle_t *bundle, const char *client, uint64_t ticket,
                               const wire_message_t *message)
{
    const envelope_t envelope = mail_envelope (client, ticket);
    bundle_write (bundle, &envelope, message);
}

/* The only message there is. */
#define assert_only(mail, expected)                                                    \
    do {                                                                               \
        assert_int_equal ((mail)->count, 1);                                           \
        assert_string_equal (wire_command_name ((mail)->items[0].message.command),     \
                             wire_command_name (expected));                            \
    } while (0)

#define assert_refused(item, expected)                                                 \
    do {                                                                               \
        assert_string_equal (wire_command_name ((item)->message.command), "REFUSED");  \
        assert_string_equal (wire_code_name ((item)->message.refused.code),            \
                             wire_code_name (expected));                               \
    } while (0)

#endif
