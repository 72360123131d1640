/* pace.c - shares of time. Storage; pure. */

#include "pace.h"

#define OTHERS 4 // times as long as the work that can wait takes

bool pace_allows (pace_t *pace, int64_t served_us)
{
    if (served_us == 0)
        return true;
    const int64_t share_us = served_us / OTHERS;
    pace->owed_us = pace->owed_us > share_us ? pace->owed_us - share_us : 0;
    return pace->owed_us == 0;
}

void pace_took (pace_t *pace, bool waiting, int64_t took_us)
{
    if (waiting)
        pace->owed_us += took_us;
}
