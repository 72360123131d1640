/* handler.h - which function handles which command: the one way in which a process
   hands a message to what is to be done about it.

     static const handler_t handlers[] = {{WIRE_STORE, take_store}, ..., {0}};
     const handler_t *handler = handler_find (handlers, message.command);
     if (!handler) ... // a stray: nothing that this process is sent */

#ifndef LOTERIA_HANDLER_H
#define LOTERIA_HANDLER_H

#include <stddef.h>
#include <stdint.h>

/* `self` is whose handler it is, `request` the message with what belongs to it; both,
   and what is returned, are as that module has them. */
typedef struct {
    uint8_t command; // wire_command_t
    int (*handle) (void *self, void *request);
} handler_t;

/* `handlers` end with {0}. NULL: there is none for this command. */
static inline const handler_t *handler_find (const handler_t *handlers, uint8_t command)
{
    for (; handlers->handle; handlers++)
        if (handlers->command == command)
            return handlers;
    return NULL;
}

#endif
