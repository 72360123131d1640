/* fuzz.h - what every fuzz target here has in common. LLVM's libFuzzer calls
   LLVMFuzzerTestOneInput with bytes that it has changed a little since the last time; a
   target must not crash, hang, leak or be caught by a sanitizer, and checks what has to
   hold whatever the bytes are. */

#ifndef LOTERIA_FUZZ_H
#define LOTERIA_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Like assert (), by which the product's own promises are told from the target's. */
#define MUST(condition)                                                                \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf (stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__,             \
                     #condition);                                                      \
            abort ();                                                                  \
        }                                                                              \
    } while (0)

#endif
