/* note_verbs.c - writes the folder of a provable draw's notes: loteria-ctl draw notes.
   In: notes from storage, over its own socket; with --with-bets the draw's files of the
   data directory. Out: the folder, and a line of what is in it. */

#include "note_verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gathering.h"
#include "hex.h"
#include "json.h"
#include "lookup.h"
#include "note_folder.h"
#include "storage_verbs.h"
#include "terminal.h"

#define VERB       "draw notes"
#define NAME_BYTES 32 // of a file

typedef struct {
    look_t look;
    lookup_t lookup;
    gathering_t gathering;
    const char *folder;
    json_t *json;
    size_t count[FOLDER_FAILED + 1]; // of files, by what became of them
    int status;
} work_t;

static int choose_draw (work_t *work);
static int find_provable (work_t *work, char name[DRAW_NAME_BYTES_MAX + 1]);
static int gather (work_t *work);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static int write_folder (work_t *work);
static void write_notes (work_t *work);
static void write_of (work_t *work, uint32_t agency);
static void write_secret (work_t *work, const char *kind, wire_which_t which,
                          uint32_t party);
static void write_bets (work_t *work);
static void copy_of_draw (work_t *work, const char *name, bool needed);
static void write_note (work_t *work, const char *name, wire_which_t which,
                        uint32_t agency);
static void tell_put (work_t *work, const char *name, folder_put_t put,
                      const char *why);
static int show (work_t *work);
static void show_line (const work_t *work);
static bool has (const work_t *work, wire_which_t which);

int note_verbs_notes (const command_t *command)
{
    work_t work = {.folder = command->word[command->words - 1], .json = json_new ()};
    int status = look_begin (&work.look, VERB, command);
    if (status == 0)
        status = choose_draw (&work);
    if (status == 0)
        status = gather (&work);
    if (status == 0)
        status = write_folder (&work);
    json_destroy (&work.json);
    publication_destroy (&work.gathering.publication);
    look_end (&work.look);
    return status;
}

static int choose_draw (work_t *work)
{
    const command_t *command = work->look.command;
    char name[DRAW_NAME_BYTES_MAX + 1];
    int status = 0;
    if (command->words == 1)
        status = find_provable (work, name);
    if (status == 0)
        status = lookup_find (
            &work->look, command->words == 1 ? name : command->word[0], &work->lookup);
    if (status == 0 && work->lookup.about.source != SOURCE_PROVABLE)
        status = command_failed (VERB, PROCESS_FAILED,
                                 "draw: %s | reason: its number is %s: only a provable "
                                 "draw has notes (--number provable)",
                                 work->lookup.name,
                                 wire_source_name (work->lookup.about.source));
    return status;
}

/* The only one that there is. */
static int find_provable (work_t *work, char name[DRAW_NAME_BYTES_MAX + 1])
{
    const int status = look_round (&work->look, false);
    const view_t *view = survey_view (work->look.survey);
    const view_draw_t *found = NULL, *second = NULL;
    size_t count = 0;
    if (status != 0)
        return status;
    if (!view_told (view, STATUS_STATE))
        return look_verdict (&work->look);
    for (size_t i = 0; i < view->draws; i++) {
        const view_draw_t *draw = &view->draw[i];
        if (!view_provable (draw) || !draw->has_phase || draw->phase == PHASE_PLANNED)
            continue;
        if (++count == 1)
            found = draw;
        else if (count == 2)
            second = draw;
    }
    if (second)
        return command_failed (VERB, PROCESS_FAILED,
                               "reason: it may be meant for %s%s%s%s; name one",
                               found->name, count > 2 ? ", " : " or ", second->name,
                               count > 2 ? " or others" : "");
    if (!found)
        return command_failed (VERB, PROCESS_FAILED,
                               "reason: there is no provable draw; see loteria-ctl "
                               "draw list");
    snprintf (name, DRAW_NAME_BYTES_MAX + 1, "%s", found->name);
    return 0;
}

