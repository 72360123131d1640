"""PostgreSQL on loopback, for the tests of a central whose log is replicated: a primary and its standbys.

    with postgres.Cluster() as cluster:            # node1 is the primary, node2 and node3 follow it
        url = cluster.url()                        # of all three, as --log takes it; through the relay
        cluster.primary.kill()                     # that machine has no power any more: no process of it is left
        cluster.nodes[1].promote()                 # a test that wants it right runs scripts/failover instead
        cluster.nodes[0].restart()

A commit waits for one standby of two (`ANY 1`), the data have checksums, every standby has its slot on the
primary: as docs/high-availability.md says to set it up. Everybody connects through a relay (chaos/relay.py), so that
what happens to networks can happen here: isolate () cuts a node off from all others, cut () from whom it names.

The servers are this process's children, on ports of loteria.free_port (), in a directory of their own.
They do not run as root, which PostgreSQL refuses: then as `postgres`, or as `nobody`.
"""

import atexit
import contextlib
import functools
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile

import loteria
from chaos import relay

# Debian has but psql and its like in the PATH.
PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: int(path.parent.name),
               default=pathlib.Path("/usr/lib/postgresql/15/bin"))
MEMORY_BYTES = 4 << 30  # of /dev/shm; in a container it has 64 MB
SUPERUSER, DATABASE = "postgres", "loteria"
# libpq's own settings must not reach the tests.
ENVIRONMENT = {name: value for name, value in loteria.ENVIRONMENT.items() if not name.startswith("PG")}

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "wal_level": "replica",
    "hot_standby": "on",
    "max_wal_senders": 10,
    "max_replication_slots": 10,
    "wal_keep_size": "256MB",  # a standby whose slot was on the machine that burnt
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # among its data: one that is killed leaves nothing in /dev/shm
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "log",
}
ACCESS = """\
host  all          all  127.0.0.1/32  scram-sha-256
host  replication  all  127.0.0.1/32  scram-sha-256
"""


