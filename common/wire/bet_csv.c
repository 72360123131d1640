/* bet_csv.c - checks rows and makes them canonical (worker), reads canonical rows back
   (storage), splits files into rows (agency).

   Nearly every row is plain: no quotes and nothing to refuse. A plain row is recognised
   and copied, or read back, in one quick pass; if it is also short, and the processor
   has SSE2, all its bytes are examined at once: 64 with one instruction (AVX-512),
   or 16. Any other is examined again, field by field, by slower code that can say what
   is wrong. */

#include "bet_csv.h"

#include "digest.h"
#include "short_number.h"

#include <assert.h>
#include <stdio.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* A field as it stands in the row. What is between enclosing quotes needs no unquoting
   to be checked or written: the canonical form is the same bytes, with the enclosing
   quotes where a comma or quote asks for them and without where none does. */
typedef struct {
    bytes_t text;   // without enclosing quotes; quotes inside are still doubled
    size_t doubled; // how many of those
    bool quoted;    // had enclosing quotes
} field_t;

typedef struct {
    field_t fields[BET_FIELDS]; // by bet_field_t - 1
    uint32_t number;
    bytes_t line_end;
} row_t;

typedef struct {
    const uint8_t *fields[BET_FIELDS]; // where each begins, by bet_field_t - 1
    uint32_t number;
    const uint8_t *line_end;
    const uint8_t *next; // the row after this one
} plain_row_t;

enum { PREFIX_BYTES = 16 };

typedef struct { // the agency and its comma
    uint8_t bytes[PREFIX_BYTES];
    size_t size;
} prefix_t;

_Static_assert(AGENCY_DIGITS_MAX + 2 <= PREFIX_BYTES, "comma and terminator too");
_Static_assert(PREFIX_BYTES <= ROW_BYTES_MIN + AGENCY_DIGITS_MAX + 2,
               "a whole prefix fits wherever there is room for a row");

static void prefix_make (prefix_t *prefix, uint32_t agency);
static uint32_t short_rows_copy (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                                 const bet_rules_t *rules, uint8_t **out);
static bool plain_row_read (bytes_t rows, const bet_rules_t *rules, plain_row_t *row);
static const uint8_t *plain_text_skip (const uint8_t *start, size_t bytes_max);
static uint8_t *plain_row_write (uint8_t *out, const prefix_t *prefix,
                                 const plain_row_t *row);
static wire_code_t row_read (bytes_t *rows, const bet_rules_t *rules, row_t *row,
                             bet_field_t *where);
static wire_code_t field_read (bytes_t *rest, field_t *field);
static wire_code_t field_read_quoted (bytes_t *rest, field_t *field);
static size_t line_end_size (const uint8_t *at, size_t size);
static wire_code_t field_check (bet_field_t which, const field_t *field,
                                const bet_rules_t *rules, uint32_t *number);
static bool field_needs_quotes (const field_t *field);
static uint8_t *row_write (uint8_t *out, const prefix_t *prefix, const row_t *row);
static bytes_t without_zeros (bytes_t digits);
static uint64_t digest_other (uint64_t digest, bytes_t row, size_t text_end);
static bool agency_read (bytes_t *rows, uint32_t *agency);
static bool plain_row_is_canonical (const plain_row_t *row);
static void plain_row_bet (const plain_row_t *row, bet_t *bet);
static bytes_t plain_text (const plain_row_t *row, bet_field_t which);
static bool row_bet (bytes_t *rows, uint8_t *scratch, bet_t *bet);
static bool row_is_canonical (const row_t *row);
static bytes_t field_unquote (const field_t *field, uint8_t **scratch);

