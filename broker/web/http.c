/* http.c - the server: loteria-web. Each connection is for one request, so that each
   has one deadline; only a stream goes on for as long as its reader keeps up. */

#include "http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "logger.h"

#define JSON            "application/json"
#define REALM           "Basic realm=\"Loteria\", charset=\"UTF-8\""
#define LOOK_MS         1000
#define BLOCK_BYTES     16384 // of a stream, sent at once
#define CONNECTION_SECS (HTTP_ANSWER_MS / 1000)

typedef struct MHD_Connection connection_t;

typedef struct guest {
    struct guest *before, *next;
    http_t *http;
    connection_t *connection; // of a stream
    int descriptor;
    int64_t until_ms; // it is cut then, unless what it is at has ended
    bool asked;       // its headers are there
    bool cut;
    bool streams, suspended;
    content_t *event; // being sent, so far:
    size_t sent;
    uint64_t seen; // the last event that it was given
} guest_t;

struct http {
    http_options_t options;
    struct MHD_Daemon *daemon;
    int descriptor; // to poll
    int64_t now_ms;
    guest_t *guests; // a ring's head, or NULL
    size_t streams;
    content_t *event; // the latest, and its number
    uint64_t events;
    bool again;        // there is more to do
    int64_t looked_ms; // for readers that are gone
    logger_limit_t limit;
};

static enum MHD_Result receive (void *self, connection_t *connection, const char *url,
                                const char *method, const char *version,
                                const char *data, size_t *size, void **request);
static void notice (void *self, connection_t *connection, void **context,
                    enum MHD_ConnectionNotificationCode code);
static void welcome (http_t *http, connection_t *connection, void **context);
static void forget (guest_t *guest);
static guest_t *guest_of (connection_t *connection);
static enum MHD_Result serve (http_t *http, connection_t *connection, guest_t *guest,
                              const char *url);
static const char *header (connection_t *connection, const char *name);
static bool has_body (connection_t *connection);
static bool is_known (http_t *http, connection_t *connection);
static void log_stranger (http_t *http, connection_t *connection);
static enum MHD_Result refuse (connection_t *connection, unsigned status,
                               const char *why);
static enum MHD_Result give (connection_t *connection, http_answer_t *answer);
static enum MHD_Result queue (connection_t *connection, unsigned status,
                              struct MHD_Response *response, const char *type);
static void free_content (void *content);
static enum MHD_Result begin_stream (http_t *http, connection_t *connection,
                                     guest_t *guest);
static ssize_t read_stream (void *context, uint64_t position, char *buffer,
                            size_t capacity);
static bool next_event (guest_t *guest);
static void wake (guest_t *guest);
static void cut_the_slow (http_t *http);
static void cut_the_gone (http_t *http);
static void cut (guest_t *guest);

http_t *http_new (const http_options_t *options)
{
    http_t *http = calloc (1, sizeof *http);
    assert (http);
    http->options = *options;
    http->now_ms = clock_ms ();
    http->daemon = MHD_start_daemon (
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, receive, http,
        MHD_OPTION_LISTEN_SOCKET, options->listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned) HTTP_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t) (2 * HTTP_REQUEST_BYTES), MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned) CONNECTION_SECS, MHD_OPTION_NOTIFY_CONNECTION, notice, http,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (!http->daemon) {
        close (options->listener);
        free (http);
        return NULL;
    }
    http->descriptor =
        MHD_get_daemon_info (http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return http;
}

void http_destroy (http_t **http)
{
    http_t *self = *http;
    *http = NULL;
    if (!self)
        return;
    for (guest_t *guest = self->guests; guest; guest = guest->next)
        cut (guest); // the library cannot stop while one is suspended
    MHD_run (self->daemon);
    MHD_stop_daemon (self->daemon);
    content_release (&self->event);
    free (self);
}

void http_turn (http_t *http, int64_t now_ms)
{
    http->now_ms = now_ms;
    http->again = false;
    MHD_run (http->daemon);
    cut_the_slow (http);
    if (now_ms >= http->looked_ms + LOOK_MS)
        cut_the_gone (http);
}

void http_publish (http_t *http, content_t *event, int64_t now_ms)
{
    http->now_ms = now_ms;
    content_release (&http->event);
    http->event = event;
    http->events++;
    for (guest_t *guest = http->guests; guest; guest = guest->next)
        wake (guest);
}

zmq_pollitem_t http_item (const http_t *http)
{
    return (zmq_pollitem_t){.fd = http->descriptor, .events = ZMQ_POLLIN};
}

