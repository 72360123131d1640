/* test_clients.c - the broker's front queue: turns, bounds, order, and whom it forgets.
 */

#include "mail.h"
#include "testing.h"

#include "clients.h"

#define JOBS_MAX 100

static clients_t *clients;

static int setup (void **state)
{
    (void) state;
    clients = clients_new (JOBS_MAX, QUEUE_BYTES_MAX);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    clients_destroy (&clients);
    assert_null (clients);
    clients_destroy (&clients);
    return 0;
}

static client_t *admit (const char *id)
{
    return clients_admit (clients, text_bytes (id), 0);
}

static request_t *make_request (client_t *client, uint64_t ticket, size_t size)
{
    request_t *request = calloc (1, sizeof *request);
    assert_non_null (request);
    request->client = client;
    request->ticket = ticket; // the test's own mark
    request->bytes = size;
    zmq_msg_init_size (&request->message, size);
    return request;
}

static request_t *queue (client_t *client, uint64_t ticket)
{
    request_t *request = make_request (client, ticket, 10);
    assert_int_equal (clients_queue (clients, request), 0);
    return request;
}

static request_t *assert_next (const client_t *client, uint64_t ticket)
{
    request_t *request = clients_next (clients);
    assert_non_null (request);
    assert_ptr_equal (request->client, client);
    assert_int_equal (request->ticket, ticket);
    return request;
}

static void finish (request_t *request)
{
    clients_settle (clients, request);
    request_destroy (&request);
}

static void clients_are_found_by_their_ids (void **state)
{
    (void) state;
    uint8_t ids[600][ADDRESS_BYTES_MAX];
    client_t *known[600];
    uint64_t random = 4;
    size_t sizes[600], count = 0;
    while (count < 600) { // prefixes of each other among them
        sizes[count] = count < 256 ? count : random_below (&random, 6);
        for (size_t i = 0; i < sizes[count]; i++)
            ids[count][i] = count < 256 ? 0 : (uint8_t) random_below (&random, 3);
        const bytes_t id = bytes_of (ids[count], sizes[count]);
        bool seen = false;
        for (size_t i = 0; i < count; i++)
            seen |= bytes_equal (id, bytes_of (ids[i], sizes[i]));
        assert_true ((clients_find (clients, id) != NULL) == seen);
        known[count] = clients_admit (clients, id, 0);
        if (!seen)
            count++;
        if (count > 500)
            break; // there are no more of the short ones
    }
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal (clients_find (clients, bytes_of (ids[i], sizes[i])),
                          known[i]);
}

static void clients_are_served_in_turn (void **state)
{
    (void) state;
    client_t *flood = admit ("flood"), *b = admit ("b"), *c = admit ("c");
    for (uint64_t i = 0; i < JOBS_MAX; i++)
        queue (flood, i);
    for (uint64_t i = 0; i < 3; i++)
        queue (b, i);
    queue (c, 0);
    assert_int_equal (clients_waiting (clients), JOBS_MAX + 4);
    static const char order[] = "ffffbbbcfff"; // LANE_TURN each, or what there is
    uint64_t next_f = 0, next_b = 0;
    for (size_t i = 0; i < sizeof order - 1; i++) {
        const uint64_t ticket = order[i] == 'f'   ? next_f++
                                : order[i] == 'b' ? next_b++
                                                  : 0;
        finish (assert_next (order[i] == 'f'   ? flood
                             : order[i] == 'b' ? b
                                               : c,
                             ticket));
    }
    queue (c, 9); // it need not wait for more than one turn of the other
    request_t *request = clients_next (clients);
    for (int i = 0; i < LANE_TURN && request->client != c; i++) {
        finish (request);
        request = clients_next (clients);
    }
    assert_ptr_equal (request->client, c);
    finish (request);
    while ((request = clients_next (clients)))
        finish (request);
    assert_int_equal (clients_waiting (clients), 0);
}

static client_t *admit_of (const char *id, uint32_t agency)
{
    return clients_admit (clients, text_bytes (id), agency);
}

