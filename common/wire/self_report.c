/* self_report.c - STATUS is answered: every process. */

#include "self_report.h"

#include <assert.h>

#include "clock.h"
#include "process_facts.h"

#define TRACE_MS 60000 // who is shown documents is logged so often at most

static void write_metrics (const self_report_t *source, uint64_t draw, uint64_t from,
                           metrics_page_t *page, wire_report_t *report);
static void put_process (metrics_page_t *page);
static void write_lines (const self_report_t *source, const line_ring_t *ring,
                         uint64_t from, metrics_page_t *page, wire_report_t *report);
static bytes_t show (const self_report_t *source, uint8_t subject, bytes_t kept,
                     char shown[LOGGER_SHOWN_BYTES]);
static bool has_document (bytes_t kept);
static void leave_trace (void);

wire_message_t self_report_answer (const self_report_t *source,
                                   const wire_message_t *asked,
                                   char text[REPORT_BYTES_MAX])
{
    const uint64_t draw = asked->draw, from = asked->status.from;
    metrics_page_t page = {.text = text, .capacity = REPORT_BYTES_MAX};
    wire_message_t answer = {.command = WIRE_REPORT, .draw = draw};
    wire_report_t *report = &answer.report;
    report->subject = asked->status.subject;
    if (report->subject == STATUS_METRICS && draw != 0) {
        const wire_code_t code =
            source->knows ? source->knows (source->context, draw) : REFUSED_DRAW;
        if (code != REFUSED_OK)
            return wire_refusal (asked, code, NULL);
    }
    if (report->subject == STATUS_METRICS)
        write_metrics (source, draw, from, &page, report);
    else if (report->subject != STATUS_REFUSALS)
        write_lines (source, logger_kept (), from, &page, report);
    else if (source->refusals)
        write_lines (source, source->refusals, from, &page, report);
    report->text = bytes_of (text, page.size);
    return answer;
}

/* `from` 0 is the beginning, any other the position before it. */
static void write_metrics (const self_report_t *source, uint64_t draw, uint64_t from,
                           metrics_page_t *page, wire_report_t *report)
{
    uint64_t position = from > 0 ? from - 1 : 0;
    if (from == 0 && draw == 0)
        put_process (page);
    for (int pieces = 0; source->metrics; pieces++) {
        const size_t mark = page->size;
        const uint64_t here = position;
        const bool put = pieces < REPORT_PIECES_MAX &&
                         source->metrics (source->context, draw, &position, page);
        if (put && !page->full)
            continue;
        if (!put && pieces < REPORT_PIECES_MAX)
            return; // that was all
        assert (!page->full || mark > 0);
        page->size = mark;
        report->more = 1;
        report->next = here + 1;
        return;
    }
}

static void put_process (metrics_page_t *page)
{
    process_facts_t facts;
    process_facts_read (&facts);
    metrics_put_time (page, METRIC_START_TIME, facts.started_ms);
    metrics_put_span (page, METRIC_CPU, facts.cpu_ms);
    if (facts.memory_bytes > 0)
        metrics_put (page, METRIC_MEMORY, facts.memory_bytes);
    if (facts.open_fds > 0)
        metrics_put (page, METRIC_OPEN_FDS, facts.open_fds);
    metrics_put (page, METRIC_MAX_FDS, facts.max_fds);
    metrics_put (page, METRIC_BUILD_INFO, 1, LOTERIA_VERSION);
}

/* From a line that there has not been yet: who asks means those of a process that was
   here before, and is told what this one has. */
static void write_lines (const self_report_t *source, const line_ring_t *ring,
                         uint64_t from, metrics_page_t *page, wire_report_t *report)
{
    const uint64_t first = line_ring_first (ring), next = line_ring_next (ring);
    if (from == STATUS_FROM_NOW)
        from = next;
    else if (from > next)
        from = first;
    report->lost = from < first ? first - from : 0;
    from = from < first ? first : from;
    const bool with_documents = report->subject == STATUS_DOCUMENTS;
    bool documents = false;
    for (; from < next; from++) {
        char line[RING_LINE_BYTES_MAX], shown[LOGGER_SHOWN_BYTES];
        const bytes_t kept = bytes_of (line, line_ring_get (ring, from, line));
        const bytes_t text = show (source, report->subject, kept, shown);
        if (text.size + 1 > page->capacity - page->size)
            break;
        memcpy (page->text + page->size, text.data, text.size);
        page->size += text.size;
        page->text[page->size++] = '\n';
        documents = documents || (with_documents && has_document (kept));
    }
    report->more = from < next;
    report->next = from;
    if (documents)
        leave_trace ();
}

/* A line as it is told: of the log without documents, unless they were asked for. */
static bytes_t show (const self_report_t *source, uint8_t subject, bytes_t kept,
                     char shown[LOGGER_SHOWN_BYTES])
{
    if (subject == STATUS_DOCUMENTS)
        return bytes_of (shown, logger_show_whole (kept, shown));
    if (subject == STATUS_LINES)
        return bytes_of (shown, logger_show (kept, shown));
    return source->show_refusal
               ? bytes_of (shown, source->show_refusal (source->context, kept, shown))
               : kept;
}

static bool has_document (bytes_t kept)
{
    char shown[LOGGER_SHOWN_BYTES], whole[LOGGER_SHOWN_BYTES];
    const size_t size = logger_show (kept, shown);
    return size != logger_show_whole (kept, whole) || memcmp (shown, whole, size) != 0;
}

/* Nobody looks at documents unnoticed. A follower asks four times a second. */
static void leave_trace (void)
{
    static int64_t traced_ms = INT64_MIN;
    const int64_t now_ms = clock_ms ();
    if (traced_ms != INT64_MIN && now_ms - traced_ms < TRACE_MS)
        return;
    traced_ms = now_ms;
    logger_event (LOG_INFO, "eventos", LOG_SUCCESS, "documents: shown");
}
