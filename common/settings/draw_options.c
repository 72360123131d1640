/* draw_options.c - the settings of draws, taken together: loteria-central and
   loteria-state. */

#include "draw_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "draw_name.h"
#include "local_time.h"
#include "secret.h"

static int choose_number (const config_t *config, draw_options_t *options,
                          char why[CONFIG_WHY_BYTES]);
static void show_draw (const schedule_draw_t *draw);
static int check_zone (const draw_options_t *options, char why[CONFIG_WHY_BYTES]);

int draw_options_agree (const config_t *config, draw_options_t *options,
                        uint32_t agencies, uint32_t highest, char why[CONFIG_WHY_BYTES])
{
    if (choose_number (config, options, why) == -1)
        return -1;
    const schedule_defaults_t defaults = {agencies, highest, options->number};
    terms_closes_parse (options->closes_text,
                        &options->closes); // was checked as it came
    if (schedule_load (config_file (config), &defaults, &options->schedule, why) == -1)
        return -1;
    if (!options->name && !options->schedule)
        options->name = DRAW_NAME_DEFAULT;
    return check_zone (options, why);
}

static int choose_number (const config_t *config, draw_options_t *options,
                          char why[CONFIG_WHY_BYTES])
{
    const int fixed = config_rank (config, "winning-number");
    const int in_file = config_rank (config, "winning-number-file");
    const int before = fixed > in_file ? fixed : in_file;
    const int source = config_rank (config, "number");
    terms_number_t number = {0};
    if (options->number_text)
        terms_number_parse (options->number_text, &number); // was checked as it came
    if (options->number_text && source > before) {
        options->number = number;
        return 0;
    }
    if (secret_load (config, "winning-number", options->number_file, NUMBER_MAX_MAX,
                     &options->winning_number, why) == -1)
        return -1;
    options->number = (terms_number_t){TERMS_FIXED, options->winning_number};
    if (!options->number_text || source < before ||
        (number.source == TERMS_FIXED && number.number == options->winning_number))
        return 0;
    snprintf (
        why, CONFIG_WHY_BYTES,
        "--number and --winning-number%s are both given (%s), and differ; give one "
        "of them",
        in_file == source ? "-file" : "", config_source (config, "number"));
    return -1;
}

/* A draw that closes by the clock of another zone than was meant cannot be opened
 * again.
 */
static int check_zone (const draw_options_t *options, char why[CONFIG_WHY_BYTES])
{
    char reason[LOCAL_WHY_BYTES];
    if ((options->closes.closing != TERMS_AT && !options->schedule) ||
        local_zone_known (reason))
        return 0;
    snprintf (why, CONFIG_WHY_BYTES, "%s", reason);
    return -1;
}

void draw_options_show (const draw_options_t *options)
{
    const uint64_t now_ms = clock_wall_ms ();
    for (size_t i = 0; i < schedule_size (options->schedule); i++) {
        schedule_draw_t draw;
        if (schedule_draw (options->schedule, i, now_ms, &draw))
            show_draw (&draw);
    }
}

static void show_draw (const schedule_draw_t *draw)
{
    char opens[LOCAL_TEXT_BYTES], closes[LOCAL_TEXT_BYTES];
    printf ("draw %s = opens %s, closes %s, number %s, agencies %" PRIu32
            ", highest %" PRIu32 " (file)\n",
            draw->name, local_text (draw->opens_ms, opens),
            draw->closes_ms == 0            ? "when all have asked"
            : draw->closes_ms == UINT64_MAX ? "by order"
                                            : local_text (draw->closes_ms, closes),
            terms_source_name (draw->number.source), draw->agencies, draw->highest);
}