/* Many connections of an agency are one of those whose turn it is, and take turns. */
static void agencies_are_served_in_turn_however_they_come (void **state)
{
    (void) state;
    client_t *one[] = {admit_of ("1a", 1), admit_of ("1b", 1), admit_of ("1c", 1)};
    client_t *two = admit_of ("2", 2), *stranger = admit ("x"), *other = admit ("y");
    for (uint64_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 3; j++)
            queue (one[j], i);
        queue (two, i);
        queue (stranger, i);
        queue (other, i);
    }
    client_t *const order[] = {one[0], one[1], one[2],   one[0],   two,      two,
                               two,    two,    stranger, stranger, stranger, stranger,
                               other,  other,  other,    other,    one[1],   one[2],
                               one[0], one[1], one[2],   one[0],   one[1],   one[2]};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        request_t *request = clients_next (clients);
        assert_ptr_equal (request->client, order[i]);
        finish (request);
    }
    assert_null (clients_next (clients));
}

/* One has requests that are eight turns long, the other as many as go into a turn:
   while the first gets one of his through, the other gets as many bytes. */
static void turns_are_of_bytes_too (void **state)
{
    (void) state;
    enum { LONG = 8 * LANE_TURN_BYTES, SHORT = LANE_TURN_BYTES / LANE_TURN };
    client_t *const one = admit_of ("1", 1), *const two = admit_of ("2", 2);
    for (uint64_t i = 0; i < JOBS_MAX; i++) {
        if (i < 3)
            assert_int_equal (clients_queue (clients, make_request (one, i, LONG)), 0);
        assert_int_equal (clients_queue (clients, make_request (two, i, SHORT)), 0);
    }
    size_t bytes_one = 0, bytes_two = 0;
    while (bytes_one < 2 * LONG) {
        request_t *request = clients_next (clients);
        *(request->client == one ? &bytes_one : &bytes_two) += request->bytes;
        assert_true (bytes_one <= bytes_two + LANE_TURN_BYTES);
        assert_true (bytes_two <= bytes_one + LONG);
        finish (request);
    }
}

static void an_agency_may_have_so_much_waiting (void **state)
{
    (void) state;
    client_t *one[] = {admit_of ("1a", 1), admit_of ("1b", 1)};
    client_t *two = admit_of ("2", 2);
    for (uint64_t i = 0; i < JOBS_MAX; i++)
        queue (one[i % 2], i);
    request_t *request = make_request (one[0], 0, 10);
    assert_int_equal (clients_queue (clients, request), -1);
    client_t *third = admit_of ("1c", 1); // it opens another connection
    request->client = third;
    assert_int_equal (clients_queue (clients, request), -1);
    queue (two, 0);
    finish (clients_next (clients));
    assert_int_equal (clients_queue (clients, request), 0); // room in its lane
}

/* All connections of an agency can be found, one after another, and forgotten. */
static void an_agency_can_be_forgotten (void **state)
{
    (void) state;
    char id[ID_BYTES];
    for (int i = 0; i < 10; i++) {
        snprintf (id, sizeof id, "one %d", i);
        client_t *client = admit_of (id, 1);
        for (int j = 0; j < i % 3; j++)
            queue (client, 0);
    }
    client_t *two = admit_of ("two", 2), *stranger = admit ("x");
    queue (two, 2);
    queue (stranger, 3);
    client_t *client;
    int count = 0;
    while ((client = clients_member (clients, 1))) {
        assert_memory_equal (client->id, "one ", 4);
        clients_remove (clients, client);
        count++;
    }
    assert_int_equal (count, 10);
    assert_false (clients_find (clients, text_bytes ("one 3")));
    assert_int_equal (clients_waiting (clients), 2);
    assert_ptr_equal (clients_member (clients, 2), two);
    assert_null (clients_member (clients, 0)); // those are not one agency's
    assert_null (clients_member (clients, 3));
    finish (assert_next (two, 2));
    finish (assert_next (stranger, 3));
    assert_null (clients_next (clients));
    client = admit_of ("one 1", 7); // its key is another agency's by now
    assert_ptr_equal (clients_member (clients, 7), client);
}

