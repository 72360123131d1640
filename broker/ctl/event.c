/* event.c - a log line of a part: loteria-ctl events. */

#include "event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "local_time.h"
#include "text.h"

static style_t style_of (bytes_t level);
static bool is (bytes_t text, const char *word);

void event_show (status_part_t part, const log_entry_t *entry, paper_t *paper)
{
    char local[LOCAL_TEXT_BYTES];
    char *text = strndup ((const char *) entry->text.data, entry->text.size);
    text_clean (text);
    paper_put (paper, STYLE_DIM, "%s", local_text (entry->time_ms, local));
    paper_put (paper, STYLE_PLAIN, " %-8s", status_part_name (part));
    paper_put (paper, style_of (entry->level), "%-9.*s", (int) entry->level.size,
               (const char *) entry->level.data);
    paper_put (paper, STYLE_PLAIN, "%s\n", text);
    free (text);
}

char *event_json (status_part_t part, const log_entry_t *entry)
{
    char time[LOCAL_TEXT_BYTES], key[64];
    json_t *json = json_new ();
    local_text_utc (entry->time_ms, time);
    snprintf (strchrnul (time, 'Z'), 8, ".%03uZ", (unsigned) (entry->time_ms % 1000));
    json_object (json, NULL);
    json_text (json, "time", time);
    json_text (json, "part", status_part_name (part));
    json_bytes (json, "level", entry->level);
    json_bytes (json, "action", log_entry_part (entry, "action"));
    json_bytes (json, "result", log_entry_part (entry, "result"));
    json_object (json, "values");
    for (size_t i = 0; i < entry->parts; i++) {
        const bytes_t name = entry->part[i].key;
        if (is (name, "action") || is (name, "result"))
            continue;
        snprintf (key, sizeof key, "%.*s", (int) name.size, (const char *) name.data);
        json_bytes (json, key, entry->part[i].value);
    }
    json_end (json);
    json_end (json);
    json_newline (json);
    return json_finish (&json, NULL);
}

static style_t style_of (bytes_t level)
{
    return is (level, "WARNING")                           ? STYLE_WARN
           : is (level, "ERROR") || is (level, "CRITICAL") ? STYLE_BAD
                                                           : STYLE_PLAIN;
}

static bool is (bytes_t text, const char *word)
{
    return bytes_equal (text, bytes_of (word, strlen (word)));
}
