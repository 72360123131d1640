/* schema.c - the tables that a log has in PostgreSQL. For loteria-postgres. */

#include "schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define ASK_MS  5000
#define MAKE_MS 60000

static int make_log (session_t *session, const place_t *place, char *why);
static int check_versions (session_t *session, const place_t *place, char *why);
static int grant (session_t *session, const place_t *place, const char *role,
                  char *why);
static int change (session_t *session, const place_t *place, const char *sql, int count,
                   const char *const *values, char *why);
static int refuse (const place_t *place, char *why, const char *reason);

/* In one question, so of one moment. */
int schema_check (session_t *session, const place_t *place, bool insecure_async,
                  schema_log_t *log, char *why, bool *stays)
{
    static const char sql[] =
        "SELECT id, identity, version, " STILL_SYNCHRONOUS
        ", current_setting('fsync') = "
        "'on', has_table_privilege('loteria.entry', 'UPDATE') OR "
        "has_table_privilege('loteria.entry', 'DELETE') OR "
        "has_table_privilege('loteria.entry', 'TRUNCATE'), "
        "current_user, has_table_privilege('loteria.entry', "
        "'SELECT') AND has_table_privilege('loteria.entry', "
        "'INSERT') AND has_table_privilege('loteria.lease', "
        "'SELECT') AND has_any_column_privilege('loteria.lease', "
        "'UPDATE') AND has_function_privilege('loteria.standbys()', "
        "'EXECUTE') FROM loteria.log "
        "WHERE name = $1";
    const char *values[] = {place->log};
    char sqlstate[SQLSTATE_BYTES], reason[ENGINE_WHY_BYTES];
    PGresult *result = session_run (session, sql, 1, values, ASK_MS, reason, sqlstate);
    *stays = sqlstate[0] != 0 && strncmp (sqlstate, "57", 2) != 0;
    if (!result)
        return refuse (place, why, reason);
    int rc = -1;
    *stays = true;
    if (PQntuples (result) != 1)
        refuse (place, why,
                "there is no log of this name in the database: loteria-ctl "
                "log init URL makes it");
    else if (atoi (PQgetvalue (result, 0, 2)) != SCHEMA_VERSION) {
        snprintf (
            reason, sizeof reason,
            "the schema is of version %.20s, and this program is for version %d: "
            "use the version of the program that made it, or a database of its own",
            PQgetvalue (result, 0, 2), SCHEMA_VERSION);
        refuse (place, why, reason);
    } else if (PQgetvalue (result, 0, 3)[0] != 't' && !insecure_async)
        refuse (
            place, why,
            "synchronous_standby_names is empty there, so what is acknowledged would "
            "be on one machine only: set it, as in 'ANY 1 (b, c)', or try without it "
            "by --insecure-async");
    else if (PQgetvalue (result, 0, 4)[0] != 't' && !insecure_async)
        refuse (
            place, why,
            "fsync is off there, so a power cut loses what was acknowledged: set it "
            "on, or try without it by --insecure-async");
    else if (PQgetvalue (result, 0, 7)[0] != 't') {
        snprintf (
            reason, sizeof reason,
            "the role %.60s lacks rights: loteria-ctl log init URL --role, as the "
            "database's owner, gives them",
            PQgetvalue (result, 0, 6));
        refuse (place, why, reason);
    } else {
        snprintf (log->log, sizeof log->log, "%.20s", PQgetvalue (result, 0, 0));
        log->identity = (uint64_t) strtoll (PQgetvalue (result, 0, 1), NULL, 10);
        why[0] = 0;
        if (insecure_async)
            snprintf (
                why, ENGINE_WHY_BYTES,
                "%s: --insecure-async: what is acknowledged may be on one machine "
                "only, and be lost with it",
                place->label);
        else if (PQgetvalue (result, 0, 5)[0] == 't')
            snprintf (why, ENGINE_WHY_BYTES,
                      "%s: the role %.60s may change and delete what is recorded: have "
                      "one that may not, by loteria-ctl log init URL --role ROLE",
                      place->label, PQgetvalue (result, 0, 6));
        rc = 0;
    }
    PQclear (result);
    return rc;
}

/* All of it or nothing; and nothing of it twice. Foreign keys are checked by locking
   the row that they lead to, so there is none on every entry. */