static void a_client_may_have_so_much_waiting (void **state)
{
    (void) state;
    client_t *flood = admit ("flood"), *other = admit ("other");
    for (uint64_t i = 0; i < JOBS_MAX; i++)
        queue (flood, i);
    request_t *request = make_request (flood, 0, 10);
    assert_int_equal (clients_queue (clients, request), -1);
    assert_int_equal (clients_waiting (clients), JOBS_MAX);
    queue (other, 0);
    request_t *first = assert_next (flood, 0);
    assert_int_equal (clients_queue (clients, request), 0); // the first makes room
    clients_requeue (clients, first); // what was taken back has its place in any case
    assert_int_equal (clients_waiting (clients), JOBS_MAX + 2);
    request = make_request (flood, 0, 10);
    assert_int_equal (clients_queue (clients, request), -1);
    request_destroy (&request);
}

static void all_together_may_have_so_many_bytes (void **state)
{
    (void) state;
    enum { SIZE = 1024 * 1024 };
    char id[ID_BYTES];
    for (size_t i = 0; i < QUEUE_BYTES_MAX / SIZE; i++) {
        snprintf (id, sizeof id, "%zu", i);
        request_t *request = make_request (admit (id), i, SIZE);
        assert_int_equal (clients_queue (clients, request), 0);
    }
    request_t *request = make_request (admit ("late"), 0, 1);
    assert_int_equal (clients_queue (clients, request), -1);
    finish (clients_next (clients));
    assert_int_equal (clients_queue (clients, request), 0);
    client_t *first = clients_find (clients, text_bytes ("1"));
    request = make_request (first, 0, SIZE);
    assert_int_equal (clients_queue (clients, request), -1);
    first->waiting->end = 5; // as if it were a batch, and stored
    clients_drop_stored (clients, first, 0, 5);
    assert_int_equal (clients_queue (clients, request), 0);
}

/* A worker's requests come back latest first; they are served in their order, and
   before what came since. */
static void what_is_taken_back_keeps_its_order (void **state)
{
    (void) state;
    client_t *client = admit ("c"), *other = admit ("o");
    request_t *requests[6];
    for (uint64_t i = 0; i < 6; i++)
        queue (client, i);
    for (uint64_t i = 0; i < 6; i++)
        requests[i] = assert_next (client, i);
    queue (client, 6);
    queue (other, 100);
    finish (requests[2]);
    for (int i = 5; i >= 0; i--)
        if (i != 2)
            clients_requeue (clients, requests[i]);
    assert_int_equal (clients_waiting (clients), 7);
    static const uint64_t order[] = {0, 1, 3, 4, 5, 6};
    for (size_t i = 0; i < 6;) {
        request_t *request = clients_next (clients);
        if (request->client == client)
            assert_int_equal (request->ticket, order[i++]);
        finish (request);
    }
}

static void what_is_stored_need_not_be_sent (void **state)
{
    (void) state;
    client_t *client = admit ("c"), *other = admit ("o");
    static const uint64_t ends[] = {10, 20, 0, 30, 25, UINT64_MAX};
    for (uint64_t i = 0; i < 6; i++) {
        request_t *request = queue (client, i);
        request->draw = 7;
        request->end = ends[i];
        request = queue (other, i);
        request->draw = 7;
        request->end = ends[i];
    }
    clients_drop_stored (clients, client, 8, UINT64_MAX); // of another draw
    assert_int_equal (clients_waiting (clients), 12);
    clients_drop_stored (clients, client, 7, 9);
    assert_int_equal (clients_waiting (clients), 12);
    clients_drop_stored (clients, client, 7, 25);
    assert_int_equal (clients_waiting (clients), 9); // not those of the other
    static const uint64_t left[] = {2, 3, 5};
    for (size_t i = 0; i < 3;) {
        request_t *request = clients_next (clients);
        if (request->client == client)
            assert_int_equal (request->ticket, left[i++]);
        finish (request);
    }
    queue (client, 0)->end = 1;
    clients_drop_stored (clients, client, 0, 1); // the last it had: it has no turn now
    clients_drop_stored (clients, other, 7, UINT64_MAX);
    queue (client, 7);
    request_t *request;
    while ((request = clients_next (clients)) && request->client == other)
        finish (request);
    assert_int_equal (request->ticket, 7);
    finish (request);
}

