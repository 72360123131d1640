/* attendance.h - which agencies are connected, where from and when each was heard last:
   for who asks the broker (STATUS). Known by their keys; without keys, they are what
   they say that they are.

   Pure. What an agency costs here is a few words of memory, and a message of it a few
   stores. */

#ifndef LOTERIA_ATTENDANCE_H
#define LOTERIA_ATTENDANCE_H

#include <netinet/in.h>

#include "request.h"

#define ATTENDANCE_KEY_SHOWN     8
#define ATTENDANCE_ADDRESS_BYTES INET6_ADDRSTRLEN

typedef struct {
    uint32_t connections; // 0: it is not there
    int64_t heard_ms;
    uint64_t client;                        // the number of the one that was heard last
    char key[ATTENDANCE_KEY_SHOWN + 1];     // how it begins; "" without keys
    char address[ATTENDANCE_ADDRESS_BYTES]; // "": it has none
} attendee_t;

typedef struct attendance attendance_t;

attendance_t *attendance_new (void);
void attendance_destroy (attendance_t **attendance);

/* The client spoke for this agency. `key` and `address` may be NULL. */
void attendance_heard (attendance_t *attendance, client_t *client, uint32_t agency,
                       const char *key, const char *address, int64_t now_ms);

/* The client is gone. */
void attendance_left (attendance_t *attendance, client_t *client);

/* The agency, there or not; NULL: it never was. */
const attendee_t *attendance_of (const attendance_t *attendance, uint32_t agency);

/* The connected agency with the lowest number from `*agency` on, which is set to it;
   NULL: there is none. */
const attendee_t *attendance_from (const attendance_t *attendance, uint32_t *agency);

#endif
