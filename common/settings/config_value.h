/* config_value.h - a setting's text and the value that it stands for; pure. */

#ifndef LOTERIA_CONFIG_VALUE_H
#define LOTERIA_CONFIG_VALUE_H

#include "config.h"
#include "logger.h"

#define CONFIG_REASON_BYTES 256

typedef union {
    uint32_t number;       // CONFIG_NUMBER, CONFIG_SECRET
    uint64_t milliseconds; // CONFIG_DURATION
    bool flag;
    logger_level_t level;
    logger_form_t form;
} config_value_t;

/* Read `text` as what the item wants. Returns 0, or -1 with why not in `reason`. */
int config_value_parse (const config_item_t *item, const char *text,
                        config_value_t *value, char reason[CONFIG_REASON_BYTES]);

/* Put the value where the item says; `text` is what a CONFIG_TEXT points to then. */
void config_value_store (const config_item_t *item, config_value_t value,
                         const char *text);

#endif