class Cluster:
    """`with Cluster(...) as cluster:`; nodes are node1, node2, ... and all run.

    `synchronous` is synchronous_standby_names, the same on all of them; "" for none; `settings` are more lines of
    postgresql.conf; `on_disk` is for what measures; with `tls` connections may be encrypted, and `authority` is the certificate to check them by.
    """

    def __init__(self, standbys=2, synchronous=None, settings=None, tls=False, access=ACCESS, on_disk=False):
        names = [f"node{number}" for number in range(1, standbys + 2)]
        self.synchronous = f"ANY 1 ({', '.join(names)})" if synchronous is None and standbys else synchronous or ""
        self.settings = {**SETTINGS, "synchronous_standby_names": self.synchronous, **(settings or {})}
        self.directory = owned_directory("loteria-pg-", on_disk)
        self.password = template()[1]
        self.relay, self.links = relay.Relay(), {}
        self.cuts = []  # (name, name or None for everybody): those that hold for links to come, too
        self.nodes = [Node(self, name) for name in names]
        self.authority = self.make_certificate() if tls else None
        self.passfile = self.directory / "passfile"
        self.passfile.write_text(f"*:*:*:*:{self.password}\n")  # PGPASSFILE, for every role that has this password
        self.passfile.chmod(0o600)
        give(self.passfile)
        (self.directory / "pg_hba.conf").write_text(access)
        for node in self.nodes:
            node.create()

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            self.primary.wait_until_writable()
            self.primary.make_slots()
            self.wait_until_followed()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for node in self.nodes:
            node.kill()
        self.relay.__exit__()
        shutil.rmtree(self.directory, ignore_errors=True)

    # who is who

    @property
    def primary(self):
        """The first node that runs and takes writes; before any runs, node1."""
        return next((node for node in self.nodes if node.running and node.writable()), self.nodes[0])

    @property
    def standbys(self):
        primary = self.primary
        return [node for node in self.nodes if node is not primary]

    def wait_until_followed(self, count=None):
        """Until so many standbys stream from the primary; all, unless told."""
        wanted = len(self.nodes) - 1 if count is None else count
        primary = self.primary
        loteria.wait_until(lambda: int(primary.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
                                                   )) >= wanted,
                           explain=lambda: f"{wanted} standbys never followed {primary.name}:\n{self.log}", pause_s=0.05)

    # how it is reached

    def port(self, who, node, relayed=True):
        """Of `node`, for `who`: a name, a machine's for instance. Each pair has a link of its own."""
        if not relayed:
            return node.port
        if (who, node.name) not in self.links:
            self.links[who, node.name] = self.relay.link(node.port)
            if any(concerns(cut, (who, node.name)) for cut in self.cuts):
                self.links[who, node.name].half_open("both")
        return self.links[who, node.name].port

    def url(self, who="client", role=SUPERUSER, password=None, nodes=None, relayed=True, options=""):
        """Of all nodes (or those told), whichever takes writes; with the password, which belongs into a file.
        What is in front of `who`'s eyes: cut (who) takes them away."""
        hosts = ",".join(f"127.0.0.1:{self.port(who, node, relayed)}" for node in nodes or self.nodes)
        password = self.password if password is None else password
        return (f"postgres://{role}{':' + password if password else ''}@{hosts}/{DATABASE}"
                f"?target_session_attrs=read-write&connect_timeout=2{options}")

    def sql(self, text, **options):
        """At the primary, directly."""
        return self.primary.sql(text, **options)

    # networks

    def between(self, one, other=None):
        """The links of `one` (a node, or who asked for a url) with `other`, or with everybody, both ways."""
        return [link for pair, link in self.links.items() if concerns(names_of(one, other), pair)]

    def cut(self, one, other=None):
        """No byte passes any more, and nobody is told."""
        self.cuts.append(names_of(one, other))
        for link in self.between(one, other):
            link.half_open("both")

    def mend(self, one, other=None):
        """What lost bytes is closed; new connections are sound."""
        self.cuts.remove(names_of(one, other))
        for link in self.between(one, other):
            self.relay.order(link.heal)

    def reset(self, one, other=None):
        """Every connection ends at both sides; a new one may come at once."""
        for link in self.between(one, other):
            link.cut()

    @property
    def log(self):
        return "".join(f"---- {node.name}\n{node.log[-4000:]}" for node in self.nodes)

    def fail_over(self, *options, nodes=None):
        """scripts/failover: its end."""
        told = nodes or [node.told() for node in self.nodes]
        return subprocess.run([loteria.ROOT / "scripts/failover", *options, *told],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT,
                              timeout=2 * loteria.DEADLINE)

    def make_certificate(self):
        """For 127.0.0.1 and localhost, signed by itself."""
        key, certificate = self.directory / "server.key", self.directory / "server.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True, timeout=loteria.DEADLINE)  # fmt: skip
        key.chmod(0o600)
        give(key)
        self.settings.update(ssl="on", ssl_cert_file=str(certificate), ssl_key_file=str(key))
        return certificate


def names_of(one, other):
    return getattr(one, "name", one), getattr(other, "name", other)


def concerns(names, pair):
    return names[0] in pair and (names[1] is None or names[1] in pair)


