/* engine.h - what keeps a log on several machines, as a table of functions:
   PostgreSQL's (the module of the package loteria-postgres), the simulator's, a unit
   test's.

   An engine keeps entries, each of them a group of records, numbered 1, 2, 3 ... by
   their ordinal; and one lease, which has an epoch and a holder. Who raised the epoch
   last is the active: entries of nobody else are taken from then on. So an entry is one
   question, which carries the epoch, and a takeover is another, which raises it. What
   is answered with ENGINE_DONE is safe on two machines at least.

   Nothing here waits, but for engine_open. Questions are asked on two lines, one at a
   time on each, and `look` has the answer once `descriptor` is readable:

     ENGINE_LOG    the log's: READ while it follows, COMMIT once it is the active's
     ENGINE_LEASE  its owner's: SEE, RENEW, TAKE

   An engine may be away, go on elsewhere, come back with less than it had. A READ, SEE
   or RENEW that failed is asked again, on a new connection, when it is asked again. A
   COMMIT or TAKE whose outcome is not known never is: the process has to end, and the
   next start reads what came of it.

   An entry that can be seen need not be safe: a machine that was started again shows
   what it never sent on. It is safe once its active was told so, or has written the
   next one; or for who reads it with an epoch of his own, which he took before. */

#ifndef LOTERIA_ENGINE_H
#define LOTERIA_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define ENGINE_WHY_BYTES    512
#define ENGINE_HOLDER_BYTES 256       // with the zero; where the active is, for people
#define ENGINE_NAMES_BYTES  256       // likewise, of the machines that are synchronous
#define ENGINE_LOG_NAME     "loteria" // of the log, where the URL does not say #NAME
#define ENGINE_ENTRIES_MAX  256       // that one READ is answered with
#define ENGINE_READ_BYTES   (4 * 1024 * 1024) // likewise; the last of them may exceed it

/* Whether this value of --log is an engine's: postgres://... or postgresql://... */
bool engine_is_url (const char *log);
/* Whether such a URL has a password in it, where everybody sees it. */
bool engine_url_tells (const char *url);

typedef enum { ENGINE_LOG, ENGINE_LEASE, ENGINE_LINES } engine_line_t;

typedef enum {
    ENGINE_READ,   // entries from an ordinal on
    ENGINE_COMMIT, // one entry
    ENGINE_SEE,    // the lease, and how the engine is
    ENGINE_RENEW,  // I am still here
    ENGINE_TAKE    // I am the active from here on
} engine_kind_t;

typedef struct {
    engine_kind_t kind;
    uint64_t epoch;   // COMMIT, RENEW: mine; TAKE: the one that was seen, which is
                      // raised by one; READ, SEE: the highest that was heard of: from
                      // a machine that knows only lower ones nothing is read
    uint64_t ordinal; // COMMIT: the entry's; READ: the first one that is wanted; RENEW:
                      // of the last one that was answered with DONE
    uint64_t sequence;  // COMMIT: records before it
    bytes_t body;       // COMMIT: the group; borrowed until it is answered
    const char *holder; // TAKE: borrowed until it is answered
    uint64_t renewed;   // TAKE: as it was seen: FENCED when it was renewed since; 0:
                        // whether or not it was
} engine_question_t;

typedef enum {
    ENGINE_PENDING, // there is no answer yet; or nothing was asked
    ENGINE_DONE,    // it is so
    ENGINE_FENCED,  // it is not so, and will not be: another epoch, or entry, is there
    ENGINE_FAILED,  // it is not so; READ, SEE and RENEW may be asked again
    ENGINE_UNKNOWN  // COMMIT, TAKE: it may be so, or come to be so
} engine_outcome_t;

typedef struct {
    uint64_t ordinal, epoch;
    bytes_t body;
} engine_entry_t;

