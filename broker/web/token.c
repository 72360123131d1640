/* token.c - the secret that readers have to know: loteria-web. */

#include "token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "whole_file.h"

#define FILE_BYTES_MAX 4096
#define BASIC_BYTES    512 // of the user's name, a colon and the token

static bytes_t without_line_end (bytes_t text);
static bool matches (const token_t *token, bytes_t text);
static const char *after_scheme (const char *authorization, const char *scheme);
static size_t from_base64 (const char *text, uint8_t *bytes, size_t capacity);
static int digit_of (char character);

int token_load (token_t *token, const char *path, char why[CONFIG_WHY_BYTES])
{
    size_t size;
    char *text = whole_file_read (path, FILE_BYTES_MAX, &size);
    if (!text) {
        snprintf (why, CONFIG_WHY_BYTES, "--token-file: %s cannot be read, %s", path,
                  errno == EFBIG ? "it is too long for a token" : strerror (errno));
        return -1;
    }
    char reason[TOKEN_WHY_BYTES];
    const int rc = token_set (token, without_line_end (bytes_of (text, size)), reason);
    if (rc == -1)
        snprintf (why, CONFIG_WHY_BYTES, "--token-file: %.200s: %s", path, reason);
    explicit_bzero (text, size);
    free (text);
    return rc;
}

int token_set (token_t *token, bytes_t text, char why[TOKEN_WHY_BYTES])
{
    bool visible = true;
    for (size_t i = 0; i < text.size; i++)
        visible = visible && text.data[i] > ' ' && text.data[i] < 0x7F;
    if (!visible || text.size < TOKEN_BYTES_MIN || text.size > TOKEN_BYTES_MAX) {
        snprintf (why, TOKEN_WHY_BYTES,
                  "expected one line of %d to %d visible ASCII characters, such as "
                  "`openssl rand -hex 32` prints",
                  TOKEN_BYTES_MIN, TOKEN_BYTES_MAX);
        return -1;
    }
    sha256 (text, bytes_of (NULL, 0), token->hash);
    return 0;
}

bool token_comes_with (const token_t *token, const char *authorization)
{
    const char *bearer = after_scheme (authorization, "Bearer ");
    if (bearer)
        return matches (token, bytes_of (bearer, strlen (bearer)));
    const char *basic = after_scheme (authorization, "Basic ");
    if (!basic)
        return false;
    uint8_t pair[BASIC_BYTES];
    const size_t size = from_base64 (basic, pair, sizeof pair);
    const uint8_t *colon = memchr (pair, ':', size);
    return colon &&
           matches (token, bytes_of (colon + 1, (size_t) (pair + size - colon - 1)));
}

static bytes_t without_line_end (bytes_t text)
{
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

/* By their hashes, all of them: how long it takes says nothing about the token. */
static bool matches (const token_t *token, bytes_t text)
{
    uint8_t hash[SHA256_BYTES], difference = 0;
    sha256 (text, bytes_of (NULL, 0), hash);
    for (size_t i = 0; i < sizeof hash; i++)
        difference |= hash[i] ^ token->hash[i];
    return difference == 0;
}

static const char *after_scheme (const char *authorization, const char *scheme)
{
    const size_t size = strlen (scheme);
    if (!authorization || strncasecmp (authorization, scheme, size) != 0)
        return NULL;
    return authorization + size + strspn (authorization + size, " ");
}

/* How many bytes; 0 when it is not base64, or has too many. */
static size_t from_base64 (const char *text, uint8_t *bytes, size_t capacity)
{
    size_t size = 0, digits = 0;
    uint32_t bits = 0;
    for (; *text && *text != '='; text++, digits++) {
        const int digit = digit_of (*text);
        if (digit == -1)
            return 0;
        bits = bits << 6 | (uint32_t) digit;
        if (digits % 4 == 0)
            continue;
        if (size == capacity)
            return 0;
        bytes[size++] = (uint8_t) (bits >> (6 - 2 * (digits % 4)));
    }
    return text[strspn (text, "=")] == 0 && digits % 4 != 1 ? size : 0;
}

static int digit_of (char character)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = strchr (digits, character);
    return found && character ? (int) (found - digits) : -1;
}
