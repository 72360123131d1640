/* status_part.c - the parts of a central: loteria-ctl, loteria-web. */

#include "status_part.h"

#include <stddef.h>

const char *status_part_name (status_part_t part)
{
    static const char *const names[STATUS_PARTS] = {
        [STATUS_BROKER] = "broker",
        [STATUS_STORAGE] = "storage",
        [STATUS_STATE] = "state",
        [STATUS_CENTRAL] = "central",
    };
    return (unsigned) part < STATUS_PARTS ? names[part] : "?";
}
