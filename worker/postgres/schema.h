/* schema.h - the tables that a log has in PostgreSQL, and what is asked of them. */

#ifndef LOTERIA_SCHEMA_H
#define LOTERIA_SCHEMA_H

#include "cluster.h"

#define SCHEMA_VERSION 1

typedef struct {
    char log[24]; // its number, as a parameter
    uint64_t identity;
} schema_log_t;

/* That the server is one that a log may be kept by, and which log is meant. `why` has a
   warning, or is empty, when it went well; -1 with `why` and whether it stays so. */
int schema_check (session_t *session, const place_t *place, bool insecure_async,
                  schema_log_t *log, char *why, bool *stays);

/* See engine_init. */
int schema_make (session_t *session, const place_t *place, const char *role, char *why);

/* The statements; $1 is the log's number in each. */
#define STILL_SYNCHRONOUS "current_setting('synchronous_standby_names') <> ''"
#define RENEWED_US        "(extract(epoch FROM renewed) * 1000000)::bigint"

/* $2 epoch, $3 ordinal, $4 sequence, $5 body. The lock on the lease makes a takeover
   wait for this, or this for the takeover; it is gone with the statement, so that no
   writer that was killed can leave it behind. And nothing is written behind an entry
   that is not there: then the engine has gone back. */
#define STATEMENT_COMMIT(guard)                                                        \
    "INSERT INTO loteria.entry (log, ordinal, epoch, sequence, body) "                 \
    "SELECT l.log, $3::bigint, l.epoch, $4::bigint, $5::bytea FROM loteria.lease l "   \
    "WHERE l.log = $1::int AND l.epoch = $2::bigint AND " guard " AND ($3 = 1 OR "     \
    "EXISTS (SELECT FROM loteria.entry e WHERE e.log = $1 AND e.ordinal = $3 - 1)) "   \
    "FOR SHARE OF l"

/* $2 epoch, $3 ordinal of the last entry that is safe. */
#define STATEMENT_RENEW(guard)                                                         \
    "UPDATE loteria.lease SET renewed = now(), durable = greatest(durable, "           \
    "$3::bigint) "                                                                     \
    "WHERE log = $1::int AND epoch = $2::bigint AND " guard

/* $2 epoch that was seen, $3 holder, $4 when it was renewed as that was seen, or 0. */
#define STATEMENT_TAKE(guard)                                                          \
    "UPDATE loteria.lease SET epoch = epoch + 1, holder = $3, renewed = now() "        \
    "WHERE log = $1::int AND epoch = $2::bigint AND ($4::bigint = 0 OR " RENEWED_US    \
    " = $4::bigint) AND " guard

/* Of one moment: the lease, and entries from $2 on, $3 of them or $4 bytes and one
 * more.
 */
#define STATEMENT_READ                                                                 \
    "SELECT l.epoch, l.durable, (SELECT coalesce(max(ordinal), 0) FROM loteria.entry " \
    "WHERE log = $1::int), e.ordinal, e.epoch, e.body FROM loteria.lease l "           \
    "LEFT JOIN (SELECT ordinal, epoch, body, sum(octet_length(body)) OVER (ORDER BY "  \
    "ordinal) - octet_length(body) AS before FROM (SELECT ordinal, epoch, body FROM "  \
    "loteria.entry WHERE log = $1 AND ordinal >= $2::bigint ORDER BY ordinal LIMIT "   \
    "$3::int) part) e ON e.before < $4::int WHERE l.log = $1 ORDER BY e.ordinal"

/* An ordinary role sees rows of nulls in pg_stat_replication, and one that may see more
   sees what other people ask, too. So this much is told by whoever made the tables;
   there are rows of nulls if that one may not see more either. */
#define SCHEMA_STANDBYS                                                                \
    "CREATE OR REPLACE FUNCTION loteria.standbys() RETURNS TABLE (application_name "   \
    "text, state text, sync_state text) LANGUAGE sql STABLE SECURITY DEFINER SET "     \
    "search_path = pg_catalog, pg_temp AS 'SELECT application_name, state, "           \
    "sync_state FROM pg_stat_replication'"

#define STATEMENT_SEE                                                                  \
    "SELECT epoch, holder, greatest(0, extract(epoch FROM clock_timestamp() - "        \
    "renewed) * 1000)::bigint, durable, (SELECT coalesce(max(ordinal), 0) FROM "       \
    "loteria.entry WHERE log = $1::int), " STILL_SYNCHRONOUS                           \
    ", s.standbys, s.names, " RENEWED_US " "                                           \
    "FROM loteria.lease, (SELECT CASE WHEN count(*) > 0 AND count(state) = 0 THEN -1 " \
    "ELSE count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) END AS standbys, "  \
    "coalesce(string_agg(application_name, ',' ORDER BY application_name) FILTER "     \
    "(WHERE sync_state IN ('sync', 'quorum')), '') AS names FROM loteria.standbys() "  \
    "WHERE state IS NULL OR state = 'streaming') s WHERE log = $1"

#endif
