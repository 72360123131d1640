/* absent.h - workers that fell silent: what was known of each, for who asks the broker
   (STATUS), so that one that hangs can be told from one that never was.

   Pure. At most ABSENT_MAX are kept, the latest, each for ABSENT_MS. */

#ifndef LOTERIA_ABSENT_H
#define LOTERIA_ABSENT_H

#include "pool.h"

#define ABSENT_MAX 32
#define ABSENT_MS  (5 * 60 * 1000) // since it was heard last

typedef struct {
    worker_t list[ABSENT_MAX]; // as they were; in no pool, and holding nothing
    size_t count;
} absent_t;

/* The worker is about to be given up. Of one name only the latest is kept, and nothing
   of one whose name another has. */
void absent_keep (absent_t *absent, const worker_t *worker);

/* One of that name is there (again): it is absent no more. Returns how much it had
   answered; 0: there was none of that name. */
uint64_t absent_return (absent_t *absent, const char *name);

/* Forget those that were not heard for too long. */
void absent_expire (absent_t *absent, int64_t now_ms);

/* The one with the lowest number from `number` on; NULL: there is none. */
const worker_t *absent_from (const absent_t *absent, uint32_t number);

#endif
