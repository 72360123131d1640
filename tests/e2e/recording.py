"""A small day whose state runs under strace; and, from strace's output, what the kernel was told about
its file and what was given to its sockets, for tests/images.

The day: state is killed before it syncs the first seal. Then four agencies sell, and while they do
storage is stopped, started, killed with SIGKILL and started; everybody gets winners.
"""

import re

import loteria
import wire

COUNTS = {1: 120, 2: 90, 3: 200, 4: 140, 5: 0}
WINNERS = {1: (3, 100), 2: (89,), 3: range(0, 200, 20), 4: (0, 99, 139), 5: ()}
BATCHES = {1: 4, 2: 9, 3: 25, 4: 10}  # bets in a batch of each agency

FILES = {"loteria-state": ("draw.journal",)}
HARMLESS = {"read", "pread64", "fstat", "newfstatat", "lseek", "flock", "fcntl", "close"}


class RecordedDay(loteria.Parts):
    """Its state runs under strace; `traces` has its output, by part, in all its lives."""

    def __init__(self, directory):
        super().__init__(directory, workers=1, agencies=len(COUNTS), start=False)
        self.traces = {"loteria-state": []}
        self.files = {agency: loteria.make_bets(self.directory / f"{agency}.csv", agency, count, seed=agency,
                                                winners=WINNERS[agency]) for agency, count in COUNTS.items()}

    def start_traced(self, name, killed_at=None):
        """`killed_at`, e.g. ("pwrite64", 3): SIGKILL arrives when it makes this call for the third time, before
        anything is done for it."""
        trace = self.directory / f"{name}-{len(self.traces[name])}.strace"
        self.traces[name].append(trace)
        kill = ("-e", "inject={}:signal=SIGKILL:when={}".format(*killed_at)) if killed_at else ()
        # -D: the process is our child, strace is not. (With --seccomp-bpf the signal would not arrive.)
        # No leaks are looked for: that is done by tracing oneself.
        self.wrapper = ("strace", "-D", "-f", "-y", "-xx", "-s", "1000000", "-e", "trace=%desc,%file,%network", *kill,
                        "-E", "ASAN_OPTIONS=detect_leaks=0", "-o", str(trace))
        process = self.start(name)
        self.wrapper = ()
        process.wait_for_log("result: success")
        return process

    def ended(self, name):
        """Wait until the part has ended and strace has written all that it did; the exit code."""
        process, trace = self.parts[name], self.traces[name][-1]
        code = process.wait()
        last = re.compile(rf"^{process.pid} +\+\+\+ (killed|exited)", re.MULTILINE)
        loteria.wait_until(lambda: last.search(trace.read_text()), explain=lambda: f"{trace} has no end")
        return code

    def play(self):
        for name in ("loteria-broker", "loteria-worker"):
            self.start(name).wait_for_log("result: success")
        self.start_traced("loteria-state", ("fdatasync", 3))  # after those of the start and of the day's terms
        self.start("loteria-storage").wait_for_log("result: success")
        with wire.Client(self.server) as client:
            hello(client, 5)
            client.send(wire.simple("READY", 5))
            assert self.ended("loteria-state") == -9
        self.start_traced("loteria-state")

        agencies = {agency: self.agency(agency, self.files[agency], "--batch-count", count, "--loop-period", "20ms")
                    for agency, count in BATCHES.items()}
        self.wait_for_csv(self.csv_bytes() + 2000)
        assert self.parts["loteria-storage"].stop() == 0
        self.start("loteria-storage")
        self.wait_for_csv(self.csv_bytes() + 2000)
        self.parts["loteria-storage"].kill()
        self.start("loteria-storage")
        agencies[5] = self.agency(5, self.files[5])
        loteria.assert_day_ends(self, self.files, agencies)
        assert self.stop() == 0, self.log
        for name in self.traces:
            self.ended(name)
        self.assert_sound()

    def end(self):
        """Nothing of it outlives its test."""
        self.kill_clients()
        for process in self.processes:
            if process.popen.poll() is None:
                process.kill()

    def recordings(self):
        """A file for tests/images, of state."""
        return {name: self.recording(name, files) for name, files in FILES.items()}

    def recording(self, name, files):
        steps = [step for trace in self.traces[name] for step in steps_of(trace, self.data, files)]
        assert_complete(steps, self.data, files)
        path = self.directory / f"{name}.recording"
        with path.open("w") as out:
            print("terms", self.agencies, loteria.WINNING_NUMBER, file=out)
            for agency, bets in self.files.items():
                stored = b"".join(b"%d,%s\r\n" % (agency, row) for row in bets.read_bytes().splitlines())
                print("sold", agency, COUNTS[agency], stored.hex(), file=out)
            for file in files:
                print("file", file, file=out)
            for step in steps:
                print(*(word.hex() if isinstance(word, bytes) else word for word in step), file=out)
        return path


