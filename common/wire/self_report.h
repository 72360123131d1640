/* self_report.h - how a process answers STATUS: from its own loop, page by page, so
   that it is never held for long. What every process has (log lines, processor time,
   memory, version) is put in here; of its own metrics each process enumerates what it
   has.

   Pure but for what process_facts.h and logger.h know, and for a line that it logs when
   documents are shown, once a minute at most. */

#ifndef LOTERIA_SELF_REPORT_H
#define LOTERIA_SELF_REPORT_H

#include "line_ring.h"
#include "logger.h"
#include "metrics.h"
#include "wire.h"

typedef struct {
    void *context;
    /* Put the metrics of one thing (an agency, a worker, the process itself: some
       lines, far less than a page) that stands at `*position` of the process's
       enumeration, or of the first one behind, and move `*position` behind it. False,
       with nothing put: there is none any more.

       It begins at position 0, and goes on at a later time where it was; a position may
       also come from a peer, so it may be any number. What comes and goes between two
       pages must not be missed or doubled because of that: let positions be made of
       what identifies a thing, such as a section and the agency's number. What does not
       fit any more is taken back here and asked for again with the next page: just go
       on putting. `draw` is the header's: 0, or one that `knows` has said yes to.

       NULL: the process has no metrics of its own. */
    bool (*metrics) (void *context, uint64_t draw, uint64_t *position,
                     metrics_page_t *page);
    /* REFUSED_OK, or what a STATUS of this draw, not 0, is refused with. NULL: no draw
       is known here (DRAW). */
    wire_code_t (*knows) (void *context, uint64_t draw);
    const line_ring_t *refusals; // NULL: none are kept
    /* Write one of them as a line; returns its size. NULL: they are lines. */
    size_t (*show_refusal) (void *context, bytes_t kept, char line[LOGGER_SHOWN_BYTES]);
} self_report_t;

/* The answer to a STATUS: a REPORT whose text is in `text`, or REFUSED. */
wire_message_t self_report_answer (const self_report_t *source,
                                   const wire_message_t *asked,
                                   char text[REPORT_BYTES_MAX]);

#endif
