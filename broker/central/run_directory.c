/* run_directory.c - where the parts of a central find each other: loteria-central. */

#include "run_directory.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "clock.h"
#include "logger.h"
#include "process.h"
#include "run_link.h"

#define PREFIX     "loteria-"
#define PATTERN    PREFIX "XXXXXX"
#define LOCK       RUN_LOCK
#define LOCK_DRAFT "lock.new"
#define ROLE       "role"
#define NAME_BYTES (sizeof "/takeover")

static const char *const files[] = {ROLE, ROLE ".new", "takeover", LOCK_DRAFT, LOCK};

static const struct {
    const char *name, *owner;
} sockets[RUN_SOCKETS] = {
    [RUN_STORAGE] = {"storage", "storage"},
    [RUN_STATE] = {"state", "state"},
    [RUN_WORKERS] = {"workers", "broker"},
    [RUN_CENTRAL] = {"central", NULL},
};

struct run_directory {
    char path[sizeof ((struct sockaddr_un *) NULL)->sun_path];
    const char *data_directory;
    bool given; // not in the place for temporary files
    int lock;
    pid_t seen[RUN_SOCKETS]; // the owner when its socket was there
    logger_limit_t limit;
};

static int make_directory (run_directory_t *self, problem_t *problem);
static int take_directory (run_directory_t *self, const char *path, problem_t *problem);
static int wait_for_lock (run_directory_t *self, problem_t *problem);
static int take_lock (run_directory_t *self);
static const char *base (void);
static void sweep (const char *base);
static bool is_dead (int directory);
static void clear (int parent, const char *name, int directory);
static int make_lock (const run_directory_t *self);
static void sign (int lock, const char *data_directory);
static bool is_there (const run_directory_t *self, const char *name);
static bool restore (run_directory_t *self);
static bool is_ours (const run_directory_t *self);

run_directory_t *run_directory_new (const char *path, const char *data_directory,
                                    problem_t *problem)
{
    run_directory_t *self = calloc (1, sizeof *self);
    assert (self);
    self->data_directory = data_directory;
    self->lock = -1;
    self->given = path && *path;
    if ((self->given ? take_directory (self, path, problem)
                     : make_directory (self, problem)) == 0)
        return self;
    free (self);
    return NULL;
}

void run_directory_destroy (run_directory_t **directory)
{
    run_directory_t *self = *directory;
    if (!self)
        return;
    const int fd = open (self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
                                         (self->given ? 0 : O_NOFOLLOW));
    if (fd != -1)
        clear (AT_FDCWD, self->given ? NULL : self->path, fd);
    if (self->lock != -1)
        close (self->lock);
    if (!self->given)
        sweep (base ()); // of one whose parts were still ending when this one began
    free (self);
    *directory = NULL;
}

const char *run_directory_path (const run_directory_t *self)
{
    return self->path;
}

void run_directory_role (const run_directory_t *self, char path[RUN_ENDPOINT_BYTES])
{
    snprintf (path, RUN_ENDPOINT_BYTES, "%s/" ROLE, self->path);
}

void run_directory_endpoint (const run_directory_t *self, run_socket_t socket,
                             char endpoint[RUN_ENDPOINT_BYTES])
{
    snprintf (endpoint, RUN_ENDPOINT_BYTES, "ipc://%s/%s", self->path,
              sockets[socket].name);
}

bool run_directory_look (run_directory_t *self, const supervisor_t *supervisor)
{
    const bool emptied = !is_there (self, LOCK);
    if (emptied && !restore (self))
        return true;
    for (run_socket_t i = 0; i < RUN_CENTRAL; i++) {
        const pid_t owner = supervisor_pid (supervisor, sockets[i].owner);
        if (is_there (self, sockets[i].name))
            self->seen[i] = owner;
        else if (owner > 0 && (emptied || self->seen[i] == owner)) {
            logger_event (LOG_ERROR, "central", LOG_FAIL,
                          "reason: %s/%s was removed | consequence: %s is restarted",
                          self->path, sockets[i].name, sockets[i].owner);
            self->seen[i] = 0;
            kill (owner, SIGTERM);
        }
    }
    return is_there (self, sockets[RUN_CENTRAL].name);
}