int schema_make (session_t *session, const place_t *place, const char *role, char *why)
{
    static const char *const tables[] = {
        "SET client_min_messages = error",
        "BEGIN",
        "CREATE SCHEMA IF NOT EXISTS loteria",
        "CREATE TABLE IF NOT EXISTS loteria.log (id int GENERATED ALWAYS AS IDENTITY "
        "PRIMARY KEY, name text NOT NULL UNIQUE, identity bigint NOT NULL UNIQUE CHECK "
        "(identity <> 0), version int NOT NULL)",
        "CREATE TABLE IF NOT EXISTS loteria.lease (log int PRIMARY KEY REFERENCES "
        "loteria.log, epoch bigint NOT NULL, holder text NOT NULL, renewed timestamptz "
        "NOT NULL, durable bigint NOT NULL)",
        "CREATE TABLE IF NOT EXISTS loteria.entry (log int NOT NULL, ordinal bigint "
        "NOT "
        "NULL CHECK (ordinal > 0), epoch bigint NOT NULL, sequence bigint NOT NULL, "
        "written timestamptz NOT NULL DEFAULT now(), body bytea NOT NULL, PRIMARY KEY "
        "(log, ordinal))",
        "ALTER TABLE loteria.entry ALTER COLUMN body SET STORAGE EXTERNAL",
        SCHEMA_STANDBYS,
        "REVOKE ALL ON FUNCTION loteria.standbys() FROM PUBLIC"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (change (session, place, tables[i], 0, NULL, why) == -1)
            return -1;
    const int made = make_log (session, place, why);
    if (made == -1 || check_versions (session, place, why) == -1 ||
        (role && grant (session, place, role, why) == -1) ||
        change (session, place, "COMMIT", 0, NULL, why) == -1)
        return -1;
    snprintf (why, ENGINE_WHY_BYTES, "%s: the log %s%s%.63s", place->label,
              made ? "was made" : "was there already",
              role ? ", and may be used by " : "", role ? role : "");
    return 0;
}

/* 1 when it was not there. */
static int make_log (session_t *session, const place_t *place, char *why)
{
    char identity[24], version[24];
    const char *values[] = {place->log, identity, version};
    int64_t number = 0;
    while (number == 0)
        if (getrandom (&number, sizeof number, 0) != sizeof number)
            return refuse (place, why, "the kernel has no random numbers");
    snprintf (identity, sizeof identity, "%" PRId64, number);
    snprintf (version, sizeof version, "%d", SCHEMA_VERSION);
    const int made = change (
        session, place,
        "INSERT INTO loteria.log (name, identity, version) VALUES ($1, $2::bigint, "
        "$3::int) ON CONFLICT (name) DO NOTHING",
        3, values, why);
    if (made == -1)
        return -1;
    return change (session, place,
                   "INSERT INTO loteria.lease SELECT id, 0, '', now(), 0 FROM "
                   "loteria.log WHERE name = $1 ON CONFLICT (log) DO NOTHING",
                   1, values, why) == -1
               ? -1
               : made;
}

static int check_versions (session_t *session, const place_t *place, char *why)
{
    char version[24];
    const char *values[] = {version};
    snprintf (version, sizeof version, "%d", SCHEMA_VERSION);
    const int others =
        change (session, place, "SELECT FROM loteria.log WHERE version <> $1::int", 1,
                values, why);
    return others <= 0 ? others
                       : refuse (place, why,
                                 "the schema there is of another version: take a "
                                 "database of its own");
}

/* Just what storage needs: it may add entries, and never change or remove one; and it
   is told who is synchronous. */
static int grant (session_t *session, const place_t *place, const char *role, char *why)
{
    static const char *const grants[] = {
        "GRANT USAGE ON SCHEMA loteria TO %s",
        "GRANT SELECT ON loteria.log, loteria.lease, loteria.entry TO %s",
        "GRANT INSERT ON loteria.entry TO %s",
        "GRANT UPDATE (epoch, holder, renewed, durable) ON loteria.lease TO %s",
        "GRANT EXECUTE ON FUNCTION loteria.standbys() TO %s"};
    char *name = PQescapeIdentifier (session->connection, role, strlen (role));
    char sql[512];
    int rc = name && strlen (name) < 256 ? 0 : refuse (place, why, "--role: no name");
    for (size_t i = 0; rc != -1 && i < sizeof grants / sizeof grants[0]; i++) {
        const char *gap = strstr (grants[i], "%s");
        snprintf (sql, sizeof sql, "%.*s%s", (int) (gap - grants[i]), grants[i], name);
        rc = change (session, place, sql, 0, NULL, why);
    }
    PQfreemem (name);
    return rc == -1 ? -1 : 0;
}

/* How many rows it changed or found; -1 with `why`. */
static int change (session_t *session, const place_t *place, const char *sql, int count,
                   const char *const *values, char *why)
{
    char sqlstate[SQLSTATE_BYTES], reason[ENGINE_WHY_BYTES];
    PGresult *result =
        session_run (session, sql, count, values, MAKE_MS, reason, sqlstate);
    if (!result)
        return refuse (place, why, reason);
    const int rows = atoi (PQcmdTuples (result));
    PQclear (result);
    return rows;
}

static int refuse (const place_t *place, char *why, const char *reason)
{
    snprintf (why, ENGINE_WHY_BYTES, "%s: %.300s", place->label, reason);
    return -1;
}
