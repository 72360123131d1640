/* option_rows.c - settings that several programs have: for their main (). */

#include "option_rows.h"

#include "bounds.h"

config_item_t option_listen (const char **endpoint)
{
    return (config_item_t){.name = "listen",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_LISTEN",
                           .help =
                               "ZeroMQ endpoint for agencies [tcp://127.0.0.1:PORT]"};
}

config_item_t option_port (uint32_t *port)
{
    return (config_item_t){
        .name = "port",
        .type = CONFIG_NUMBER,
        .value = port,
        .environment = "SERVER_PORT",
        .fallback = "12345",
        .max = 65535,
        .help = "PORT for agencies when --listen is not given; 0: any free one"};
}

config_item_t option_workers_listen (const char **endpoint)
{
    return (config_item_t){.name = "workers",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_WORKERS_LISTEN",
                           .fallback = "tcp://127.0.0.1:12346",
                           .help = "ZeroMQ endpoint for workers, storage and state"};
}

config_item_t option_worker_listen (const char **endpoint)
{
    return (config_item_t){.name = "listen",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_WORKER_LISTEN",
                           .help = "ZeroMQ endpoint that answers PING and STATUS; only "
                                   "with a count of 1"};
}

config_item_t option_storage_listen (const char **endpoint)
{
    return (config_item_t){.name = "listen",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_STORAGE_LISTEN",
                           .fallback = "tcp://127.0.0.1:12347",
                           .help = "ZeroMQ endpoint for workers and state"};
}

config_item_t option_state_listen (const char **endpoint)
{
    return (config_item_t){.name = "listen",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_STATE_LISTEN",
                           .fallback = "tcp://127.0.0.1:12348",
                           .help = "ZeroMQ endpoint for workers"};
}

config_item_t option_broker (const char **endpoint)
{
    return (config_item_t){
        .name = "broker",
        .type = CONFIG_TEXT,
        .value = endpoint,
        .environment = "LOTERIA_BROKER",
        .fallback = "tcp://127.0.0.1:12346",
        .help = "ZeroMQ endpoint of the broker (its --workers); storage and "
                "state take several, separated by commas"};
}

config_item_t option_storage (const char **endpoint)
{
    return (config_item_t){.name = "storage",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_STORAGE",
                           .fallback = "tcp://127.0.0.1:12347",
                           .help = "ZeroMQ endpoint of storage"};
}

config_item_t option_state (const char **endpoint)
{
    return (config_item_t){.name = "state",
                           .type = CONFIG_TEXT,
                           .value = endpoint,
                           .environment = "LOTERIA_STATE",
                           .fallback = "tcp://127.0.0.1:12348",
                           .help = "ZeroMQ endpoint of state"};
}

config_item_t option_worker_count (uint32_t *count)
{
    return (config_item_t){.name = "count",
                           .type = CONFIG_NUMBER,
                           .value = count,
                           .environment = "LOTERIA_WORKER_COUNT",
                           .fallback = "1",
                           .min = 1,
                           .max = WORKERS_MAX,
                           .help = "worker processes to run"};
}

config_item_t option_keys (const char **folder, const char *help)
{
    return (config_item_t){.name = "keys",
                           .type = CONFIG_TEXT,
                           .value = folder,
                           .environment = "LOTERIA_KEYS",
                           .help = help};
}

config_item_t option_insecure (bool *insecure)
{
    return (config_item_t){.name = "insecure",
                           .type = CONFIG_FLAG,
                           .value = insecure,
                           .environment = "LOTERIA_INSECURE",
                           .fallback = "no",
                           .help = "listen beyond this machine even without keys"};
}

config_item_t option_data_dir (const char **directory, const char *help)
{
    return (config_item_t){.name = "data-dir",
                           .type = CONFIG_TEXT,
                           .value = directory,
                           .environment = "LOTERIA_DATA_DIR",
                           .fallback = "data",
                           .help = help};
}

config_item_t option_log_mib (uint32_t *mib)
{
    return (config_item_t){.name = "log-mib",
                           .type = CONFIG_NUMBER,
                           .value = mib,
                           .environment = "LOTERIA_LOG_MIB",
                           .fallback = BOUND_TEXT (LOG_MIB_DEFAULT),
                           .min = LOG_MIB_MIN,
                           .max = LOG_MIB_MAX,
                           .help = "MiB of bets.log when a day is begun"};
}

