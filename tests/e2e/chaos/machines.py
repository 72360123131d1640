"""A day on three machines that are lost: PostgreSQL on each, a central on two of them, five agencies.

Machine 1 has node1 and central A, machine 2 has node2 and central B, machine 3 has node3. A round is a whole day, from
the first bet to the last agency's results; while they sell, what the round's plan says befalls it, is put right as an
operator does it, and the next thing befalls it. Then invariants.py judges the day by what the agencies were told, on
both machines, whose bets.csv have to be equal byte for byte.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import loteria
import postgres

from . import invariants, plan
from .house import Violation
from .seller import write_bets

AGENCIES = 5
LEASE_S = 3  # the central's default
SOLD_S = 6  # that an agency would sell for, if nothing befell anybody
QUIET_S = 60  # without an acknowledgement: it is stuck
ENDED_S = 120

# What befalls whom. How each is put right is the method's own.
KINDS = ("kill primary", "freeze primary", "cut primary", "kill standby", "freeze standby", "cut standby",
         "kill storage", "freeze storage", "kill state", "freeze state", "kill central", "freeze central", "cut central",
         "kill machine", "stop central", "takeover", "relieve primary")


@dataclasses.dataclass
class Report:
    seed: int
    kinds: list
    violations: list = dataclasses.field(default_factory=list)
    gaps: list = dataclasses.field(default_factory=list)  # (kind, seconds): longest without an acknowledgement
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    seconds: float = 0


def kinds_of(seed, count):
    """Every kind comes in turn; what follows it is drawn."""
    dice = random.Random(seed)
    return [KINDS[seed % len(KINDS)], *dice.choices(KINDS, k=count - 1)]


def play(seed, directory, kinds):
    """The round's Report. Nothing that it started outlives it."""
    report = Report(seed, list(kinds))
    began = time.monotonic()
    directory = pathlib.Path(directory)
    directory.mkdir(exist_ok=True)
    with postgres.Cluster() as cluster, contextlib.closing(Round(report, directory, cluster)) as day:
        try:
            day.play()
        except (Violation, AssertionError, subprocess.TimeoutExpired) as error:
            report.violations.append(f"{error}")
    report.seconds = time.monotonic() - began
    return report


