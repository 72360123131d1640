/* gate.c - keys for sockets, and who is admitted: every process. */

#include "gate.h"

#include <stdlib.h>

#include "bounds.h"
#include "clock.h"
#include "doorstep.h"
#include "logger.h"
#include "net.h"
#include "process.h"
#include "wire.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES   8 // after the address and the empty frame; RFC 27, "CURVE"
#define ZAP_TEXT_MAX 255
#define DOORS_MAX    8 // that one process listens at
#define KEY_SHOWN    8 // characters of a key in the log: enough to find it by
#define ZAP_ENFORCE_DOMAIN                                                             \
    93 // ZMQ_ZAP_ENFORCE_DOMAIN: in 4.3.4's library, not its header

#define NAME_BYTES (KEY_TEXT_BYTES + 21) // a key, a blank, a visit's number

struct gate {
    gate_options_t options;
    bool keyed;
    keyring_t ring;
    zsock_t *handler; // ROUTER; NULL without keys
    char doors[DOORS_MAX][ADDRESS_TEXT_BYTES];
    size_t door_count;
    uint64_t visits;
    uint64_t strangers;
    logger_limit_t limit;
};

typedef struct { // the frames of a ZAP request
    zmq_msg_t frames[2 + ZAP_FRAMES];
    size_t count;
} request_t;

enum {
    ADDRESS,
    EMPTY,
    VERSION,
    REQUEST_ID,
    DOMAIN,
    FROM,
    ROUTING_ID,
    MECHANISM,
    KEY,
    FRAMES
};

static void log_listening (const address_t *address, bool curve, bool local);
static const char *keep_endpoint (gate_t *gate, const char *endpoint);
static int open_handler (gate_t *gate, problem_t *problem);
static int add_asker (gate_t *gate, char *why);
static int find_places (places_t *places, address_t *address, const char *endpoint,
                        problem_t *problem);
static int guard (gate_t *gate, zsock_t *socket, const char *domain,
                  problem_t *problem);
static int bind_patiently (zsock_t *socket, const places_t *places, address_t *address,
                           const char *endpoint, problem_t *problem);
static int show_keys (const gate_t *gate, zsock_t *socket, const char *peer);
static int make_room (zsock_t *socket);
static int set_option (zsock_t *socket, int option, const void *value, size_t size);
static int set_key (zsock_t *socket, int option, const char *key);
static int no_curve (problem_t *problem);
static bool is_guarded (zsock_t *socket, const char *domain);
static bool take_request (gate_t *gate, request_t *request);
static void answer (gate_t *gate, request_t *request);
static bool sound (request_t *request);
static bool frame_is (zmq_msg_t *frame, const char *text);
static bool admits (gate_t *gate, request_t *request, char *name);
static void text_of (zmq_msg_t *frame, char *text, size_t size);
static bool may_enter (gate_t *gate, gate_visitor_t *visitor);
static void log_refused (gate_t *gate, const gate_visitor_t *visitor);
static void send_text (zsock_t *socket, const char *text, bool more);

gate_t *gate_new (const gate_options_t *options, problem_t *problem)
{
    gate_t *gate = calloc (1, sizeof *gate);
    assert (gate);
    gate->options = *options;
    gate->keyed = options->keys && *options->keys;
    if (process_need_descriptors (DESCRIPTORS_OWN, problem) == -1 ||
        (gate->keyed && open_handler (gate, problem) == -1))
        gate_destroy (&gate);
    return gate;
}

void gate_destroy (gate_t **gate)
{
    if (*gate) {
        zsock_destroy (&(*gate)->handler);
        explicit_bzero (&(*gate)->ring, sizeof (*gate)->ring);
        free (*gate);
    }
    *gate = NULL;
}

const char *gate_listen (gate_t *gate, zsock_t *socket, const char *domain,
                         const char *endpoint, problem_t *problem)
{
    address_t address;
    places_t places;
    if (find_places (&places, &address, endpoint, problem) == -1)
        return NULL;
    const bool curve = gate->keyed && address.scheme == ADDRESS_TCP;
    const bool local = places_local (&places);
    if (!curve && !local && !gate->options.insecure) {
        problem_set (
            problem, PROCESS_CANNOT_START, "listen",
            "endpoint: %s | reason: without --keys only addresses of this machine "
            "(127.0.0.1) are allowed; --insecure lets anyone in",
            endpoint);
        return NULL;
    }
    if ((curve && guard (gate, socket, domain, problem) == -1) ||
        bind_patiently (socket, &places, &address, endpoint, problem) == -1)
        return NULL;
    log_listening (&address, curve, local);
    return keep_endpoint (gate, address.endpoint);
}