/* ---- What waits aside ---- */

static request_t *queue_for (client_t *client, uint64_t ticket, bool for_storage)
{
    request_t *request = make_request (client, ticket, 10);
    request->for_storage = for_storage;
    assert_int_equal (clients_queue (clients, request), 0);
    return request;
}

static void what_waits_aside_keeps_nobody_waiting (void **state)
{
    (void) state;
    client_t *client = admit ("c"), *other = admit ("o");
    queue_for (client, 0, false);
    queue_for (client, 1, true);
    queue_for (other, 2, false);
    clients_set_aside (clients, true);
    queue_for (client, 3, false);
    queue_for (client, 4, true);
    assert_int_equal (clients_waiting (clients), 2);
    assert_int_equal (clients_aside (clients), 3);
    assert_int_equal (clients_bytes (clients), 50);
    finish (assert_next (client, 1));
    request_t *request = assert_next (client, 4);
    assert_null (clients_next (clients));
    request->for_storage = false; // as if it were
    clients_requeue (clients, request);
    clients_set_aside (clients, true); // nothing new
    assert_int_equal (clients_aside (clients), 4);
    queue_for (client, 5, true);
    clients_set_aside (clients, false);
    assert_int_equal (clients_waiting (clients), 5);
    assert_int_equal (clients_aside (clients), 0);
    static const uint64_t order[] = {4, 0, 3, 5};
    for (size_t i = 0; i < 4;) {
        request = clients_next (clients);
        if (request->client == client)
            assert_int_equal (request->ticket, order[i++]);
        finish (request);
    }
}

static void bounds_are_for_what_waits_aside_too (void **state)
{
    (void) state;
    client_t *client = admit ("c");
    clients_set_aside (clients, true);
    for (uint64_t i = 0; i < JOBS_MAX; i++)
        queue_for (client, i, i % 2);
    request_t *request = make_request (client, 0, 10);
    assert_int_equal (clients_queue (clients, request), -1);
    assert_null (clients_shed (clients, request));
    for (uint64_t i = 0; i < JOBS_MAX / 2; i++) {
        request_t *aside = clients_pop_aside (clients);
        assert_int_equal (aside->ticket, 2 * i);
        request_destroy (&aside);
    }
    assert_null (clients_pop_aside (clients));
    assert_int_equal (clients_bytes (clients), 10 * JOBS_MAX / 2);
    request->bytes = QUEUE_BYTES_MAX;
    assert_int_equal (clients_queue (clients, request), -1);
    request->bytes = QUEUE_BYTES_MAX - 10 * JOBS_MAX / 2;
    assert_int_equal (clients_queue (clients, request), 0);
    request = make_request (admit ("o"), 0, 1);
    assert_int_equal (clients_queue (clients, request), -1); // in all
    request_destroy (&request);
    for (size_t i = 0; i <= JOBS_MAX / 2; i++) { // one of them is aside
        request = clients_pop (clients);
        assert_non_null (request);
        request_destroy (&request);
    }
    assert_null (clients_pop (clients));
    assert_int_equal (clients_bytes (clients), 0);
}

/* ---- Whom it forgets ---- */

static void fill_up (size_t from)
{
    char id[ID_BYTES];
    for (size_t i = from; i < CLIENTS_MAX; i++) {
        snprintf (id, sizeof id, "%zu", i);
        assert_non_null (admit (id));
    }
}

