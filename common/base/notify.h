/* notify.h - what systemd wants to know of a service (Type=notify): that it is ready,
   how it is, and that it does not hang.

   The protocol is one datagram of text to the socket in NOTIFY_SOCKET (sd_notify (3)),
   so it takes no library. Without that variable nothing is said. */

#ifndef LOTERIA_NOTIFY_H
#define LOTERIA_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* From process_start (): take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the
   environment, since they are not for our children. */
void notify_take_environment (void);

/* Whether anybody wants to be told. */
bool notify_wanted (void);

/* Say it: lines as "READY=1\nSTATUS=ready". Never waits. False: it could not be sent,
   and may be said again. */
bool notify_say (const char *lines);

/* Say STATUS=`text`, if that is not what was said last. */
void notify_status (const char *text);

/* For a loop, each turn: say that it does not hang, at half the time after which
   systemd would think so. Returns when to be called again; INT64_MAX: never. */
int64_t notify_alive (int64_t now_ms);

/* The same for a loop that polls: clock_timeout () up to its deadline, or up to when it
   is to say that it does not hang. */
int notify_timeout (int64_t now_ms, int64_t deadline_ms);

#endif