static int gather (work_t *work)
{
    gathering_t *gathering = &work->gathering;
    wire_message_t question;
    gathering->draw = work->lookup.draw;
    gathering->publication = publication_new (true, work->look.command->with_bets);
    gathering_ask (gathering, &question);
    const char *reason =
        look_ask (&work->look, STATUS_STORAGE, &question, take, gathering);
    if (reason)
        return look_trouble (&work->look, STATUS_STORAGE, reason);
    if (gathering->code)
        return command_failed (VERB, PROCESS_FAILED, "draw: %s | reason: %s",
                               work->lookup.name, gathering->text);
    if (!has (work, NOTE_OPEN))
        return command_failed (VERB, PROCESS_FAILED,
                               "draw: %s | reason: it has no open note yet; ask again "
                               "in a moment",
                               work->lookup.name);
    return 0;
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    return gathering_take (context, question, answer);
}

/* All that can be written is, whatever is wrong with one of the files. */
static int write_folder (work_t *work)
{
    char why[NOTE_FOLDER_WHY_BYTES];
    const bytes_t open = publication_find (work->gathering.publication, NOTE_OPEN, 0);
    if (!note_folder_fits (work->folder, open, why) ||
        note_folder_make (work->folder, why) == -1)
        return command_failed (VERB, PROCESS_FAILED, "draw: %s | reason: %s",
                               work->lookup.name, why);
    json_object (work->json, NULL);
    json_text (work->json, "draw", work->lookup.name);
    json_text (work->json, "folder", work->folder);
    json_array (work->json, "files");
    write_notes (work);
    if (work->look.command->with_bets)
        write_bets (work);
    json_end (work->json);
    json_number (work->json, "new", work->count[FOLDER_NEW]);
    json_number (work->json, "differ", work->count[FOLDER_DIFFERS]);
    json_end (work->json);
    json_newline (work->json);
    if (work->gathering.fault)
        work->status = command_failed (
            VERB, PROCESS_FAILED,
            "draw: %s | reason: storage has something that is no note (%s)",
            work->lookup.name, work->gathering.fault);
    const int status = show (work);
    return work->status ? work->status : status;
}

static void write_notes (work_t *work)
{
    const publication_t *publication = work->gathering.publication;
    write_note (work, "open.note", NOTE_OPEN, 0);
    write_note (work, "seal.note", NOTE_SEAL, 0);
    write_note (work, "seal-auditor.note", NOTE_ATTESTED, 0);
    for (size_t i = 0; i < publication_agencies (publication); i++)
        write_of (work, publication_agency (publication, i));
    write_secret (work, "box", NOTE_BOX, 0);
    write_note (work, "result.note", NOTE_RESULT, 0);
    write_note (work, "void.note", NOTE_VOID, 0);
}

/* What an auditor stood in for is no seal that the agency signed. */
static void write_of (work_t *work, uint32_t agency)
{
    char name[NAME_BYTES];
    snprintf (name, sizeof name, "ready-%u.note", agency);
    write_note (work, name, NOTE_RECEIPT, agency);
    snprintf (name, sizeof name, "seal-%u.note", agency);
    if (publication_signed_itself (work->gathering.publication, agency))
        write_note (work, name, NOTE_COUNTERSIGNED, agency);
    write_secret (work, "box", NOTE_BOX, agency);
}

/* Bytes as hexadecimal digits, in a line. */
static void write_secret (work_t *work, const char *kind, wire_which_t which,
                          uint32_t party)
{
    const bytes_t bytes = publication_find (work->gathering.publication, which, party);
    char name[NAME_BYTES], text[2 * BOX_BYTES_MAX + 2], why[NOTE_FOLDER_WHY_BYTES];
    if (!bytes.data || bytes.size > BOX_BYTES_MAX)
        return;
    strcat (hex_write (bytes, text), "\n");
    snprintf (name, sizeof name, "%s-%u.txt", kind, party);
    const folder_put_t put =
        note_folder_put (work->folder, name, bytes_of (text, strlen (text)), why);
    tell_put (work, name, put, why);
}