def hello(client, agency):
    """Let the agency in, by all the parts that its batches will need: where its bets go on. Questions are asked again,
    as an agency does: a part may have been killed with them, and connections take a moment."""
    answer_to(client, wire.batch(0, 0, wire.bets(1)), lambda answer: vars(answer).get("code") in ("DRAW", "HELLO"))
    return answer_to(client, wire.simple("HELLO", agency), lambda answer: answer.name == "WELCOME").next


def answer_to(client, question, right):
    def answered():
        client.send(question)
        answer = client.receive_within(1)
        return answer if answer and right(answer) else None

    return loteria.wait_until(answered)


# ---- strace's output -----------------------------------------------------------------

CALL = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
FILE = re.compile(r"\d+<((?:\\x\w\w)*)>")
TEXT = re.compile(r'"((?:\\x\w\w)*)"(\.\.\.)?')


def calls_of(trace):
    """(line where it begins, name, arguments and result) of each call: a sync where it ends, everything else where it
    begins."""
    calls, begun = [], {}
    for line, text in enumerate(trace.read_text().splitlines()):
        match = CALL.match(text)
        if not match:
            assert re.match(r"\d+ +(---|\+\+\+) ", text), text
            continue
        pid, resumed, name, rest = match.groups()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = (line, name, rest.removesuffix("<unfinished ...>"))
            continue
        begins = line
        if resumed:
            begins, name, before = begun.pop(pid)
            rest = before + rest
        calls.append((line if name == "fdatasync" else begins, begins, name, rest))
    return [call[1:] for call in sorted(calls)]


def steps_of(trace, data, files):
    changed = {}  # where each file was changed last
    for begins, name, rest in calls_of(trace):
        if name in ("sendto", "sendmsg", "sendmmsg", "write", "writev"):
            for text, cut in TEXT.findall(rest):
                assert not cut
                yield from told(unhex(text), STATE_TOLD)
        match = FILE.match(rest)
        path = unhex(match[1]).decode() if match else ""
        if path.startswith(f"{data}/"):
            file = files.index(path.removeprefix(f"{data}/"))
            for step in file_step(name, file, rest[match.end() :]):
                if step[0] == "sync":
                    assert changed.get(file, -1) < begins, "changed while it was synced"
                else:
                    changed[file] = begins
                yield step
        elif any(unhex(text).startswith(bytes(data)) for text, _ in TEXT.findall(rest)):
            assert name in ("execve", "openat", "newfstatat") and "O_TRUNC" not in rest, f"{name} by a data file's name"


def file_step(name, file, rest):
    """Of a call that was killed (?) nothing was done; that a call fails is not part of this day."""
    arguments, result = rest.rsplit(" = ", 1)
    if result == "?" or name in HARMLESS:
        return
    number = re.findall(r"\b\d+\b", TEXT.sub("", arguments))
    if name == "pwrite64":
        (text, cut), = TEXT.findall(arguments)
        size, position = map(int, number)
        assert not cut and int(result) == size == len(unhex(text))
        yield "write", file, position, unhex(text)
    elif name == "ftruncate":
        assert result == "0"
        yield "truncate", file, int(number[0])
    elif name == "fallocate":
        assert "FALLOC_FL_KEEP_SIZE" in arguments and result == "0"
        yield "reserve", file, int(number[-1])
    elif name == "fdatasync":
        assert result == "0"
        yield "sync", file
    else:
        raise AssertionError(f"{name} on a data file: nobody knows what that does to it")


# What messages say that has to be on the disk before, by who gives them and by command.
STATE_TOLD = {b"\x13": "waiting", b"\x34": "winners", b"\x15": "served"}  # WAITING, FIND, GOODBYE


def told(sent, says):
    """The answers among what was given to a socket; they are sent in the clear."""
    for command, agency, first, second in re.findall(rb"LT\x02(.)(....)(.{8})?(.{8})?", sent, re.DOTALL):
        if command in says:
            count = {b"\x12": first, b"\x11": second, b"\x35": second}.get(command, b"")  # behind the draw
            yield "told", says[command], int.from_bytes(agency, "big"), int.from_bytes(count, "big")


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def assert_complete(steps, data, files):
    """Nothing was overlooked: the steps make the files that are there. Every agency was told everything."""
    made = [bytearray() for _ in files]
    for kind, file, *step in steps:
        if kind == "write":
            position, raw = step
            made[file].extend(bytes(max(0, position - len(made[file]))))
            made[file][position : position + len(raw)] = raw
        elif kind == "truncate":
            made[file].extend(bytes(max(0, step[0] - len(made[file]))))
            del made[file][step[0] :]
    assert made == [(data / file).read_bytes() for file in files]
    for agency in COUNTS:
        assert {("told", "winners", agency, 0), ("told", "served", agency, 0)} <= set(steps)