static bool known (const char *id)
{
    return clients_find (clients, text_bytes (id)) != NULL;
}

static void who_was_idle_longest_is_forgotten (void **state)
{
    (void) state;
    fill_up (0);
    request_t *waiting = queue (admit ("0"), 0);
    queue (admit ("1"), 1);
    request_t *in_flight = assert_next (waiting->client, 0);
    finish (assert_next (admit ("1"), 1)); // has been busy since: idle last
    assert_non_null (admit ("new"));
    assert_true (known ("0"));
    assert_true (known ("1"));
    assert_false (known ("2"));
    assert_true (known ("3"));
    assert_non_null (admit ("2")); // it comes again, as a new one
    assert_false (known ("3"));
    finish (in_flight);
}

static void nobody_is_forgotten_who_has_something_here (void **state)
{
    (void) state;
    enum { FLYING = 50 };
    request_t *flying[FLYING];
    char id[ID_BYTES];
    fill_up (0);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        snprintf (id, sizeof id, "%zu", i);
        queue (clients_find (clients, text_bytes (id)), i);
    }
    for (size_t i = 0; i < FLYING; i++)
        flying[i] = clients_next (clients);
    assert_null (admit ("new"));
    finish (flying[7]);
    assert_non_null (admit ("new"));
    assert_false (known ("7"));
    request_t *request =
        make_request (clients_find (clients, text_bytes ("100")), 0, 10);
    assert_int_equal (clients_queue (clients, request), 0);
    for (size_t i = 0; i < FLYING; i++)
        if (i != 7)
            clients_requeue (clients, flying[i]);
}

static void nobody_is_forgotten_who_has_something_aside (void **state)
{
    (void) state;
    fill_up (0);
    clients_set_aside (clients, true);
    queue_for (admit ("0"), 0, false);
    assert_non_null (admit ("new"));
    assert_true (known ("0"));
    assert_false (known ("1"));
    request_t *request = clients_pop_aside (clients);
    request_destroy (&request);
    for (size_t i = 0; i < CLIENTS_MAX - 1; i++) { // it is idle again, and last
        char id[ID_BYTES];
        snprintf (id, sizeof id, "n%zu", i);
        assert_non_null (admit (id));
    }
    assert_true (known ("0"));
    assert_non_null (admit ("one more"));
    assert_false (known ("0"));
    clients_set_aside (clients, false);
    client_t *client = admit ("leaves");
    clients_set_aside (clients, true);
    queue_for (client, 1, false);
    queue_for (client, 2, true);
    clients_remove (clients, client);
    assert_int_equal (clients_waiting (clients) + clients_aside (clients), 0);
    assert_int_equal (clients_bytes (clients), 0);
    clients_set_aside (clients, false);
}

/* Whose last batch need not be sent any more has nothing here. */
static void who_has_all_stored_can_be_forgotten (void **state)
{
    (void) state;
    char id[ID_BYTES];
    fill_up (0);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        snprintf (id, sizeof id, "%zu", i);
        queue (clients_find (clients, text_bytes (id)), i)->end = 5;
    }
    assert_null (admit ("new"));
    clients_drop_stored (clients, clients_find (clients, text_bytes ("7")), 0, 5);
    assert_non_null (admit ("new"));
    assert_false (known ("7"));
}

/* A late answer to one who has gone must not reach who came after it. */
static void a_number_is_never_anothers (void **state)
{
    (void) state;
    enum { NAMES = 7 };
    uint64_t number[NAMES] = {0}, latest = 0, random = 8; // 0: not here
    char id[ID_BYTES];
    for (int step = 0; step < 1000; step++) {
        const size_t who = random_below (&random, NAMES);
        snprintf (id, sizeof id, "%zu", who);
        client_t *client = admit (id);
        if (number[who] > 0)
            assert_true (client->number == number[who]);
        else { // also when one of its name was here before
            assert_true (client->number > latest);
            latest = number[who] = client->number;
        }
        assert_ptr_equal (clients_numbered (clients, number[who]), client);
        if (random_below (&random, 2) == 0)
            continue;
        clients_remove (clients, client);
        assert_null (clients_numbered (clients, number[who]));
        number[who] = 0;
    }
}

