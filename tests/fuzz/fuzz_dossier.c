/* fuzz_dossier.c - any bytes as the files of a folder of notes, with a receipt and a
   ticket, before loteria-verify: whatever does not hold is told, and what is told is
   text. The input is sections: a letter for the file, its size (16 bits), its bytes. */

#include "fuzz.h"

#include <string.h>

#include "text.h"
#include "verify.h"

#define PARTIES_MAX 3

typedef struct {
    party_file_t files[5][PARTIES_MAX];
    dossier_t dossier;
    bytes_t receipt, ticket;
} folder_t;

static void take (folder_t *folder, uint8_t letter, bytes_t file);
static void add (party_files_t *files, bytes_t file);
static void check_text (void *context, const char *step, const char *text);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    folder_t folder = {0};
    party_files_t *const kinds[] = {&folder.dossier.ready,
                                    &folder.dossier.countersigned,
                                    &folder.dossier.nonces, &folder.dossier.salts};
    MUST (signed_note_start () == 0);
    for (size_t i = 0; i < 4; i++)
        kinds[i]->of = folder.files[i];
    while (size >= 3) {
        const size_t wanted = (size_t) (data[1] << 8 | data[2]);
        const size_t length = wanted < size - 3 ? wanted : size - 3;
        take (&folder, data[0], bytes_of (data + 3, length));
        data += 3 + length;
        size -= 3 + length;
    }
    const verify_options_t options = {.dossier = &folder.dossier,
                                      .receipt = folder.receipt,
                                      .ticket = folder.ticket,
                                      .tell = check_text};
    const verify_outcome_t outcome = verify (&options);
    check_text (NULL, outcome.step, outcome.holds ? "it holds" : outcome.fault);
    MUST (outcome.holds || *outcome.fault);
    // Nobody has the keys of the golden draw any more: no other void is signed.
    MUST (!outcome.holds || outcome.phase != VERIFY_VOID);
    return 0;
}

static void take (folder_t *folder, uint8_t letter, bytes_t file)
{
    dossier_t *dossier = &folder->dossier;
    switch (letter) {
    case 'o':
        dossier->open = file;
        break;
    case 's':
        dossier->seal = file;
        break;
    case 'a':
        dossier->auditor = file;
        break;
    case 'q':
        dossier->result = file;
        break;
    case 'w':
        dossier->off = file;
        break;
    case 'b':
        dossier->bets = file;
        break;
    case 'c':
        dossier->cancelled = file;
        break;
    case 'e':
        folder->receipt = file;
        break;
    case 't':
        folder->ticket = file;
        break;
    case 'r':
        add (&dossier->ready, file);
        break;
    case 'g':
        add (&dossier->countersigned, file);
        break;
    case 'n':
        add (&dossier->nonces, file);
        break;
    case 'k':
        add (&dossier->salts, file);
        break;
    default: // in place of an empty one
        break;
    }
}

/* Of the golden draw's agencies, 1, 4 and 7. */
static void add (party_files_t *files, bytes_t file)
{
    if (files->count == PARTIES_MAX)
        return;
    files->of[files->count] = (party_file_t){(uint32_t) (3 * files->count + 1), file};
    files->count++;
}

static void check_text (void *context, const char *step, const char *text)
{
    (void) context;
    MUST (*step && *text);
    for (const char *at = text; *at; at++)
        MUST ((unsigned char) *at >= ' ' && *at != 0x7F);
}
