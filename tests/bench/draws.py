"""Draws in one central: many open at once, and many one after another.

Operators' orders go to state's own endpoint, as loteria-ctl sends them, without a process for each.
"""

import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import time

import zmq

import peers
from peers import loteria, wire

AGENCIES = 5  # of each of the draws that come one after another
NEVER = 2**64 - 1  # closes: when the operator says so
WARM = 3  # times as many draws as are few: until then a process's own memory grows, whatever draws are
WAIT_SECONDS_MAX = 60
CHECK_SECONDS_MAX = 240
ASKS = 2  # the agency that a start is asked for: it has one bet in the draw that stays open
LOG_BYTES = 64 * 1024 * 1024  # of a log's ring
STARTS = 8  # times that each archive is started
LATER = ("BUSY", "UNAVAILABLE", "NOSPACE")


# ---- Many at once ---------------------------------------------------------------------


def at_once(scratch, bets, connections, count, draws):
    """As many agencies as there are `connections` sell `count` bets each, all at the same time; they are divided among
    so many open draws."""
    roll = connections // draws
    with peers.directory_of(scratch, "draws") as directory:
        with peers.central(directory, 2, AGENCIES) as day:
            with operator(day) as orders:
                for number in range(1, draws + 1):
                    answer = orders.ask(wire.order("O", f"draw-{number}", agencies=roll, closes_ms=NEVER))
                    assert answer.name == "ORDERED", answer
            before = cpu_seconds(day)
            figures = peers.bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies",
                                  connections, "--count", count, "--draws", draws)
            after = cpu_seconds(day)
            figures["memory_kib"] = peers.memory_of(day.children())
        figures["cpu_us_per_batch"] = {name: round((after[name] - before.get(name, 0)) * 1e6 / figures["batches"], 2)
                                       for name in after}
        for number in range(1, draws + 1):
            peers.bench("bench-verify", rows_of(day.data, f"draw-{number}"), roll, count, bets)
        check(day.data)
    return figures


