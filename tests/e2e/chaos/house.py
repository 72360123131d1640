"""The central of a day: its parts one by one (House), or under loteria-central (Supervised).

Both know who runs, kill whom they are told to, start it again, and notice who ends of his own.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import time

import loteria

from .plan import INNER_LINKS


class Violation(Exception):
    """What must not be; the day is broken off."""


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


def replace(words, flag, value):
    """The command with another value for this flag."""
    at = words.index(flag) + 1
    return (*words[:at], value, *words[at + 1:])


def note_peak(peaks, program, pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, TypeError):
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        peaks[program] = max(peaks.get(program, 0), int(found[1]))
