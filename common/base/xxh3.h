/* xxh3.h - XXH3_64bits () of long texts, with the widest instructions that the
   processor has: 8 KiB in 0.15 µs and not 0.42. For short ones a call is dearer than
   XXH_INLINE_ALL. */

#ifndef LOTERIA_XXH3_H
#define LOTERIA_XXH3_H

#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>

/* libxxhash (0.8.1) leaves the wide registers' upper parts in use. While they are, each
   SSE instruction waits for the one before: a search for numbers takes 1017 ns and not
   302, and SHA-256 suffers, too. */
static inline uint64_t xxh3_64bits (const void *data, size_t size)
{
    const uint64_t hash = XXH3_64bits_dispatch (data, size);
    if (__builtin_cpu_supports ("avx"))
        __asm__ volatile("vzeroupper");
    return hash;
}

#undef XXH3_64bits
#define XXH3_64bits xxh3_64bits
#endif

#endif
