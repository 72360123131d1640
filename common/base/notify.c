/* notify.c - tells systemd how it is: processes that are a service. */

#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define TEXT_BYTES 256
#define AGAIN_MS   100 // when it could not be said

static struct {
    struct sockaddr_un address;
    socklen_t size;    // 0: nobody wants to be told
    int64_t period_ms; // of signs of life; 0: none are wanted
    int64_t next_ms;
    char status[TEXT_BYTES];
} service;

static void take_socket (const char *path);
static void take_watchdog (const char *microseconds, const char *pid);

void notify_take_environment (void)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    const char *microseconds = getenv ("WATCHDOG_USEC");
    memset (&service, 0, sizeof service);
    if (path)
        take_socket (path);
    if (service.size != 0 && microseconds)
        take_watchdog (microseconds, getenv ("WATCHDOG_PID"));
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("WATCHDOG_PID");
}

bool notify_wanted (void)
{
    return service.size != 0;
}

bool notify_say (const char *lines)
{
    if (service.size == 0)
        return true;
    const int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return false;
    const ssize_t sent =
        sendto (fd, lines, strlen (lines), MSG_NOSIGNAL | MSG_DONTWAIT,
                (const struct sockaddr *) &service.address, service.size);
    close (fd);
    return sent != -1;
}

void notify_status (const char *text)
{
    char line[sizeof "STATUS=" + TEXT_BYTES];
    if (service.size == 0 || strncmp (text, service.status, TEXT_BYTES - 1) == 0)
        return;
    snprintf (line, sizeof line, "STATUS=%.*s", TEXT_BYTES - 1, text);
    if (notify_say (line))
        snprintf (service.status, sizeof service.status, "%s", text);
}

int64_t notify_alive (int64_t now_ms)
{
    if (service.period_ms == 0)
        return INT64_MAX;
    if (now_ms >= service.next_ms) {
        const bool said = notify_say ("WATCHDOG=1");
        service.next_ms =
            now_ms +
            (said || service.period_ms < AGAIN_MS ? service.period_ms : AGAIN_MS);
    }
    return service.next_ms;
}

int notify_timeout (int64_t now_ms, int64_t deadline_ms)
{
    const int64_t alive_ms = notify_alive (now_ms);
    return clock_timeout (now_ms, alive_ms < deadline_ms ? alive_ms : deadline_ms);
}

/* A path, or with an '@' in front a name in the abstract namespace. */
static void take_socket (const char *path)
{
    const size_t size = strlen (path);
    if ((*path != '/' && *path != '@') || size >= sizeof service.address.sun_path)
        return;
    service.address.sun_family = AF_UNIX;
    memcpy (service.address.sun_path, path, size + 1);
    if (*path == '@')
        service.address.sun_path[0] = 0;
    service.size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size);
}

/* It may be meant for another process. */
static void take_watchdog (const char *microseconds, const char *pid)
{
    char *end;
    const long long us = strtoll (microseconds, &end, 10);
    if (*end != 0 || us <= 0 || (pid && *pid && atol (pid) != (long) getpid ()))
        return;
    service.period_ms = us / 2000 > 0 ? us / 2000 : 1;
}
