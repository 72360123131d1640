"""Real processes on this machine, for the end-to-end tests.

A day's central is either one `loteria-central` (Central), or its parts started by hand
(Parts), as on several machines. Waiting is always for something that happens (a line in a log, a
process's end) with a deadline that only a failure reaches; nothing sleeps.
"""

import contextlib
import csv
import itertools
import json
import os
import pathlib
import random
import re
import resource
import selectors
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LOTERIA_BUILD", ROOT / "build/release"))
REAL_DATA = ROOT.parent / "shared" / "data"
DEADLINE = 60  # seconds; a test that gets there has failed
WINNING_NUMBER = 7574
TESTERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))  # at the same time, with pytest -n
TESTER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Nobody else's: the programs' own are left out, and those from 28000 on are for days under fire.
PORTS = [port for port in range(10000 + TESTER, 28000, TESTERS) if port not in range(12345, 12350)]
random.shuffle(PORTS)

# Ours alone: settings of whoever runs the tests must not reach the programs.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not re.match(r"LOTERIA_|CLI_|TOTAL_AGENCIES|LOGGING_LEVEL|SERVER_PORT|WORKERS$|NOMBRE|APELLIDO|DOCUMENTO"
                    r"|NACIMIENTO|NUMERO|ZSYS_|DRAW$|CLOSES$|NUMBER$|TZ$", name)
}


def program(name):
    return str(BUILD / "bin" / name)


def free_port():
    """Below those that the system gives to connections: one that reconnects to a port where
    nobody listens at that moment could otherwise be given that very port, and keep it.
    None is given twice: the first to ask may not have bound it yet."""
    while PORTS:
        port = PORTS.pop()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