size_t bet_csv_canonical (bytes_t rows, uint32_t count, uint32_t agency,
                          const bet_rules_t *rules, uint8_t *out,
                          bet_csv_error_t *error)
{
    *error = (bet_csv_error_t){REFUSED_OK, 0, BET_ROW};
    if (count == 0 && rows.size == 0) {
        error->code = REFUSED_EMPTY;
        return 0;
    }
    prefix_t prefix;
    prefix_make (&prefix, agency);
    uint8_t *at = out;
    for (uint32_t i = 0; i < count; i++) {
        plain_row_t plain;
        row_t row;
        i += short_rows_copy (&rows, count - i, &prefix, rules, &at);
        if (i == count)
            break;
        if (plain_row_read (rows, rules, &plain)) {
            at = plain_row_write (at, &prefix, &plain);
            rows.size -= (size_t) (plain.next - rows.data);
            rows.data = plain.next;
            continue;
        }
        error->code = rows.size == 0 ? REFUSED_COUNT
                                     : row_read (&rows, rules, &row, &error->field);
        if (error->code != REFUSED_OK) {
            error->row = i + 1;
            return 0;
        }
        at = row_write (at, &prefix, &row);
    }
    if (rows.size > 0) {
        *error = (bet_csv_error_t){REFUSED_COUNT, count + 1, BET_ROW};
        return 0;
    }
    return (size_t) (at - out);
}

static void prefix_make (prefix_t *prefix, uint32_t agency)
{
    memset (prefix, 0, sizeof *prefix);
    prefix->size =
        (size_t) snprintf ((char *) prefix->bytes, sizeof prefix->bytes, "%u,", agency);
}

#ifdef __SSE2__

#define SHORT_BYTES 64 // a shorter row is a short one
#define LANES       16

typedef struct { // a bit for each of a row's first 64 bytes
    uint64_t commas, line_feeds, spaces, faults, leads, trails;
} masks_t;

typedef void (look_fn) (const uint8_t *row, masks_t *masks);

/* All in one function, however it looks: a call for each row would cost as much. */
#define INLINE inline __attribute__ ((always_inline))
/* Compiled for processors that look at 64 bytes at once, and called on them only. */
#define WIDE __attribute__ ((target ("avx512bw,bmi,bmi2")))

static bool looks_wide (void);
static uint32_t wide_copy (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                           const bet_rules_t *rules, uint8_t **out);
static uint32_t copy_looking (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                              const bet_rules_t *rules, uint8_t **out, look_fn *look);
static size_t short_row_copy (bytes_t rows, const prefix_t *prefix,
                              const bet_rules_t *rules, uint8_t **out, look_fn *look);
static void look_by_64 (const uint8_t *row, masks_t *masks);
static void look_by_16 (const uint8_t *row, masks_t *masks);
static uint64_t bits_below (unsigned place);

/* Copy as many of `rows` in their canonical form to `*out` as are short and plain, up
   to the first that is not, and `count`. Both are advanced. Returns how many. */
static uint32_t short_rows_copy (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                                 const bet_rules_t *rules, uint8_t **out)
{
    return looks_wide () ? wide_copy (rows, count, prefix, rules, out)
                         : copy_looking (rows, count, prefix, rules, out, look_by_16);
}

static inline bool looks_wide (void)
{
    return __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("bmi") &&
           __builtin_cpu_supports ("bmi2");
}

WIDE static uint32_t wide_copy (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                                const bet_rules_t *rules, uint8_t **out)
{
    return copy_looking (rows, count, prefix, rules, out, look_by_64);
}

static INLINE uint32_t copy_looking (bytes_t *rows, uint32_t count,
                                     const prefix_t *prefix, const bet_rules_t *rules,
                                     uint8_t **out, look_fn *look)
{
    bytes_t rest = *rows;
    uint8_t *at = *out;
    uint32_t copied = 0;
    size_t taken;
    while (copied < count &&
           (taken = short_row_copy (rest, prefix, rules, &at, look)) > 0) {
        rest = bytes_of (rest.data + taken, rest.size - taken);
        copied++;
    }
    *rows = rest;
    *out = at;
    return copied;
}

/* Copy the first of `rows` in its canonical form to `*out`, which is advanced. Returns
   its bytes; 0, having done nothing, for any row that is not both plain and short. Up
   to 64 bytes are copied with it; there is room, since as many are left of `rows`,
   which need room too. Twice as fast as byte by byte, mostly because no branch depends
   on the length of a field. */
