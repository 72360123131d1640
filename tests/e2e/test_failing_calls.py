"""Every system call that storage makes on its files fails once: on real processes, with
strace, for every N-th call of a short day.

A day without faults is traced first. The calls in it are what is failed, so none can be
forgotten; one that this test has no opinion on (FAILURES) fails it. An injected call is not
executed: after a failed fdatasync the next one would say that all is well, and so none that writes
or syncs may follow a failure in the process's trace.

The clients are thin, in lockstep (so that the N-th call is the same call every time), and keep
their own records; those are what bets.csv, the winners and the draw are held against.

By default a selection runs, drawn by a seed that is the day's date; `--all-calls` runs all.
"""

import collections
import concurrent.futures
import copy
import datetime
import pathlib
import random
import re
import shutil
import tempfile
import time

import pytest

import loteria
import strace
import wire

CSV = "draws/first/bets.csv"
FILES = {"loteria-storage": ["bets.log", "bets.index", CSV, "checkpoint.a", "checkpoint.b", "draws", "draws/first"]}
ALL_PARTS = ["loteria-worker", "loteria-broker", "loteria-state", "loteria-storage"]  # as they are stopped
BATCH = 3  # bets
AT_ONCE = 6  # days; each mostly waits
SHORT = 45  # cases of each kind of day, unless all are asked for

# What is injected into each call, by a name for it; and whether the process is to end.
ENDS, GOES_ON = True, False
BROKEN = {"EIO": ("error=EIO", ENDS), "ENOSPC": ("error=ENOSPC", ENDS), "KILL": ("signal=KILL", ENDS)}
FAILURES = {
    **dict.fromkeys(["openat", "fsync", "newfstatat", "statx", "ftruncate", "pread64", "fdatasync", "mkdirat",
                     "symlinkat", "renameat", "readlinkat"], BROKEN),
    "flock": {name: BROKEN[name] for name in ("EIO", "KILL")},  # it takes no space
    # there is nothing of that name, mostly
    "unlinkat": {name: (how, ENDS if name == "KILL" else GOES_ON) for name, (how, _) in BROKEN.items()},
    "pwrite64": {**BROKEN, "SHORT": ("retval=1", ENDS)},
    # the one call that may fail for want of space: FULL is both tries, with and without a step ahead
    "fallocate": {**BROKEN, "ENOSPC": ("error=ENOSPC", GOES_ON), "FULL": ("error=ENOSPC", GOES_ON),
                  "UNABLE": ("error=EOPNOTSUPP", GOES_ON)},
    # no helper then; and: everything was synced by then, or the file was only a way to another
    "fcntl": {name: (how, ENDS if name == "KILL" else GOES_ON) for name, (how, _) in BROKEN.items()},
    "close": {name: (how, ENDS if name == "KILL" else GOES_ON) for name, (how, _) in BROKEN.items()},
}  # fmt: skip
# for want of space a draw is not opened, for now
MAKES = {"openat", "fsync", "mkdirat", "symlinkat", "renameat", "readlinkat", "newfstatat", "statx", "ftruncate"}
HARMLESS = {"close", "pread64"}  # what may follow before the end: it changes nothing, and vouches for nothing
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left on device", "SHORT": "Input/output error",
           "FULL": "No space left on device"}

# Whose call it is, the main thread's or a helper's; which of its calls, counted from 1. A helper comes and goes, so
# its syncs are counted by the batch that is stored.
Case = collections.namedtuple("Case", "thread call number failure")
MOVES = {"pwrite64", "fdatasync"}  # who does it depends on how quick the disk was
HELPED = "bets.log"
HELPS = {("pwrite64", HELPED), ("fdatasync", HELPED)}  # all that another thread may do


class Seller:
    """An agency that keeps a record of what it was told."""

    def __init__(self, agency, count, winners):
        numbers = {index: loteria.WINNING_NUMBER for index in winners}
        self.agency = agency
        self.rows = [wire.bets(1, first=1000 * agency + i, number=numbers.get(i, 1))[0] for i in range(count)]
        self.documents = "".join(f"{self.rows[i].split(',')[2]}\n" for i in winners).encode()
        self.acknowledged = 0
        self.told_winners = False
        self.codes = []  # of refusals

    def hears(self, answer):
        assert answer.agency == self.agency, answer
        match answer.name:
            case "WELCOME" | "STORED":  # one that was overtaken says less
                assert answer.next <= len(self.rows), answer
                self.acknowledged = max(self.acknowledged, answer.next)
            case "WINNERS":  # however often
                assert (answer.cursor, answer.next, answer.documents) == (0, 0, self.documents), answer
                self.told_winners = True
            case "REFUSED":
                assert answer.code in ("UNAVAILABLE", "NOSPACE", "HELLO"), answer
                self.codes.append(answer.code)

    def bytes(self, count):
        """Its first bets as they are to stand in bets.csv."""
        return "".join(f"{self.agency},{row}\r\n" for row in self.rows[:count]).encode()


