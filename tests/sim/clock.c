/* clock.c - time and random numbers of a simulated day, linked in place of the
   product's clock.c and the C library's functions: all of it is the seed's. */

#include "clock.h"

#include <poll.h>

#include "database.h"
#include "world.h"

#include <limits.h>
#include <sys/random.h>
#include <time.h>

int64_t clock_ms (void)
{
    return world_node ()->world->now_ms;
}

int64_t clock_us (void)
{
    return clock_ms () * 1000;
}

uint64_t clock_wall_ms (void)
{
    return world_wall_ms (world_node ()->world, world_node ()->machine);
}

int clock_timeout (int64_t now_ms, int64_t deadline_ms)
{
    const int64_t left_ms = deadline_ms - now_ms;
    return left_ms < 0 ? 0 : left_ms < INT_MAX ? (int) left_ms : INT_MAX;
}

time_t time (time_t *seconds)
{
    const time_t now = (time_t) (clock_wall_ms () / 1000);
    if (seconds)
        *seconds = now;
    return now;
}

ssize_t getrandom (void *buffer, size_t size, unsigned flags)
{
    (void) flags;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *) buffer)[i] =
            (uint8_t) dice_roll (&world_node ()->world->random_numbers);
    return (ssize_t) size;
}

/* Who waits in the midst of his turn: so much time passes for everybody. What he waits
   for is looked at each millisecond. */
int poll (struct pollfd *items, nfds_t count, int timeout_ms)
{
    world_t *world = world_node ()->world;
    world->now_ms += count > 0 && timeout_ms > 0 ? 1 : timeout_ms;
    if (world->database) {
        database_pause (world->database, world_node ()->machine);
        database_advance (world->database);
    }
    for (nfds_t i = 0; i < count; i++)
        items[i].revents = POLLIN;
    return (int) count;
}
