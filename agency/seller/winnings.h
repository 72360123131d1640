/* winnings.h - finds an agency's winning tickets: in its receipts, and in its file
   where there is one. Touches files. */

#ifndef LOTERIA_WINNINGS_H
#define LOTERIA_WINNINGS_H

#include "claims.h"
#include "receipts.h"
#include "session.h"

/* Of a session that has its winners. `rows` may be NULL: there is no file. Never NULL;
   who has no ticket there has none. */
claims_t *winnings_find (receipts_t *receipts, const rows_t *rows,
                         const session_t *session);

#endif
