/* trial.c - what loteria-agency --try makes of what it found (agency). Pure. */

#include "trial.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"

static void judge_name (const trial_facts_t *facts, trial_step_t *step);
static void judge_port (const trial_facts_t *facts, trial_step_t *step);
static void judge_key (const trial_facts_t *facts, trial_step_t *step);
static void judge_roll (const trial_facts_t *facts, trial_step_t *step);
static void judge_draw (const trial_facts_t *facts, trial_step_t *step);
static bool about_keys (reach_state_t reach);
static void say (trial_step_t *step, trial_result_t result, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

bool trial_judge (const trial_facts_t *facts, trial_step_t steps[TRIAL_STEPS])
{
    static const struct {
        const char *step;
        void (*judge) (const trial_facts_t *facts, trial_step_t *step);
    } judges[TRIAL_STEPS] = {{"name", judge_name},
                             {"port", judge_port},
                             {"key", judge_key},
                             {"roll", judge_roll},
                             {"draw", judge_draw}};
    bool well = true;
    for (size_t i = 0; i < TRIAL_STEPS; i++) {
        steps[i] = (trial_step_t){.step = judges[i].step};
        if (well)
            judges[i].judge (facts, &steps[i]);
        else
            say (&steps[i], TRIAL_OPEN, "not tried, as what comes before is not well");
        well = well && steps[i].result == TRIAL_OK;
    }
    return well;
}

char *trial_json (uint32_t agency, bool well, const trial_step_t steps[TRIAL_STEPS])
{
    static const char *const results[] = {
        [TRIAL_OK] = "ok", [TRIAL_WRONG] = "wrong", [TRIAL_OPEN] = "unknown"};
    json_t *json = json_new ();
    json_object (json, NULL);
    json_number (json, "agency", agency);
    json_bool (json, "well", well);
    for (size_t i = 0; i < TRIAL_STEPS; i++) {
        json_object (json, steps[i].step);
        json_text (json, "result", results[steps[i].result]);
        json_text (json, "text", steps[i].text);
        json_end (json);
    }
    json_end (json);
    json_newline (json);
    return json_finish (&json, NULL);
}

bool trial_waits (const trial_facts_t *facts)
{
    return facts->name == TRIAL_NAME_KNOWN && !about_keys (facts->reach) &&
           (!facts->answered || facts->code == REFUSED_BUSY ||
            (facts->code == REFUSED_UNAVAILABLE && !facts->standby));
}

static void judge_name (const trial_facts_t *facts, trial_step_t *step)
{
    if (facts->name == TRIAL_NAME_KNOWN)
        say (step, TRIAL_OK, "%s is %s", facts->server, facts->addresses);
    else if (facts->name == TRIAL_NAME_LATE)
        say (step, TRIAL_WRONG,
             "%s: no answer about the name in time: see whether this machine is in the "
             "network and has a name server",
             facts->server);
    else
        say (step, TRIAL_WRONG, "%s: %s: see whether --server is spelt right",
             facts->server, facts->addresses);
}

static void judge_port (const trial_facts_t *facts, trial_step_t *step)
{
    switch (facts->reach) {
    case REACH_REFUSED:
    case REACH_LOST:
        say (step, TRIAL_WRONG,
             "%s: nobody listens there, or there is no route to it: see whether the "
             "central runs, its --listen, and the port in --server",
             facts->server);
        break;
    case REACH_FOREIGN:
        say (step, TRIAL_WRONG,
             "%s: somebody listens there who is no central: see the port in --server",
             facts->server);
        break;
    case REACH_HERE:
        say (step, TRIAL_WRONG, "this machine has no socket for it: too many are open");
        break;
    case REACH_TRYING:
    case REACH_NAME:
    case REACH_NOBODY:
        say (step, TRIAL_WRONG,
             "%s: no answer to the connection request: see whether that machine is up, "
             "and whether a firewall is between",
             facts->server);
        break;
    default:
        say (step, TRIAL_OK, "somebody listens at %s", facts->server);
    }
}

static void judge_key (const trial_facts_t *facts, trial_step_t *step)
{
    switch (facts->reach) {
    case REACH_KEYS_THERE:
        say (step, TRIAL_WRONG,
             "the central has keys, and this agency was given none: "
             "give its folder with --keys");
        break;
    case REACH_KEYS_HERE:
        say (step, TRIAL_WRONG,
             "this agency has keys, and the central was started "
             "without: start it with --keys, or see the port");
        break;
    case REACH_OTHER_KEY:
        say (step, TRIAL_WRONG,
             "the central's key is not the one in broker.key of the folder: get the "
             "folder that this central's loteria-keys made");
        break;
    case REACH_NOT_ADMITTED:
        say (
            step, TRIAL_WRONG,
            "the central does not admit this key: have it enrolled there (loteria-keys "
            "enroll %" PRIu32 "); it may have been revoked",
            facts->agency);
        break;
    case REACH_UP:
        if (facts->answered && facts->code == REFUSED_KEY)
            say (step, TRIAL_WRONG,
                 "the key is admitted, but is not agency %" PRIu32
                 "'s: %s: see --id and "
                 "--keys",
                 facts->agency, facts->text);
        else
            say (step, TRIAL_OK, "%s",
                 facts->keys ? "the central admits this agency's key"
                             : "none here, and the central wants none");
        break;
    default:
        say (step, TRIAL_WRONG,
             "somebody listens there, but hung up or said nothing: %s, it is no "
             "central, or it hangs",
             facts->keys ? "its key is not the one that we have for it"
                         : "it wants keys (--keys)");
    }
}

static void judge_roll (const trial_facts_t *facts, trial_step_t *step)
{
    if (!facts->answered)
        say (step, TRIAL_WRONG,
             "connected, but the central does not answer: see whether it hangs "
             "(loteria-ctl status), and try again");
    else if (facts->code == REFUSED_OK)
        say (step, TRIAL_OK, "agency %" PRIu32 " is on the roll", facts->agency);
    else if (facts->code == REFUSED_AGENCY)
        say (step, TRIAL_WRONG, "%s: see --id, or have the roll made larger",
             facts->text);
    else if (facts->code == REFUSED_DRAW)
        say (step, TRIAL_OK, "depends on the draw, and there is none");
    else if (facts->standby)
        say (step, TRIAL_WRONG,
             "a standby, which sells nothing until it takes over%s%s",
             *facts->text ? ": " : "", facts->text);
    else if (facts->code == REFUSED_BUSY || facts->code == REFUSED_UNAVAILABLE)
        say (step, TRIAL_WRONG, "the central cannot say now: %s (%s): try again",
             facts->text, wire_code_name (facts->code));
    else
        say (step, TRIAL_WRONG, "the central refuses: %s (%s)", facts->text,
             wire_code_name (facts->code));
}

static void judge_draw (const trial_facts_t *facts, trial_step_t *step)
{
    if (facts->code == REFUSED_DRAW)
        say (step, TRIAL_WRONG, "%s%s%s%s; see --draw, or have a draw opened",
             facts->draw ? "there is no draw " : "", facts->draw ? facts->draw : "",
             facts->draw ? "; " : "", facts->text);
    else if (facts->day == DAY_OPEN && facts->provable && facts->lacks)
        say (step, TRIAL_WRONG, "draw %s is provable, and nothing is sold in it: %s",
             facts->text, facts->lacks);
    else if (facts->day == DAY_OPEN)
        say (step, TRIAL_OK,
             "draw %s is on sale; %" PRIu64 " bets of agency %" PRIu32 " are stored",
             facts->text, facts->stored, facts->agency);
    else
        say (step, TRIAL_WRONG,
             "the sale of agency %" PRIu32 " in draw %s is closed, with %" PRIu64
             " bets%s",
             facts->agency, facts->text, facts->stored,
             facts->day == DAY_VOID    ? ": the draw is void"
             : facts->day == DAY_DRAWN ? ": the draw is made; --results has them"
                                       : ": nothing can be sold in it any more");
}

static bool about_keys (reach_state_t reach)
{
    return reach >= REACH_KEYS_THERE && reach <= REACH_NOT_ADMITTED;
}

static void say (trial_step_t *step, trial_result_t result, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (step->text, sizeof step->text, format, values);
    va_end (values);
    step->result = result;
}
