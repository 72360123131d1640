/* page.h - the files of the page, which the program has within itself: those of
   broker/web/page, made a source by embed.cmake. */

#ifndef LOTERIA_PAGE_H
#define LOTERIA_PAGE_H

#include <stddef.h>

typedef struct {
    const char *name;          // "page.css"; NULL behind the last
    const unsigned char *data; // constant
    size_t size;
} page_file_t;

extern const page_file_t page_files[];

#endif