config_item_t option_log (const char **url)
{
    return (config_item_t){
        .name = "log",
        .type = CONFIG_TEXT,
        .value = url,
        .environment = "LOTERIA_LOG",
        .help = "PostgreSQL that keeps the log, on several machines: "
                "postgres://HOST[:PORT][,HOST...]/DATABASE[?...][#NAME] [the data "
                "directory]"};
}

config_item_t option_insecure_async (bool *insecure)
{
    return (config_item_t){.name = "insecure-async",
                           .type = CONFIG_FLAG,
                           .value = insecure,
                           .environment = "LOTERIA_INSECURE_ASYNC",
                           .fallback = "no",
                           .help = "with --log: to try it; what is acknowledged may be "
                                   "on one machine only"};
}

config_item_t option_standby (bool *standby)
{
    return (config_item_t){.name = "standby",
                           .type = CONFIG_FLAG,
                           .value = standby,
                           .environment = "LOTERIA_STANDBY",
                           .fallback = "no",
                           .help = "with --log: follow while another one is active, "
                                   "and take over when it is not any more"};
}

config_item_t option_lease (uint32_t *seconds)
{
    return (config_item_t){.name = "lease",
                           .type = CONFIG_NUMBER,
                           .value = seconds,
                           .environment = "LOTERIA_LEASE",
                           .fallback = "3",
                           .min = 1,
                           .max = 3600,
                           .help = "with --log: seconds without a sign of life of the "
                                   "active one until a standby takes over"};
}

config_item_t option_advertise (const char **address)
{
    return (config_item_t){.name = "advertise",
                           .type = CONFIG_TEXT,
                           .value = address,
                           .environment = "LOTERIA_ADVERTISE",
                           .help = "with --log: where agencies find this central, told "
                                   "by its standbys, and who it is among them"};
}

config_item_t option_role_file (const char **path)
{
    return (config_item_t){.name = "role-file",
                           .type = CONFIG_TEXT,
                           .value = path,
                           .environment = "LOTERIA_ROLE_FILE",
                           .help = "file that says whether this storage is active or a "
                                   "standby: storage writes it, the broker reads it"};
}

config_item_t option_agencies (uint32_t *agencies)
{
    return (config_item_t){
        .name = "agencies",
        .type = CONFIG_NUMBER,
        .value = agencies,
        .environment = "TOTAL_AGENCIES",
        .fallback = BOUND_TEXT (AGENCIES_DEFAULT),
        .min = 1,
        .max = AGENCIES_MAX,
        .help = "agencies on the roll, from 1 up; the draw waits for all of them"};
}

config_item_t option_draw (const char **name)
{
    return (config_item_t){.name = "draw",
                           .type = CONFIG_DRAW,
                           .value = name,
                           .environment = "DRAW",
                           .help = "the draw that it opens by itself [first; none when "
                                   "the file has draws]"};
}

config_item_t option_closes (const char **closes)
{
    return (config_item_t){.name = "closes",
                           .type = CONFIG_CLOSES,
                           .value = closes,
                           .environment = "CLOSES",
                           .fallback = "all-asked",
                           .help =
                               "when that draw closes: all-asked, a time of the day "
                               "as 21:00, or never (by itself)"};
}

config_item_t option_number (const char **number)
{
    return (config_item_t){.name = "number",
                           .type = CONFIG_SOURCE,
                           .value = number,
                           .environment = "NUMBER",
                           .help = "how that draw gets its number: fixed:N, entered, "
                                   "random, or provable [fixed by --winning-number]"};
}

config_item_t option_winning_number (uint32_t *number)
{
    return (config_item_t){.name = "winning-number",
                           .type = CONFIG_SECRET,
                           .value = number,
                           .environment = "LOTERIA_WINNING_NUMBER",
                           .fallback = "7574",
                           .max = NUMBER_MAX_MAX,
                           .help = "the number that wins, fixed beforehand"};
}

config_item_t option_winning_number_file (const char **path)
{
    return (config_item_t){.name = "winning-number-file",
                           .type = CONFIG_TEXT,
                           .value = path,
                           .environment = "LOTERIA_WINNING_NUMBER_FILE",
                           .help = "file to read it from, best with mode 0600; - for "
                                   "stdin"};
}

config_item_t option_commits (uint32_t *seconds)
{
    return (config_item_t){.name = "commits",
                           .type = CONFIG_NUMBER,
                           .value = seconds,
                           .environment = "LOTERIA_COMMITS",
                           .fallback = BOUND_TEXT (COMMIT_S_DEFAULT),
                           .min = 1,
                           .max = COMMIT_S_MAX,
                           .help =
                               "provable draws: seconds that agencies have to commit "
                               "to their bets after a close by clock or operator"};
}