int gate_connect (gate_t *gate, zsock_t *socket, const char *peer, const char *endpoint,
                  problem_t *problem)
{
    if (gate->keyed && gate_endpoint_tcp (endpoint) &&
        show_keys (gate, socket, peer) == -1)
        return no_curve (problem);
    if (net_connect (socket, endpoint) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "connect",
                            "endpoint: %s | reason: %s", endpoint, net_problem (errno));
    return 0;
}

zmq_pollitem_t gate_item (const gate_t *gate)
{
    return (zmq_pollitem_t){.socket =
                                gate->handler ? zsock_resolve (gate->handler) : NULL,
                            .fd = -1, // poll (2) passes over that
                            .events = ZMQ_POLLIN};
}

/* Bounded, so that a crowd of newcomers does not keep the process from its work. */
void gate_serve (gate_t *gate)
{
    doorstep_tell (clock_ms ());
    for (int i = 0; gate->handler && i < LOOP_HANDSHAKES_MAX; i++) {
        request_t request = {0};
        const bool taken = take_request (gate, &request);
        if (taken)
            answer (gate, &request);
        for (size_t j = 0; j < request.count; j++)
            zmq_msg_close (&request.frames[j]);
        if (!taken)
            break;
    }
}

bool gate_sender (zmq_msg_t *body, gate_sender_t *sender)
{
    const char *name = zmq_msg_gets (body, "User-Id");
    if (!name || strlen (name) <= KEY_TEXT_BYTES)
        return false;
    memcpy (sender->key, name, KEY_TEXT_BYTES - 1);
    sender->key[KEY_TEXT_BYTES - 1] = 0;
    sender->visit = strtoull (name + KEY_TEXT_BYTES, NULL, 10);
    return true;
}

uint8_t gate_role (const gate_t *gate, zmq_msg_t *body)
{
    static const uint8_t roles[] = {ROLE_WORKER, ROLE_STORAGE, ROLE_STATE,
                                    ROLE_OPERATOR};
    const keyring_t *ring = gate_keys (gate);
    gate_sender_t sender;
    if (!ring || !gate_sender (body, &sender))
        return ROLE_ANY;
    for (size_t i = 0; i < ring->peers; i++)
        for (size_t j = 0; j < sizeof roles; j++)
            if (strcmp (ring->peer_keys[i], sender.key) == 0 &&
                strcmp (ring->peer_names[i], wire_role_name (roles[j])) == 0)
                return roles[j];
    return ROLE_NONE;
}

bool gate_may_inquire (const gate_t *gate, zmq_msg_t *body)
{
    const keyring_t *ring = gate_keys (gate);
    gate_sender_t sender;
    if (!ring || !gate_sender (body, &sender))
        return true;
    return strcmp (sender.key, ring->own.public_key) == 0 ||
           gate_role (gate, body) == ROLE_OPERATOR;
}

uint64_t gate_strangers (const gate_t *gate)
{
    return gate->strangers;
}

const keyring_t *gate_keys (const gate_t *gate)
{
    return gate->keyed ? &gate->ring : NULL;
}

bool gate_endpoint_tcp (const char *endpoint)
{
    return strncmp (endpoint, "tcp://", strlen ("tcp://")) == 0;
}

static void log_listening (const address_t *address, bool curve, bool local)
{
    const char *endpoint = address->endpoint;
    if (curve)
        logger_event (LOG_INFO, "listen", LOG_SUCCESS, "endpoint: %s | curve: yes",
                      endpoint);
    else if (!local)
        logger_event (LOG_WARNING, "listen", LOG_SUCCESS,
                      "endpoint: %s | curve: no | consequence: whoever can reach it "
                      "can pose as anyone",
                      endpoint);
    else if (address->scheme == ADDRESS_TCP)
        logger_event (LOG_INFO, "listen", LOG_SUCCESS,
                      "endpoint: %s | curve: no, this machine only", endpoint);
}

static const char *keep_endpoint (gate_t *gate, const char *endpoint)
{
    assert (gate->door_count < DOORS_MAX);
    char *kept = gate->doors[gate->door_count++];
    snprintf (kept, ADDRESS_TEXT_BYTES, "%s", endpoint);
    return kept;
}

/* Before any socket of this process listens, as this decides who is admitted. */
static int open_handler (gate_t *gate, problem_t *problem)
{
    const gate_options_t *options = &gate->options;
    char why[KEYS_WHY_BYTES];
    if (keyring_load (&gate->ring, options->keys, options->peers, why) == -1 ||
        (options->asker && add_asker (gate, why) == -1))
        return problem_set (problem, PROCESS_CANNOT_START, "keys", "reason: %s", why);
    gate->handler = zsock_new (ZMQ_ROUTER);
    if (!gate->handler || zmq_bind (zsock_resolve (gate->handler), ZAP_ENDPOINT) == -1)
        return problem_set (problem, PROCESS_FAILED, "keys",
                            "reason: no ZAP handler, %s", zmq_strerror (errno));
    return 0;
}

