/* outcome.h - what came of a question to PostgreSQL, and what to do about a connection
   that could not be made. Pure: no libpq. */

#ifndef LOTERIA_OUTCOME_H
#define LOTERIA_OUTCOME_H

#include "engine.h"

#define SQLSTATE_BYTES 6 // with the zero

/* What is known once a statement that writes is over. */
typedef struct {
    bool lost;    // the connection, or patience, before it was answered
    bool unsent;  // and nothing of it had been sent
    bool noticed; // the server said something meanwhile: that a wait was cancelled
    bool alone;   // afterwards nothing had to be on a second machine any more
    const char *sqlstate; // of its error; NULL: there was none
    int rows;             // that it changed
} facts_t;

/* Of a COMMIT, RENEW or TAKE. ENGINE_FENCED with rows == 0 may yet have another reason:
   look at the lease. */
engine_outcome_t outcome_of (engine_kind_t kind, const facts_t *facts);

/* Why a server did not let us in, by the text that libpq has for it (some have no
   SQLSTATE there). */
typedef enum {
    FAULT_AWAY,        // nobody answers, or not yet
    FAULT_STANDBY,     // it is one, so nothing can be written
    FAULT_PASSWORD,    // of the role, or that there is none
    FAULT_ROLE,        // or database that is not there, or not for us
    FAULT_CERTIFICATE, // TLS
    FAULT_OTHER
} fault_t;

fault_t fault_of (const char *text);
/* Whether it is for people to mend, or may pass by itself. */
bool fault_stays (fault_t fault);
/* What to do about it; one line. */
const char *fault_advice (fault_t fault);

/* Likewise of a statement's error. */
const char *sqlstate_advice (const char *sqlstate);

/* A text of many lines as one, as a log line takes it; returns its length. */
size_t one_line (char *line, size_t size, const char *text);

#endif
