/* engine.c - the engine's module is loaded, and asked. For who keeps a log in one, and
   for loteria-ctl.

   The module is found beside the program that runs, ../lib/loteria/ENGINE_MODULE: so a
   build, an installation and a package each have their own. */

#include "engine.h"

#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define ENGINE_MODULE "loteria-postgres.so"

static const engine_module_t *load (char *why);
static void module_path (char path[PATH_MAX]);
static bool names_secret (const char *query);

bool engine_is_url (const char *log)
{
    return strncmp (log, "postgres://", 11) == 0 ||
           strncmp (log, "postgresql://", 13) == 0;
}

/* As libpq reads it, but for letters that are written as %41: those the module finds.
 */
bool engine_url_tells (const char *url)
{
    const char *host = strstr (url, "://");
    const char *from = host ? host + 3 : url;
    const size_t size = strcspn (from, "/?#");
    const char *at = memrchr (from, '@', size);
    const char *query = strchr (from, '?');
    return (at && memchr (from, ':', (size_t) (at - from))) ||
           (query && names_secret (query + 1));
}

static bool names_secret (const char *query)
{
    static const char *const secrets[] = {"password=", "sslpassword="};
    while (query) {
        for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
            if (strncmp (query, secrets[i], strlen (secrets[i])) == 0)
                return true;
        query = strchr (query, '&');
        query += query != NULL;
    }
    return false;
}

engine_open_t engine_open (const engine_options_t *options, engine_t **engine,
                           char *why)
{
    const engine_module_t *module = load (why);
    return module ? module->open (options, engine, why) : ENGINE_UNUSABLE;
}

engine_open_t engine_init (const engine_options_t *options, const char *role, char *why)
{
    const engine_module_t *module = load (why);
    return module ? module->init (options, role, why) : ENGINE_UNUSABLE;
}

void engine_close (engine_t **engine)
{
    if (*engine)
        (*engine)->ops->close (*engine);
    *engine = NULL;
}

engine_outcome_t engine_ask (engine_t *engine, engine_line_t line,
                             const engine_question_t *question, int64_t wait_ms,
                             engine_answer_t *answer)
{
    const int64_t until_ms = clock_ms () + wait_ms;
    engine_outcome_t outcome;
    engine->ops->ask (engine, line, question);
    while ((outcome = engine->ops->look (engine, line, answer)) == ENGINE_PENDING) {
        const int64_t left_ms = until_ms - clock_ms ();
        if (left_ms <= 0)
            break;
        struct pollfd news = {.fd = engine->ops->descriptor (engine, line),
                              .events = POLLIN};
        poll (&news, 1, (int) left_ms);
    }
    return outcome;
}

/* It stays loaded. */
static const engine_module_t *load (char *why)
{
    char path[PATH_MAX];
    module_path (path);
    if (access (path, F_OK) == -1) {
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: PostgreSQL needs the package loteria-postgres, which is not "
                  "installed: there is no %.300s",
                  path);
        return NULL;
    }
    void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    const engine_module_t *module =
        library ? dlsym (library, ENGINE_MODULE_SYMBOL) : NULL;
    if (!module)
        snprintf (why, ENGINE_WHY_BYTES, "--log: the module cannot be loaded: %.400s",
                  dlerror ());
    else if (module->version != ENGINE_MODULE_VERSION) {
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: %.300s is of another version: install loteria-postgres and "
                  "this program from one",
                  path);
        module = NULL;
    }
    return module;
}

static void module_path (char path[PATH_MAX])
{
    char own[PATH_MAX / 2];
    const ssize_t size = readlink ("/proc/self/exe", own, sizeof own - 1);
    own[size > 0 ? size : 0] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr (own, '/');
        if (slash)
            *slash = 0;
    }
    snprintf (path, PATH_MAX, "%s/lib/loteria/" ENGINE_MODULE, own);
}