static INLINE size_t short_row_copy (bytes_t rows, const prefix_t *prefix,
                                     const bet_rules_t *rules, uint8_t **out,
                                     look_fn *look)
{
    masks_t masks;
    if (rows.size < SHORT_BYTES)
        return 0;
    look (rows.data, &masks);
    if (masks.line_feeds == 0)
        return 0;
    const unsigned line_feed = (unsigned) __builtin_ctzll (masks.line_feeds);
    const unsigned end =
        line_feed - (line_feed > 0 && rows.data[line_feed - 1] == '\r');
    const uint64_t row = bits_below (end);
    unsigned comma[BET_FIELDS - 1];
    uint64_t commas = masks.commas & row;
    for (int i = 0; i < BET_FIELDS - 1; i++) {
        if (commas == 0)
            return 0;
        comma[i] = (unsigned) __builtin_ctzll (commas);
        commas &= commas - 1;
    }
    const bytes_t birthdate = bytes_of (rows.data + comma[2] + 1, BIRTHDATE_BYTES);
    const bytes_t number = bytes_of (rows.data + comma[3] + 1, end - comma[3] - 1);
    uint64_t value;
    const uint64_t edges = masks.commas << 1 | masks.commas >> 1 | 1; // of fields
    // every character of two bytes is a lead and a trail, and there are no others
    if (commas != 0 || ((masks.faults | (masks.spaces & edges)) & row) != 0 ||
        (masks.trails & row) != ((masks.leads & row) << 1 & row) ||
        (masks.leads & ~bits_below (end - 1) & row) != 0 || comma[0] == 0 ||
        comma[1] == comma[0] + 1 || comma[2] == comma[1] + 1 ||
        comma[2] - comma[1] - 1 > DOCUMENT_BYTES_MAX ||
        comma[3] - comma[2] - 1 != BIRTHDATE_BYTES ||
        bet_check_birthdate (birthdate, rules->born_max) != REFUSED_OK ||
        !short_number (rows.data + end, &value) || value > rules->number_max ||
        (number.data[0] == '0' && number.size > 1))
        return 0;
    memcpy (*out, prefix->bytes, PREFIX_BYTES); // fixed sizes: no calls
    memcpy (*out + prefix->size, rows.data, SHORT_BYTES);
    *out += prefix->size + end;
    *(*out)++ = '\r';
    *(*out)++ = '\n';
    return line_feed + 1;
}

/* Faults are what no plain row has: controls except line ends, quotes, and bytes of any
   characters but those of two bytes from U+00C0 to U+02FF: Latin letters, none of which
   text.h forbids. */
WIDE static INLINE void look_by_64 (const uint8_t *row, masks_t *masks)
{
    const __m512i bytes = _mm512_loadu_si512 (row);
    const uint64_t ascii = ~_mm512_movepi8_mask (bytes);
    masks->trails = _mm512_cmplt_epi8_mask (bytes, _mm512_set1_epi8 ((char) 0xC0));
    masks->leads = _mm512_cmpgt_epi8_mask (bytes, _mm512_set1_epi8 ((char) 0xC2)) &
                   _mm512_cmplt_epi8_mask (bytes, _mm512_set1_epi8 ((char) 0xCC));
    masks->faults = ~(ascii | masks->trails | masks->leads) |
                    _mm512_cmple_epu8_mask (bytes, _mm512_set1_epi8 (0x1F)) |
                    _mm512_cmpeq_epi8_mask (bytes, _mm512_set1_epi8 (0x7F)) |
                    _mm512_cmpeq_epi8_mask (bytes, _mm512_set1_epi8 ('"'));
    masks->commas = _mm512_cmpeq_epi8_mask (bytes, _mm512_set1_epi8 (','));
    masks->line_feeds = _mm512_cmpeq_epi8_mask (bytes, _mm512_set1_epi8 ('\n'));
    masks->spaces = _mm512_cmpeq_epi8_mask (bytes, _mm512_set1_epi8 (' '));
}

