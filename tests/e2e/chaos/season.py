"""Draws in a row, some side by side, in one central whose processes are killed all the while.

Everything is done with the programs: loteria-ctl opens, closes, excuses, voids and enters numbers; loteria-agency
sells, cancels and asks. Each draw has a course of its own, a generator that goes on once what it waits for has
happened; one loop looks after all of them, and kills.

Judged is what the agencies printed, in each of their lives, against the files, read without the product's code.
"""

import collections
import contextlib
import csv
import dataclasses
import json
import pathlib
import random
import selectors
import signal
import time

import loteria
import wire

from . import invariants

TICK_S = 0.01
STALL_S = 90  # a season in which nothing happens for so long hangs
AGAIN_S = 0.2  # before what was refused is ordered again
SIDE_BY_SIDE = 3
CLOSED = 3  # loteria-agency's status: the draw closed before all of its file was in
PARTS = ("storage", "state", "broker", "worker")
HIGHEST = 99
ENDS = ("asked", "asked", "close", "close", "excuse", "void")


class Violation(Exception):
    """What must not be; the season is broken off."""


@dataclasses.dataclass(frozen=True)
class Draw:
    name: str
    agencies: int
    bets: int  # of each agency
    period_ms: int
    source: str  # fixed, entered, random
    number: int  # fixed, or entered
    ends: str  # asked: by its agencies; else what the operator does
    after_s: float  # he waits so long, or until bets are in
    cancels: bool
    asks_again: bool  # at the end of the season, when it may be archived


def plan(seed, draws):
    """The same seed is the same season, but for the moments."""
    dice = random.Random(f"season {seed}")
    return [draw_one(dice, "first" if index == 0 else f"draw-{index}") for index in range(draws)]


def draw_one(dice, name):
    first = name == "first"  # which state opens by itself
    ends = "asked" if first else dice.choice(ENDS)
    return Draw(name=name, agencies=2 if first else dice.randint(1, 2), bets=dice.randint(5, 60),
                period_ms=dice.choice((0, 5, 20)), source="fixed" if first else dice.choice(("fixed", "entered", "random")),
                number=dice.randint(0, HIGHEST), ends=ends, after_s=dice.uniform(0, 0.6), cancels=dice.random() < 0.3,
                asks_again=dice.random() < 0.2)


class Part:
    """A part of the central, in all its lives."""

    def __init__(self, season, name):
        self.season, self.name, self.again_at = season, name, None
        self.process = season.parts.start(f"loteria-{name}")

    def kill(self, pause_s):
        self.process.kill()
        self.again_at = time.monotonic() + pause_s

    def look_after(self):
        if self.again_at is None and self.process.popen.poll() is not None:
            raise Violation(f"I7 {self.name} ended by itself with {self.process.popen.returncode}: {self.process.log[-1500:]}")
        if self.again_at is not None and time.monotonic() >= self.again_at:
            self.process, self.again_at = self.season.parts.start(f"loteria-{self.name}"), None


class Seller:
    """An agency in a draw, in all its lives; started again when it was killed."""

    def __init__(self, season, draw, agency):
        self.season, self.draw, self.agency = season, draw, agency
        self.file = season.directory / f"{draw.name}-{agency}.csv"
        write_bets(self.file, draw, agency)
        self.sent = Sent(self.file, agency)
        self.lives = []
        self.start()

    def start(self, *task):
        task = task or ("--bets", self.file, "--batch-count", 3, "--window", 4, "--loop-period", f"{self.draw.period_ms}ms")
        self.lives.append(loteria.Process(
            self.season.directory, "loteria-agency", "--id", self.agency, "--draw", self.draw.name, "--server",
            self.season.parts.server, "--json", "--quiet", "--log-bets", *task))

    def look_after(self):
        if self.lives[-1].popen.poll() == -signal.SIGKILL:
            self.start()

    @property
    def status(self):
        """None: it is at work, or was killed and goes on in another life."""
        code = self.lives[-1].popen.poll()
        return None if code == -signal.SIGKILL else code

    @property
    def acknowledged(self):
        return max(life.acknowledged for life in self.evidence())

    def evidence(self):
        return [invariants.life_of_real(life.stderr_path, life.stdout_path, self.sent) for life in self.lives]


class Sent:
    """An agency's file, as bets.csv has to hold it."""

    def __init__(self, path, agency):
        rows = loteria.rows_of(path)
        out = loteria.Lines()
        csv.writer(out).writerows([agency, *row] for row in rows)
        self.rows, self.documents, self.numbers = out.lines, [row[2] for row in rows], [int(row[4]) for row in rows]
        self.offsets = {document: offset for offset, document in enumerate(self.documents)}


