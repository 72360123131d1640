/* dossier.c - files by party. Verifier, agency. */

#include "dossier.h"

#include "sorted.h"

bytes_t dossier_find (const party_files_t *files, uint32_t party)
{
    const size_t place =
        sorted_find (files->of, files->count, sizeof *files->of, party);
    return place < files->count ? files->of[place].file : bytes_of (NULL, 0);
}