static int make_directory (run_directory_t *self, problem_t *problem)
{
    const int size = snprintf (self->path, sizeof self->path, "%s/" PATTERN, base ());
    if (size < 0 || (size_t) size + NAME_BYTES > sizeof self->path)
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: TMPDIR is %zu bytes long, too long for the "
                            "address of a socket in it",
                            strlen (base ()));
    sweep (base ());
    if (!mkdtemp (self->path)) // mode 0700
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: %s cannot be created, %s", self->path,
                            strerror (errno));
    self->lock = make_lock (self);
    if (self->lock != -1)
        return 0;
    problem_set (problem, PROCESS_CANNOT_START, "central",
                 "reason: %s/" LOCK " cannot be created, %s", self->path,
                 strerror (errno));
    rmdir (self->path);
    return -1;
}

/* A directory that the caller chose. Who else could write there could put sockets of
   his own in the place of ours. */
static int take_directory (run_directory_t *self, const char *path, problem_t *problem)
{
    struct stat about;
    char here[PATH_MAX] = "";
    if (*path != '/' && !getcwd (here, sizeof here))
        return problem_set (problem, problem_status (errno), "central",
                            "reason: %s is in no directory, %s", path,
                            strerror (errno));
    const int size = snprintf (self->path, sizeof self->path, "%s%s%s", here,
                               *here ? "/" : "", path);
    if (size < 0 || (size_t) size + NAME_BYTES > sizeof self->path)
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: --run-dir is %d bytes long, too long for the "
                            "address of a socket in it",
                            size);
    if (mkdir (path, 0700) == -1 && errno != EEXIST)
        return problem_set (problem, problem_status (errno), "central",
                            "reason: %s cannot be created, %s", path, strerror (errno));
    if (stat (path, &about) == -1 || !S_ISDIR (about.st_mode) ||
        access (path, W_OK | X_OK) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: %s is no directory that can be written to", path);
    if (about.st_uid != geteuid () || (about.st_mode & (S_IWGRP | S_IWOTH)))
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: %s can be written to by others, or is theirs; "
                            "have it owned by who runs the central, with mode 0700",
                            path);
    return wait_for_lock (self, problem);
}

/* Children of a central that was killed hold it until they have ended. */
static int wait_for_lock (run_directory_t *self, problem_t *problem)
{
    process_patience_t patience = {0};
    char what[PATH_MAX];
    snprintf (what, sizeof what, "%s: another central is using it", self->path);
    while ((self->lock = take_lock (self)) == -1) {
        if (errno != EWOULDBLOCK)
            return problem_set (problem, problem_status (errno), "central",
                                "reason: %s/" LOCK " cannot be locked, %s", self->path,
                                strerror (errno));
        if (!process_wait_for_others (&patience, "espera", what))
            return problem_set (problem, problem_status (errno), "central",
                                "reason: %s", what);
    }
    return 0;
}

/* The one that is there, if nobody holds it. Whoever ends removes it, so it has to be
   the one of that name still. */