static INLINE void look_by_16 (const uint8_t *row, masks_t *masks)
{
    *masks = (masks_t){0};
    for (unsigned at = 0; at < SHORT_BYTES; at += LANES) {
        const __m128i bytes = _mm_loadu_si128 ((const __m128i *) (row + at));
        const __m128i control = _mm_or_si128 (
            _mm_cmpeq_epi8 (bytes, _mm_min_epu8 (bytes, _mm_set1_epi8 (0x1F))),
            _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 (0x7F)));
        const __m128i quote = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ('"'));
        // as signed numbers, where 0x80 is the smallest
        const __m128i trail = _mm_cmplt_epi8 (bytes, _mm_set1_epi8 ((char) 0xC0));
        const __m128i lead =
            _mm_and_si128 (_mm_cmpgt_epi8 (bytes, _mm_set1_epi8 ((char) 0xC2)),
                           _mm_cmplt_epi8 (bytes, _mm_set1_epi8 ((char) 0xCC)));
        const __m128i pair = _mm_or_si128 (trail, lead);
        const __m128i fault = _mm_or_si128 (_mm_or_si128 (control, quote),
                                            _mm_andnot_si128 (pair, bytes));
        const __m128i comma = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 (','));
        const __m128i line_feed = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ('\n'));
        const __m128i space = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 (' '));
        masks->commas |= (uint64_t) (uint32_t) _mm_movemask_epi8 (comma) << at;
        masks->line_feeds |= (uint64_t) (uint32_t) _mm_movemask_epi8 (line_feed) << at;
        masks->spaces |= (uint64_t) (uint32_t) _mm_movemask_epi8 (space) << at;
        masks->leads |= (uint64_t) (uint32_t) _mm_movemask_epi8 (lead) << at;
        masks->trails |= (uint64_t) (uint32_t) _mm_movemask_epi8 (trail) << at;
        masks->faults |= (uint64_t) (uint32_t) _mm_movemask_epi8 (fault) << at;
    }
}

static inline uint64_t bits_below (unsigned place)
{
    return place < 64 ? ((uint64_t) 1 << place) - 1 : UINT64_MAX;
}

#else

static uint32_t short_rows_copy (bytes_t *rows, uint32_t count, const prefix_t *prefix,
                                 const bet_rules_t *rules, uint8_t **out)
{
    (void) rows, (void) count, (void) prefix, (void) rules, (void) out;
    return 0;
}

#endif

/* PAIR begins a character of two bytes that text.h permits wherever it stands: Latin
   letters, all of Spanish among them, and most of Greek and Cyrillic. */
enum { SPECIAL, PLAIN, PAIR };

static const uint8_t byte_class[256] = {[0x20 ... 0x21] = PLAIN, // up to the quote
                                        [0x23 ... 0x2B] = PLAIN, // up to the comma
                                        [0x2D ... 0x7E] = PLAIN,
                                        [0xC3 ... 0xCB] = PAIR,  // up to U+02FF
                                        [0xCE ... 0xD1] = PAIR}; // U+0380..U+047F

/* Returns false for any row that is not plain, valid or not. */
static bool plain_row_read (bytes_t rows, const bet_rules_t *rules, plain_row_t *row)
{
    /* An LF as the very last byte stops every scan below within the rows. */
    if (rows.size < ROW_BYTES_MIN || rows.data[rows.size - 1] != '\n')
        return false;
    static const size_t bytes_max[] = {NAME_BYTES_MAX, NAME_BYTES_MAX,
                                       DOCUMENT_BYTES_MAX};
    const uint8_t *at = rows.data, *end = at + rows.size;
    for (bet_field_t which = BET_FIRST_NAME; which <= BET_DOCUMENT; which++) {
        row->fields[which - 1] = at;
        if ((at = plain_text_skip (at, bytes_max[which - 1])) == NULL)
            return false;
    }
    if ((size_t) (end - at) <= BIRTHDATE_BYTES || at[BIRTHDATE_BYTES] != ',' ||
        bet_check_birthdate (bytes_of (at, BIRTHDATE_BYTES), rules->born_max) !=
            REFUSED_OK)
        return false;
    row->fields[BET_BIRTHDATE - 1] = at;
    row->fields[BET_NUMBER - 1] = at += BIRTHDATE_BYTES + 1;
    while (*at >= '0' && *at <= '9')
        at++;
    row->line_end = at;
    at += *at == '\r';
    row->next = at + 1;
    return *at == '\n' &&
           bet_check_number (plain_text (row, BET_NUMBER), rules->number_max,
                             &row->number) == REFUSED_OK;
}