def write_bets(path, draw, agency):
    dice = random.Random(f"{draw.name} {agency}")
    lines = [f"Ana,Paz {index},{agency * 1000 + index},1990-05-17,{dice.choice((draw.number, dice.randint(0, HIGHEST)))}\r\n"
             for index in range(draw.bets)]
    path.write_text("".join(lines), newline="")


class Season:
    def __init__(self, directory, seed, draws, kills_a_second=2.0):
        self.directory, self.dice = pathlib.Path(directory), random.Random(f"kills {seed}")
        self.pace = kills_a_second
        self.plan = plan(seed, draws)
        self.counts = collections.Counter()
        self.sellers, self.entered, self.cancelled = [], {}, []
        self.moved_at = time.monotonic()
        first = self.plan[0]
        self.parts = loteria.Parts(self.directory, workers=2, agencies=first.agencies, start=False)
        state = list(self.parts.commands["loteria-state"]) + ["--number", f"fixed:{first.number}", "--number-max", HIGHEST]
        self.parts.commands["loteria-state"] = tuple(state)
        self.endpoint = state[state.index("--listen") + 1]
        self.house = [Part(self, name) for name in PARTS]

    def play(self):
        """Report of what was counted; Violation if anything was not as it has to be."""
        waiting = [self.course(draw) for draw in self.plan]
        under_way = []
        kill_at = time.monotonic()
        with selectors.DefaultSelector() as pause:
            while waiting or under_way:
                while waiting and len(under_way) < SIDE_BY_SIDE:
                    under_way.append(waiting.pop(0))
                under_way = [course for course in under_way if self.goes_on(course)]
                if time.monotonic() >= kill_at:
                    self.kill_somebody()
                    kill_at = time.monotonic() + self.dice.expovariate(self.pace)
                for actor in (*self.house, *self.sellers):
                    actor.look_after()
                if time.monotonic() > self.moved_at + STALL_S:
                    raise Violation(f"I7 nothing has happened for {STALL_S} s: {self.history().keys()}")
                pause.select(TICK_S)
            self.ask_again(pause)
        self.stop()
        self.judge()
        return self.counts

    def goes_on(self, course):
        try:
            if next(course):
                self.moved_at = time.monotonic()
            return True
        except StopIteration:
            self.moved_at = time.monotonic()
            return False

    def kill_somebody(self):
        """Mostly one part, now and then all; or an agency."""
        lot = self.dice.random()
        sellers = [seller for seller in self.sellers if seller.lives[-1].popen.poll() is None]
        if lot < 0.2 and sellers:
            self.dice.choice(sellers).lives[-1].kill()
            self.counts["agencies killed"] += 1
            return
        hit = self.house if lot > 0.95 else [self.dice.choice(self.house)]
        pause_s = self.dice.choice((0, 0, self.dice.uniform(0, 0.4)))
        for part in hit:
            if part.again_at is None:
                part.kill(pause_s)
                self.counts["parts killed"] += 1

    # the course of a draw: each step is a wait, for what has happened in the end

    def course(self, draw):
        if draw.name != "first":
            number = f"fixed:{draw.number}" if draw.source == "fixed" else draw.source
            closes = "all-asked" if draw.ends in ("asked", "excuse") else "never"
            # an agency that never comes is on the roll as well
            roll = draw.agencies + (draw.ends == "excuse")
            yield from self.order(draw, lambda told: True, "open", draw.name, "--agencies", roll, "--closes", closes,
                                  "--number", number, "--highest", HIGHEST)
        sellers = [Seller(self, draw, agency) for agency in range(1, draw.agencies + 1)]
        self.sellers += sellers
        if draw.cancels:
            yield from self.cancel(draw, sellers[0])
        if draw.ends != "asked":
            yield from self.end(draw, sellers)
        if draw.source == "entered" and draw.ends != "void":
            self.entered[draw.name] = draw.number
            yield from self.order(draw, lambda told: "D" in told, "number", draw.name, draw.number)
        while None in (statuses := [seller.status for seller in sellers]):
            yield False
        allowed = {1} if draw.ends == "void" else {0, CLOSED} if draw.ends == "close" else {0}
        for seller, status in zip(sellers, statuses):
            if status not in allowed and not (draw.ends == "void" and status == 0):
                raise Violation(f"I7 agency {seller.agency} of {draw.name} ended with {status}: {seller.lives[-1].log[-1500:]}")
            self.counts["agencies cut short"] += status == CLOSED

    def end(self, draw, sellers):
        """What the operator does about it, at some time."""
        until = time.monotonic() + draw.after_s
        while time.monotonic() < until:
            yield False
        reason = ("--reason", "as was agreed")
        if draw.ends == "close":
            yield from self.order(draw, lambda told: "C" in told, "close", draw.name, *reason)
        elif draw.ends == "excuse":
            yield from self.order(draw, lambda told: "X" in told, "excuse", draw.name, draw.agencies + 1, *reason)
        else:
            yield from self.order(draw, lambda told: "W" in told, "void", draw.name, *reason)

    def order(self, draw, done, verb, *words):
        """Until it is so: an answer may be lost, or a part be away for longer than loteria-ctl waits."""
        while not (draw.name in (history := self.history()) and done(history[draw.name].kinds)):
            sure = () if verb == "open" else ("--yes",)
            process = loteria.Process(self.directory, "loteria-ctl", "--state", self.endpoint, "draw", verb, *words, *sure)
            while process.popen.poll() is None:
                yield False
            self.counts["orders"] += 1
            if process.popen.returncode not in (0, 1):
                raise Violation(f"I10 loteria-ctl draw {verb} ended with {process.popen.returncode}: {process.log}")
            history = self.history()
            if process.popen.returncode == 0 and not (draw.name in history and done(history[draw.name].kinds)):
                raise Violation(f"I10 draw {verb} {draw.name}: done, and it is not so: {process.stdout}")
            again_at = time.monotonic() + AGAIN_S
            while time.monotonic() < again_at:
                yield False
        yield True

    def cancel(self, draw, seller):
        """A bet of its own, if there is one in time."""
        while seller.acknowledged == 0 and seller.status is None:
            yield False
        if seller.acknowledged == 0:
            return
        offset = self.dice.randrange(seller.acknowledged)
        process = loteria.Process(self.directory, "loteria-agency", "--id", seller.agency, "--draw", draw.name, "--server",
                                  self.parts.server, "--cancel", offset)
        while process.popen.poll() is None:
            yield False
        if process.popen.returncode == 0:
            self.cancelled.append((draw.name, seller.agency, offset))
        yield True

    def ask_again(self, pause):
        """Of some draws that were over long ago, and may be archived."""
        asked = [seller for seller in self.sellers if seller.draw.asks_again and seller.draw.ends != "void"]
        for seller in asked:
            seller.start("--results")
        until = time.monotonic() + STALL_S
        while any(seller.lives[-1].popen.poll() is None for seller in asked):
            for part in self.house:
                part.look_after()
            if time.monotonic() > until:
                raise Violation("I7 asked again, not everybody was answered")
            pause.select(TICK_S)
        for seller in asked:
            if seller.status != 0:
                raise Violation(f"I7 asked again, agency {seller.agency} of {seller.draw.name} ended with {seller.status}: "
                                f"{seller.lives[-1].log[-1500:]}")
        self.counts["asked again"] = len(asked)

    def stop(self):
        for part in self.house:
            if part.again_at is not None:
                part.again_at = 0
                part.look_after()
        code = self.parts.stop()
        if code != 0:
            raise Violation(f"I7 a part ended with {code}")

    def close(self):
        for process in [*(part.process for part in self.house), *(seller.lives[-1] for seller in self.sellers)]:
            if process.popen.poll() is None:
                process.kill()

    # the reckoning

    def history(self):
        return history(self.parts.data)

    def judge(self):
        wrong = []
        told = self.history()
        for draw in self.plan:
            if draw.name not in told:
                wrong.append(f"I10 {draw.name} was never opened")
            else:
                wrong += told[draw.name].faults() + self.judge_draw(draw, told[draw.name])
        for name, agency, offset in self.cancelled:
            if offset not in told[name].cancelled[agency]:
                wrong.append(f"I11 {name}: agency {agency} has cancelled bet {offset}, which is not recorded")
        code, text = self.parts.check()
        if code != 0:
            wrong.append(f"I12 loteria-storage --check: {text[-1500:]}")
        if wrong:
            raise Violation("; ".join(wrong))
        self.counts["draws"] = sum("D" in draw.kinds for draw in told.values())
        self.counts["void"] = sum("W" in draw.kinds for draw in told.values())
        self.counts["archived"] = len(list((self.parts.data / "draws").glob("*/archived")))

    def judge_draw(self, draw, told):
        wrong = []
        rows = stored_rows(self.parts.data / "draws" / draw.name / "bets.csv")
        over = "W" if draw.ends == "void" and "W" in told.kinds else "D"
        if told.kinds[over] != 1 or ("D" in told.kinds and "W" in told.kinds):
            wrong.append(f"I10 {draw.name}: {dict(told.kinds)}")
        if "D" in told.kinds and not 0 <= told.number <= HIGHEST:
            wrong.append(f"I10 {draw.name}: the number is {told.number}")
        if draw.source != "random" and "D" in told.kinds and told.number != draw.number:
            wrong.append(f"I10 {draw.name}: the number is {told.number}, it was to be {draw.number}")
        for seller in (seller for seller in self.sellers if seller.draw is draw):
            wrong += self.judge_seller(seller, told, rows[seller.agency])
        return wrong

    def judge_seller(self, seller, told, rows):
        """The first of its bets are stored, all that were acknowledged, and its winners are of those."""
        name, wrong = f"{seller.draw.name}, agency {seller.agency}", []
        sent, lives = seller.sent, seller.evidence()
        acknowledged = max(life.acknowledged for life in lives)
        self.counts["bets"] += len(rows)
        if rows != sent.rows[:len(rows)]:
            wrong.append(f"I2 {name}: bets.csv is not what it sent")
        if len(rows) < acknowledged or told.stored[seller.agency] != len(rows):
            wrong.append(f"I1 {name}: {acknowledged} acknowledged, {len(rows)} in bets.csv, {told.stored[seller.agency]} in the index")
        winners = [sent.documents[offset] for offset in range(len(rows)) if sent.numbers[offset] == told.number
                   and offset not in told.cancelled[seller.agency]]
        for number, documents in (result for life in lives for result in life.results):
            self.counts["results told"] += 1
            if (number, list(documents)) != (told.number, winners):
                wrong.append(f"I5 {name}: told {documents} of {number}, its winners of {told.number} are {winners}")
        return wrong


