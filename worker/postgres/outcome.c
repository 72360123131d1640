/* outcome.c - what came of a question to PostgreSQL. For loteria-postgres. */

#include "outcome.h"

#include <ctype.h>
#include <stdio.h>

static bool says (const char *text, const char *const *words);

/* A wait for a standby that is cancelled ends with success and a warning; one that
   waits while synchronous_standby_names is emptied, with success alone. An error of one
   of these classes may come while it waits, too: connection, operator, system,
   internal.
 */
engine_outcome_t outcome_of (engine_kind_t kind, const facts_t *facts)
{
    static const char *const unknown[] = {"08", "57", "58", "XX", NULL};
    const bool writes = kind == ENGINE_COMMIT || kind == ENGINE_TAKE;
    const engine_outcome_t in_doubt = writes ? ENGINE_UNKNOWN : ENGINE_FAILED;
    if (facts->lost)
        return facts->unsent ? ENGINE_FAILED : in_doubt;
    if (facts->sqlstate) {
        for (size_t i = 0; unknown[i]; i++)
            if (strncmp (facts->sqlstate, unknown[i], 2) == 0)
                return in_doubt;
        return strcmp (facts->sqlstate, "23505") == 0 ? ENGINE_FENCED : ENGINE_FAILED;
    }
    if (facts->noticed)
        return in_doubt;
    if (facts->rows == 0)
        return ENGINE_FENCED;
    return facts->alone ? in_doubt : ENGINE_DONE;
}

fault_t fault_of (const char *text)
{
    static const struct {
        fault_t fault;
        const char *words[8];
    } table[] = {
        {FAULT_CERTIFICATE,
         {"certificate", "SSL error", "does not support SSL", "root.crt",
          "SSL SYSCALL"}},
        {FAULT_PASSWORD,
         {"password authentication failed", "no password supplied", "fe_sendauth",
          "password file"}},
        {FAULT_STANDBY, {"read-only", "hot standby"}},
        {FAULT_AWAY,
         {"Connection refused", "timeout", "timed out", "starting up", "shutting down",
          "closed the connection", "could not translate", "unreachable"}},
        {FAULT_ROLE,
         {"does not exist", "no pg_hba.conf entry", "not permitted to log in",
          "authentication failed"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (says (text, table[i].words))
            return table[i].fault;
    return FAULT_OTHER;
}

static bool says (const char *text, const char *const *words)
{
    for (size_t i = 0; i < 8 && words[i]; i++)
        if (strstr (text, words[i]))
            return true;
    return false;
}

bool fault_stays (fault_t fault)
{
    return fault == FAULT_PASSWORD || fault == FAULT_ROLE || fault == FAULT_CERTIFICATE;
}

const char *fault_advice (fault_t fault)
{
    static const char *const advice[] = {
        [FAULT_AWAY] = "start it, or put the addresses of all its machines into --log",
        [FAULT_STANDBY] =
            "it is a standby, which takes no writes: put the addresses of "
            "all machines into --log, and see that one of them leads",
        [FAULT_PASSWORD] = "put the role's password into the file that PGPASSFILE or "
                           "passfile= in --log names (mode 0600), as "
                           "host:port:database:role:password",
        [FAULT_ROLE] = "see the role and the database in --log, and that pg_hba.conf "
                       "lets them in",
        [FAULT_CERTIFICATE] = "sslrootcert= in --log has to name the file of the "
                              "authority that signed the server's certificate, which "
                              "has to be for the host's name as --log has it",
        [FAULT_OTHER] = "see the server's log"};
    return advice[fault];
}

const char *sqlstate_advice (const char *sqlstate)
{
    static const struct {
        const char *sqlstate, *advice;
    } table[] = {
        {"3F000", "the schema is not there: loteria-ctl log init makes it"},
        {"42P01", "the schema is not there: loteria-ctl log init makes it"},
        {"42703", "the schema is of another version: see loteria-ctl log init"},
        {"42704", "make it first"}, // a role: nothing else is named by people
        {"42883",
         "the schema is of another version: loteria-ctl log init, as its owner, "
         "brings it up to date"},
        {"42501",
         "the role may not: loteria-ctl log init URL --role, as the database's "
         "owner, lets it"},
        {"53100", "the disk of the server is full: make room there"},
        {"53200", "the server has no memory left"},
        {"53300", "the server has too many connections: see its max_connections"},
        {"25006", "it is a standby, which takes no writes"},
        {"25P02", "see the server's log"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp (sqlstate, table[i].sqlstate) == 0)
            return table[i].advice;
    return "see the server's log";
}

size_t one_line (char *line, size_t size, const char *text)
{
    size_t length = 0;
    for (bool gap = false; *text && length + 2 < size; text++) {
        const bool plain = !isspace ((unsigned char) *text) && *text != '|' &&
                           !iscntrl ((unsigned char) *text);
        if (!plain) {
            gap = length > 0;
            continue;
        }
        if (gap)
            line[length++] = ' ';
        gap = false;
        line[length++] = *text;
    }
    line[length] = 0;
    return length;
}
