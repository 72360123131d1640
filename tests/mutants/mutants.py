"""Plants bugs, one by one, and shows which test finds each; see scripts/mutants."""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import fcntl
import itertools
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import time

import mutations

WORK = mutations.ROOT / "build/mutants"
README = mutations.ROOT / "tests/mutants/README.md"
MARKS = ("<!-- table: begin, written by scripts/mutants --publish -->", "<!-- table: end -->")
NOT_COPIED = (".git", "build", ".data", "__pycache__")
OF_TWO_CENTRALS = ("candidate", "tenure", "book_follow", "rotation")  # files
TEST_SECONDS_MAX = 300  # of processor time: neighbours may be busy
WAIT_SECONDS_MAX = 1800  # and of waiting for something that never comes


@dataclasses.dataclass
class Finding:
    mutation: mutations.Mutation
    unit: str = ""
    simulator: str = ""
    other: str = ""
    problem: str = ""  # why nothing could be tried

    @property
    def by(self):
        return self.unit, self.simulator, self.other

    @property
    def found(self):
        return any(self.by) and not self.problem


def main():
    arguments = read_arguments()
    start = time.monotonic()
    with alone():
        findings = run(arguments)
    lost = [finding for finding in findings if not finding.found]
    if arguments.publish:
        publish(findings)
    else:
        print("\n" + as_markdown(findings))
    print(f"\n{len(findings)} bugs planted, {len(findings) - len(lost)} found, in {time.monotonic() - start:.0f} s")
    for finding in lost:
        print(f"NOT FOUND {finding.mutation.name}: {finding.problem or finding.mutation.text}")
    return 1 if lost else 0


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help="of tests/mutants/mutations.txt; all, if none")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at a time (1)")
    parser.add_argument("--days", type=int, default=10_000, metavar="N",
                        help="to simulate at most (10000; with 0 none is)")
    parser.add_argument("--every", action="store_true", help="try every test on each bug, found or not")
    parser.add_argument("--publish", action="store_true",
                        help="likewise, and write the table into tests/mutants/README.md")
    arguments = parser.parse_args()
    every = mutations.read(mutations.LIST.read_text())
    unknown = set(arguments.names) - {mutation.name for mutation in every}
    if unknown:
        parser.error(f"no mutation {', '.join(sorted(unknown))}")
    if arguments.publish and arguments.names:
        parser.error("--publish is for a full run")
    arguments.every = arguments.every or arguments.publish
    arguments.mutations = [mutation for mutation in every if not arguments.names or mutation.name in arguments.names]
    return arguments


@contextlib.contextmanager
def alone():
    """Two runs in the same trees would find each other's bugs."""
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("scripts/mutants: another run is at work here")
        yield


def run(arguments):
    """Each job has a tree of its own. Nothing counts as found unless the tests pass without a bug."""
    jobs = max(1, min(arguments.jobs, len(arguments.mutations)))
    trees = queue.SimpleQueue()
    for number in range(jobs):
        trees.put(Tree(WORK / str(number)))

    def with_a_tree(work, *values):
        tree = trees.get()
        try:
            return work(tree, *values)
        finally:
            trees.put(tree)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        def for_each(work, *columns):
            return pool.map(lambda *values: with_a_tree(work, *values), *columns)

        say("building the tree as it is, and running the tests on it")
        for tree in [trees.get() for _ in range(jobs)]:
            tree.prepare()
            trees.put(tree)
        once = without_repeats(arguments.mutations)
        for finding in for_each(Tree.check, once, [arguments.days] + [0] * (len(once) - 1), itertools.repeat(True)):
            assert not finding.problem and not any(finding.by), f"a test fails without a bug: {finding}"
        findings = []
        for finding in for_each(Tree.plant, arguments.mutations, itertools.repeat(arguments.days), itertools.repeat(arguments.every)):
            findings.append(finding)
            say(f"{finding.mutation.name}: {', '.join(filter(None, (finding.problem, *finding.by))) or 'NOT FOUND'}")
    return findings


def without_repeats(wanted):
    """One mutation for each set of tests that will be run, beside the simulator."""
    return list({(mutation.file, *mutation.tests): mutation for mutation in wanted}.values())


class Unbuilt(Exception):
    """A mutation that does not compile."""