@dataclasses.dataclass
class History:
    """A draw, as the index tells it."""

    name: str
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    number: int = -1
    closed: bool = False
    complete: set = dataclasses.field(default_factory=set)
    stored: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    cancelled: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    wrong: list = dataclasses.field(default_factory=list)

    def take(self, record):
        kind, agency = record.kind.decode(), record.agency
        self.kinds[kind] += 1
        late = self.closed or agency in self.complete or "W" in self.kinds
        if kind == "B":
            if late:
                self.wrong.append(f"I9 {self.name}: agency {agency} has a bet stored after the close")
            if record.offset != self.stored[agency]:
                self.wrong.append(f"I2 {self.name}: agency {agency} has {self.stored[agency]} bets, then one at {record.offset}")
            self.stored[agency] += record.count
        elif kind == "K":
            if late or record.offset in self.cancelled[agency] or record.offset >= self.stored[agency]:
                self.wrong.append(f"I11 {self.name}: agency {agency} cancels bet {record.offset}")
            self.cancelled[agency].add(record.offset)
        elif kind == "S":
            if record.offset != self.stored[agency]:
                self.wrong.append(f"I9 {self.name}: agency {agency} is sealed with {record.offset} of {self.stored[agency]}")
            self.complete.add(agency)
        elif kind == "X":
            self.complete.add(agency)
        elif kind == "C":
            self.closed = True
        elif kind == "D":
            self.number = record.number

    def faults(self):
        wrong = list(self.wrong)
        for kind in "OCDW":
            if self.kinds[kind] > 1:
                wrong.append(f"I10 {self.name}: {self.kinds[kind]} times {kind}")
        return wrong