class ShortDay:
    """A day of two sellers, in which one call of one part fails. `case` is None: none does."""

    def __init__(self, directory, part, case, sellers):
        self.sockets = tempfile.TemporaryDirectory(prefix="loteria-")  # its path is short, as a socket's must be
        self.day = loteria.Parts(directory, workers=1, agencies=len(sellers), start=False, sockets=self.sockets.name)
        self.part, self.case, self.sellers = part, case, sellers
        self.trace = pathlib.Path(directory) / "trace"
        self.clients, self.ended, self.tracer, self.batches = {}, None, None, 0

    def __enter__(self):
        for name in reversed(ALL_PARTS):
            self.day.start(name, wrapper=self.wrapper() if name == self.part else ())
        self.traced = self.day.parts[self.part]
        self.clients = {seller: wire.Client(self.day.server) for seller in self.sellers}
        return self

    def __exit__(self, *_):
        for client in self.clients.values():
            client.__exit__()
        for process in [*self.day.processes, *filter(None, [self.tracer])]:
            if process.popen.poll() is None:
                process.kill()
        self.sockets.cleanup()

    def wrapper(self):
        files = strace.only_on(self.day.data, *(self.day.data / name for name in FILES[self.part]))
        if not self.case:
            return strace.under(self.trace, "-f", *files)
        thread, call, number, failure = self.case
        if thread == "helper":
            return ()
        which = f"{number}..{number + 1}" if failure == "FULL" else number
        return strace.under(self.trace, *files, *strace.inject(call, FAILURES[call][failure][0], which))

    def play(self):
        for seller in self.sellers:
            self.sell(seller)
        for seller in self.sellers:
            if not seller.told_winners:
                self.until(seller, ["WINNERS"], self.ready(seller), send=False)
            self.until(seller, ["WINNERS"], wire.simple("RESULTS", seller.agency))
            self.until(seller, ["GOODBYE"], wire.simple("DONE", seller.agency))

    def sell(self, seller, count=None):
        """All of its bets and the first of them once more, then READY; or only `count`."""
        self.hello(seller)
        for offset in [*range(seller.acknowledged, count or len(seller.rows), BATCH), 0]:
            rows = seller.rows[offset:offset + BATCH]
            self.fail_helper(offset == seller.acknowledged)
            self.until(seller, ["STORED"], wire.batch(seller.agency, offset, rows), offset + len(rows))
        if not count:
            self.until(seller, ["WAITING", "WINNERS"], self.ready(seller))

    def fail_helper(self, another_batch):
        """What is done to the log for this batch fails, if it is the one."""
        self.batches += another_batch
        if another_batch and self.case and (self.case.thread, self.case.number) == ("helper", self.batches):
            how = FAILURES[self.case.call][self.case.failure][0]
            self.tracer = strace.attach(self.traced, self.trace, *strace.only_on(self.day.data / HELPED),
                                        *strace.inject(self.case.call, how, 1))

    def hello(self, seller):
        self.until(seller, ["WELCOME"], wire.simple("HELLO", seller.agency, 16, 8192, 8192))

    def ready(self, seller):
        return wire.simple("READY", seller.agency, len(seller.rows))

    def until(self, seller, names, frame, following=0, send=True):
        """Ask, unless that was done, and again after a refusal or the part's end, until the answer
        is one of these."""
        client, deadline = self.clients[seller], time.monotonic() + loteria.DEADLINE
        if send:
            client.send(frame)
        while True:
            answer = client.receive_within(0.02)
            if answer:
                seller.hears(answer)
                if answer.name in names and seller.acknowledged >= following:
                    return
            if answer and answer.name == "REFUSED" and answer.code == "HELLO":
                self.hello(seller)
            restarted = self.restart_if_ended()
            if restarted or self.ended and not answer or answer and answer.name == "REFUSED":
                client.send(frame)
            assert time.monotonic() < deadline, f"agency {seller.agency} was not told {names}:\n{self.day.log}"

    def restart_if_ended(self):
        process = self.day.parts[self.part]
        if self.ended or process.popen.poll() is None:
            return False
        self.ended = process
        self.assert_acknowledged_is_stored()
        self.day.start(self.part)
        return True

    def stop(self):
        """All stop; should the part fail only now it is started once more, and the results are the same."""
        for name in ALL_PARTS:
            code = self.day.parts[name].stop()
            if name == self.part and not self.ended and code != 0:
                self.ended = self.day.parts[name]
                self.assert_acknowledged_is_stored()
            else:
                assert code == 0, self.day.log
        if self.ended is self.day.parts[self.part]:
            self.results_again()

    def results_again(self):
        for name in reversed(ALL_PARTS):
            self.day.start(name)
        for seller in self.sellers:
            self.hello(seller)
            self.until(seller, ["WINNERS"], wire.simple("RESULTS", seller.agency))
        assert self.day.stop() == 0, self.day.log

    def assert_acknowledged_is_stored(self):
        rows = self.day.csv().splitlines(keepends=True) if self.day.csv_bytes() else []
        for seller in self.sellers:
            own = b"".join(row for row in rows if row.startswith(b"%d," % seller.agency))
            assert own.startswith(seller.bytes(seller.acknowledged)), f"lost: {self.day.log}"

    def assert_right(self):
        """What is left of the day is exactly what the sellers know of it."""
        rows = self.day.csv().splitlines(keepends=True)
        for seller in self.sellers:
            assert b"".join(row for row in rows if row.startswith(b"%d," % seller.agency)) == \
                seller.bytes(len(seller.rows)), f"agency {seller.agency}"
        assert len(rows) == sum(len(seller.rows) for seller in self.sellers)
        kinds = (self.day.data / "bets.index").read_bytes()[wire.RECORD_BYTES::wire.RECORD_BYTES]
        assert sorted(kind for kind in kinds if kind not in b"BR") == sorted(b"O" + b"S" * len(self.sellers) + b"D" + b"V" * len(self.sellers)), kinds
        self.day.assert_sound()

    def calls(self):
        """What the trace holds: a Call of each line."""
        return [parse_call("main" if thread == self.traced.pid else "helper", line)
                for thread, line in strace.calls_of(self.traced, self.trace)]