def cpu_seconds(day):
    """Of the central, by program, and of what we waited for: the agencies."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**peers.cpu_seconds(day), "agency": ended.ru_utime + ended.ru_stime}


def operator(day):
    return wire.Client(f"ipc://{os.readlink(day.data / 'run')}/state")


def rows_of(data, name):
    return pathlib.Path(data) / "draws" / name / "bets.csv"


def check(data):
    """What storage says of the files, and the seconds that it took."""
    start = time.monotonic()
    done = subprocess.run([loteria.program("loteria-storage"), "--check", data], env=loteria.ENVIRONMENT,
                          capture_output=True, text=True, timeout=CHECK_SECONDS_MAX)
    assert done.returncode == 0 and done.stdout.endswith("sound\n"), done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout, time.monotonic() - start


# ---- One after another ----------------------------------------------------------------


def one_after_another(scratch, bets, count, few, each, lanes=1):
    """`count` draws, `lanes` at a time, into each of which each agency sells `each` bets. A start behind all of them
    is compared with one behind a `few`, and memory with what the same process took behind WARM times as many."""
    rows, names = Rows(bets, each), names_of(count)
    with peers.directory_of(scratch, "archive") as directory:
        with evening(directory) as first:
            first.fill_log(bets, 1)
            seconds = first.play(names[:few], rows, lanes)
        copy_of(first.day.data, directory / "few")
        with evening(directory) as second:
            second.fill_log(bets, 2)
            seconds += second.play(names[few:WARM * few], rows, lanes)
            memory = {"few": second.memory()}
            seconds += second.play(names[WARM * few:], rows, lanes)
            memory["many"] = second.memory()
        check_archive(second.day.data, names, rows)
        copy_of(second.day.data, directory / "many")
        os.sync()
        starts = [{name: start(directory / name) for name in ("few", "many")} for _ in range(STARTS)]
    return {"draws": count, "bets": count * rows.count, "seconds": seconds, "draws_per_second": count / seconds,
            "retries": first.retries + second.retries, "memory_kib": memory, "starts": starts}


def copy_of(data, directory):
    """Copies are compared with copies: a file that was just written in one go is read quicker."""
    shutil.copytree(data, directory / "data", symlinks=True)


def names_of(count):
    return [f"evening-{number}" for number in range(1, count + 1)]


@contextlib.contextmanager
def evening(directory):
    with peers.central(directory, 2, AGENCIES) as day, operator(day) as orders, wire.Client(day.server) as agencies:
        assert agencies.hello(ASKS).draw_name == b"first"
        agencies.store(ASKS, 0, wire.bets(1))
        yield Evening(day, orders, agencies)


class Rows:
    """What each of the agencies sells into every draw, and what wins: the same each time."""

    def __init__(self, path, each):
        with open(path, "rb") as file:
            rows = [file.readline().rstrip(b"\r\n") for _ in range(AGENCIES * each)]
        self.each, self.count = each, len(rows)
        self.number = int(rows[0].rsplit(b",", 1)[1])  # so that there is a winner
        self.of = [rows[i * each:(i + 1) * each] for i in range(AGENCIES)]
        self.batches = [wire.batch(i + 1, 0, own) for i, own in enumerate(self.of)]
        self.digests = [wire.digest(own) for own in self.of]
        self.winners = [self.winning(own) for own in self.of]
        self.stored = sorted(b"%d,%s\r\n" % (agency, wire.canonical(row))
                             for agency, own in enumerate(self.of, 1) for row in own)

    def winning(self, rows):
        """Their documents, as WINNERS has them."""
        fields = [row.rsplit(b",", 3) for row in rows]  # names may be quoted
        return b"".join(row[1] + b"\n" for row in fields if int(row[3]) == self.number)


class Evening:
    """A central whose operator and agencies are this process, over one connection each."""

    def __init__(self, day, orders, agencies):
        self.day, self.orders, self.agencies = day, orders, agencies
        self.retries = 0
        self.poller = zmq.Poller()
        for client in (orders, agencies):
            self.poller.register(client.socket, zmq.POLLIN)

    def fill_log(self, bets, number):
        """A start reads the ring as far as it was ever written: here all of it, so that draws alone tell. And storage's
        buffers for groups are in memory as far as the largest group so far has filled them: so each process takes in as
        much as it can before the first draw that it plays."""
        agencies = LOG_BYTES // bets.stat().st_size + 2
        assert self.orders.ask(wire.order("O", f"draw-{number}", agencies=agencies, closes_ms=NEVER)).name == "ORDERED"
        peers.bench("bench-load", "--server", f"tcp://{self.day.server}", "--bets", bets, "--agencies", agencies,
                    "--count", bets.read_bytes().count(b"\n"), "--draws", 1, "--first-draw", number)
        assert self.orders.ask(wire.order("C", f"draw-{number}")).name == "ORDERED"

    def play(self, names, rows, lanes=1):
        """Each of these draws from its opening to the last agency's GOODBYE, so many at a time; the seconds it took."""
        start, names, lives = time.monotonic(), iter(names), []
        while True:
            lives = [life for life in lives if not life.over]
            free = range(lanes - len(lives))
            lives += [Life(self, name, rows) for _, name in zip(free, names)]
            if not lives:
                return time.monotonic() - start
            for answer in self.receive():
                for life in lives:
                    if life.is_told(answer):
                        life.take(answer)

    def receive(self):
        """What has come, and that is something."""
        ready = self.poller.poll(WAIT_SECONDS_MAX * 1000)
        assert ready, f"no answer within {WAIT_SECONDS_MAX} s"
        answers = []
        for socket, _ in ready:
            while socket.poll(0):
                answers.append(wire.decode(socket.recv()))
        return answers

    def memory(self):
        """KiB, of the two processes that know draws."""
        return {name: peers.memory_at_work(self.day.pid(f"loteria-{name}")) for name in ("storage", "state")}