class Tree:
    """A copy of the project, built again after each change."""

    def __init__(self, directory):
        self.source, self.build = directory / "tree", directory / "build"

    def prepare(self):
        copy(mutations.ROOT, self.source)
        # Some bugs leave a variable unused: that is not what is to find them.
        self.command("cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                     "-DCMAKE_C_FLAGS=-w").check_returncode()

    def plant(self, mutation, days, every):
        path = self.source / mutation.file
        source = path.read_text()
        try:
            path.write_text(mutation.applied(source))
            return self.check(mutation, days, every)
        except mutations.Stale as stale:
            return Finding(mutation, problem=str(stale))
        finally:
            path.write_text(source)

    def check(self, mutation, days, every):
        """Run what may find it, the quickest first; up to the first that does, unless `every`."""
        finding = Finding(mutation)
        unit = f"tests/unit/test_{pathlib.Path(mutation.file).stem}.c"
        try:
            if (self.source / unit).exists():
                finding.unit = self.unit(unit)
            for test in mutation.tests:
                if every and not finding.other or not finding.found:
                    finding.other = self.other(test)
            if days > 0 and (every or not finding.found):
                finding.simulator = self.simulate(mutation, days)
        except Unbuilt as unbuilt:
            finding.problem = str(unbuilt)
        return finding

    def unit(self, test):
        program = pathlib.Path(test).stem
        self.make(program)
        return failed_unit(self.command(self.build / "tests" / program))

    def other(self, test):
        if test.endswith(".c"):
            failed = self.unit(test)
            return failed and f"{pathlib.Path(test).name}::{failed}"
        self.make("programs")
        return failed_pytest(self.command("/usr/bin/python3", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
                                           "--timeout", TEST_SECONDS_MAX, test))

    def simulate(self, mutation, days):
        """Days whose log is in a database, for what such a log has of its own, or of two centrals."""
        self.make("sim")
        of_two = pathlib.Path(mutation.file).stem in OF_TWO_CENTRALS
        more = ("--standby",) if of_two else ("--database",) if "engine" in mutation.file else ()
        return violated(self.command(self.build / "bin/sim", "--days", days, *more))

    def make(self, target):
        built = self.command("cmake", "--build", self.build, "-j", "1", "--target", target)
        if built.returncode != 0:
            raise Unbuilt("it does not compile: " + " ".join(re.findall(r"error: .*", built.stdout)[:2]))

    def command(self, *command):
        """In a process group of its own, so that nothing is left behind: a bug may be that it does not end."""
        limited = ["prlimit", f"--cpu={TEST_SECONDS_MAX}:{2 * TEST_SECONDS_MAX}", *map(str, command)]
        process = subprocess.Popen(limited, cwd=self.source, text=True, errors="replace",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env={**os.environ, "LOTERIA_BUILD": str(self.build)}, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=WAIT_SECONDS_MAX)
            return subprocess.CompletedProcess(command, process.returncode, output)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, None, "")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def copy(source, target):
    """Only what differs is written, so that only that is compiled."""
    wanted = {path.relative_to(source) for path in walk(source)}
    for path in wanted:
        here, there = source / path, target / path
        if not there.exists() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(here.read_bytes())
            shutil.copymode(here, there)
    if target.exists():
        for path in walk(target):
            if path.relative_to(target) not in wanted:
                path.unlink()


def walk(directory):
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if name not in NOT_COPIED]
        yield from (pathlib.Path(folder, name) for name in names if pathlib.Path(folder, name).is_file())


def failed_unit(ended):
    """The first test that failed, of a cmocka program; empty if none did."""
    if ended.returncode == 0:
        return ""
    failed = re.findall(r"\[  FAILED  \] (\w+)$", ended.stdout, re.MULTILINE)
    begun = re.findall(r"\[ RUN      \] (\w+)$", ended.stdout, re.MULTILINE)  # it died in the last of them
    return failed[0] if failed else begun[-1] if begun else how_it_ended(ended)


def violated(ended):
    if ended.returncode == 0:
        return ""
    told = re.search(r"seed (\d+) violates (I\d+|an assertion|memory)", ended.stdout)
    return f"{told[2]}, day {told[1]}" if told else how_it_ended(ended)


def failed_pytest(ended):
    if ended.returncode == 0:
        return ""
    failed = re.search(r"^FAILED (?:.*/)?([\w.]+::[\w\[\]-]+)", ended.stdout, re.MULTILINE)
    return failed[1] if failed else how_it_ended(ended)


def how_it_ended(ended):
    if ended.returncode in (None, -signal.SIGXCPU):
        return "does not end"
    return "an assertion" if ended.returncode == -signal.SIGABRT else f"ended with {ended.returncode}"


def cells(finding):
    mutation = finding.mutation
    return [f"{mutation.text} (`{mutation.name}`)", f"`{mutation.file}`", finding.unit and f"`{finding.unit}`",
            finding.simulator, finding.other and f"`{finding.other}`"]


def as_markdown(findings):
    head = ["the bug", "in", "unit test", "simulator", "another test"]
    return "\n".join("| " + " | ".join(line) + " |"
                     for line in [head, ["---"] * len(head), *map(cells, findings)])


def publish(findings):
    """Only what stands between the marks is replaced."""
    before, rest = README.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    README.write_text(f"{before}{MARKS[0]}\n\n{as_markdown(findings)}\n\n{MARKS[1]}{after}")
    say(f"written: {README.relative_to(mutations.ROOT)}")


def say(text):
    print(f"scripts/mutants: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
