/* caller.c - who gives an order: loteria-ctl. */

#include "caller.h"

#include <assert.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define USER_BYTES 33
#define HOST_BYTES 65

static void user_name (char user[USER_BYTES]);

void caller_name (char name[NOTE_NAME_BYTES_MAX + 1])
{
    char user[USER_BYTES], host[HOST_BYTES] = "";
    user_name (user);
    if (gethostname (host, sizeof host) == -1 || !host[0])
        strcpy (host, "?");
    host[sizeof host - 1] = 0;
    const int size = snprintf (name, NOTE_NAME_BYTES_MAX + 1, "%s@%s", user, host);
    assert (size > 0); // a long one is cut
    for (char *at = name; *at; at++)
        if (*at <= ' ' || *at > '~' || strchr ("[],|", *at))
            *at = '?';
}

static void user_name (char user[USER_BYTES])
{
    const struct passwd *entry = getpwuid (getuid ());
    const char *caller = getuid () == 0 ? getenv ("SUDO_USER") : NULL;
    if (caller && *caller)
        snprintf (user, USER_BYTES, "%s", caller);
    else if (entry)
        snprintf (user, USER_BYTES, "%s", entry->pw_name);
    else
        snprintf (user, USER_BYTES, "%u", (unsigned) getuid ());
}
