/* last_words.h - why a child cannot start, from it to its supervisor, who logs it when
   nothing more will be said: so that it is there once, and last.

   A pair of datagram sockets, of which each child inherits one end, by its number in
   the environment. */

#ifndef LOTERIA_LAST_WORDS_H
#define LOTERIA_LAST_WORDS_H

#include <stdbool.h>
#include <sys/types.h>

#include "problem.h"

/* A supervisor's: make the pair and put the number of the children's end, which is
   returned, into the environment. `hears` is the end to listen at. Both are
   close-on-exec. -1: there is none, and children log for themselves. */
int last_words_open (int *hears);

/* In a child, before it executes its program: it has this end. */
void last_words_inherit (int end);

typedef struct {
    pid_t pid;
    int status;
    char process[LOGGER_PROCESS_BYTES]; // for who hears it to fill in: who says it
    char action[64];
    char parts[LOGGER_PARTS_BYTES];
} last_words_t;

/* A problem as last words, of this process. Returns them to free (). */
last_words_t *last_words_of (const problem_t *problem);

/* What a child said, if any did: true. Never waits. */
bool last_words_hear (int hears, last_words_t *words);

/* A child's, from process_start (): take the number out of the environment. */
void last_words_take_end (void);

/* Say it. False: there is nobody to be told. */
bool last_words_say (const problem_t *problem);

#endif
