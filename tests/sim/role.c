/* role.c - role.h's file, and the order beside it, in a simulated day: each machine has
   them, linked in place of the product's. */

#include "role.h"

#include <errno.h>
#include <unistd.h>

#include "world.h"

static machine_t *here (void)
{
    const node_t *node = world_node ();
    return &node->world->machine[node->machine];
}

int role_save (const role_t *role, const char *path)
{
    (void) path;
    if (!node_point (world_node ())) {
        errno = EIO;
        return -1;
    }
    here ()->role = *role;
    here ()->told = true;
    return 0;
}

int role_load (role_t *role, const char *path)
{
    (void) path;
    *role = here ()->role;
    errno = ENOENT;
    return here ()->told ? 0 : -1;
}

/* Of the order only: no other file of a simulated day is unlinked by its path. */
int unlink (const char *path)
{
    (void) path;
    const bool ordered = here ()->ordered;
    here ()->ordered = false;
    errno = ENOENT;
    return ordered ? 0 : -1;
}
