/* registrar_state.h - what the registrar's own sources share. */

#ifndef LOTERIA_REGISTRAR_STATE_H
#define LOTERIA_REGISTRAR_STATE_H

#include "handler.h"
#include "hellos.h"
#include "logger.h"
#include "registrar.h"

struct registrar {
    registrar_stage_t stage;
    draws_t *draws;
    follower_t *follower;
    openings_t *openings;
    notary_t *notary;
    orders_t *orders;
    questions_t *questions;
    hellos_t hellos; // that wait
    outbox_t *to_brokers;
    bool done;
    int64_t now_ms;
    logger_limit_t no_space, no_operator, no_key;
    uint64_t strays;
};

typedef struct { // one message; whom to answer
    envelope_t envelope;
    wire_message_t message;
    bytes_t peer;    // of an operator
    const char *who; // he is, as far as is known
} request_t;

/* ---- registrar_hello.c ---- */

int registrar_take_hello (void *self, void *asked);
/* Let in whoever waits for a draw that is up to date by now, and refuse who has waited
   for too long. */
void registrar_pursue_hellos (registrar_t *registrar);
void registrar_refuse_hello (registrar_t *registrar, const hello_t *hello,
                             wire_code_t code, const char *text);

/* ---- registrar_agencies.c ---- */

int registrar_take_ready (void *self, void *asked);
int registrar_take_commit (void *self, void *asked);
int registrar_take_reveal (void *self, void *asked);
int registrar_take_results (void *self, void *asked);
int registrar_take_done (void *self, void *asked);
/* Answer what the agency asked last, if it waits; and what all did that wait. */
void registrar_answer_question (registrar_t *registrar, live_t *live, uint32_t agency);
void registrar_answer_questions (registrar_t *registrar, live_t *live);
void registrar_answer_goodbye (registrar_t *registrar, const live_t *live,
                               uint32_t agency, const envelope_t *envelope);
/* NULL for `text`: what the code means. */
void registrar_refuse (registrar_t *registrar, const request_t *request,
                       wire_code_t code, const char *text);

#endif