/* The place after a plain text and its comma; NULL if anything else comes first. */
static inline const uint8_t *plain_text_skip (const uint8_t *start, size_t bytes_max)
{
    const uint8_t *at = start;
    for (;;) {
        while (byte_class[*at] == PLAIN)
            at++;
        if (byte_class[*at] != PAIR || (at[1] & 0xC0) != 0x80)
            break;
        at += 2;
    }
    size_t size = (size_t) (at - start);
    return *at == ',' && size > 0 && size <= bytes_max && *start != ' ' && at[-1] != ' '
               ? at + 1
               : NULL;
}

static uint8_t *plain_row_write (uint8_t *out, const prefix_t *prefix,
                                 const plain_row_t *row)
{
    memcpy (out, prefix->bytes, PREFIX_BYTES); // a fixed size: no call
    out += prefix->size;
    const uint8_t *start = row->fields[0], *number = row->fields[BET_NUMBER - 1];
    out = put_bytes (out, bytes_of (start, (size_t) (number - start)));
    bytes_t digits = without_zeros (plain_text (row, BET_NUMBER));
    for (size_t i = 0; i < digits.size; i++)
        *out++ = digits.data[i];
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

/* Take a row off `rows`. `where` is the field that a refusal is about. */
static wire_code_t row_read (bytes_t *rows, const bet_rules_t *rules, row_t *row,
                             bet_field_t *where)
{
    bytes_t rest = *rows;
    for (bet_field_t which = BET_FIRST_NAME; which <= BET_NUMBER; which++) {
        field_t *field = &row->fields[which - 1];
        *where = which;
        wire_code_t code = field_read (&rest, field);
        if (code != REFUSED_OK)
            return code;
        size_t ending = which < BET_NUMBER ? rest.size > 0 && rest.data[0] == ','
                                           : line_end_size (rest.data, rest.size);
        if (ending == 0) {
            *where = BET_ROW;
            return REFUSED_FIELDS;
        }
        code = field_check (which, field, rules, &row->number);
        if (code != REFUSED_OK)
            return code;
        row->line_end = bytes_of (rest.data, ending);
        rest.data += ending;
        rest.size -= ending;
    }
    *where = BET_ROW;
    *rows = rest;
    return REFUSED_OK;
}

/* Take a field off `rest`, up to its comma, its line end, or the end of all. */
static wire_code_t field_read (bytes_t *rest, field_t *field)
{
    if (rest->size > 0 && rest->data[0] == '"')
        return field_read_quoted (rest, field);
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ',' &&
           line_end_size (rest->data + size, rest->size - size) == 0) {
        if (rest->data[size] == '"')
            return REFUSED_QUOTES;
        size++;
    }
    *field = (field_t){.text = {rest->data, size}};
    rest->data += size;
    rest->size -= size;
    return REFUSED_OK;
}

static wire_code_t field_read_quoted (bytes_t *rest, field_t *field)
{
    const uint8_t *start = rest->data + 1, *end = rest->data + rest->size;
    const uint8_t *quote = start;
    size_t doubled = 0;
    for (;;) {
        quote = memchr (quote, '"', (size_t) (end - quote));
        if (quote == NULL)
            return REFUSED_QUOTES;
        if (end - quote < 2 || quote[1] != '"')
            break;
        doubled++;
        quote += 2;
    }
    *field = (field_t){{start, (size_t) (quote - start)}, doubled, true};
    *rest = bytes_of (quote + 1, (size_t) (end - quote - 1));
    bool ends = rest->size == 0 || rest->data[0] == ',' ||
                line_end_size (rest->data, rest->size) > 0;
    return ends ? REFUSED_OK : REFUSED_QUOTES;
}

