"""Real processes on this machine, for the end-to-end tests.

A Central is either one `loteria-central`, or its parts started one by one (so that a
test can kill one of them). Waiting is always for something that happens (a line in a log, a
process's end) with a deadline that only a failure reaches; nothing sleeps.
"""

import contextlib
import csv
import json
import os
import pathlib
import re
import selectors
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LOTERIA_BUILD", ROOT / "build/release"))
REAL_DATA = ROOT.parent / "shared" / "data"
DEADLINE = 60  # seconds; a test that gets there has failed
WINNING_NUMBER = 7574

# Ours alone: settings of whoever runs the tests must not reach the programs.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not re.match(r"LOTERIA_|CLI_|TOTAL_AGENCIES|LOGGING_LEVEL|SERVER_PORT|WORKERS$|NOMBRE|APELLIDO|DOCUMENTO"
                    r"|NACIMIENTO|NUMERO|ZSYS_", name)
}


def program(name):
    return str(BUILD / "bin" / name)


def free_port():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program that runs; its output is kept in files in `directory`."""

    serial = 0

    def __init__(self, directory, name, *arguments, environment=None, cwd=None):
        Process.serial += 1
        self.name = name
        stem = pathlib.Path(directory) / f"{Process.serial:04}-{name}"
        self.stdout_path, self.stderr_path = f"{stem}.out", f"{stem}.err"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.popen = subprocess.Popen(
                [program(name), *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd,
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


def wait_until(condition, timeout=DEADLINE, explain=lambda: "it never happened"):
    """Ask until the answer is true; a selector with a timeout is what passes the time."""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as pause:
        while True:
            answer = condition()
            if answer:
                return answer
            assert time.monotonic() < deadline, explain()
            pause.select(0.005)


class Central:
    """loteria-central on a free port, with its data in `directory`/data."""

    def __init__(self, directory, workers=2, agencies=5, port=None, arguments=(), environment=None):
        self.directory, self.data = pathlib.Path(directory), pathlib.Path(directory) / "data"
        self.workers, self.agencies = workers, agencies
        self.port = port or free_port()
        self.arguments, self.environment = arguments, environment
        self.server = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = Process(
            self.directory, "loteria-central", "--workers", self.workers, "--agencies", self.agencies,
            "--data-dir", self.data, "--listen", f"tcp://{self.server}", *self.arguments,
            environment=self.environment)

    def stop(self):
        return self.process.stop()

    def restart(self):
        assert self.stop() == 0, self.process.log
        self.start()

    def pids(self, name):
        """The pids of the children that run this program, e.g. "loteria-worker"."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split() if command_of(pid) == name]

    def pid(self, name):
        return wait_until(lambda: self.pids(name), explain=lambda: f"no {name} runs:\n{self.process.log}")[0]

    def agency(self, number, bets, *arguments, environment=None):
        return Process(self.directory, "loteria-agency", "--id", number, "--bets", bets, "--server", self.server,
                       "--json", *arguments, environment=environment)

    def csv(self):
        return (self.data / "bets.csv").read_bytes()

    def check(self):
        """loteria-storage --check: exit code and what it prints."""
        result = subprocess.run([program("loteria-storage"), "--check", self.data], env=ENVIRONMENT,
                                capture_output=True, text=True, timeout=DEADLINE)
        return result.returncode, result.stdout + result.stderr


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
