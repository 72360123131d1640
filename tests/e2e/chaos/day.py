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
import selectors
import signal
import subprocess
import time

import loteria

from . import invariants
from .house import House, Supervised, Violation
from .relay import Relay
from .seller import Seller

TICK_S = 0.01
ASK_AGAIN_S = 0.5
# tests/sim/README.md says where 5 and 15 come from. There time is virtual; here a dozen processes
# and other people's share two cores, and a time slice that comes late is no fault of the central.
# What the bounds are to catch is what never comes back, or only with an agency's patience (60 s).
ACKNOWLEDGED_S, ENDED_S = 5, 15
SLACK = 2


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