int64_t http_deadline (const http_t *http, int64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    int64_t deadline = http->again ? now_ms : INT64_MAX;
    if (MHD_get_timeout (http->daemon, &wait_ms) == MHD_YES &&
        now_ms + (int64_t) wait_ms < deadline)
        deadline = now_ms + (int64_t) wait_ms;
    for (const guest_t *guest = http->guests; guest; guest = guest->next)
        if (!guest->cut && guest->until_ms < deadline)
            deadline = guest->until_ms;
    return deadline;
}

size_t http_streams (const http_t *http)
{
    return http->streams;
}

/* ---- Guests come and go ---------------------------------------------------------- */

static void notice (void *self, connection_t *connection, void **context,
                    enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        welcome (self, connection, context);
    else if (*context) {
        forget (*context);
        *context = NULL;
    }
}

static void welcome (http_t *http, connection_t *connection, void **context)
{
    guest_t *guest = calloc (1, sizeof *guest);
    assert (guest);
    guest->http = http;
    guest->connection = connection;
    guest->descriptor =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    guest->until_ms = http->now_ms + HTTP_REQUEST_MS;
    guest->next = http->guests;
    if (guest->next)
        guest->next->before = guest;
    http->guests = guest;
    *context = guest;
}

static void forget (guest_t *guest)
{
    http_t *http = guest->http;
    http->streams -= guest->streams;
    content_release (&guest->event);
    if (guest->before)
        guest->before->next = guest->next;
    else
        http->guests = guest->next;
    if (guest->next)
        guest->next->before = guest->before;
    free (guest);
}

