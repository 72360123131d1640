"""A day of real processes: faults in their time, then calm, then the reckoning.

Everything happens in one loop that looks at the clock and at the processes every few
milliseconds; what is to happen later stands in a heap. The fault phase is as long as the plan
says. Then everything is put right and nothing is done to anybody any more: what is under way
has to be acknowledged within ACKNOWLEDGED_S, and everybody has to end within ENDED_S.
"""

import collections
import contextlib
import dataclasses
import heapq
import itertools
import os
import pathlib
import random
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time

import loteria

from . import invariants
from .plan import INNER_LINKS
from .relay import Relay

CLIENT = pathlib.Path(__file__).with_name("client.py")
TICK_S = 0.01
ASK_AGAIN_S = 0.5
# tests/sim/README.md says where 5 and 15 come from. There time is virtual; here a dozen processes
# and other people's share two cores, and a time slice that comes late is no fault of the central.
# What the bounds are to catch is what never comes back, or only with an agency's patience (60 s).
ACKNOWLEDGED_S, ENDED_S = 5, 15
SLACK = 2
NAMES = ("Ana,Pérez", '"Núñez, hijo",Gómez', "José María,Ñandú", '"El ""Turco""",Díaz', "Li,O'Higgins")


class Violation(Exception):
    """What must not be; the day is broken off."""


@dataclasses.dataclass
class Report:
    seed: int
    kind: str = ""
    violations: list = dataclasses.field(default_factory=list)
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    kills: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by program
    acknowledged_s: float = 0  # the slowest after faults stopped
    ended_s: float = 0
    peak_kib: dict = dataclasses.field(default_factory=dict)  # by program
    seconds: float = 0


def play(plan, directory):
    """The day's Report. Nothing that it started outlives it."""
    report = Report(plan.seed, kind=("central" if plan.central else "parts") + " CURVE" * plan.keyed)
    began = time.monotonic()
    directory = pathlib.Path(directory)
    directory.mkdir(exist_ok=True)
    with Relay() as relay, contextlib.closing(Day(plan, directory, relay, report)) as day:
        try:
            day.under_fire()
            day.calm()
            day.stop()
            day.reckon()
            if plan.again:
                day.ask_again()
        except (Violation, AssertionError) as error:
            report.violations += [f"{error}", *day.told_wrongly()]
    report.seconds = time.monotonic() - began
    return report


class Actor:
    """A process under its name in the plan, in all its lives."""

    done = False  # no need to start it again

    def __init__(self, name, start):
        self.name, self.start_process = name, start
        self.process = None
        self.away = True  # it is not expected to run: killed, or it has ended and will be started again

    def start(self):
        self.process, self.away = self.start_process(), False

    def pids(self):
        return [self.process.pid] if self.process and self.process.popen.poll() is None else []

    def kill(self):
        self.away = True
        self.process.kill()

    @property
    def ended(self):
        return self.process.popen.poll() is not None


class Seller(Actor):
    """An agency, and what it was told in each life."""

    def __init__(self, day, agency):
        super().__init__(agency.name, self.run)
        self.agency, self.day = agency, day
        self.file = day.directory / f"agency-{agency.number}.csv"
        write_bets(self.file, agency, day.plan.seed)
        self.sent = invariants.Sent.read(self.file, agency.number)
        self.records = day.directory / f"agency-{agency.number}.records"
        self.processes = []
        self.link = day.relay.link(day.port)

    def run(self, *more):
        agency, server = self.agency, f"127.0.0.1:{self.link.port}"
        keys = self.day.key_flags(f"agency-{agency.number}")
        if agency.thin:
            process = loteria.Process(self.day.directory, CLIENT, agency.number, self.file, server, self.records,
                                      agency.window, agency.rows, agency.period_ms, *keys[1:],
                                      wrapper=[sys.executable])
        else:
            bets = more or ("--bets", self.file, "--window", agency.window, "--batch-count", agency.rows,
                            "--loop-period", f"{agency.period_ms}ms")
            process = loteria.Process(self.day.directory, "loteria-agency", "--id", agency.number, "--server", server,
                                      "--json", "--quiet", "--log-bets", *keys, *bets)
        self.processes.append(process)
        return process

    def ask_again(self):
        """For results only; a thin one has its file, and nothing to sell."""
        self.process, self.away = self.run("--results"), False

    def lives(self):
        if self.agency.thin:
            return invariants.lives_of_thin(self.records)
        return [invariants.life_of_real(process.stderr_path, process.stdout_path, self.sent)
                for process in self.processes]

    def under_way(self):
        """So many bets are to be acknowledged soon, as this life may have sent them."""
        life = self.lives()[-1:]
        if not life or life[0].welcome is None:
            return 0  # nobody is there to hear of it
        if life[0].sent is not None:
            return life[0].sent
        window = self.agency.window * self.agency.rows
        return min(len(self.sent.rows), life[0].acknowledged + window)

    def left_s(self):
        """What its own pace needs for what it has not sold yet."""
        left = len(self.sent.rows) - invariants.acknowledged(self.lives())
        return left / self.agency.rows * self.agency.period_ms / 1000


