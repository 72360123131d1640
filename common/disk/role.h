/* role.h - whether the storage of a central is the active one of several, or a standby:
   a small file, which storage writes for the broker, central and loteria-ctl.

     role: standby
     active: tcp://10.0.0.1:12345
     epoch: 7
     behind: 0
     age_ms: 120
     synchronous: yes
     standbys: 2
     names: node2,node3
     engine: postgres
     host: 10.0.0.5

   A line that is not known is passed over. An order to take over is a file, too,
   `takeover` beside it. */

#ifndef LOTERIA_ROLE_H
#define LOTERIA_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROLE_TEXT_BYTES 256  // each text, with its zero
#define ROLE_FILE_BYTES 2048 // the whole file at most

typedef struct {
    bool active;                  // it serves; else it is a standby
    char holder[ROLE_TEXT_BYTES]; // where the active is; "": nobody knows
    uint64_t epoch;
    uint64_t behind; // entries that are there and were not taken here yet
    uint64_t age_ms; // of the lease
    bool synchronous;
    int standbys;                // of the engine; -1: not told
    char names[ROLE_TEXT_BYTES]; // theirs, with commas
    char engine[ROLE_TEXT_BYTES], host[ROLE_TEXT_BYTES];
} role_t;

/* As text, of less than ROLE_FILE_BYTES; and back: false, when that is none. */
size_t role_write (const role_t *role, char text[ROLE_FILE_BYTES]);
bool role_read (role_t *role, const char *text, size_t size);

/* Put it in place of the file `path`, as a whole: 0, or -1 with errno. Not synced: it
   is of no use after a crash. */
int role_save (const role_t *role, const char *path);
/* 0, or -1: there is none, or it cannot be read (errno), or is none (0). */
int role_load (role_t *role, const char *path);

#endif