/* A set of keys may be older than askers are. */
static int add_asker (gate_t *gate, char *why)
{
    const gate_options_t *options = &gate->options;
    if (key_public_there (options->keys, options->asker))
        return keyring_add (&gate->ring, options->keys, options->asker, why);
    logger_event (LOG_WARNING, "keys", LOG_FAIL,
                  "folder: %s | consequence: no %s is answered over the network | "
                  "reason: %s.key is missing there, loteria-keys new adds it",
                  options->keys, options->asker, options->asker);
    return 0;
}

static int find_places (places_t *places, address_t *address, const char *endpoint,
                        problem_t *problem)
{
    char why[ADDRESS_WHY_BYTES];
    int status = PROCESS_CANNOT_START;
    if (address_parse (address, endpoint, ADDRESS_LISTEN, why) == 0) {
        status = PROCESS_FAILED; // another time it may resolve
        if (places_find (places, address, why) == 0)
            return 0;
    }
    return problem_set (problem, status, "listen", "endpoint: %s | reason: %s",
                        endpoint, why);
}

/* What was set is read back: missing protection would go unnoticed. */
static int guard (gate_t *gate, zsock_t *socket, const char *domain, problem_t *problem)
{
    const int yes = 1;
    if (set_option (socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) == -1 ||
        set_key (socket, ZMQ_CURVE_SECRETKEY, gate->ring.own.secret_key) == -1 ||
        set_option (socket, ZMQ_ZAP_DOMAIN, domain, strlen (domain)) == -1 ||
        set_option (socket, ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) == -1 ||
        make_room (socket) == -1)
        return no_curve (problem);
    return is_guarded (socket, domain)
               ? 0
               : problem_set (problem, PROCESS_CANNOT_START, "keys",
                              "reason: this libzmq did not apply its CURVE settings");
}

/* The broker of a central that was just killed may be about to release the port. */
static int bind_patiently (zsock_t *socket, const places_t *places, address_t *address,
                           const char *endpoint, problem_t *problem)
{
    process_patience_t patience = {0};
    char what[512];
    while (net_listen (socket, places, address) == -1) {
        const int error = errno;
        snprintf (what, sizeof what, "%s: %s", endpoint, net_problem (error));
        if (error == EADDRINUSE && process_wait_for_others (&patience, "espera", what))
            continue;
        const bool stopped = error == EADDRINUSE && errno == ECANCELED;
        return problem_set (problem, stopped ? 0 : PROCESS_CANNOT_START, "listen",
                            "endpoint: %s | reason: %s", endpoint, net_problem (error));
    }
    return 0;
}

static int show_keys (const gate_t *gate, zsock_t *socket, const char *peer)
{
    const keyring_t *ring = &gate->ring;
    const char *server = peer ? keyring_peer (ring, peer) : ring->own.public_key;
    return set_key (socket, ZMQ_CURVE_SERVERKEY, server) == 0 &&
                   set_key (socket, ZMQ_CURVE_PUBLICKEY, ring->own.public_key) == 0 &&
                   set_key (socket, ZMQ_CURVE_SECRETKEY, ring->own.secret_key) == 0
               ? make_room (socket)
               : -1;
}

/* ZeroMQ applies the limit to encrypted messages. */
static int make_room (zsock_t *socket)
{
    int64_t bytes_max;
    size_t size = sizeof bytes_max;
    const int rc =
        zmq_getsockopt (zsock_resolve (socket), ZMQ_MAXMSGSIZE, &bytes_max, &size);
    assert (rc == 0);
    bytes_max += CURVE_BYTES;
    return set_option (socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max);
}

static int set_option (zsock_t *socket, int option, const void *value, size_t size)
{
    return zmq_setsockopt (zsock_resolve (socket), option, value, size);
}

static int set_key (zsock_t *socket, int option, const char *key)
{
    return set_option (socket, option, key, KEY_TEXT_BYTES);
}

static int no_curve (problem_t *problem)
{
    return problem_set (
        problem, PROCESS_CANNOT_START, "keys",
        "reason: this libzmq lacks the CURVE support that is needed, %s",
        zmq_strerror (errno));
}

static bool is_guarded (zsock_t *socket, const char *domain)
{
    void *handle = zsock_resolve (socket);
    int mechanism = -1, server = 0, enforced = 0;
    char domain_set[64] = "";
    size_t int_size = sizeof (int), text_size = sizeof domain_set;
    return zmq_getsockopt (handle, ZMQ_MECHANISM, &mechanism, &int_size) == 0 &&
           zmq_getsockopt (handle, ZMQ_CURVE_SERVER, &server, &int_size) == 0 &&
           zmq_getsockopt (handle, ZAP_ENFORCE_DOMAIN, &enforced, &int_size) == 0 &&
           zmq_getsockopt (handle, ZMQ_ZAP_DOMAIN, domain_set, &text_size) == 0 &&
           mechanism == ZMQ_CURVE && server == 1 && enforced == 1 &&
           strcmp (domain_set, domain) == 0;
}

