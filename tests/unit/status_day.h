/* status_day.h - what the parts of a central report of one moment, for tests: two draws
   and three agencies, or as many as are wanted. */

#ifndef LOTERIA_STATUS_DAY_H
#define LOTERIA_STATUS_DAY_H

#include <stdio.h>

#include "view.h"

#define DAY_WALL_MS 1764500000000

static const char day_state[] =
    "process_start_time_seconds 1764490000\n"
    "loteria_build_info{version=\"0.1.0\"} 1\n"
    "loteria_draw_info{draw=\"tarde\",source=\"entered\",closes=\"never\"} 1\n"
    "loteria_draw_phase{draw=\"tarde\"} 3\n"
    "loteria_draw_number{draw=\"tarde\"} 1234\n"
    "loteria_draw_agencies{draw=\"tarde\"} 2\n"
    "loteria_draw_agencies_served{draw=\"tarde\"} 1\n"
    "loteria_draw_opened_timestamp_seconds{draw=\"tarde\"} 1764480000\n"
    "loteria_draw_drawn_timestamp_seconds{draw=\"tarde\"} 1764485000.5\n"
    "loteria_agency_state{draw=\"tarde\",agency=\"1\"} 3\n"
    "loteria_agency_served_timestamp_seconds{draw=\"tarde\",agency=\"1\"} 1764486000\n"
    "loteria_agency_state{draw=\"tarde\",agency=\"2\"} 1\n"
    "loteria_draw_info{draw=\"noche\",source=\"random\",closes=\"clock\"} 1\n"
    "loteria_draw_phase{draw=\"noche\"} 1\n"
    "loteria_draw_agencies{draw=\"noche\"} 3\n"
    "loteria_draw_agencies_ready{draw=\"noche\"} 1\n"
    "loteria_draw_agencies_excused{draw=\"noche\"} 0\n"
    "loteria_draw_agencies_served{draw=\"noche\"} 0\n"
    "loteria_draw_highest{draw=\"noche\"} 9999\n"
    "loteria_draw_opened_timestamp_seconds{draw=\"noche\"} 1764490000\n"
    "loteria_draw_closes_timestamp_seconds{draw=\"noche\"} 1764507600\n"
    "loteria_agency_state{draw=\"noche\",agency=\"3\"} 0\n"
    "loteria_agency_state{draw=\"noche\",agency=\"1\"} 1\n"
    "loteria_agency_ready_timestamp_seconds{draw=\"noche\",agency=\"1\"} 1764499000\n"
    "loteria_agency_state{draw=\"noche\",agency=\"2\"} 0\n";

static const char day_storage[] =
    "process_start_time_seconds 1764490000\n"
    "process_cpu_seconds_total 10.5\n"
    "process_resident_memory_bytes 20971520\n"
    "process_open_fds 30\n"
    "process_max_fds 1024\n"
    "loteria_build_info{version=\"0.1.0\"} 1\n"
    "loteria_bets_total{draw=\"noche\"} 3000\n"
    "loteria_batches_total{draw=\"noche\"} 30\n"
    "loteria_bets_cancelled_total{draw=\"noche\"} 2\n"
    "loteria_agency_bets{draw=\"noche\",agency=\"1\"} 1000\n"
    "loteria_agency_bets{draw=\"noche\",agency=\"2\"} 2000\n"
    "loteria_agency_cancelled{draw=\"noche\",agency=\"2\"} 2\n"
    "loteria_agency_last_batch_timestamp_seconds{draw=\"noche\",agency=\"2\"} "
    "1764499999\n"
    "loteria_log_bytes_total 400000\n"
    "loteria_log_sync_seconds_bucket{le=\"0.001\"} 10\n"
    "loteria_log_sync_seconds_bucket{le=\"0.002\"} 90\n"
    "loteria_log_sync_seconds_bucket{le=\"0.004\"} 100\n"
    "loteria_log_sync_seconds_bucket{le=\"+Inf\"} 100\n"
    "loteria_log_sync_seconds_sum 0.2\n"
    "loteria_log_sync_seconds_count 100\n"
    "loteria_disk_free_bytes 5000000000\n"
    "loteria_disk_size_bytes 10000000000\n";

static const char day_broker[] =
    "process_start_time_seconds 1764490000\n"
    "loteria_requests_total 100\n"
    "loteria_refused_total{code=\"FIELDS\"} 2\n"
    "loteria_refused_total{code=\"BUSY\"} 7\n"
    "loteria_connections 2\n"
    "loteria_part_up{part=\"storage\"} 1\n"
    "loteria_part_up{part=\"state\"} 1\n"
    "loteria_part_up{part=\"worker\"} 1\n"
    "loteria_agency_connected{agency=\"2\",address=\"10.0.0.7\",key=\"abcdefgh\"} 1\n"
    "loteria_agency_connected{agency=\"1\",address=\"10.0.0.6\",key=\"\"} 1\n"
    "loteria_agency_connected{agency=\"2\",address=\"10.0.0.8\",key=\"abcdefgh\"} 1\n"
    "loteria_agency_connected{agency=\"2\",address=\"10.0.0.7\",key=\"abcdefgh\"} 1\n"
    "loteria_agency_last_word_timestamp_seconds{agency=\"2\"} 1764499998\n"
    "loteria_agency_queue_requests{agency=\"2\"} 3\n"
    "loteria_worker_up{worker=\"host/22\"} 1\n"
    "loteria_worker_up{worker=\"host/21\"} 1\n"
    "loteria_worker_in_flight{worker=\"host/21\"} 4\n"
    "loteria_worker_bets_total{worker=\"host/21\"} 3000\n"
    "loteria_worker_cpu_seconds_total{worker=\"host/21\"} 2.5\n";