class Process:
    """A program that runs; its output is kept in files in `directory`.

    `name` is a program of ours, or a path; `wrapper` is what runs it, e.g. ["valgrind"]; `stdin` is what it reads, a
    descriptor or a file.
    """

    serial = 0

    def __init__(self, directory, name, *arguments, environment=None, cwd=None, wrapper=(), stdin=subprocess.DEVNULL):
        Process.serial += 1
        self.name = pathlib.Path(name).name
        stem = pathlib.Path(directory) / f"{Process.serial:04}-{self.name}"
        self.stdout_path, self.stderr_path = f"{stem}.out", f"{stem}.err"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.popen = subprocess.Popen(
                [*wrapper, program(name), *map(str, arguments)],
                stdin=stdin, stdout=out, stderr=err, cwd=cwd,
                env={**ENVIRONMENT, **(environment or {})})
        self.pid = self.popen.pid

    @property
    def stdout(self):
        return pathlib.Path(self.stdout_path).read_text()

    @property
    def log(self):
        return pathlib.Path(self.stderr_path).read_text()

    def wait(self, timeout=DEADLINE):
        """The exit code."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout} s:\n{self.log}") from None

    def wait_for_log(self, pattern, count=1, timeout=DEADLINE):
        """Wait until `count` matches are in the log; return them."""
        return wait_until(lambda: self._matches(pattern, count), timeout,
                          lambda: f"{self.name} never logged {pattern!r}:\n{self.log}")

    def _matches(self, pattern, count):
        found = re.findall(pattern, self.log)
        if len(found) >= count:
            return found
        assert self.popen.poll() is None or len(re.findall(pattern, self.log)) >= count, \
            f"{self.name} ended with {self.popen.returncode} before it logged {pattern!r}:\n{self.log}"
        return None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self):
        """SIGTERM, and the exit code."""
        if self.popen.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()


def wait_until(condition, timeout=DEADLINE, explain=lambda: "it never happened", pause_s=0.005):
    """Ask until the answer is true; a selector with a timeout is what passes the time."""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as pause:
        while True:
            answer = condition()
            if answer:
                return answer
            assert time.monotonic() < deadline, explain()
            pause.select(pause_s)


class Day:
    """What both kinds of central have in common; `data` is in `directory`.

    With `keys` it has CURVE on every tcp socket: True makes keys for all its agencies in
    `directory`/keys, else it is a folder that has them.
    """

    def __init__(self, directory, workers, agencies, port=None, keys=None):
        self.directory, self.data = pathlib.Path(directory), pathlib.Path(directory) / "data"
        self.keys = make_keys(self.directory / "keys", agencies) if keys is True else keys and pathlib.Path(keys)
        self.workers, self.agencies = workers, agencies
        self.port = port or free_port()
        self.server = f"127.0.0.1:{self.port}"
        self.processes = []  # of the central, in all its lives
        self.clients = []

    @property
    def log(self):
        """Of all processes in all their lives."""
        return "".join(process.log for process in self.processes)

    def keys_of(self, name):
        """What a process of this name is to be started with."""
        return ("--keys", self.keys / name) if self.keys else ()

    def agency(self, number, bets, *arguments, **options):
        """`bets` is a file, or None for none."""
        file = (*(() if bets is None else ("--bets", bets)), *self.keys_of(f"agency-{number}"))
        self.clients.append(Process(self.directory, "loteria-agency", "--id", number, *file, "--server", self.server,
                                    "--json", *arguments, **options))
        return self.clients[-1]

    def sell(self, files, *arguments, **options):
        """An agency for each of `files`, by number, all at the same time."""
        return {number: self.agency(number, path, *arguments, **options) for number, path in files.items()}

    def csv(self):
        return (self.data / "bets.csv").read_bytes()

    def csv_bytes(self):
        try:
            return (self.data / "bets.csv").stat().st_size
        except FileNotFoundError:
            return 0

    def wait_for_csv(self, size):
        """Wait until bets.csv has grown to `size` bytes."""
        wait_until(lambda: self.csv_bytes() >= size,
                   explain=lambda: f"bets.csv has {self.csv_bytes()} bytes only:\n{self.log}")

    def check(self):
        """loteria-storage --check: exit code and what it prints."""
        result = subprocess.run([program("loteria-storage"), "--check", self.data], env=ENVIRONMENT,
                                capture_output=True, text=True, timeout=DEADLINE)
        return result.returncode, result.stdout + result.stderr

    def assert_sound(self):
        """What is on disk, checked by storage itself; after the central was stopped."""
        code, text = self.check()
        assert code == 0 and text.endswith("sound\n"), text
        assert f"bytes: {self.csv_bytes()}\n" in text, text

    def kill_clients(self):
        for client in self.clients:
            if client.popen.poll() is None:
                client.kill()


def remove_run_directory(path):
    """Of a central that was killed. Any central that begins clears up behind dead ones, and may have been quicker."""
    shutil.rmtree(path, ignore_errors=True)
    wait_until(lambda: not path.exists(), explain=lambda: f"{path} cannot be removed")


class Central(Day):
    """loteria-central on a free port."""

    def __init__(self, directory, workers=2, agencies=5, port=None, arguments=(), environment=None, keys=None):
        super().__init__(directory, workers, agencies, port, keys)
        self.arguments, self.environment = (*self.keys_of("."), *arguments), environment
        self.start()

    def start(self):
        self.process = Process(
            self.directory, "loteria-central", "--workers", self.workers, "--agencies", self.agencies,
            "--data-dir", self.data, "--listen", f"tcp://{self.server}", *self.arguments,
            environment=self.environment)
        self.processes.append(self.process)

    def stop(self):
        return self.process.stop()

    def restart(self):
        assert self.stop() == 0, self.process.log
        self.start()

    def kill(self):
        """SIGKILL for loteria-central alone; its children end by themselves. Clears up behind it."""
        run_directory, children = self.run_directory(), self.children()
        self.process.kill()
        wait_until(lambda: not any(map(runs, children)), explain=lambda: "children outlive the central")
        remove_run_directory(run_directory)

    def kill_all(self):
        """SIGKILL for every process before any of them notices. Clears up behind them."""
        run_directory, children = self.run_directory(), self.children()
        self.process.signal(signal.SIGSTOP)  # so that it restarts nobody
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        self.process.kill()
        wait_until(lambda: not any(map(runs, children)), explain=lambda: "processes outlive SIGKILL")
        remove_run_directory(run_directory)

    def children(self):
        return children_of(self.process.pid)

    def pids(self, name):
        """The pids of the children that run this program, e.g. "loteria-worker"."""
        return [pid for pid in self.children() if command_of(pid) == name]

    def pid(self, name):
        return wait_until(lambda: self.pids(name), explain=lambda: f"no {name} runs:\n{self.process.log}")[0]

    def worker_arguments(self):
        """What another worker of this central is to be started with."""
        told = environment_of(self.pid("loteria-worker"))
        return [word for name in ("broker", "storage", "state") for word in (f"--{name}", told[f"LOTERIA_{name.upper()}"])]

    def run_directory(self):
        return pathlib.Path(self.worker_arguments()[1].removeprefix("ipc://")).parent


class Parts(Day):
    """A central's parts, each started by hand, over tcp; or over sockets in the directory `sockets`, which
    nobody takes while a part is down."""

    def __init__(self, directory, workers=2, agencies=5, wrapper=(), worker_arguments=(), start=True, sockets=None,
                 keys=None):
        super().__init__(directory, workers, agencies, keys=keys)
        self.data.mkdir(exist_ok=True)
        self.wrapper, self.parts = wrapper, {}
        broker, storage, state = (f"ipc://{sockets}/{name}" if sockets else f"tcp://127.0.0.1:{free_port()}"
                                  for name in ("broker", "storage", "state"))
        # in the order in which they are stopped
        self.commands = {
            "loteria-worker": ("--broker", broker, "--storage", storage, "--state", state, "--count", workers,
                               *worker_arguments),
            "loteria-broker": ("--listen", f"tcp://{self.server}", "--workers", broker),
            "loteria-state": ("--listen", state, "--storage", storage,
                              "--broker", broker, "--agencies", agencies),
            "loteria-storage": ("--data-dir", self.data, "--listen", storage, "--broker", broker)}
        if start:
            for name in reversed(self.commands):
                self.start(name)

    def start(self, name, *arguments, wrapper=None):
        """Start a part, the first time or again."""
        keys = self.keys_of(name.removeprefix("loteria-"))
        self.parts[name] = Process(self.directory, name, *self.commands[name], *keys, *arguments,
                                   wrapper=self.wrapper if wrapper is None else wrapper)
        self.processes.append(self.parts[name])
        return self.parts[name]

    def part(self, name, flag):
        """What the part of this name is told by this flag."""
        words = self.commands[name]
        return words[words.index(flag) + 1]

    def stop(self):
        """SIGTERM for one after another; the first exit code that is not 0, else 0."""
        codes = [self.parts[name].stop() for name in self.commands if name in self.parts]
        return next(filter(None, codes), 0)


def make_keys(folder, agencies):
    """A central's keys, and those of as many agencies."""
    subprocess.run([program("loteria-keys"), "new", "--keys", folder, "--agencies", str(agencies)], check=True,
                   capture_output=True, env=ENVIRONMENT, timeout=DEADLINE)  # fmt: skip
    return folder


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def environment_of(pid):
    """What a process was started with. For a moment of its start it has its name, and no environment yet."""
    text = wait_until(pathlib.Path(f"/proc/{pid}/environ").read_text, explain=lambda: f"{pid} has no environment")
    return dict(line.split("=", 1) for line in text.split("\0") if line)