class Central(loteria.Central):
    """One of the two, in all its lives: on a port of its own that agencies get to by way of a relay."""

    def __init__(self, name, directory, cluster):
        self.name, self.cluster = name, cluster
        place = directory / name
        place.mkdir()
        port = loteria.free_port()
        self.link = cluster.relay.link(port)
        self.address = f"127.0.0.1:{self.link.port}"
        url = cluster.url(who=name, role="central", password="")
        super().__init__(place, workers=2, agencies=AGENCIES, port=port, environment={"PGPASSFILE": str(cluster.passfile)},
                         arguments=("--log", url, "--standby", "--advertise", f"tcp://{self.address}"))

    @property
    def running(self):
        return self.process.popen.poll() is None

    def everybody(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return [self.process.pid, *self.children()]
        return [self.process.pid]

    def freeze(self):
        """loteria-central first: it starts nobody from then on."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        pids = self.everybody()
        for pid in pids[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return pids

    def thaw(self):
        for pid in reversed(self.everybody()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def lose(self):
        """The power is gone."""
        pids = self.freeze()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.popen.wait(loteria.DEADLINE)
        loteria.wait_until(lambda: not any(map(loteria.runs, pids)), explain=lambda: f"{self.name} outlives SIGKILL")

    def cut(self):
        self.link.half_open("both")
        self.cluster.cut(self.name)

    def mend(self):
        self.cluster.relay.order(self.link.heal)
        self.cluster.mend(self.name)


class Watch:
    """When what was acknowledged, by the agencies' own logs: looks at them all the time."""

    def __init__(self):
        self.paths, self.places, self.times, self.count = [], {}, [], 0
        self.running = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.running:
            found = sum(map(self.look, list(self.paths)))
            if found:
                self.count += found
                self.times.append(time.monotonic())
            threading.Event().wait(0.005)

    def look(self, path):
        with open(path, "rb") as file:
            file.seek(self.places.get(path, 0))
            lines = file.read().rpartition(b"\n")[0]
        self.places[path] = self.places.get(path, 0) + len(lines) + bool(lines)
        return lines.count(b"action: apuesta_enviada | result: success")

    def longest_gap(self, since):
        """That an acknowledgement ended, from the last one before `since` on."""
        times = list(self.times)
        first = max(0, len([when for when in times if when < since]) - 1)
        return max((b - a for a, b in zip(times[first:], times[first + 1:])), default=0)

    def close(self):
        self.running = False
        self.thread.join()


class Round:
    def __init__(self, report, directory, cluster):
        self.report, self.directory, self.cluster = report, directory, cluster
        self.dice = random.Random(f"round {report.seed}")
        self.centrals, self.agencies, self.sent = [], {}, {}
        self.watch = Watch()

    def close(self):
        for process in self.agencies.values():
            if process.popen.poll() is None:
                process.kill()
        for central in self.centrals:
            if central.running:
                central.lose()
        self.watch.close()

    # the day

    def play(self):
        self.open()
        for kind in self.report.kinds:
            self.wait_for_sales(self.dice.uniform(0.05, 0.15) * self.total())
            struck = time.monotonic()
            getattr(self, kind.replace(" ", "_"))()
            self.report.counts[kind] += 1
            self.wait_for_sales(1)
            self.report.gaps.append((kind, round(self.watch.longest_gap(struck), 2)))
            self.report.counts["struck while all sold"] += all(
                process.popen.poll() is None for process in self.agencies.values())
        self.end()
        self.judge()

    def open(self):
        self.cluster.sql(f"CREATE ROLE central LOGIN PASSWORD '{self.cluster.password}'")
        made = subprocess.run([loteria.program("loteria-ctl"), "log", "init", self.cluster.url(password=""), "--role", "central"],
                              capture_output=True, text=True, timeout=loteria.DEADLINE,
                              env={**loteria.ENVIRONMENT, "PGPASSFILE": str(self.cluster.passfile)})
        assert made.returncode == 0, made.stderr
        for name in ("A", "B"):
            self.centrals.append(Central(name, self.directory, self.cluster))
        self.active()
        for number in range(1, AGENCIES + 1):
            self.sell(number)

    def sell(self, number):
        rows, period_ms = self.dice.randint(2, 10), self.dice.choice((10, 20, 40))
        file = self.directory / f"agency-{number}.csv"
        write_bets(file, plan.Agency(number, int(SOLD_S * 1000 / period_ms * rows * self.dice.uniform(0.8, 1.2)), 4, rows,
                                     period_ms, False), self.report.seed)
        self.sent[number] = invariants.Sent.read(file, number)
        self.agencies[number] = loteria.Process(
            self.directory, "loteria-agency", "--id", number, "--bets", file, "--json", "--log-bets", "--window", 4,
            "--batch-count", rows, "--loop-period", f"{period_ms}ms",
            "--server", ",".join(central.address for central in self.centrals))
        self.watch.paths.append(self.agencies[number].stderr_path)

    def end(self):
        """Everybody sells what he has, and gets his results; both centrals end well."""
        for number, process in self.agencies.items():
            if process.wait(ENDED_S) != 0:
                raise Violation(f"I7 agency {number} ended with {process.popen.returncode}: {process.log[-2000:]}")
        loteria.wait_until(lambda: self.files("A") == self.files("B"), ENDED_S,
                           lambda: "I3 the files are not the same on both machines: "
                                   f"{list(map(len, self.files('A') + self.files('B')))} bytes\n{self.logs()}", 0.05)
        active = self.active()
        for central in (self.other(active), active):  # the other way round the standby would take over
            if central.stop() != 0:
                raise Violation(f"I7 central {central.name} ended with {central.process.popen.returncode}:\n"
                                f"{central.process.log[-3000:]}")

    def files(self, name):
        return [invariants.read(self.directory / name / "data" / file) for file in ("bets.csv", "bets.index")]

    def judge(self):
        evidence = {number: (self.sent[number], [invariants.life_of_real(process.stderr_path, process.stdout_path,
                                                                        self.sent[number])])
                    for number, process in self.agencies.items()}
        wrong = self.report.violations
        for central in self.centrals:
            found = invariants.stored_wrongly(evidence, central.data, whole=True)
            found += invariants.drawn_wrongly(evidence, central.data)
            code, text = central.check()
            if code != 0:
                found.append(f"I1 loteria-storage --check: {text}")
            wrong += [f"{sentence} (central {central.name})" for sentence in found]
        for number, (sent, lives) in evidence.items():
            wrong += invariants.told_wrongly(number, sent, lives)
            if not lives[-1].results:
                wrong.append(f"I4 agency {number} was told no results")
            self.report.counts["acknowledged"] += lives[-1].acknowledged
            self.report.counts["bets"] += len(sent.rows)
        self.report.counts["draws"] += invariants.draws(self.centrals[0].data)
        if self.files("A") != self.files("B"):
            wrong.append("I3 the files are not the same on both machines")

    def total(self):
        return sum(len(sent.rows) for sent in self.sent.values())

    def wait_for_sales(self, bets):
        """So many more acknowledged; or everything is."""
        goal = min(self.watch.count + bets, self.total())
        loteria.wait_until(lambda: self.watch.count >= goal, QUIET_S,
                           lambda: f"I7 no acknowledgement in {QUIET_S} s ({self.watch.count} of {self.total()} bets)\n"
                                   f"{self.logs()}")

    def logs(self):
        text = [f"---- {central.name}\n{central.log[-3000:]}" for central in self.centrals]
        text += [f"---- agency {number}\n{process.log[-300:]}" for number, process in self.agencies.items()]
        return "\n".join(text) + self.cluster.log

    # who is who

    def holder(self):
        """The central that the log's lease names; None when nobody tells."""
        holder = self.cluster.primary.ask("SELECT holder FROM loteria.lease").stdout
        return next((central for central in self.centrals if central.address in holder), None)

    def active(self):
        return loteria.wait_until(self.holder, QUIET_S, lambda: f"no central is active:\n{self.logs()}", 0.05)

    def other(self, central):
        return next(other for other in self.centrals if other is not central)

    def wait_for_active(self, central):
        loteria.wait_until(lambda: self.holder() is central, QUIET_S,
                           lambda: f"I7 {central.name} did not take over\n{self.logs()}", 0.02)

    # PostgreSQL

    def fail_over(self, *options):
        done = self.cluster.fail_over(*options)
        if done.returncode != 0:
            raise Violation(f"scripts/failover: {done.stdout}{done.stderr}\n{self.cluster.log}")

    def make_standby(self, old):
        """What was the primary, and may still take itself for it."""
        new = next(node for node in self.cluster.nodes if node is not old and node.writable())
        old.stop() if old.running else None
        old.rewind(new)
        old.start()
        self.cluster.wait_until_followed()

    def kill_primary(self):
        old = self.cluster.primary
        old.kill()
        self.fail_over()
        self.wait_for_sales(10)
        self.make_standby(old)

    def freeze_primary(self):
        old = self.cluster.primary
        old.freeze()
        self.fail_over()
        self.wait_for_sales(10)
        old.thaw()  # it takes itself for the primary
        self.wait_for_sales(50)
        self.make_standby(old)

    def cut_primary(self):
        old = self.cluster.primary
        self.cluster.cut(old)
        self.fail_over()
        self.wait_for_sales(10)
        self.cluster.mend(old)
        self.wait_for_sales(50)
        self.make_standby(old)

    def relieve_primary(self):
        old = self.cluster.primary
        self.fail_over("--switch")
        self.wait_for_sales(10)
        self.make_standby(old)

    def a_standby(self):
        return self.dice.choice(self.cluster.standbys)

    def kill_standby(self):
        node = self.a_standby()
        node.kill()
        self.wait_for_sales(50)
        node.start()
        self.cluster.wait_until_followed()

    def freeze_standby(self):
        node = self.a_standby()
        node.freeze()
        self.wait_for_sales(50)
        node.thaw()
        self.cluster.wait_until_followed()

    def cut_standby(self):
        node = self.a_standby()
        self.cluster.cut(node)
        self.wait_for_sales(50)
        self.cluster.mend(node)
        self.cluster.wait_until_followed()

    # the active central

    def kill_storage(self):
        os.kill(self.active().pid("loteria-storage"), signal.SIGKILL)

    def kill_state(self):
        os.kill(self.active().pid("loteria-state"), signal.SIGKILL)

    def freeze_storage(self):
        """Longer than it may be the active without a word."""
        active = self.active()
        pid = active.pid("loteria-storage")
        os.kill(pid, signal.SIGSTOP)
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        resume(pid)  # it takes itself for the active

    def freeze_state(self):
        pid = self.active().pid("loteria-state")
        os.kill(pid, signal.SIGSTOP)
        self.wait_for_sales(10)
        resume(pid)

    def kill_central(self):
        active = self.active()
        active.lose()
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        active.start()

    def freeze_central(self):
        active = self.active()
        active.freeze()
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        active.thaw()

    def cut_central(self):
        active = self.active()
        active.cut()
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        active.mend()

    def stop_central(self):
        active = self.active()
        if active.stop() != 0:
            raise Violation(f"I7 central {active.name} ended with {active.process.popen.returncode}")
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        active.start()

    def kill_machine(self):
        """The active central, and the primary that is on its machine."""
        active, old = self.active(), self.cluster.primary
        active.lose()
        old.kill()
        self.fail_over()
        self.wait_for_active(self.other(active))
        self.wait_for_sales(10)
        active.start()
        self.make_standby(old)

    def takeover(self):
        standby = self.other(self.active())
        done = subprocess.run([loteria.program("loteria-ctl"), "takeover", "--data-dir", standby.data],
                              capture_output=True, text=True, timeout=loteria.DEADLINE, env=loteria.ENVIRONMENT)
        if done.returncode != 0 and self.active() is not standby:  # it may have, by itself, on a machine that is busy
            raise Violation(f"loteria-ctl takeover: {done.stderr}")
        self.wait_for_active(standby)


def resume(pid):
    """If nobody has ended it meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


# what scripts/soak tells


def line_of(report):
    text = (f"round {report['seed']:>4}  {report['seconds']:5.1f} s  {report['counts'].get('bets', 0):6} bets  "
            + "  ".join(f"{kind}: {gap:.2f} s" for kind, gap in report["gaps"]))
    for violation in report["violations"]:
        text += f"\n    VIOLATION {violation}"
    if report["violations"]:
        text += f"\n    {report['kinds']}, kept in {report['kept']}"
    return text


def summarise(reports, seconds):
    gaps, counts = collections.defaultdict(list), collections.Counter()
    for report in reports:
        counts.update(report["counts"])
        for kind, gap in report["gaps"]:
            gaps[kind].append(gap)
    wrong = [violation for report in reports for violation in report["violations"]]
    return {
        "rounds": len(reports), "minutes": round(seconds / 60, 1), "faults": sum(map(len, gaps.values())),
        "bets sold": counts["bets"], "acknowledged": counts["acknowledged"], "draws": counts["draws"],
        "lost (violations of I1)": sum("I1 " in violation for violation in wrong),
        "stored twice (of I2)": sum("I2 " in violation for violation in wrong),
        **{f"longest gap, s: {kind}": f"{max(found):.2f} (median {sorted(found)[len(found) // 2]:.2f}, {len(found)} times)"
           for kind, found in sorted(gaps.items())},
        "violations": len(wrong), "rounds that failed": [r["seed"] for r in reports if r["violations"]],
    }  # fmt: skip