/* Takes all frames, and keeps those that belong to a request. */
static bool take_request (gate_t *gate, request_t *request)
{
    void *handle = zsock_resolve (gate->handler);
    zmq_msg_t frame;
    int more = 1;
    for (size_t i = 0; more; i++) {
        zmq_msg_init (&frame);
        if (zmq_msg_recv (&frame, handle, ZMQ_DONTWAIT) == -1)
            return false;
        more = zmq_msg_more (&frame);
        if (i < FRAMES)
            request->frames[request->count++] = frame;
        else
            zmq_msg_close (&frame);
    }
    return true;
}

/* The user id of every message of the connection is the key itself, since its owner may
   change while the connection lasts, and the number of the visit. */
static void answer (gate_t *gate, request_t *request)
{
    char name[NAME_BYTES] = "";
    if (request->count < KEY || !frame_is (&request->frames[EMPTY], ""))
        return; // cannot even be answered; ZeroMQ itself asks, so it never happens
    const bool admitted = sound (request) && admits (gate, request, name);
    void *handle = zsock_resolve (gate->handler);
    zmq_msg_send (&request->frames[ADDRESS], handle, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    send_text (gate->handler, "", true);
    send_text (gate->handler, "1.0", true);
    zmq_msg_send (&request->frames[REQUEST_ID], handle, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    send_text (gate->handler, admitted ? "200" : "400", true);
    send_text (gate->handler, admitted ? "OK" : "No access", true);
    send_text (gate->handler, admitted ? name : "", true);
    send_text (gate->handler, "", false);
}

static bool sound (request_t *request)
{
    return request->count == FRAMES && frame_is (&request->frames[VERSION], "1.0") &&
           frame_is (&request->frames[MECHANISM], "CURVE") &&
           zmq_msg_size (&request->frames[KEY]) == KEY_BYTES &&
           zmq_msg_size (&request->frames[DOMAIN]) <= ZAP_TEXT_MAX;
}

static bool frame_is (zmq_msg_t *frame, const char *text)
{
    const size_t size = strlen (text);
    return zmq_msg_size (frame) == size &&
           (size == 0 || memcmp (zmq_msg_data (frame), text, size) == 0);
}

static bool admits (gate_t *gate, request_t *request, char *name)
{
    char domain[ZAP_TEXT_MAX + 1], address[GATE_ADDRESS_BYTES], key[KEY_TEXT_BYTES];
    text_of (&request->frames[DOMAIN], domain, sizeof domain);
    text_of (&request->frames[FROM], address, sizeof address);
    zmq_z85_encode (key, zmq_msg_data (&request->frames[KEY]), KEY_BYTES);
    gate_visitor_t visitor = {.domain = domain,
                              .key = key,
                              .address = address,
                              .visit = ++gate->visits,
                              .refusal = "this key is not admitted here"};
    snprintf (name, NAME_BYTES, "%s %llu", key, (unsigned long long) visitor.visit);
    const bool admitted = may_enter (gate, &visitor);
    if (!admitted)
        log_refused (gate, &visitor);
    return admitted;
}

static void text_of (zmq_msg_t *frame, char *text, size_t size)
{
    const int length = (int) zmq_msg_size (frame);
    snprintf (text, size, "%.*s", length, (const char *) zmq_msg_data (frame));
}

static bool may_enter (gate_t *gate, gate_visitor_t *visitor)
{
    const char *const *host = gate->options.hosts;
    if (gate->options.admits)
        return gate->options.admits (gate->options.context, visitor);
    for (; host && *host; host++)
        if (strcmp (keyring_peer (&gate->ring, *host), visitor->key) == 0)
            return false;
    return keyring_has (&gate->ring, visitor->key);
}

static void log_refused (gate_t *gate, const gate_visitor_t *visitor)
{
    gate->strangers++;
    logger_event_limited (&gate->limit, clock_ms (), LOG_WARNING, "conexion", LOG_FAIL,
                          "door: %s | address: %s | key: %.*s... | reason: %s",
                          visitor->domain, visitor->address, KEY_SHOWN, visitor->key,
                          visitor->refusal);
}

/* ZeroMQ drops what it cannot deliver, and that does not matter. */
static void send_text (zsock_t *socket, const char *text, bool more)
{
    zmq_send (zsock_resolve (socket), text, strlen (text),
              ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
}
