/* site.h - what the server serves: each route's answer and the events of the stream,
   made of what is in sight. */

#ifndef LOTERIA_SITE_H
#define LOTERIA_SITE_H

#include "http.h"
#include "sight.h"

typedef struct site site_t;

site_t *site_new (void);
void site_destroy (site_t **site);

/* There is something new in sight: returns the event that tells of it. `streams` is how
   many readers of events there are. */
content_t *site_news (site_t *site, const sight_t *sight, size_t streams,
                      int64_t now_ms);

/* Go on with what is counted for the page. */
void site_turn (site_t *site, const sight_t *sight, int64_t now_ms);

/* As http_options_t wants them. */
http_answer_t site_answer (site_t *site, const sight_t *sight, route_t route,
                           const char *path, const char *draw, int64_t now_ms);
content_t *site_greeting (site_t *site, const sight_t *sight, int64_t now_ms);

#endif
