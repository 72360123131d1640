/* http.h - the server itself: libmicrohttpd without a thread of its own, in the loop of
   its owner. Whom it serves is bounded in number, in what he may send and in time. */

#ifndef LOTERIA_HTTP_H
#define LOTERIA_HTTP_H

#include <czmq.h>

#include "content.h"
#include "route.h"
#include "token.h"

#define HTTP_CONNECTIONS_MAX 128
#define HTTP_STREAMS_MAX     32    // of them
#define HTTP_REQUEST_BYTES   8192  // of a request: its line and headers
#define HTTP_REQUEST_MS      5000  // for a request to come in
#define HTTP_ANSWER_MS       30000 // for its answer to be taken
#define HTTP_STREAM_MS       30000 // for one event of a stream to be taken

typedef struct http http_t;

typedef struct {
    unsigned status;    // 200, ...
    const char *type;   // of the content
    content_t *content; // the answer's to give away
} http_answer_t;

typedef struct {
    int listener;         // taken over
    const token_t *token; // NULL: everybody may read; borrowed
    /* What is at a route; `path` is the whole, `draw` what the query says or NULL.
       Streams are not asked for. */
    http_answer_t (*answer) (void *context, route_t route, const char *path,
                             const char *draw);
    /* What a new reader of the stream is told first. */
    content_t *(*greeting) (void *context);
    void *context;
} http_options_t;

/* NULL with errno: no memory or descriptors. */
http_t *http_new (const http_options_t *options);
void http_destroy (http_t **http);

/* Take what came, send what goes, cut who is too slow. Waits for nothing. */
void http_turn (http_t *http, int64_t now_ms);

/* Tell this to everybody who reads the stream; who has not read the last yet is greeted
   anew in place of it. The content is given away. */
void http_publish (http_t *http, content_t *event, int64_t now_ms);

zmq_pollitem_t http_item (const http_t *http);
int64_t http_deadline (const http_t *http, int64_t now_ms);

size_t http_streams (const http_t *http);

#endif