static const char day_central[] =
    "process_start_time_seconds 1764490000\n"
    "loteria_workers_wanted 2\n"
    "loteria_process_up{process=\"storage\",pid=\"20\"} 1\n"
    "loteria_process_restarts_total{process=\"storage\"} 3\n"
    "loteria_process_restarts_total{process=\"worker\"} 1\n"
    "loteria_process_up{process=\"worker\",pid=\"22\"} 1\n"
    "loteria_process_up{process=\"worker\",pid=\"21\"} 1\n"
    "loteria_process_up{process=\"web\",pid=\"0\"} 0\n";

/* Of a standby. */
static const char day_engine[] = "loteria_active 0\n"
                                 "loteria_epoch 7\n"
                                 "loteria_lease_age_seconds 0.4\n"
                                 "loteria_log_behind_entries 12\n"
                                 "loteria_log_waiting_seconds 2.5\n"
                                 "loteria_engine_info{engine=\"postgres\",host=\"db2:"
                                 "5432\",holder=\"tcp://a:12345\"} "
                                 "1\n"
                                 "loteria_engine_synchronous 1\n"
                                 "loteria_engine_standbys 2\n"
                                 "loteria_engine_standby{name=\"node2\"} 1\n"
                                 "loteria_engine_standby{name=\"node3\"} 1\n";

static inline void day_say (view_t *view, status_part_t part, const char *text)
{
    view_take (view, part, bytes_of (text, strlen (text)));
}

static inline view_t *day_unfinished (void)
{
    view_t *view = view_new ();
    day_say (view, STATUS_STATE, day_state);
    day_say (view, STATUS_STORAGE, day_storage);
    day_say (view, STATUS_BROKER, day_broker);
    day_say (view, STATUS_CENTRAL, day_central);
    return view;
}

/* The same, but that one of them hangs. */
static inline view_t *day_without (status_part_t hung)
{
    static const char *const texts[STATUS_PARTS] = {[STATUS_STATE] = day_state,
                                                    [STATUS_STORAGE] = day_storage,
                                                    [STATUS_BROKER] = day_broker,
                                                    [STATUS_CENTRAL] = day_central};
    view_t *view = view_new ();
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (part == hung)
            view_silent (view, part, "no answer");
        else
            day_say (view, part, texts[part]);
    view_finish (view, NULL, 100000, DAY_WALL_MS);
    return view;
}

/* A provable draw of four agencies in this phase: 1 and 3 have committed, 2 has not, 4
   has revealed. */
static inline view_t *day_provable (int phase)
{
    char text[2048];
    snprintf (
        text, sizeof text,
        "process_start_time_seconds 1764490000\n"
        "loteria_draw_info{draw=\"noche\",source=\"provable\",closes=\"clock\"} 1\n"
        "loteria_draw_phase{draw=\"noche\"} %d\n"
        "loteria_draw_agencies{draw=\"noche\"} 4\n"
        "loteria_draw_agencies_ready{draw=\"noche\"} 3\n"
        "loteria_draw_agencies_revealed{draw=\"noche\"} 1\n"
        "loteria_draw_least{draw=\"noche\"} 2\n"
        "loteria_draw_demo{draw=\"noche\"} 1\n"
        "loteria_draw_attested{draw=\"noche\"} 0\n"
        "loteria_draw_commits_timestamp_seconds{draw=\"noche\"} 1764499000\n"
        "loteria_draw_opened_timestamp_seconds{draw=\"noche\"} 1764490000\n"
        "loteria_draw_closes_timestamp_seconds{draw=\"noche\"} 1764498400\n"
        "loteria_draw_closed_timestamp_seconds{draw=\"noche\"} 1764498400\n"
        "loteria_draw_sealed_timestamp_seconds{draw=\"noche\"} 1764499000\n"
        "loteria_agency_state{draw=\"noche\",agency=\"1\"} 1\n"
        "loteria_agency_state{draw=\"noche\",agency=\"2\"} 0\n"
        "loteria_agency_state{draw=\"noche\",agency=\"3\"} 1\n"
        "loteria_agency_state{draw=\"noche\",agency=\"4\"} 4\n",
        phase);
    view_t *view = view_new ();
    day_say (view, STATUS_STATE, text);
    view_finish (view, NULL, 100000, DAY_WALL_MS);
    return view;
}

static inline view_t *day_view (void)
{
    view_t *view = day_unfinished ();
    view_finish (view, NULL, 100000, DAY_WALL_MS);
    return view;
}

#endif