static guest_t *guest_of (connection_t *connection)
{
    return MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

static void cut_the_slow (http_t *http)
{
    for (guest_t *guest = http->guests; guest; guest = guest->next)
        if (!guest->cut && guest->until_ms <= http->now_ms)
            cut (guest);
}

/* Who is suspended is not looked at by the library. */
static void cut_the_gone (http_t *http)
{
    http->looked_ms = http->now_ms;
    for (guest_t *guest = http->guests; guest; guest = guest->next) {
        struct pollfd look = {.fd = guest->descriptor, .events = POLLRDHUP};
        if (guest->suspended && !guest->cut && poll (&look, 1, 0) > 0)
            cut (guest);
    }
}

/* The library notices, and takes it away. */
static void cut (guest_t *guest)
{
    guest->cut = true;
    shutdown (guest->descriptor, SHUT_RDWR);
    wake (guest);
}

/* ---- Requests -------------------------------------------------------------------- */

static enum MHD_Result receive (void *self, connection_t *connection, const char *url,
                                const char *method, const char *version,
                                const char *data, size_t *size, void **request)
{
    http_t *http = self;
    guest_t *guest = guest_of (connection);
    (void) version, (void) data;
    if (!guest || *size > 0)
        return MHD_NO;
    if (!*request) { // the headers are there
        *request = guest;
        guest->asked = true;
        guest->until_ms = http->now_ms + HTTP_ANSWER_MS;
        if (has_body (connection))
            return refuse (connection, MHD_HTTP_CONTENT_TOO_LARGE,
                           "a request has no body here");
        if (strcmp (method, MHD_HTTP_METHOD_GET) != 0 &&
            strcmp (method, MHD_HTTP_METHOD_HEAD) != 0)
            return refuse (connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                           "only GET and HEAD: nothing can be changed here");
        return MHD_YES;
    }
    return serve (http, connection, guest, url);
}

static enum MHD_Result serve (http_t *http, connection_t *connection, guest_t *guest,
                              const char *url)
{
    const route_t route = route_of (url);
    if (!http->options.token && !host_is_ours (header (connection, "Host")))
        return refuse (connection, MHD_HTTP_MISDIRECTED_REQUEST,
                       "Host is not an address of this machine; ask by address, or "
                       "start loteria-web with --token-file");
    if (route != ROUTE_HEALTHZ && !is_known (http, connection))
        return refuse (
            connection, MHD_HTTP_UNAUTHORIZED,
            "the token is missing or wrong; send it as a Bearer token, or as "
            "the password");
    if (route == ROUTE_STREAM)
        return begin_stream (http, connection, guest);
    http_answer_t answer = http->options.answer (
        http->options.context, route, url,
        MHD_lookup_connection_value (connection, MHD_GET_ARGUMENT_KIND, "draw"));
    return give (connection, &answer);
}

static const char *header (connection_t *connection, const char *name)
{
    return MHD_lookup_connection_value (connection, MHD_HEADER_KIND, name);
}

static bool has_body (connection_t *connection)
{
    const char *length = header (connection, "Content-Length");
    return header (connection, "Transfer-Encoding") ||
           (length && strcmp (length, "0") != 0);
}

static bool is_known (http_t *http, connection_t *connection)
{
    const char *said = header (connection, "Authorization");
    if (!http->options.token || token_comes_with (http->options.token, said))
        return true;
    if (said) // a browser's first request has none
        log_stranger (http, connection);
    return false;
}

static void log_stranger (http_t *http, connection_t *connection)
{
    const struct sockaddr *address =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    char host[64] = "unknown";
    const socklen_t size = address->sa_family == AF_INET6 ? sizeof (struct sockaddr_in6)
                                                          : sizeof (struct sockaddr_in);
    getnameinfo (address, size, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    logger_event_limited (&http->limit, http->now_ms, LOG_WARNING, "web", LOG_FAIL,
                          "address: %s | reason: a wrong token", host);
}

static enum MHD_Result refuse (connection_t *connection, unsigned status,
                               const char *why)
{
    char *text = NULL;
    const int size = asprintf (&text, "{\"error\":\"%s\"}\n", why);
    assert (size != -1);
    http_answer_t answer = {status, JSON, content_new (text, (size_t) size)};
    return give (connection, &answer);
}

static enum MHD_Result give (connection_t *connection, http_answer_t *answer)
{
    const bytes_t bytes = content_bytes (answer->content);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls (
            bytes.size, (void *) bytes.data, free_content, answer->content);
    if (!response) {
        content_release (&answer->content);
        return MHD_NO;
    }
    return queue (connection, answer->status, response, answer->type);
}

static enum MHD_Result queue (connection_t *connection, unsigned status,
                              struct MHD_Response *response, const char *type)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; "
         "frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
        {"Connection", "close"}};
    MHD_add_response_header (response, "Content-Type", type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header (response, headers[i][0], headers[i][1]);
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header (response, "WWW-Authenticate", REALM);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header (response, "Allow", "GET, HEAD");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header (response, "Retry-After", "5");
    const enum MHD_Result rc = MHD_queue_response (connection, status, response);
    MHD_destroy_response (response);
    return rc;
}

static void free_content (void *content)
{
    content_t *self = content;
    content_release (&self);
}

/* ---- The stream ------------------------------------------------------------------ */

static enum MHD_Result begin_stream (http_t *http, connection_t *connection,
                                     guest_t *guest)
{
    if (http->streams == HTTP_STREAMS_MAX)
        return refuse (connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                       "too many readers of the stream; close another page");
    struct MHD_Response *response = MHD_create_response_from_callback (
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, guest, NULL);
    if (!response)
        return MHD_NO;
    guest->streams = true;
    http->streams++;
    guest->event = http->options.greeting (http->options.context);
    guest->seen = http->events;
    guest->until_ms = http->now_ms + HTTP_STREAM_MS;
    return queue (connection, MHD_HTTP_OK, response, "text/event-stream");
}

static ssize_t read_stream (void *context, uint64_t position, char *buffer,
                            size_t capacity)
{
    guest_t *guest = context;
    (void) position;
    if (guest->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!guest->event && !next_event (guest)) {
        guest->suspended = true;
        MHD_suspend_connection (guest->connection);
        return 0;
    }
    const bytes_t event = content_bytes (guest->event);
    const size_t rest = event.size - guest->sent;
    const size_t size = rest < capacity ? rest : capacity;
    memcpy (buffer, event.data + guest->sent, size);
    guest->sent += size;
    if (guest->sent == event.size) {
        content_release (&guest->event);
        guest->sent = 0;
    }
    return (ssize_t) size;
}

/* The one behind the last that it was given; who missed one is told all anew. */
static bool next_event (guest_t *guest)
{
    http_t *http = guest->http;
    guest->until_ms = INT64_MAX; // it has kept up
    if (guest->seen == http->events)
        return false;
    guest->event = guest->seen + 1 == http->events
                       ? content_hold (http->event)
                       : http->options.greeting (http->options.context);
    guest->seen = http->events;
    guest->until_ms = http->now_ms + HTTP_STREAM_MS;
    return true;
}

static void wake (guest_t *guest)
{
    if (!guest->suspended)
        return;
    guest->suspended = false;
    guest->http->again = true;
    MHD_resume_connection (guest->connection);
}