def history(data):
    """Each draw's, by name."""
    draws = {}
    index = invariants.read(data / "bets.index")
    for place in range(wire.RECORD_BYTES, len(index) - wire.RECORD_BYTES + 1, wire.RECORD_BYTES):
        raw = index[place:place + wire.RECORD_BYTES]
        record = wire.parse_record(raw)
        if record.kind == b"O":
            draws[record.draw] = History(raw[72:112].rstrip(b"\0").decode())
        if record.draw in draws:
            draws[record.draw].take(record)
    return {draw.name: draw for draw in draws.values()}


def stored_rows(path):
    rows = collections.defaultdict(list)
    for row in invariants.read(path).split(b"\r\n")[:-1]:
        rows[int(row.split(b",", 1)[0])].append(row + b"\r\n")
    return rows


def play(directory, seed, draws, kills_a_second=2.0):
    with contextlib.closing(Season(directory, seed, draws, kills_a_second)) as season:
        return season.play()


def main(seed, draws, directory):
    """For scripts/soak --draws."""
    began = time.monotonic()
    try:
        counts = play(directory, seed, draws)
    except (Violation, AssertionError) as violation:
        print(f"seed {seed} VIOLATION {violation}\n    kept in {directory}; again: scripts/soak --draws {draws} --seed {seed}")
        return 1
    print(f"{json.dumps(counts)}\n{draws} draws in {time.monotonic() - began:.0f} s, seed {seed}: no violation")
    return 0