class Day:
    def __init__(self, plan, directory, relay, report):
        self.plan, self.directory, self.relay, self.report = plan, directory, relay, report
        self.agenda, self.serial = [], itertools.count()  # (when, number, action)
        self.paused = collections.Counter()  # pid: pauses that are not over
        self.over = False  # faults are
        self.port = loteria.free_port()
        self.links = {}
        roll = len(plan.agencies)
        if plan.keyed:
            command = [loteria.program("loteria-keys"), "new", "--keys", directory / "keys", "--agencies", str(roll)]
            subprocess.run(command, check=True, capture_output=True, timeout=loteria.DEADLINE)
        self.house = Supervised(self, roll) if plan.central else House(self, roll)
        self.sellers = [Seller(self, agency) for agency in plan.agencies]
        self.links.update((seller.name, seller.link) for seller in self.sellers)
        self.actors = {actor.name: actor for actor in (*self.house.actors, *self.sellers)}

    def key_flags(self, who=""):
        return ("--keys", self.directory / "keys" / who) if self.plan.keyed else ()

    # the phases

    def under_fire(self):
        self.house.start()
        for seller in self.sellers:
            seller.start()
        began = time.monotonic()
        for fault in self.plan.faults:
            self.at(began + fault.at, lambda fault=fault: self.strike(fault))
        self.run_until(lambda: False, began + self.plan.seconds)

    def calm(self):
        """Everything is put right; then nothing is done to anybody any more."""
        self.report.counts["days with results under fire"] += any(seller.done for seller in self.sellers)
        self.over, self.agenda = True, []
        self.relay.heal()
        for pid in list(self.paused):
            self.proceed(pid, all_pauses=True)
        for actor in self.actors.values():
            if actor.away and not actor.done:
                actor.start()
        self.house.wait_until_all_run()
        began = time.monotonic()
        self.wait_for_acknowledgements(began)
        self.wait_for_ends(began)
        self.report.counts["days"] += 1

    def wait_for_acknowledgements(self, began):
        waiting = {seller: seller.under_way() for seller in self.sellers}
        self.report.counts["bets under way when faults stopped"] += sum(
            max(0, under_way - invariants.acknowledged(seller.lives())) for seller, under_way in waiting.items())

        self.report.counts["agencies that still sold when faults stopped"] += sum(
            invariants.acknowledged(seller.lives()) < len(seller.sent.rows) for seller in self.sellers)

        def all_acknowledged():
            for seller in [seller for seller, under_way in waiting.items()
                           if invariants.acknowledged(seller.lives()) >= under_way]:
                del waiting[seller]
            return not waiting

        done = self.run_until(all_acknowledged, began + SLACK * ACKNOWLEDGED_S)
        self.report.acknowledged_s = time.monotonic() - began
        if not done:
            raise Violation(f"I7 not acknowledged {SLACK * ACKNOWLEDGED_S} s after faults stopped: "
                            f"{sorted(seller.name for seller in waiting)}")

    def wait_for_ends(self, began):
        bound = SLACK * ENDED_S + max(seller.left_s() for seller in self.sellers)
        done = self.run_until(lambda: all(seller.done and seller.ended for seller in self.sellers), began + bound)
        self.report.ended_s = time.monotonic() - began
        if not done:
            raise Violation(f"I7 not ended {bound:.0f} s after faults stopped: "
                            f"{[seller.name for seller in self.sellers if not (seller.done and seller.ended)]}")

    def stop(self):
        self.house.note_memory()
        code = self.house.stop()
        if code != 0:
            raise Violation(f"I7 a part ended with {code}")
        self.house.look_for_ends_of_its_own()

    def reckon(self):
        """After the day, with everything at rest."""
        agencies = self.evidence()
        counts = self.report.counts
        self.report.violations += self.told_wrongly()
        for sent, lives in agencies.values():
            counts["bets"] += len(sent.rows)
            counts["acknowledged"] += invariants.acknowledged(lives)
            counts["lives of agencies"] += len(lives)
            counts["results told"] += sum(len(life.results) for life in lives)
        self.report.violations += invariants.stored_wrongly(agencies, self.house.data, whole=True)
        self.report.violations += invariants.drawn_wrongly(agencies, self.house.data)
        counts["draws"] += invariants.draws(self.house.data)
        code, text = self.house.check()
        if code != 0:
            self.report.violations.append(f"I1 loteria-storage --check: {text}")

    def ask_again(self):
        """All over again from what is on disk: the same results."""
        self.house.start()
        for seller in self.sellers:
            seller.ask_again()
        if not self.run_until(lambda: all(seller.ended for seller in self.sellers),
                              time.monotonic() + SLACK * ENDED_S):
            raise Violation("I7 asked again, not everybody was answered")
        self.stop()
        for agency, (_, lives) in self.evidence().items():
            if not lives[-1].results:
                self.report.violations.append(f"I4 agency {agency}: asked again, it was told nothing")
        self.report.violations += self.told_wrongly()
        self.report.counts["asked again"] += 1

    def told_wrongly(self):
        return [sentence for agency, (sent, lives) in self.evidence().items()
                for sentence in invariants.told_wrongly(agency, sent, lives)]

    def evidence(self):
        return {seller.agency.number: (seller.sent, seller.lives()) for seller in self.sellers}

    def look(self):
        """In mid-day, while storage is dead: what was acknowledged so far is there."""
        self.report.counts["looks in mid-day"] += 1
        wrong = invariants.stored_wrongly(self.evidence(), self.house.data, whole=False)
        if wrong:
            raise Violation("in mid-day: " + "; ".join(wrong))

    # the loop

    def at(self, when, action):
        heapq.heappush(self.agenda, (when, next(self.serial), action))

    def run_until(self, condition, deadline):
        """Whether it came true in time."""
        with selectors.DefaultSelector() as pause:
            while not condition():
                now = time.monotonic()
                if now >= deadline:
                    return False
                while self.agenda and self.agenda[0][0] <= now:
                    heapq.heappop(self.agenda)[2]()
                self.look_after_sellers()
                self.house.look_after()
                pause.select(TICK_S)
        return True

    def look_after_sellers(self):
        """Who has ended well asks again after a while, as long as faults come."""
        for seller in self.sellers:
            if seller.away or not seller.ended:
                continue
            if seller.process.popen.returncode != 0:
                raise Violation(f"I7 {seller.name} ended with {seller.process.popen.returncode}: "
                                f"{seller.process.log[-1000:]}")
            seller.done = seller.away = True
            if not self.over:
                self.at(time.monotonic() + ASK_AGAIN_S, seller.start)

    # faults

    def strike(self, fault):
        """Counted if it hits anybody."""
        if fault.kind in ("kill", "kill all"):
            before = self.report.kills.total()
            self.kill(fault)
            self.report.counts[fault.kind] += self.report.kills.total() > before
            return
        if fault.kind in ("pause", "pause all"):
            pids = [pid for name in fault.targets for pid in self.pids(name)]
            for pid in pids:
                self.pause(pid, fault.seconds)
            self.report.counts[fault.kind] += bool(pids)
            return
        self.report.counts[fault.kind] += 1
        if fault.kind == "cut":
            for name in fault.targets:
                self.links[name].cut()
        elif fault.kind == "half-open":
            self.hinder(fault, lambda link: link.half_open(fault.way), lambda link: link.half_open(None))
        else:
            self.hinder(fault, lambda link: link.slow(fault.delay), lambda link: link.slow(0))

    def hinder(self, fault, begin, end):
        for name in fault.targets:
            begin(self.links[name])
            self.at(time.monotonic() + fault.seconds, lambda link=self.links[name]: end(link))

    def pids(self, name):
        return self.actors[name].pids() if name in self.actors else self.house.pids(name)

    def pause(self, pid, seconds):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self.paused[pid] += 1
            self.at(time.monotonic() + seconds, lambda: self.proceed(pid))

    def proceed(self, pid, all_pauses=False):
        self.paused[pid] -= 1
        if self.paused[pid] > 0 and not all_pauses:
            return
        del self.paused[pid]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def kill(self, fault):
        """Everybody before anybody is started again."""
        sellers = [self.actors[name] for name in fault.targets if name.startswith("agency")]
        for seller in sellers:
            if seller.pids():
                seller.kill()
                self.report.kills[seller.process.name] += 1
                self.at(time.monotonic() + fault.seconds, seller.start)
        parts = [name for name in fault.targets if not name.startswith("agency")]
        if parts:
            self.house.kill(parts, fault.seconds)

    def close(self):
        for pid in list(self.paused):
            self.proceed(pid, all_pauses=True)
        for seller in self.sellers:
            if seller.pids():
                seller.process.kill()
        self.house.close()


