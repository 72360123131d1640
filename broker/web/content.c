/* content.c - text that several clients are sent: loteria-web. One thread only. */

#include "content.h"

#include <assert.h>
#include <stdlib.h>

struct content {
    size_t holders;
    size_t size;
    char *text;
};

content_t *content_new (char *text, size_t size)
{
    content_t *content = malloc (sizeof *content);
    assert (content && text);
    *content = (content_t){.holders = 1, .size = size, .text = text};
    return content;
}

content_t *content_hold (content_t *content)
{
    content->holders++;
    return content;
}

void content_release (content_t **content)
{
    content_t *self = *content;
    *content = NULL;
    if (self && --self->holders == 0) {
        free (self->text);
        free (self);
    }
}

bytes_t content_bytes (const content_t *content)
{
    return bytes_of (content->text, content->size);
}