class Life:
    """A draw's: each step begins when all that was asked in the one before is answered."""

    def __init__(self, evening, name, rows):
        self.evening, self.name, self.rows = evening, name, rows
        self.identity, self.over = 0, False
        self.asked = {}  # by agency, 0 is the operator: what is not answered yet
        self.steps = self.live()
        self.wanted = next(self.steps)

    def live(self):
        """Asks, and tells by what all is answered."""
        rows, name = self.rows, self.name.encode()
        yield self.order("O", agencies=AGENCIES, number=rows.number, closes_ms=NEVER)
        yield self.ask("WELCOME", lambda agency: wire.simple("HELLO", agency, rest=name))
        yield self.ask("STORED", lambda agency: rows.batches[agency - 1])
        yield self.order("C")
        yield self.ask("WINNERS", lambda agency: wire.simple("READY", agency, rows.each, rows.digests[agency - 1]))
        yield self.ask("GOODBYE", lambda agency: wire.simple("DONE", agency))

    def order(self, kind, **terms):
        self.asked = {0: wire.order(kind, self.name, **terms)}
        self.evening.orders.socket.send(self.asked[0])
        return "ORDERED"

    def ask(self, answer, frame_of):
        self.asked = {agency: self.addressed(frame_of(agency)) for agency in range(1, AGENCIES + 1)}
        for frame in self.asked.values():
            self.evening.agencies.socket.send(frame)
        return answer

    def addressed(self, frame):
        """HELLO names its draw."""
        draw = 0 if frame[3] == wire.COMMANDS["HELLO"] else self.identity
        return frame[:8] + draw.to_bytes(8, "big") + frame[wire.HEADER:]

    def is_told(self, answer):
        if answer.name in ("ORDERED", "WELCOME"):
            return answer.draw_name == self.name.encode()
        return answer.draw == self.identity

    def awaits(self, answer):
        return answer.name == self.wanted and answer.agency in self.asked

    def take(self, answer):
        if answer.name == "WAITING" or (answer.name == "WINNERS" and not self.awaits(answer)):
            return  # winners may be told twice
        if answer.name == "REFUSED" and answer.code in LATER and answer.agency in self.asked:
            self.evening.retries += 1
            self.evening.agencies.socket.send(self.asked[answer.agency])
            return
        assert self.awaits(answer), f"{self.name}: {answer}"
        if answer.name == "STORED":
            assert answer.next == self.rows.each, answer
        if answer.name == "WINNERS":
            assert answer.documents == self.rows.winners[answer.agency - 1], f"{self.name}: {answer}"
        self.identity = answer.draw
        self.asked.pop(answer.agency, None)
        if not self.asked:
            self.wanted = next(self.steps, None)
            self.over = self.wanted is None


def check_archive(data, names, rows):
    """Each bet once, in its draw; winners were compared when they came."""
    for name in names:
        with open(rows_of(data, name), "rb") as file:
            assert sorted(file) == rows.stored, f"{name}: not what was sold"
    text, seconds = check(data)
    for name in names:
        assert f"draw {name}: drawn, {AGENCIES} agencies, {rows.count} bets" in text, f"{name}:\n{text[:4000]}"
    return seconds


def start(directory):
    """Of what a central left in there: seconds from exec to the first WELCOME of a whole central, which is stopped
    again; and to the first STORED of storage alone, of a bet that it has; its CPU time and memory."""
    data = pathlib.Path(directory) / "data"
    central_s = start_central(directory)
    draw = next(record.draw for record in wire.records(data) if record.kind == b"O")
    storage_s, cpu_s, memory = peers.start_storage(directory, data, peers.stored_bet(draw, ASKS, 0, 0))
    return {"central_s": central_s, "storage_s": storage_s, "storage_cpu_s": cpu_s, "storage_kib": memory}


def start_central(directory):
    begun = time.monotonic()
    day = loteria.Central(directory, workers=2, agencies=AGENCIES)
    try:
        with wire.Client(day.server, reconnect_ivl=1) as client:
            assert client.ask(wire.simple("HELLO", ASKS, rest=b"first")).name == "WELCOME"
            return time.monotonic() - begun
    finally:
        assert day.stop() == 0, day.log[-2000:]