typedef struct {
    uint64_t epoch;   // 0: nobody ever was the active
    uint64_t last;    // ordinal of the last entry that can be seen; 0: there is none
    uint64_t durable; // of the last one that its active was told to be safe, as far as
                      // is known here: it, too, may be acted on by who only follows
    uint64_t age_ms;  // since it was taken or renewed, by the engine's clock
    uint64_t renewed; // when that was, of which only counts that each is another
    char holder[ENGINE_HOLDER_BYTES];
    bool synchronous; // nothing is acknowledged before it is on two machines
    int standbys;     // that count for that now; -1: this role is not told
    char names[ENGINE_NAMES_BYTES]; // theirs, with commas; "" when not told
    char host[ENGINE_HOLDER_BYTES]; // the engine's machine that answered
} engine_lease_t;

typedef struct {
    const engine_entry_t *entries; // READ; borrowed until the line is asked again
    size_t count;
    bool more;                  // READ: there are more behind these
    uint64_t epoch;             // TAKE: mine from here on; READ: the lease's
    uint64_t last, durable;     // READ: as in the lease
    engine_lease_t lease;       // SEE
    char why[ENGINE_WHY_BYTES]; // of anything but DONE: one line, what to do included
} engine_answer_t;

typedef struct engine engine_t;

typedef struct {
    /* Only while nothing asked on this line is unanswered. */
    void (*ask) (engine_t *engine, engine_line_t line,
                 const engine_question_t *question);
    /* Take the answer, if it is there; `answer` is filled in but with PENDING. */
    engine_outcome_t (*look) (engine_t *engine, engine_line_t line,
                              engine_answer_t *answer);
    /* Readable when it is worth looking; -1: there is no such thing. */
    int (*descriptor) (engine_t *engine, engine_line_t line);
    /* Give up what was asked there: it is answered soon, a COMMIT or TAKE with UNKNOWN
       (it is not cancelled), anything else with FAILED. A READ or SEE that takes long
       gives itself up. */
    void (*give_up) (engine_t *engine, engine_line_t line);
    void (*close) (engine_t *engine);
} engine_ops_t;

struct engine {
    const engine_ops_t *ops;
    uint64_t identity; // the log's; never 0
    const char *name;  // for messages: "postgres: HOSTS/DATABASE#NAME"; borrowed
};

typedef struct {
    const char *url;
    bool insecure;       // connect beyond this machine without TLS (verify-full)
    bool insecure_async; // what is acknowledged may be on one machine only
} engine_options_t;

typedef enum {
    ENGINE_OPENED,
    ENGINE_NOT_NOW,  // another try may go well: no server there, all of them standbys
    ENGINE_UNUSABLE, // it will not: the URL, the password, the schema, the module
} engine_open_t;

/* Load the module and connect; waits for some seconds at most. `why`
   (ENGINE_WHY_BYTES) is a warning, or empty, when it went well. */
engine_open_t engine_open (const engine_options_t *options, engine_t **engine,
                           char *why);
void engine_close (engine_t **engine);

/* Make the schema, or see that it is there, and the log that the URL names in it; and
   let `role`, if it is not NULL, use it. What was done is in `why`, likewise. */
engine_open_t engine_init (const engine_options_t *options, const char *role,
                           char *why);

/* What a module has to have, as the symbol ENGINE_MODULE_SYMBOL. */
#define ENGINE_MODULE_VERSION 1
#define ENGINE_MODULE_SYMBOL  "loteria_engine_module"
typedef struct {
    int version;
    engine_open_t (*open) (const engine_options_t *options, engine_t **engine,
                           char *why);
    engine_open_t (*init) (const engine_options_t *options, const char *role,
                           char *why);
} engine_module_t;

/* Ask and wait for the answer, for so long at most: for starts, and for tools. */
engine_outcome_t engine_ask (engine_t *engine, engine_line_t line,
                             const engine_question_t *question, int64_t wait_ms,
                             engine_answer_t *answer);

#endif