/* 1 for LF, 2 for CRLF, 0 when there is no line end here. */
static size_t line_end_size (const uint8_t *at, size_t size)
{
    if (size > 0 && at[0] == '\n')
        return 1;
    return size > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

static wire_code_t field_check (bet_field_t which, const field_t *field,
                                const bet_rules_t *rules, uint32_t *number)
{
    size_t bytes_max = which == BET_DOCUMENT  ? DOCUMENT_BYTES_MAX
                       : which < BET_DOCUMENT ? NAME_BYTES_MAX
                                              : field->text.size;
    wire_code_t code = bet_check_text (field->text, bytes_max + field->doubled);
    if (code == REFUSED_BLANK && which > BET_DOCUMENT)
        code = REFUSED_OK; // no date and no number has one: their rules tell
    if (code == REFUSED_OK && which == BET_BIRTHDATE)
        code = bet_check_birthdate (field->text, rules->born_max);
    if (code == REFUSED_OK && which == BET_NUMBER)
        code = bet_check_number (field->text, rules->number_max, number);
    return code;
}

static uint8_t *row_write (uint8_t *out, const prefix_t *prefix, const row_t *row)
{
    out = put_bytes (out, bytes_of (prefix->bytes, prefix->size));
    for (bet_field_t which = BET_FIRST_NAME; which < BET_NUMBER; which++) {
        const field_t *field = &row->fields[which - 1];
        bool quotes = field_needs_quotes (field);
        if (quotes)
            *out++ = '"';
        out = put_bytes (out, field->text);
        if (quotes)
            *out++ = '"';
        *out++ = ',';
    }
    out = put_bytes (out, without_zeros (row->fields[BET_NUMBER - 1].text));
    return put_bytes (out, bytes_of ("\r\n", 2));
}

static bool field_needs_quotes (const field_t *field)
{
    return field->doubled > 0 ||
           (field->quoted && memchr (field->text.data, ',', field->text.size) != NULL);
}

static bytes_t without_zeros (bytes_t digits)
{
    while (digits.size > 1 && digits.data[0] == '0')
        digits = bytes_of (digits.data + 1, digits.size - 1);
    return digits;
}

/* Nearly every row is its own canonical form, and this tells without reading it. */
uint64_t bet_csv_digest (uint64_t digest, bytes_t rows, uint32_t count)
{
    while (count > 0 && rows.size > 0) {
        count -= digest_plain_rows (&digest, &rows, count);
        if (count == 0 || rows.size == 0)
            break;
        size_t text_end, size = bet_csv_row_size (rows, &text_end);
        if (size == 0)
            text_end = size = rows.size;
        digest = digest_other (digest, bytes_of (rows.data, size), text_end);
        rows = bytes_of (rows.data + size, rows.size - size);
        count--;
    }
    return digest;
}

static uint64_t digest_other (uint64_t digest, bytes_t row, size_t text_end)
{
    static const prefix_t none;
    const bytes_t text = bytes_of (row.data, text_end);
    uint8_t canonical[ROW_BYTES_MAX + 2];
    row_t fields;
    bet_field_t where;
    if (row.size > ROW_BYTES_MAX ||
        row_read (&row, &bet_rules_widest, &fields, &where) != REFUSED_OK ||
        row.size > 0)
        return digest_row (digest, text);
    const uint8_t *end = row_write (canonical, &none, &fields);
    return digest_row (digest, bytes_of (canonical, (size_t) (end - canonical) - 2));
}

int bet_csv_next (bytes_t *rows, uint8_t *scratch, uint32_t *agency, bet_t *bet)
{
    if (rows->size == 0)
        return 0;
    bytes_t rest = *rows;
    plain_row_t plain;
    if (!agency_read (&rest, agency))
        return -1;
    if (plain_row_read (rest, &bet_rules_widest, &plain) &&
        plain_row_is_canonical (&plain)) {
        plain_row_bet (&plain, bet);
        rest.size -= (size_t) (plain.next - rest.data);
        rest.data = plain.next;
    } else if (!row_bet (&rest, scratch, bet))
        return -1;
    *rows = rest;
    return 1;
}

/* Take the agency's number and its comma off `rows`. */
static bool agency_read (bytes_t *rows, uint32_t *agency)
{
    size_t size = 0;
    while (size < rows->size && size <= AGENCY_DIGITS_MAX && rows->data[size] != ',')
        size++;
    bytes_t digits = bytes_of (rows->data, size);
    if (size == rows->size || without_zeros (digits).size != size ||
        bet_check_number (digits, UINT32_MAX, agency) != REFUSED_OK)
        return false;
    *rows = bytes_of (rows->data + size + 1, rows->size - size - 1);
    return true;
}

static bool plain_row_is_canonical (const plain_row_t *row)
{
    const bytes_t digits = plain_text (row, BET_NUMBER);
    return row->next - row->line_end == 2 && without_zeros (digits).size == digits.size;
}

static void plain_row_bet (const plain_row_t *row, bet_t *bet)
{
    bet->first_name = plain_text (row, BET_FIRST_NAME);
    bet->last_name = plain_text (row, BET_LAST_NAME);
    bet->document = plain_text (row, BET_DOCUMENT);
    bet->birthdate = plain_text (row, BET_BIRTHDATE);
    bet->number = row->number;
}

/* Up to the comma before the next one, or the line end. */
static bytes_t plain_text (const plain_row_t *row, bet_field_t which)
{
    const uint8_t *start = row->fields[which - 1];
    const uint8_t *end = which == BET_NUMBER ? row->line_end : row->fields[which] - 1;
    return bytes_of (start, (size_t) (end - start));
}

/* Any row without its agency. */
static bool row_bet (bytes_t *rows, uint8_t *scratch, bet_t *bet)
{
    bet_field_t where;
    row_t row;
    if (row_read (rows, &bet_rules_widest, &row, &where) != REFUSED_OK ||
        !row_is_canonical (&row))
        return false;
    bet->first_name = field_unquote (&row.fields[BET_FIRST_NAME - 1], &scratch);
    bet->last_name = field_unquote (&row.fields[BET_LAST_NAME - 1], &scratch);
    bet->document = field_unquote (&row.fields[BET_DOCUMENT - 1], &scratch);
    bet->birthdate = row.fields[BET_BIRTHDATE - 1].text;
    bet->number = row.number;
    return true;
}

/* Whether a valid row is exactly what bet_csv_canonical () makes of it. */
static bool row_is_canonical (const row_t *row)
{
    for (int i = 0; i < BET_FIELDS; i++)
        if (row->fields[i].quoted != field_needs_quotes (&row->fields[i]))
            return false;
    bytes_t digits = row->fields[BET_NUMBER - 1].text;
    return row->line_end.size == 2 && without_zeros (digits).size == digits.size;
}

/* The field's text; if it has doubled quotes, a copy at `*scratch`, which is advanced.
 */
static bytes_t field_unquote (const field_t *field, uint8_t **scratch)
{
    if (field->doubled == 0)
        return field->text;
    uint8_t *copy = *scratch, *out = copy;
    for (size_t i = 0; i < field->text.size; i++) {
        *out++ = field->text.data[i];
        i += field->text.data[i] == '"'; // its twin
    }
    *scratch = out;
    return bytes_of (copy, (size_t) (out - copy));
}

bytes_t bet_csv_field (bytes_t row, bet_field_t which)
{
    field_t field = {0};
    for (bet_field_t at = BET_FIRST_NAME; at <= which; at++) {
        if (field_read (&row, &field) != REFUSED_OK ||
            (at < which && (row.size == 0 || row.data[0] != ',')))
            return bytes_of (NULL, 0);
        if (at < which)
            row = bytes_of (row.data + 1, row.size - 1);
    }
    return field.text;
}

size_t bet_csv_row_size (bytes_t text, size_t *text_end)
{
    if (text.size == 0)
        return 0;
    const uint8_t *start = text.data, *end = start + text.size;
    const uint8_t *line = memchr (start, '\n', text.size);
    /* A quote opens a quoted stretch only where a field begins, or right after a
       closing quote, which it doubles. Any other is a fault, for the check to find. */
    const uint8_t *at = start, *closed = start;
    while (line != NULL) {
        const uint8_t *quote = memchr (at, '"', (size_t) (line - at));
        if (quote == NULL)
            break;
        at = quote + 1;
        if (quote != closed && quote[-1] != ',')
            continue;
        quote = memchr (at, '"', (size_t) (end - at));
        if (quote == NULL)
            return 0;
        at = closed = quote + 1;
        if (line < at)
            line = memchr (at, '\n', (size_t) (end - at));
    }
    if (line == NULL)
        return 0;
    size_t size = (size_t) (line - start);
    *text_end = size > 0 && line[-1] == '\r' ? size - 1 : size;
    return size + 1;
}