Call = collections.namedtuple("Call", "thread name path injected")


def parse_call(thread, line):
    found = re.match(r"(\w+)\((?:AT_FDCWD<[^>]*>, \"([^\"]*)\"|(?:\"[^\"]*\", )?\d+<([^>]*)>(?:, \"([\w./]+)\", O_)?)", line)
    assert found, f"no call on a file: {line}"
    call, path, directory, name = found.groups()
    path = path or (f"{directory}/{name}" if name else directory)
    return Call(thread, call, path, "(INJECTED)" in line)


def assert_ended_as_it_should(short_day):
    case, process, calls = short_day.case, short_day.ended, short_day.calls()
    failed = [i for i, call in enumerate(calls) if call.injected]
    if case.call in MOVES and not failed and not process:
        return  # it was another thread's this time
    must_end = FAILURES[case.call][case.failure][1]
    for_room = case.call == "fallocate" or (  # by the zeros ahead of the log, too
        case.call == "pwrite64" and failed and calls[failed[0]].path.endswith(HELPED)) or case.call in MAKES
    if for_room and case.failure in ("ENOSPC", "FULL"):
        must_end = process is not None  # a day cannot begin; later on it goes on, with less ahead, or refuses
        failed = failed[:1]
    assert must_end == (process is not None), f"it should{' not' * (not must_end)} have ended"
    if case.failure == "KILL":
        assert process.popen.returncode == -9
        assert case.thread == "helper" or times(case, calls) in (case.number - 1, case.number)
        return
    assert failed and times(case, calls[:failed[0] + 1]) == case.number, "nothing failed"
    told_full = any("NOSPACE" in seller.codes for seller in short_day.sellers)
    assert len(failed) == 1 and (for_room or not told_full)
    if must_end:
        path = calls[failed[0]].path
        last = loteria.parse_log(process.log)[-1]
        assert process.popen.returncode == 1, "what fails once may go well at the next start"
        full = case.failure in ("ENOSPC", "FULL") and "the disk is full, there is no room to complete" in last["reason"]
        named = path in last["reason"] and REASONS[case.failure] in last["reason"]
        assert last["level"] == "CRITICAL" and (named or full), last
        later = {call.name for call in calls[failed[0] + 1:]}
        again = {"fallocate"} if case.call == "fallocate" else set()  # with less, or for another file
        assert later <= HARMLESS | again, f"went on with {later} after a failure"


def times(case, calls):
    """How often there was such a call; of a helper's only the one that is to fail was traced."""
    found = sum(call.name == case.call and case.thread in (call.thread, "helper") for call in calls)
    return found + (case.number - 1 if case.thread == "helper" else 0)


def play_case(directory, begun, part, case):
    """One day in which this happens; returns what is wrong with it, or None."""
    directory.mkdir()
    sellers = copy.deepcopy(begun.sellers)
    shutil.copytree(begun.data, directory / "data", symlinks=True)
    try:
        with ShortDay(directory, part, case, sellers) as short_day:
            short_day.play()
            short_day.stop()
            short_day.assert_right()
            assert_ended_as_it_should(short_day)
            loteria.parse_log(short_day.day.log)
    except Exception as error:  # of whatever kind: it is told with all the others
        return f"{part}, {case}: {type(error).__name__}: {error}\n{short_day.day.log}"
    shutil.rmtree(directory)
    return None