static int take_lock (run_directory_t *self)
{
    char path[RUN_ENDPOINT_BYTES];
    struct stat held, there;
    snprintf (path, sizeof path, "%s/" LOCK, self->path);
    const int lock = open (path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (lock == -1)
        return -1;
    if (flock (lock, LOCK_EX | LOCK_NB) == 0) {
        if (fstat (lock, &held) == 0 && lstat (path, &there) == 0 &&
            held.st_ino == there.st_ino && ftruncate (lock, 0) == 0) {
            sign (lock, self->data_directory);
            return lock;
        }
        errno = EWOULDBLOCK; // it was just removed: a new one is made
    }
    const int error = errno;
    close (lock);
    errno = error;
    return -1;
}

static const char *base (void)
{
    const char *base = getenv ("TMPDIR");
    return base && *base == '/' ? base : "/tmp";
}

/* Not a reason to fail: what cannot be removed stays. */
static void sweep (const char *base)
{
    DIR *entries = opendir (base);
    const struct dirent *entry;
    while (entries && (entry = readdir (entries))) {
        if (strncmp (entry->d_name, PREFIX, strlen (PREFIX)) != 0 ||
            strlen (entry->d_name) != strlen (PATTERN))
            continue;
        const int fd = openat (dirfd (entries), entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd != -1 && is_dead (fd)) {
            logger_event (LOG_INFO, "central", LOG_SUCCESS,
                          "removed: %s/%s, left by a central that died", base,
                          entry->d_name);
            clear (dirfd (entries), entry->d_name, fd);
        } else if (fd != -1)
            close (fd);
    }
    if (entries)
        closedir (entries);
}

/* It is ours, and its lock is free. Without a lock nothing is proved. */
static bool is_dead (int directory)
{
    struct stat about;
    if (fstat (directory, &about) == -1 || about.st_uid != geteuid ())
        return false;
    const int lock = openat (directory, LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    const bool dead = lock != -1 && flock (lock, LOCK_EX | LOCK_NB) == 0;
    if (lock != -1)
        close (lock);
    return dead;
}

/* `directory` is open on parent/name; this closes it. NULL for a name: it stays. */
static void clear (int parent, const char *name, int directory)
{
    for (run_socket_t i = 0; i < RUN_SOCKETS; i++)
        unlinkat (directory, sockets[i].name, 0); // ZeroMQ did, unless it was killed
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat (directory, files[i], 0);
    close (directory);
    if (name && unlinkat (parent, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
        logger_event (LOG_WARNING, "central", LOG_FAIL,
                      "reason: %s cannot be removed, %s", name, strerror (errno));
}

/* Locked before it gets its name, so that it is never there unlocked. All children
   inherit it: while one of them lives, the directory is in use. */
static int make_lock (const run_directory_t *self)
{
    const int directory =
        open (self->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory == -1)
        return -1;
    int lock =
        openat (directory, LOCK_DRAFT, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (lock != -1)
        sign (lock, self->data_directory);
    if (lock != -1 && (flock (lock, LOCK_EX | LOCK_NB) == -1 ||
                       renameat (directory, LOCK_DRAFT, directory, LOCK) == -1)) {
        const int error = errno;
        close (lock);
        lock = -1;
        errno = error;
    }
    const int error = errno;
    close (directory);
    errno = error;
    return lock;
}

/* Not a reason to fail: it is only for loteria-ctl. */
static void sign (int lock, const char *data_directory)
{
    if (run_link_sign (lock, data_directory) == -1)
        logger_event (LOG_WARNING, "central", LOG_IN_PROGRESS,
                      "reason: " LOCK " cannot be written, %s | consequence: "
                      "loteria-ctl does not find this central by its data directory",
                      strerror (errno));
}

static bool is_there (const run_directory_t *self, const char *name)
{
    char path[RUN_ENDPOINT_BYTES];
    struct stat about;
    snprintf (path, sizeof path, "%s/%s", self->path, name);
    return lstat (path, &about) == 0 || errno != ENOENT;
}

/* The directory may be gone as well, and another user may have put something in its
   place, hoping that we talk to it. */
static bool restore (run_directory_t *self)
{
    uint64_t held_back;
    mkdir (self->path, 0700);
    if (is_ours (self)) {
        if (self->lock != -1)
            close (self->lock);
        self->lock = self->given ? take_lock (self) : make_lock (self);
        return true;
    }
    if (logger_limit_allows (&self->limit, clock_ms (), &held_back))
        logger_event (
            LOG_CRITICAL, "central", LOG_FAIL,
            "reason: %s was removed and cannot be created again | consequence: parts "
            "that restart will not find each other; restart the central",
            self->path);
    return false;
}

/* A directory that was given may be open to others to read: systemd's may be. */
static bool is_ours (const run_directory_t *self)
{
    struct stat about;
    const mode_t closed = self->given ? S_IWGRP | S_IWOTH : S_IRWXG | S_IRWXO;
    return (self->given ? stat : lstat) (self->path, &about) == 0 &&
           S_ISDIR (about.st_mode) && about.st_uid == geteuid () &&
           (about.st_mode & closed) == 0;
}
