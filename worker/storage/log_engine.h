/* log_engine.h - a log that an engine keeps (engine.h): log.h's functions, and what is
   particular to it.

   It begins as one that follows: it finds what others append. Who has taken the lease
   leads: nothing is read any more from a machine that has not heard of his epoch; what
   was found so far is compared with what the engine has; and once all of it is found,
   records can be appended. A position is how many groups there are before it; the
   ordinal of the group that begins there is one more. */

#ifndef LOTERIA_LOG_ENGINE_H
#define LOTERIA_LOG_ENGINE_H

#include "engine.h"
#include "log.h"

/* A page that lies in the data directory in place of a log: which log it is that an
   engine keeps. Write and sync it: 0, or -1 with errno. */
int log_engine_sign (file_t *file, uint64_t identity);
/* Whether LOG_PAGE_BYTES are such a page; `identity`, if it is not NULL, is filled in.
 */
bool log_engine_note (const uint8_t *page, uint64_t *identity);

/* Whether the file is one. 1, 0; -1 with errno. */
int log_engine_signed (file_t *file);

/* The engine's log `identity` from `mark` on (NULL: from its beginning); nothing is
   read yet. The engine, and the file with the page, are borrowed. Without an engine it
   is a log that ends at the mark, for who reads the files here only. NULL with the
   reason in `why` when page or engine are of another log; errno is 0 but when it cannot
   be read. */
log_t *log_engine_open (engine_t *engine, file_t *file, uint64_t identity,
                        const log_mark_t *mark, char *why);

/* Hand over what has come in and ask for what is behind it, which takes a while: as
   often as news are wanted, and at once while log_behind (). Who does not lead gets a
   group once it is known to be safe. Returns how many groups were found; or -1 with the
   reason in `why` (LOG_WHY_BYTES), when the engine has another history than what was
   found so far, or less of it; or when `found` refuses a record. */
int log_follow (log_t *log, log_found_fn *found, void *context, char *why);
/* Whether there is more than was found so far, or an answer is awaited. */
bool log_behind (const log_t *log);
/* Groups that the engine has as far as is known, and how many of them were found. */
uint64_t log_groups_there (const log_t *log);
uint64_t log_groups_found (const log_t *log);
/* Why nothing came in the last time; NULL: it did. */
const char *log_silence (const log_t *log);

/* So many records were safe, by what a run here noted in the page: it may be less than
   was, and never is more. */
uint64_t log_noted (const log_t *log);
/* Who follows knows from elsewhere that everything up to this record was safe. */
void log_vouch (log_t *log, uint64_t sequence);

/* From here on it leads, with this epoch, which is the lease's. */
void log_lead (log_t *log, uint64_t epoch);
/* Whether it leads and has found everything: it may be appended to. */
bool log_leads (const log_t *log);

/* Follow until everything is found that is safe, or, of who leads, that there is; or
   until `bytes` were found that are not released, and record `sequence` was. Gives up
   when nothing came in for so long. 1 when it is all, 0 when not; -1 with `why`, and
   errno: 0 when it is for good, ESTALE when another process leads now. */
int log_catch_up (log_t *log, log_found_fn *found, void *context, uint64_t sequence,
                  uint64_t bytes, int64_t silence_ms, char *why);

#endif