/* They do not change behind the seal. */
static void write_bets (work_t *work)
{
    const publication_t *publication = work->gathering.publication;
    if (!has (work, NOTE_SEAL)) {
        work->status = command_failed (
            VERB, PROCESS_FAILED,
            "draw: %s | reason: it is not sealed, so its bets may still change; the "
            "notes are written, --with-bets is for later",
            work->lookup.name);
        return;
    }
    for (size_t i = 0; i < publication_agencies (publication); i++)
        write_secret (work, "salts", NOTE_SALTS, publication_agency (publication, i));
    copy_of_draw (work, "bets.csv", true);
    copy_of_draw (work, "cancelled.csv", false);
}

/* Of the data directory, on this machine. */
static void copy_of_draw (work_t *work, const char *name, bool needed)
{
    char path[PATH_MAX], why[NOTE_FOLDER_WHY_BYTES];
    const int size = snprintf (path, sizeof path, "%s/draws/%s/%s",
                               storage_verbs_directory (work->look.command),
                               work->lookup.name, name);
    if (size >= PATH_MAX || (!needed && access (path, F_OK) == -1 && errno == ENOENT))
        return;
    tell_put (work, name, note_folder_copy (work->folder, name, path, why), why);
}

static void write_note (work_t *work, const char *name, wire_which_t which,
                        uint32_t agency)
{
    char why[NOTE_FOLDER_WHY_BYTES];
    size_t size;
    char *file = publication_file (work->gathering.publication, which, agency, &size);
    if (!file)
        return;
    tell_put (work, name,
              note_folder_put (work->folder, name, bytes_of (file, size), why), why);
    free (file);
}

/* Loudly, if the folder has another: somebody has been shown two. */
static void tell_put (work_t *work, const char *name, folder_put_t put, const char *why)
{
    const bool note = strstr (name, ".note") != NULL;
    work->count[put]++;
    json_line (work->json);
    json_object (work->json, NULL);
    json_text (work->json, "file", name);
    json_text (work->json, "is", note_folder_name (put));
    json_end (work->json);
    if (put == FOLDER_FAILED && work->count[put] == 1) // the others are counted
        work->status = command_failed (
            VERB, PROCESS_FAILED,
            "draw: %s | reason: %s: mend that and ask again, what is missing is added",
            work->lookup.name, why);
    else if (put == FOLDER_DIFFERS)
        work->status = command_failed (
            VERB, PROCESS_FAILED,
            "draw: %s | file: %s/%s | reason: THE CENTRAL HAS ANOTHER ONE THAN THIS "
            "FOLDER, which must never be, unless it is of another central or draw%s; "
            "nothing was replaced",
            work->lookup.name, work->folder, name,
            note ? "; keep both, two that are signed prove fraud: the other one is "
                   "beside it, with .other behind its name"
                 : "");
}

static int show (work_t *work)
{
    if (work->look.command->json)
        return terminal_print (json_finish (&work->json, NULL));
    show_line (work);
    return fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
}

static void show_line (const work_t *work)
{
    const publication_t *publication = work->gathering.publication;
    const size_t all = work->count[FOLDER_NEW] + work->count[FOLDER_SAME] +
                       work->count[FOLDER_DIFFERS];
    printf ("%s: open, %zu of %zu agencies have a receipt", work->lookup.name,
            publication_count (publication, NOTE_RECEIPT),
            publication_agencies (publication));
    if (has (work, NOTE_SEAL))
        printf (", sealed, %zu %s revealed",
                publication_count (publication, NOTE_COUNTERSIGNED),
                publication_count (publication, NOTE_COUNTERSIGNED) == 1 ? "has"
                                                                         : "have");
    printf ("%s: %zu %s in %s, %zu new",
            has (work, NOTE_RESULT) ? ", result"
            : has (work, NOTE_VOID) ? ", void"
                                    : "",
            all, all == 1 ? "file" : "files", work->folder, work->count[FOLDER_NEW]);
    if (work->count[FOLDER_FAILED] > 0)
        printf (", %zu not written", work->count[FOLDER_FAILED]);
    printf ("\n");
}

static bool has (const work_t *work, wire_which_t which)
{
    return publication_find (work->gathering.publication, which, 0).data != NULL;
}
