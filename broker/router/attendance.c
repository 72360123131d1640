/* attendance.c - the broker's list of who is there. */

#include "attendance.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients.h"

struct attendance {
    attendee_t *agencies; // by number
    size_t count;
};

static attendee_t *reserve (attendance_t *attendance, uint32_t agency);
static void write_down (attendee_t *attendee, const client_t *client, const char *key,
                        const char *address);

attendance_t *attendance_new (void)
{
    attendance_t *attendance = calloc (1, sizeof *attendance);
    assert (attendance);
    return attendance;
}

void attendance_destroy (attendance_t **attendance)
{
    if (*attendance) {
        free ((*attendance)->agencies);
        free (*attendance);
    }
    *attendance = NULL;
}

void attendance_heard (attendance_t *attendance, client_t *client, uint32_t agency,
                       const char *key, const char *address, int64_t now_ms)
{
    if (agency == 0 || agency > AGENCIES_MAX)
        return; // there is none of that number
    attendee_t *attendee = reserve (attendance, agency);
    if (client->speaks_for != agency) {
        attendance_left (attendance, client);
        client->speaks_for = agency;
        attendee->connections++;
        attendee->client = 0;
    }
    if (attendee->client != client->number)
        write_down (attendee, client, key, address);
    attendee->heard_ms = now_ms;
}

void attendance_left (attendance_t *attendance, client_t *client)
{
    if (client->speaks_for != 0)
        attendance->agencies[client->speaks_for].connections--;
    client->speaks_for = 0;
}

const attendee_t *attendance_of (const attendance_t *attendance, uint32_t agency)
{
    return agency < attendance->count && attendance->agencies[agency].client != 0
               ? &attendance->agencies[agency]
               : NULL;
}

const attendee_t *attendance_from (const attendance_t *attendance, uint32_t *agency)
{
    for (; *agency < attendance->count; ++*agency)
        if (attendance->agencies[*agency].connections > 0)
            return &attendance->agencies[*agency];
    return NULL;
}

static attendee_t *reserve (attendance_t *attendance, uint32_t agency)
{
    if (agency >= attendance->count) {
        const size_t count = 2 * (size_t) agency;
        attendee_t *agencies =
            realloc (attendance->agencies, (count + 1) * sizeof *agencies);
        assert (agencies);
        memset (agencies + attendance->count, 0,
                (count + 1 - attendance->count) * sizeof *agencies);
        attendance->agencies = agencies;
        attendance->count = count + 1;
    }
    return &attendance->agencies[agency];
}

/* Where it was heard from last: it may have several connections. */
static void write_down (attendee_t *attendee, const client_t *client, const char *key,
                        const char *address)
{
    attendee->client = client->number;
    snprintf (attendee->key, sizeof attendee->key, "%.*s", ATTENDANCE_KEY_SHOWN,
              key ? key : "");
    snprintf (attendee->address, sizeof attendee->address, "%s",
              address ? address : "");
}