class House:
    """The central's parts, each started by hand, and again when it was killed."""

    def __init__(self, day, roll):
        self.day = day
        self.parts = loteria.Parts(day.directory, workers=1, agencies=roll, start=False)
        self.data, self.check = self.parts.data, self.parts.check
        commands = dict(self.parts.commands)
        commands["loteria-broker"] = replace(commands["loteria-broker"], "--listen", f"tcp://127.0.0.1:{day.port}")
        if day.plan.inner:
            for link in INNER_LINKS:
                self.reroute(commands, link)
        self.actors = [Actor(name, lambda kind=name.split()[0]: loteria.Process(
            day.directory, f"loteria-{kind}", *commands[f"loteria-{kind}"], *day.key_flags(kind)))
            for name in day.plan.parts]
        self.by_name = {actor.name: actor for actor in self.actors}

    def reroute(self, commands, link):
        """Who connects there connects to a relay instead."""
        who, whom = link.split("-")
        flag, words = f"--{whom}", commands[f"loteria-{who}"]
        relayed = self.day.relay.link(int(words[words.index(flag) + 1].rsplit(":", 1)[1]))
        self.day.links[link] = relayed
        commands[f"loteria-{who}"] = replace(words, flag, f"tcp://127.0.0.1:{relayed.port}")

    def start(self):
        for actor in self.actors:
            actor.start()

    def wait_until_all_run(self):
        self.look_after()

    def pids(self, _):
        return []  # a part has an actor; and there is no loteria-central

    def kill(self, names, seconds):
        hit = [self.by_name[name] for name in names if self.by_name[name].pids()]
        for actor in hit:
            actor.kill()
            self.day.report.kills[actor.process.name] += 1
            self.day.at(time.monotonic() + seconds, actor.start)
        if any(actor.name == "storage" for actor in hit):
            self.day.look()

    def look_after(self):
        for actor in self.actors:
            if not actor.away and actor.ended:
                raise Violation(f"I7 {actor.name} ended by itself with {actor.process.popen.returncode}: "
                                f"{actor.process.log[-1000:]}")

    def look_for_ends_of_its_own(self):
        pass  # look_after has seen them

    def note_memory(self):
        for actor in self.actors:
            note_peak(self.day.report.peak_kib, actor.process.name, actor.process.pid)

    def stop(self):
        """SIGTERM, from the outside in; the first exit code that is not 0, else 0."""
        codes = []
        for actor in reversed(self.actors):
            actor.away = True
            codes.append(actor.process.stop())
        return next(filter(None, codes), 0)

    def close(self):
        for actor in self.actors:
            if actor.pids():
                actor.process.kill()


