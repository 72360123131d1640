/* member.c - a broker's members other than workers: storage and state. */

#include "member.h"

void member_start (member_t *member, uint8_t role, uint32_t heartbeat_ms)
{
    *member = (member_t){.join = {.role = role, .heartbeat_ms = heartbeat_ms}};
}

uint8_t member_turn (member_t *member, bool there, int64_t now_ms)
{
    if (there != member->there) {
        member->there = there;
        member->joined = false;
        member->due_ms = now_ms;
    }
    if (now_ms < member->due_ms)
        return 0;
    member->due_ms = now_ms + (there ? member->join.heartbeat_ms : CONNECT_LOOK_MS);
    return !there ? 0 : member->joined ? WIRE_BEAT : WIRE_JOIN;
}

bool member_write (member_t *member, bool there, int64_t now_ms, bundle_t *bundle)
{
    const envelope_t nobody = {0};
    const wire_message_t message = {.command = member_turn (member, there, now_ms),
                                    .join = member->join};
    if (message.command != 0)
        bundle_write (bundle, &nobody, &message);
    return message.command != 0;
}

uint64_t member_take (member_t *member, bytes_t bundle)
{
    uint64_t strays = 0;
    envelope_t envelope;
    wire_message_t message;
    bytes_t encoded;
    int more;
    while ((more = bundle_next (&bundle, &envelope, &encoded)) == 1) {
        const wire_code_t code = wire_decode (encoded, &message);
        if (code == REFUSED_OK && message.command == WIRE_JOINED) {
            member->boot = message.boot;
            member->joined = true;
            member->due_ms = 0; // the broker waits for it
        } else if (code == REFUSED_OK && message.command == WIRE_REJOIN) {
            member->joined = false;
            member->due_ms = 0;
            member->rejoins++;
        } else
            strays++;
    }
    return strays + (more == -1);
}

int64_t member_deadline (const member_t *member)
{
    return member->due_ms;
}