/* ---- All of it at random ---- */

/* A list for each client says what has to come next. */
static void queues_follow_plain_lists (void **state)
{
    (void) state;
    enum { CLIENTS = 8, STEPS = 60000 };
    static uint64_t lists[CLIENTS][2 * STEPS]; // tickets waiting, from `head` to `tail`
    size_t head[CLIENTS], tail[CLIENTS], waiting = 0, flying = 0;
    request_t *flight[200];
    int since_turn[CLIENTS] = {0};
    uint64_t random = 31, ticket = 0;
    for (int i = 0; i < CLIENTS; i++)
        head[i] = tail[i] = STEPS;
    for (int step = 0; step < STEPS; step++) {
        const size_t who = random_below (&random, CLIENTS);
        char id[ID_BYTES] = {(char) ('a' + who), 0};
        client_t *client = admit (id);
        const size_t what = random_below (&random, 10);
        if (what < 4) {
            request_t *request = make_request (client, ++ticket, 10);
            const bool room = tail[who] - head[who] < JOBS_MAX;
            assert_int_equal (clients_queue (clients, request), room ? 0 : -1);
            if (room) {
                lists[who][tail[who]++] = ticket;
                waiting++;
            } else
                request_destroy (&request);
        } else if (what < 8 && flying < 200) {
            request_t *request = clients_next (clients);
            assert_true ((request != NULL) == (waiting > 0));
            if (!request)
                continue;
            const int whose = request->client->id[0] - 'a';
            assert_int_equal (request->ticket, lists[whose][head[whose]++]);
            flight[flying++] = request;
            waiting--;
            for (int i = 0; i < CLIENTS; i++)
                since_turn[i] =
                    i == whose || head[i] == tail[i] ? 0 : since_turn[i] + 1;
            for (int i = 0; i < CLIENTS; i++)
                assert_true (since_turn[i] <=
                             LANE_TURN * (CLIENTS - 1)); // nobody waits longer
        } else if (flying > 0) {
            const size_t i = random_below (&random, flying);
            request_t *request = flight[i];
            flight[i] = flight[--flying];
            if (what == 8)
                finish (request);
            else {
                const int whose = request->client->id[0] - 'a';
                lists[whose][--head[whose]] = request->ticket;
                clients_requeue (clients, request);
                waiting++;
            }
        }
        assert_int_equal (clients_waiting (clients), waiting);
    }
    while (flying > 0)
        finish (flight[--flying]);
}

typedef struct { // what a client should have, in order
    uint64_t waiting[JOBS_MAX + 8], aside[JOBS_MAX + 8];
    size_t waiting_count, aside_count;
} lists_t;

static void insert (uint64_t *list, size_t *count, size_t at, uint64_t ticket)
{
    memmove (list + at + 1, list + at, (*count - at) * sizeof *list);
    list[at] = ticket;
    ++*count;
}

static void take_out (uint64_t *list, size_t *count, size_t at)
{
    memmove (list + at, list + at + 1, (--*count - at) * sizeof *list);
}

/* A ticket is even if it is for storage. */
static void set_aside_model (lists_t *lists, bool aside)
{
    for (size_t i = 0; aside && i < lists->waiting_count;)
        if (lists->waiting[i] % 2) {
            insert (lists->aside, &lists->aside_count, lists->aside_count,
                    lists->waiting[i]);
            take_out (lists->waiting, &lists->waiting_count, i);
        } else
            i++;
    while (!aside && lists->aside_count > 0)
        insert (lists->waiting, &lists->waiting_count, 0,
                lists->aside[--lists->aside_count]);
}