class Supervised:
    """loteria-central, which starts its parts again itself; started again when it was killed."""

    def __init__(self, day, roll):
        self.day, self.roll, self.central = day, roll, None
        self.data = day.directory / "data"
        self.actors = []
        self.away = True  # killed, or stopped
        self.run_directories = set()

    def check(self):
        return self.central.check()

    def start(self):
        if self.central is None:
            self.central = loteria.Central(self.day.directory, self.day.plan.workers, self.roll, self.day.port,
                                           arguments=self.day.key_flags())
        else:
            self.central.start()
        self.away = False

    def children(self, name):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return self.central.pids(name)
        return []

    def pids(self, name):
        if self.away:
            return []
        if name == "central":
            return [self.central.process.pid]
        program, _, number = name.partition(" ")
        pids = sorted(self.children(f"loteria-{program}"))
        return pids[int(number) - 1:int(number)] if number else pids

    def wait_until_all_run(self):
        if self.away:
            self.start()
        if not self.day.run_until(self.all_run, time.monotonic() + loteria.DEADLINE):
            raise Violation(f"I7 loteria-central does not start its parts again: {self.central.process.log[-2000:]}")

    def all_run(self):
        wanted = {"loteria-storage": 1, "loteria-state": 1, "loteria-broker": 1,
                  "loteria-worker": self.day.plan.workers}
        return all(len(self.children(name)) == count for name, count in wanted.items())

    def kill(self, names, seconds):
        if self.away:
            return
        if len(names) > 1:
            self.kill_everything(seconds)
        elif names[0] == "central":
            self.kill_central(seconds)
        else:
            self.kill_parts(self.pids(names[0]))

    def kill_everything(self, seconds):
        """None of them notices that another was killed."""
        parts = self.freeze()
        self.kill_parts(parts)
        self.bury(parts, seconds)
        self.day.look()

    def kill_central(self, seconds):
        """Its parts end with it."""
        parts = self.freeze()
        for pid in parts:  # one that is paused could not end
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.bury(parts, seconds)

    def freeze(self):
        """loteria-central starts nobody any more; returns the parts that there are."""
        pid = self.central.process.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self.note_run_directory()
        return self.central.children()

    def kill_parts(self, pids):
        for pid in pids:
            program = loteria.command_of(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.day.report.kills[program] += program is not None

    def bury(self, children, seconds):
        self.away = True
        self.day.report.kills["loteria-central"] += 1
        self.central.process.kill()
        loteria.wait_until(lambda: not any(map(loteria.runs, children)), explain=lambda: "parts outlive their central")
        self.day.at(time.monotonic() + seconds, self.start)

    def note_run_directory(self):
        for pid in self.central.children():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found = re.search(r"ipc://(/tmp/loteria-\w+)/", pathlib.Path(f"/proc/{pid}/cmdline").read_text())
                if found:
                    self.run_directories.add(found[1])

    def look_after(self):
        if not self.away and self.central.process.popen.poll() is not None:
            raise Violation(f"I7 loteria-central ended by itself with {self.central.process.popen.returncode}: "
                            f"{self.central.process.log[-2000:]}")

    def look_for_ends_of_its_own(self):
        """No part ends but by a kill; the one thing that only the supervisor sees."""
        if found := re.search(r".*ended: (?!signal 9\b).*", self.central.log):
            raise Violation(f"I7 a part ended by itself: {found[0]}")

    def note_memory(self):
        for pid in self.central.children():
            note_peak(self.day.report.peak_kib, loteria.command_of(pid), pid)

    def stop(self):
        self.away = True
        return self.central.stop()

    def close(self):
        if self.central and self.central.process.popen.poll() is None:
            self.note_run_directory()
            children = self.central.children()
            self.central.process.kill()
            loteria.wait_until(lambda: not any(map(loteria.runs, children)), explain=lambda: "parts outlive the day")
        for path in self.run_directories:
            shutil.rmtree(path, ignore_errors=True)


def write_bets(path, agency, seed):
    """Sound rows; a document is nobody else's, so that it tells which bet it is."""
    dice = random.Random(f"{seed} {agency.number}")
    with open(path, "w", newline="", encoding="utf-8") as file:
        for index in range(agency.bets):
            number = loteria.WINNING_NUMBER if dice.random() < 0.02 else dice.randint(0, 7573)
            file.write(f"{dice.choice(NAMES)},{10_000_000 * agency.number + index},"
                       f"19{dice.randint(10, 99)}-0{dice.randint(1, 9)}-{dice.randint(10, 28)},{number}\r\n")


def replace(words, flag, value):
    """The command with another value for this flag."""
    at = words.index(flag) + 1
    return (*words[:at], value, *words[at + 1:])


def note_peak(peaks, program, pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, TypeError):
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        peaks[program] = max(peaks.get(program, 0), int(found[1]))