class Node:
    """A server, and its files. `running` also while it is frozen."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.data = cluster.directory / name
        self.log_path = cluster.directory / f"{name}.log"
        self.settings_path = cluster.directory / f"{name}.conf"  # not among the data, as Debian has it
        self.port = loteria.free_port()
        self.popen = None

    # its life

    def create(self):
        subprocess.run(["cp", "--archive", "--reflink=auto", template()[0], self.data], check=True)
        lines = {"hba_file": self.data / "../pg_hba.conf", "port": self.port,
                 "cluster_name": self.name, **self.cluster.settings}
        self.settings_path.write_text("".join(f"{name} = '{value}'\n" for name, value in lines.items()))
        if self.name != "node1":
            self.follow_in_files(self.cluster.nodes[0])

    def start(self, wait=True):
        assert not self.running, f"{self.name} runs"
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed; its pid may be anybody's now
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", self.data, f"--config-file={self.settings_path}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, cwd=self.data, **run_as())
        if wait:
            self.wait_until_answers()

    def stop(self, how=signal.SIGINT):
        """SIGINT is PostgreSQL's fast shutdown: everything is on disk, sessions are ended."""
        if self.running:
            self.thaw()
            self.popen.send_signal(how)
            self.popen.wait(loteria.DEADLINE)
        self.popen = None

    def kill(self):
        """The power is gone: no process of it has another word."""
        if self.running:
            pids = self.freeze()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.popen.wait(loteria.DEADLINE)
            loteria.wait_until(lambda: not any(map(loteria.runs, pids)), explain=lambda: f"{self.name} outlives SIGKILL")
        self.popen = None

    def restart(self, wait=True):
        self.stop()
        self.start(wait)

    def freeze(self):
        """Everything of it stands still, as on a machine that hangs: the kernel goes on, it takes connections.
        The processes."""
        pids = [self.popen.pid]
        os.kill(self.popen.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.popen.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)  # it forks nobody from now on
        with contextlib.suppress(FileNotFoundError):
            pids += loteria.children_of(self.popen.pid)
        for pid in pids[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return pids

    def thaw(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for pid in [*loteria.children_of(self.popen.pid), self.popen.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @property
    def running(self):
        return self.popen is not None and self.popen.poll() is None

    # who it is

    def promote(self, wait=True):
        """As it stands, whatever the others have: the operator's mistake, unless he has made sure."""
        self.sql("SELECT pg_promote(wait => false)")
        if wait:
            self.wait_until_writable()

    def writable(self):
        """Whether it answers, and as a primary."""
        answer = self.ask("SELECT pg_is_in_recovery()")
        return answer.returncode == 0 and answer.stdout.strip() == "f"

    def make_slots(self):
        """For each of the others that has none here."""
        for other in self.cluster.nodes:
            if other is not self:
                self.sql(f"SELECT pg_create_physical_replication_slot('{other.name}', true) WHERE NOT EXISTS "
                         f"(SELECT FROM pg_replication_slots WHERE slot_name = '{other.name}')")

    def conninfo(self, primary):
        """How it connects to `primary`, to follow it."""
        return (f"host=127.0.0.1 port={self.cluster.port(self.name, primary)} user={SUPERUSER} "
                f"password={self.cluster.password} application_name={self.name} connect_timeout=2")

    def follow_in_files(self, primary):
        """While it does not run: it begins as a standby of `primary`."""
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write(f"primary_conninfo = '{self.conninfo(primary)}'\nprimary_slot_name = '{self.name}'\n")
        (self.data / "standby.signal").touch()
        give(self.data / "postgresql.auto.conf", self.data / "standby.signal")

    def follow(self, primary):
        """While it runs."""
        self.sql(f"ALTER SYSTEM SET primary_conninfo = '{self.conninfo(primary)}'")
        self.sql(f"ALTER SYSTEM SET primary_slot_name = '{self.name}'")
        self.sql("SELECT pg_reload_conf()")

    def detach(self):
        """It follows nobody any more, and what was on its way has come or will not."""
        self.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.sql("SELECT pg_reload_conf()")
        loteria.wait_until(lambda: self.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0",
                           explain=lambda: f"{self.name} still receives:\n{self.log}", pause_s=0.02)

    def told(self, who="operator"):
        """What scripts/failover is told of it, on the operator's machine; the others get to it so from then on."""
        return (f"host=127.0.0.1 port={self.cluster.port(who, self)} user={SUPERUSER} "
                f"passfile={self.cluster.passfile}")

    def rewind(self, primary):
        """It does not run, and was a primary; scripts/failover, as an operator on its machine, makes it a standby."""
        script = shutil.copy(loteria.ROOT / "scripts/failover", self.cluster.directory)  # where its user may read
        return run(script, "--rewind", self.data, "--config-file", self.settings_path, "--name", self.name, primary.told())

    def position(self):
        """So many bytes of the log it has on disk."""
        return int(self.sql("SELECT coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'"
                            if self.sql("SELECT pg_is_in_recovery()") == "t" else
                            "SELECT pg_current_wal_flush_lsn() - '0/0'"))

    # asking it

    def wait_until_answers(self):
        def answers():
            assert self.running, f"{self.name} ended with {self.popen.returncode}:\n{self.log}"
            return self.ask("SELECT 1").returncode == 0
        loteria.wait_until(answers, explain=lambda: f"{self.name} never answered:\n{self.log}", pause_s=0.05)

    def wait_until_writable(self):
        loteria.wait_until(self.writable, explain=lambda: f"{self.name} is no primary:\n{self.log}", pause_s=0.05)

    def url(self, role=SUPERUSER, password=None, relayed=False, who="client"):
        """Of it alone."""
        return self.cluster.url(who, role, password, nodes=[self], relayed=relayed).replace("read-write", "any")

    def ask(self, text, database=DATABASE, timeout=loteria.DEADLINE):
        """psql's end: returncode, stdout, stderr. Directly, not through the relay."""
        return subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command",
             text], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            env={**ENVIRONMENT, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": SUPERUSER,
                 "PGDATABASE": database, "PGPASSFILE": str(self.cluster.passfile)})

    def sql(self, text, **options):
        """What it prints, without the last line's end."""
        answer = self.ask(text, **options)
        assert answer.returncode == 0, f"{self.name}: {text}\n{answer.stderr}\n{self.log[-4000:]}"
        return answer.stdout.rstrip("\n")

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_for_log(self, pattern, count=1):
        loteria.wait_until(lambda: len(re.findall(pattern, self.log)) >= count,
                           explain=lambda: f"{self.name} never logged {pattern!r}:\n{self.log}")


# whose processes and files they are


@functools.cache
def run_as():
    """For Popen: the user that PostgreSQL runs as."""
    if os.geteuid() != 0:
        return {}
    user = next(user for user in (SUPERUSER, "nobody") if user in [entry.pw_name for entry in pwd.getpwall()])
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(*paths):
    """To that user."""
    if who := run_as():
        for path in paths:
            os.chown(path, who["user"], who["group"])


def owned_directory(prefix, on_disk=False):
    """Of that user, and nobody else may look into it; not pytest's, where only root gets in. In memory if there is
    enough: no test here takes the power away, and with a disk that others use as well everything takes longer."""
    in_memory = not on_disk and shutil.disk_usage("/dev/shm").free >= MEMORY_BYTES
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/dev/shm" if in_memory else "/tmp"))
    give(path)
    return path


@functools.cache
def template():
    """(directory, superuser's password) of a server that was never asked anything, with the database; made once."""
    place, password = owned_directory("loteria-pg-template-"), secrets.token_hex(16)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    data, word = place / "data", place / "password"
    word.write_text(f"{password}\n")
    give(word)
    run(PROGRAMS / "initdb", "-D", data, "-U", SUPERUSER, "--pwfile", word, "--auth", "scram-sha-256", "--encoding", "UTF8",
        "--locale", "C.UTF-8", "--data-checksums", "--no-sync", "--no-instructions")
    run(PROGRAMS / "postgres", "--single", "-D", data, "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
    return data, password


def run(*command, stdin=None):
    """As that user, well."""
    result = subprocess.run(list(map(str, command)), input=stdin, capture_output=True, text=True, cwd="/",
                            env=ENVIRONMENT, timeout=loteria.DEADLINE, **run_as())
    assert result.returncode == 0, f"{command}:\n{result.stdout}\n{result.stderr}"
    return result.stdout