config_item_t option_least (uint32_t *agencies)
{
    return (config_item_t){.name = "least",
                           .type = CONFIG_NUMBER,
                           .value = agencies,
                           .environment = "LOTERIA_LEAST",
                           .fallback = "0",
                           .max = AGENCIES_MAX,
                           .help = "provable draws: how many agencies have to commit "
                                   "before one is sealed; 0 is all"};
}

config_item_t option_auditor (const char **key)
{
    return (config_item_t){.name = "auditor",
                           .type = CONFIG_TEXT,
                           .value = key,
                           .environment = "LOTERIA_AUDITOR",
                           .fallback = "none",
                           .help = "provable draws: the auditor's public key, "
                                   "ed25519:BASE64, or none"};
}

config_item_t option_signing_keys (const char **folder)
{
    return (config_item_t){.name = "signing-keys",
                           .type = CONFIG_TEXT,
                           .value = folder,
                           .environment = "LOTERIA_SIGNING_KEYS",
                           .help = "provable draws: folder with the operator's signing "
                                   "key [that of --keys]"};
}

config_item_t option_number_max (uint32_t *number)
{
    return (config_item_t){.name = "number-max",
                           .type = CONFIG_NUMBER,
                           .value = number,
                           .environment = "LOTERIA_NUMBER_MAX",
                           .fallback = BOUND_TEXT (NUMBER_MAX_DEFAULT),
                           .max = NUMBER_MAX_MAX,
                           .help = "highest number that can be bet on, and win"};
}

config_item_t option_exit_when_done (bool *exits)
{
    return (config_item_t){.name = "exit-when-done",
                           .type = CONFIG_FLAG,
                           .value = exits,
                           .environment = "LOTERIA_EXIT_WHEN_DONE",
                           .fallback = "no",
                           .help = "exit once every agency has its winners"};
}

config_item_t option_message_bytes (uint32_t *bytes)
{
    return (config_item_t){.name = "message-bytes",
                           .type = CONFIG_NUMBER,
                           .value = bytes,
                           .environment = "LOTERIA_MESSAGE_BYTES",
                           .fallback = BOUND_TEXT (MESSAGE_BYTES_LIMIT_DEFAULT),
                           .min = MESSAGE_BYTES_MIN,
                           .max = MESSAGE_BYTES_MAX,
                           .help = "longest message accepted from an agency, in bytes"};
}

config_item_t option_batch_count (uint32_t *rows, const char *environment)
{
    return (config_item_t){.name = "batch-count",
                           .type = CONFIG_NUMBER,
                           .value = rows,
                           .environment = environment,
                           .fallback = BOUND_TEXT (BATCH_ROWS_DEFAULT),
                           .min = 1,
                           .max = BATCH_ROWS_MAX,
                           .help = "most bets in a batch"};
}

config_item_t option_window (uint32_t *batches)
{
    return (config_item_t){.name = "window",
                           .type = CONFIG_NUMBER,
                           .value = batches,
                           .environment = "LOTERIA_WINDOW",
                           .fallback = BOUND_TEXT (WINDOW_LIMIT_DEFAULT),
                           .min = 1,
                           .max = WINDOW_MAX,
                           .help = "most unacknowledged batches an agency is granted"};
}

config_item_t option_log_bets (bool *logs)
{
    return (config_item_t){.name = "log-bets",
                           .type = CONFIG_FLAG,
                           .value = logs,
                           .environment = "LOTERIA_LOG_BETS",
                           .fallback = "no",
                           .help = "log a line per stored bet (slow, and it names "
                                   "documents)"};
}

config_item_t option_log_batches (bool *logs)
{
    return (config_item_t){.name = "log-batches",
                           .type = CONFIG_FLAG,
                           .value = logs,
                           .environment = "LOTERIA_LOG_BATCHES",
                           .fallback = "no",
                           .help = "log a line per stored batch, not per second and "
                                   "agency"};
}

config_item_t option_log_level (const char *environment)
{
    return (config_item_t){.name = "log-level",
                           .type = CONFIG_LEVEL,
                           .environment = environment,
                           .fallback = "INFO",
                           .help = "least severe level that is logged"};
}

config_item_t option_log_format (void)
{
    return (config_item_t){.name = "log-format",
                           .type = CONFIG_FORM,
                           .environment = "LOTERIA_LOG_FORMAT",
                           .fallback = "text",
                           .help = "how log lines are written: text, or json"};
}
