/* address.h - parses the addresses that people write for a process to listen at or
   connect to. Pure.

     tcp://127.0.0.1:12345   tcp://[::1]:12345   tcp://central.example:12345
     ipc:///run/loteria/workers

   An address to listen at may also be tcp://STAR:12345 (STAR: an asterisk; every
   address of this machine, IPv4 and IPv6), and its port an asterisk or 0: any free one.
   An agency may leave out tcp://. */

#ifndef LOTERIA_ADDRESS_H
#define LOTERIA_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_HOST_BYTES 256 // the longest name and its final zero
#define ADDRESS_TEXT_BYTES 288 // a whole endpoint and its final zero
#define ADDRESS_WHY_BYTES  320

typedef enum { ADDRESS_TCP, ADDRESS_IPC } address_scheme_t;

typedef enum {
    ADDRESS_NAME, // to be resolved
    ADDRESS_IPV4,
    ADDRESS_IPV6,
    ADDRESS_ANY // listen everywhere
} address_host_t;

typedef enum {
    ADDRESS_LISTEN,
    ADDRESS_CONNECT,
    ADDRESS_SERVER // to connect; tcp:// may be left out
} address_use_t;

typedef struct {
    address_scheme_t scheme;
    address_host_t host_kind;          // of tcp
    char host[ADDRESS_HOST_BYTES];     // of tcp; without brackets
    uint16_t port;                     // of tcp; 0: any free one
    char endpoint[ADDRESS_TEXT_BYTES]; // the whole, as ZeroMQ takes it
} address_t;

/* Parse `text`. Returns 0, or -1 with what is wrong in `why`. */
int address_parse (address_t *address, const char *text, address_use_t use,
                   char why[ADDRESS_WHY_BYTES]);

/* The same place with another port, or another host (numeric, without brackets). */
void address_set_port (address_t *address, uint16_t port);
void address_set_host (address_t *address, address_host_t kind, const char *host);

/* Whether only this machine can reach it. False for a name, which has yet to be
   resolved. */
bool address_is_local (const address_t *address);

#endif