static void what_waits_aside_follows_plain_lists (void **state)
{
    (void) state;
    enum { CLIENTS = 5, STEPS = 40000, FLYING = 20 };
    static lists_t lists[CLIENTS];
    request_t *flight[FLYING];
    size_t flying = 0, changes = 0;
    uint64_t random = 77;
    bool aside = false;
    for (int step = 0; step < STEPS; step++) {
        const size_t who = random_below (&random, CLIENTS);
        char id[ID_BYTES] = {(char) ('a' + who), 0};
        const size_t what = random_below (&random, 40);
        const uint64_t ticket = random_below (&random, 1000000);
        if (what < 18) {
            lists_t *list = &lists[who];
            request_t *request = make_request (admit (id), ticket, 10);
            request->for_storage = ticket % 2 == 0;
            const bool room = list->waiting_count + list->aside_count < JOBS_MAX;
            assert_int_equal (clients_queue (clients, request), room ? 0 : -1);
            if (!room)
                request_destroy (&request);
            else if (aside && ticket % 2)
                insert (list->aside, &list->aside_count, list->aside_count, ticket);
            else
                insert (list->waiting, &list->waiting_count, list->waiting_count,
                        ticket);
        } else if (what < 30 && flying < FLYING) {
            request_t *request = clients_next (clients);
            if (!request) {
                assert_int_equal (clients_waiting (clients), 0);
                continue;
            }
            lists_t *list = &lists[request->client->id[0] - 'a'];
            assert_int_equal (request->ticket, list->waiting[0]);
            take_out (list->waiting, &list->waiting_count, 0);
            flight[flying++] = request;
        } else if (what < 38 && flying > 0) {
            request_t *request = flight[--flying];
            lists_t *list = &lists[request->client->id[0] - 'a'];
            if (what < 36)
                finish (request);
            else {
                clients_requeue (clients, request);
                if (aside && !request->for_storage)
                    insert (list->aside, &list->aside_count, 0, request->ticket);
                else
                    insert (list->waiting, &list->waiting_count, 0, request->ticket);
            }
        } else if (what == 39) {
            aside = !aside;
            changes++;
            clients_set_aside (clients, aside);
            for (size_t i = 0; i < CLIENTS; i++)
                set_aside_model (&lists[i], aside);
        }
        size_t waiting = 0, held = 0;
        for (size_t i = 0; i < CLIENTS; i++) {
            waiting += lists[i].waiting_count;
            held += lists[i].aside_count;
        }
        assert_int_equal (clients_waiting (clients), waiting);
        assert_int_equal (clients_aside (clients), held);
        assert_int_equal (clients_bytes (clients), 10 * (waiting + held));
    }
    assert_true (changes > 500);
    while (flying > 0)
        finish (flight[--flying]);
}

#define CLIENTS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLIENTS_TEST (clients_are_found_by_their_ids),
        CLIENTS_TEST (clients_are_served_in_turn),
        CLIENTS_TEST (agencies_are_served_in_turn_however_they_come),
        CLIENTS_TEST (turns_are_of_bytes_too),
        CLIENTS_TEST (an_agency_may_have_so_much_waiting),
        CLIENTS_TEST (an_agency_can_be_forgotten),
        CLIENTS_TEST (a_client_may_have_so_much_waiting),
        CLIENTS_TEST (all_together_may_have_so_many_bytes),
        CLIENTS_TEST (what_is_taken_back_keeps_its_order),
        CLIENTS_TEST (what_is_stored_need_not_be_sent),
        CLIENTS_TEST (who_was_idle_longest_is_forgotten),
        CLIENTS_TEST (nobody_is_forgotten_who_has_something_here),
        CLIENTS_TEST (who_has_all_stored_can_be_forgotten),
        CLIENTS_TEST (a_number_is_never_anothers),
        CLIENTS_TEST (queues_follow_plain_lists),
        CLIENTS_TEST (what_waits_aside_keeps_nobody_waiting),
        CLIENTS_TEST (bounds_are_for_what_waits_aside_too),
        CLIENTS_TEST (nobody_is_forgotten_who_has_something_aside),
        CLIENTS_TEST (what_waits_aside_follows_plain_lists),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
