/* status_part.h - the parts of a central that an operator asks. (Workers tell the
   broker how they are, and it tells whoever asks.) */

#ifndef LOTERIA_STATUS_PART_H
#define LOTERIA_STATUS_PART_H

typedef enum {
    STATUS_BROKER,
    STATUS_STORAGE,
    STATUS_STATE,
    STATUS_CENTRAL, // loteria-central, where there is one
    STATUS_PARTS
} status_part_t;

/* "broker", "storage", "state", "central"; also the name of its key's file. */
const char *status_part_name (status_part_t part);

#endif
