/* text.h - what text may contain: one rule for everything that people type and others
   read: names and documents of bets, names on the roll, values of settings.

   Text is UTF-8 (RFC 3629), all of it visible and in the order in which it is read:

     - no control characters: U+0000..U+001F, U+007F..U+009F, and the separators of
       lines and paragraphs, U+2028 and U+2029;
     - nothing hidden: no invisible characters (zero-width, soft hyphen, byte order
   mark, fillers, variation selectors, tags, noncharacters), none that change the
   direction of other text (U+202A..U+202E, U+2066..U+2069, marks), and no combining
   mark without a letter before it;
     - no blank at its start or end, so not just blanks either. A no-break space is a
       blank, an ideographic space too. Blanks are refused, not removed: what is stored
       is what the file says.

   The joiners U+200C and U+200D are hidden too, but names in Persian, Hindi or Sinhala
   cannot be spelt without them: they may stand between two characters of such a script.

   Pure. */

#ifndef LOTERIA_TEXT_H
#define LOTERIA_TEXT_H

#include "bytes.h"

#define TEXT_EXPLANATION_BYTES 128

typedef enum {
    TEXT_GOOD,
    TEXT_NOT_UTF8,
    TEXT_CONTROL,
    TEXT_HIDDEN,
    TEXT_BLANK // at its start or end
} text_fault_t;

/* The first fault; blanks are looked for last. Empty text is good. `character` receives
   the one at fault: 0 for none (TEXT_GOOD), the byte for TEXT_NOT_UTF8. */
text_fault_t text_check (bytes_t text, uint32_t *character);

/* The fault for people: "a control character, U+0007". */
const char *text_explain (text_fault_t fault, uint32_t character,
                          char explanation[TEXT_EXPLANATION_BYTES]);

/* The first character of a text that is not empty: returns its length in bytes, 0 if it
   is not UTF-8. */
size_t text_character (bytes_t text, uint32_t *character);

bool text_is_control (uint32_t character);
/* Wherever it stands; this includes the joiners. */
bool text_is_hidden (uint32_t character);
bool text_is_blank (uint32_t character);

/* Make a line fit to be shown: control characters become spaces; hidden characters and
   bytes that are not UTF-8 become question marks. In place, byte for byte. */
void text_clean (char *text);

/* The text without the byte order mark (U+FEFF) that some editors begin files with. */
bytes_t text_without_mark (bytes_t text);

#endif
