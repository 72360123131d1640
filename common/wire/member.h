/* member.h - how storage and state stay members of a broker: what to say to it, and
   when. Pure: time comes in as an argument.

   A member says JOIN when the broker is there anew, or asks for it (REJOIN), and again
   at its interval until it hears JOINED; from then on BEAT, at once and at its
   interval. JOINED tells the boot number that the broker's envelopes have. */

#ifndef LOTERIA_MEMBER_H
#define LOTERIA_MEMBER_H

#include "bundle.h"

typedef struct {
    wire_join_t join;
    uint32_t boot; // 0: not joined yet
    bool there;    // the broker can be reached
    bool joined;
    int64_t due_ms;   // when to turn again
    uint64_t rejoins; // how often it was asked to join again
} member_t;

void member_start (member_t *member, uint8_t role, uint32_t heartbeat_ms);

/* What is to be said now, 0: nothing. `there`: whether the broker can be reached. */
uint8_t member_turn (member_t *member, bool there, int64_t now_ms);

/* The same as a bundle; false: nothing is to be said. */
bool member_write (member_t *member, bool there, int64_t now_ms, bundle_t *bundle);

/* A bundle from the broker; returns how many of its messages were none for a member. */
uint64_t member_take (member_t *member, bytes_t bundle);

/* When to turn at the latest. */
int64_t member_deadline (const member_t *member);

#endif
