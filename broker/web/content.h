/* content.h - text that several clients are sent, at their own pace: it is freed when
   the last of them has it. */

#ifndef LOTERIA_CONTENT_H
#define LOTERIA_CONTENT_H

#include "bytes.h"

typedef struct content content_t;

/* Takes over `text` (from malloc). The first holder is the caller. */
content_t *content_new (char *text, size_t size);

/* One holder more. Returns the same content. */
content_t *content_hold (content_t *content);

/* One holder less; `*content` is NULL afterwards. NULL is fine. */
void content_release (content_t **content);

/* What it says; borrowed for as long as the content is held. */
bytes_t content_bytes (const content_t *content);

#endif