Begun = collections.namedtuple("Begun", "data sellers")


@pytest.fixture(params=["from the morning", "after a crash"])
def begun(request, tmp_path):
    """A day's files and sellers before it goes on: nothing yet; or one agency is sealed, another in
    mid-run, all was killed, and there is an unfinished tail behind all that."""
    directory = tmp_path / "begun"
    directory.mkdir()
    sellers = [Seller(1, 9, winners=(0, 8)), Seller(2, 3, winners=(1,))]
    data = directory / "data"
    data.mkdir()
    if request.param == "after a crash":
        with ShortDay(directory, "loteria-storage", None, sellers[::-1]) as short_day:
            short_day.sell(sellers[1])
            short_day.sell(sellers[0], count=6)
            for process in short_day.day.processes:
                process.kill()
        for name, tail in {"bets.csv": b"1,Ana,P", "bets.index": b"B" * 40}.items():
            with open(data / name, "ab") as file:
                file.write(tail)
    return Begun(data, sellers)


@pytest.fixture
def clean_calls(tmp_path, begun):
    """clean_calls(PART): the calls on its files in a day without faults."""
    def trace(part):
        directory = tmp_path / "clean"
        shutil.copytree(begun.data, directory / "data", symlinks=True)
        with ShortDay(directory, part, None, copy.deepcopy(begun.sellers)) as short_day:
            short_day.play()
            short_day.stop()
            short_day.assert_right()
            assert short_day.ended is None
            return short_day.calls()
    return trace


def cases_of(calls, batches):
    """Every failure of every call; the second of a pair of tries cannot begin a pair. Of a helper's those that come with
    a batch."""
    counts = collections.Counter((call.thread, call.name) for call in calls)
    counts.update({key: batches - count for key, count in counts.items() if key[0] == "helper" and count > batches})
    return [Case(thread, call, number, failure) for (thread, call), count in counts.items()
            for failure in FAILURES[call] for number in range(1, count + 1)]


def selection(cases, count):
    """By the day's seed: one of each kind, and others up to `count`."""
    seed = datetime.date.today().toordinal()
    shuffled = random.Random(seed).sample(cases, len(cases))
    one_of_each = {(case.thread, case.call, case.failure): case for case in shuffled}
    rest = [case for case in shuffled if case not in one_of_each.values()]
    return [*one_of_each.values(), *rest][:max(count, len(one_of_each))], f"a selection by seed {seed}"


@pytest.mark.parametrize("part", FILES)
def test_every_call_fails_once(tmp_path, begun, clean_calls, part, pytestconfig, capsys):
    calls = clean_calls(part)
    assert {call.name for call in calls} <= set(FAILURES), "a call that nobody has thought about"
    helpers = [(call.name, pathlib.Path(call.path).name) for call in calls if call.thread == "helper"]
    assert set(helpers) <= HELPS, "a helper that nobody has thought about"
    batches = sum(-((seller.acknowledged - len(seller.rows)) // BATCH) for seller in begun.sellers)
    cases, chosen = cases_of(calls, batches), "all of them"
    if not pytestconfig.getoption("--all-calls"):
        cases, chosen = selection(cases, SHORT)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = list(filter(None, pool.map(
            lambda item: play_case(tmp_path / f"case-{item[0]}", begun, part, item[1]), enumerate(cases))))
    with capsys.disabled():
        print(f"\n{part}: {len(calls)} calls on its files a day, {len(cases)} failures injected ({chosen}), "
              f"{len(wrong)} days wrong", end=" ")
    assert not wrong, "\n\n".join(wrong[:5])


@pytest.mark.parametrize("failure", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["mkdir", "access"])
def test_a_central_whose_directory_fails_says_so(start, tmp_path, call, failure):
    trace, data = tmp_path / "trace", tmp_path / "data"
    central = start("loteria-central", "--data-dir", data, "--listen", f"tcp://127.0.0.1:{loteria.free_port()}",
                    wrapper=strace.under(trace, *strace.only_on(data), *strace.inject(call, f"error={failure}", 1)))
    assert central.wait() == 1
    last = loteria.parse_log(central.log)[-1]
    assert last["level"] == "CRITICAL" and str(data) in last["reason"] and REASONS[failure] in last["reason"], last
    calls = [line.split("(")[0] for _, line in strace.calls_of(central, trace)]
    assert calls == (["mkdir"] if call == "mkdir" else ["mkdir", "access"])
