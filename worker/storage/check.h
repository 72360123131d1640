/* check.h - verifying a data directory, without changing anything. */

#ifndef LOTERIA_CHECK_H
#define LOTERIA_CHECK_H

/* Print what the directory holds to stdout, having read all of it: every record is
   chained to those before it, its rows have its hashes, an agency's bets its digest,
   and what is not checkpointed is in the log. A process may be serving the day: then it
   is what is safe by now. With `expect`, a head in 64 hexadecimal digits, say at which
   record the day had it. Returns 0 when it is sound (and ever had that head), 1 with
   the place of the damage on stderr when not. */
int check_directory (const char *directory, const char *expect);

/* The same of a copy that was just made: print its totals alone. 0, or -1 with the
   place of the damage in `why` (BOOK_WHY_BYTES). */
int check_copy (const char *directory, char *why);

/* Whether the text is a head. */
int check_is_head (const char *text);

#endif
