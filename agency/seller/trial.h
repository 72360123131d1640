/* trial.h - loteria-agency --try: whether an agency could sell now, step by step. What
   was found out is judged here; pure. try.c finds it out. */

#ifndef LOTERIA_TRIAL_H
#define LOTERIA_TRIAL_H

#include "reach.h"
#include "wire.h"

#define TRIAL_STEPS      5
#define TRIAL_TEXT_BYTES 600
#define TRIAL_ANSWER_MAX 300

typedef enum { TRIAL_NAME_KNOWN, TRIAL_NAME_UNKNOWN, TRIAL_NAME_LATE } trial_name_t;

typedef struct {
    uint32_t agency;
    const char *server; // as typed
    const char *draw;   // as typed; NULL: the one on sale
    bool keys;          // we have some
    const char *lacks;  // what a provable draw wants and we have not; NULL: nothing
    trial_name_t name;
    char addresses[128]; // that the name has, or why it has none; for people
    reach_state_t reach; // how the connection stands
    bool answered;       // HELLO was; of the answer:
    uint16_t code;       // why it was refused; REFUSED_OK: WELCOME, and
    bool standby;        // UNAVAILABLE: the whole central is one
    wire_day_t day;
    bool provable;
    uint64_t stored;
    char text[TRIAL_ANSWER_MAX + 1]; // of the refusal; or the draw's name
} trial_facts_t;

typedef enum { TRIAL_OK, TRIAL_WRONG, TRIAL_OPEN } trial_result_t; // open: not known

typedef struct {
    const char *step; // "name", "port", "key", "roll", "draw"
    trial_result_t result;
    char text[TRIAL_TEXT_BYTES]; // what was found; what is wrong, and what to do
} trial_step_t;

/* Judge all steps, in their order. Returns whether all are well. */
bool trial_judge (const trial_facts_t *facts, trial_step_t steps[TRIAL_STEPS]);

/* The same for programs, a line: {"agency":3,"well":false,"name":{"result":"ok","text":
   "..."},"port":...}; a result is "ok", "wrong" or "unknown". Free it. */
char *trial_json (uint32_t agency, bool well, const trial_step_t steps[TRIAL_STEPS]);

/* Whether more is to be found out by waiting. */
bool trial_waits (const trial_facts_t *facts);

#endif
