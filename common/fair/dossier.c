/* dossier.c - files by party. Verifier, agency. */

#include "dossier.h"

bytes_t dossier_find (const party_files_t *files, uint32_t party)
{
    size_t from = 0, to = files->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (files->of[middle].party < party)
            from = middle + 1;
        else
            to = middle;
    }
    return from < files->count && files->of[from].party == party ? files->of[from].file
                                                                 : (bytes_t){0};
}