def runs(pid):
    """Whether there is such a process, and it is not merely unburied. One whose first thread has ended has its files,
    and the locks on them, until the last one has."""
    process = pathlib.Path(f"/proc/{pid}")
    try:
        ended = (process / "stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
        return not ended or len(list((process / "task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextlib.contextmanager
def no_descriptor_left(pid):
    """For a process that runs: it gets no more than it has, whatever of it is closed meanwhile.

    A limit is on the numbers of descriptors. Those below it must not become free, as the number of a connection does
    that ends late, or of a file that is just being read; the kernel's own (eventfd, eventpoll, signalfd), which come
    first, are as old as the process's sockets and stay as long. So do the copies of stderr that it keeps.
    """
    def opened(number):
        try:
            return os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            return ""

    def stays(number):
        return number <= 2 or opened(number).startswith("anon_inode:") or opened(number) == opened(2)

    limit = next(number for number in itertools.count() if not stays(number))
    assert limit > 6, "poll (2) takes no more than that many"
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def command_of(pid):
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
    except OSError:
        return None


def make_bets(path, agency, count, seed=1, winners=()):
    """A sample file; rows at the indices in `winners` get the winning number, and no others."""
    made = subprocess.run([program("make-bets"), "--agency", str(agency), "--count", str(count), "--seed", str(seed)],
                          check=True, stdout=subprocess.PIPE, env=ENVIRONMENT, timeout=DEADLINE).stdout
    rows = []
    for index, row in enumerate(made.decode().split("\r\n")[:-1]):
        head, number = row.rsplit(",", 1)
        if index in winners:
            number = WINNING_NUMBER
        elif int(number) == WINNING_NUMBER:
            number = WINNING_NUMBER + 1
        rows.append(f"{head},{number}\r\n")
    pathlib.Path(path).write_bytes("".join(rows).encode())
    return path


def rows_of(path):
    """An agency file's rows as bets.csv must hold them, without the agency."""
    with open(path, newline="", encoding="utf-8") as file:
        return [[*row[:4], str(int(row[4]))] for row in csv.reader(file)]


def winners_of(path):
    return [row[2] for row in rows_of(path) if int(row[4]) == WINNING_NUMBER]


def stored_by_agency(data):
    """bets.csv, which must be exactly what Python's csv.writer makes of its own rows."""
    raw = (pathlib.Path(data) / "bets.csv").read_bytes()
    stored, again = {}, Lines()
    writer = csv.writer(again)
    for row in csv.reader(raw.decode().splitlines(keepends=True)):
        writer.writerow(row)
        stored.setdefault(int(row[0]), []).append(row[1:])
    assert b"".join(again.lines) == raw, "bets.csv is not what csv.writer writes"
    return stored


class Lines:
    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines.append(text.encode())


def assert_day_right(data, files, results):
    """Every bet of every agency stored once and in order, and each agency told its own winners.

    `files` and `results` are by agency; a result is what loteria-agency --json printed.
    """
    stored = stored_by_agency(data)
    assert set(stored) <= set(files)
    for agency, path in files.items():
        assert stored.get(agency, []) == rows_of(path), f"agency {agency}: not what it sent"
        if results is not None:
            result = json.loads(results[agency])
            assert result["winners"] == winners_of(path), f"agency {agency}: not its winners"
            assert result["bets"] == len(rows_of(path))


def finish(agencies):
    """Wait for all to end well; what each printed, by agency."""
    for number, process in agencies.items():
        assert process.wait() == 0, f"agency {number}:\n{process.log}"
        parse_log(process.log)
    return {number: process.stdout for number, process in agencies.items()}


def assert_day_ends(day, files, agencies):
    """All agencies end well with the right results, and there was one draw; returns the results."""
    results = finish(agencies)
    assert_day_right(day.data, files, results)
    assert draws(day.log) == 1
    return results


def draws(log):
    return len(re.findall(r"action: sorteo \| result: success", log))


LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR|CRITICAL) *(?=action: )(.*)$")


def parse_log(text):
    """Each line as a dict, through the parser that the contract's users have."""
    entries = []
    for line in text.splitlines():
        match = LINE.match(line)
        assert match and len(line.split(" action: ")[0]) == 28, f"not a log line: {line!r}"
        entry = {"level": match[1]}
        for part in match[2].split("|"):
            key, colon, value = part.partition(":")
            assert colon, f"a part without a colon in {line!r}"
            entry[key.strip()] = value.strip()
        assert entry.get("action") and entry.get("result") in ("success", "fail", "in_progress"), line
        entries.append(entry)
    return entries


@contextlib.contextmanager
def stopped_at_the_end(*processes):
    """Nothing that a test started outlives it."""
    try:
        yield processes
    finally:
        for process in processes:
            if process.popen.poll() is None:
                process.kill()
