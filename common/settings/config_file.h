/* config_file.h - a configuration file in ZPL, read into czmq's tree. */

#ifndef LOTERIA_CONFIG_FILE_H
#define LOTERIA_CONFIG_FILE_H

#include <czmq.h>

#include "config_value.h"

#define CONFIG_FILE_BYTES_MAX (64 * 1024)

/* Read the file. Returns its tree, for zconfig_destroy (), or NULL with why not, and in
   which line if there is one to blame, in `reason`. */
zconfig_t *config_file_load (const char *path, char reason[CONFIG_REASON_BYTES]);

/* The line, from 1, that an item of it was read from. */
size_t config_file_line (zconfig_t *item);

#endif
