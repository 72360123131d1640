"""A central with thousands of draws in its archive: what it takes, and whether it still answers.

    nice /usr/bin/python3 tests/bench/archive.py [--draws 10000]

No benchmark, and no part of scripts/bench: it is run by hand, with the programs of LOTERIA_BUILD (build/release). It
opens that many draws in one central, sells a few bets of each agency into each, closes and draws it, and prints, for
a tenth of them and for all: the directory's size, memory, the seconds that a start and a check take; and then asks
for the results of the first draw and of one in the middle.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

import draws
import peers
from peers import wire

EACH = 3  # bets of each agency in each draw
RUN_SECONDS_MAX = 3600
STARTS = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=10_000, metavar="N", help="in all (10000)")
    parser.add_argument("--lanes", type=int, default=10, metavar="N", help="under way at a time (10)")
    parser.add_argument("--scratch", metavar="DIR", help="where to store; on a real disk")
    arguments = parser.parse_args()
    peers.RUN_SECONDS_MAX = draws.CHECK_SECONDS_MAX = RUN_SECONDS_MAX
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="loteria-archive-", dir=arguments.scratch))
    play(scratch, arguments.draws, arguments.lanes)
    shutil.rmtree(scratch)
    return 0


def play(scratch, count, lanes):
    rows, names = draws.Rows(peers.Bets(scratch).file(1, 1000), EACH), draws.names_of(count)
    with peers.directory_of(scratch, "archive") as directory:
        for part in (names[:count // 10], names[count // 10:]):
            with draws.evening(directory) as evening:
                seconds = evening.play(part, rows, lanes)
                memory = evening.memory()
            say(f"{part[-1]}: {len(part)} draws in {seconds:.1f} s", memory)
            look(directory, evening.day.data)
        draws.check_archive(evening.day.data, names, rows)
        ask(directory, rows, (names[0], names[count // 2 - 1], names[-1]))


def look(directory, data):
    files = [path.lstat() for path in data.rglob("*")]
    say(f"  {len(files)} files and folders, {sum(file.st_size for file in files) / 1e6:.1f} MB, "
        f"{sum(file.st_blocks for file in files) * 512 / 1e6:.1f} MB on disk")
    say(f"  --check: {draws.check(data)[1]:.2f} s")
    starts = [draws.start(directory) for _ in range(STARTS)]
    for key in ("central_s", "storage_s", "storage_cpu_s"):
        say(f"  start, {key}: " + ", ".join(f"{start[key]:.3f}" for start in starts))
    say("  storage behind its start", starts[-1]["storage_kib"])


def ask(directory, rows, names):
    """For the winners of draws that were put away, as an agency does that comes late."""
    with draws.evening(directory) as evening:
        for name in names:
            start, asked = time.monotonic(), wire.simple("HELLO", 1, rest=name.encode())
            welcome = evening.agencies.ask(asked)
            while welcome.name == "REFUSED" and welcome.code == "BUSY":
                welcome = evening.agencies.ask(asked)
            assert (welcome.name, welcome.next) == ("WELCOME", EACH), welcome
            answer = evening.agencies.ask(wire.simple("RESULTS", 1, draw=welcome.draw))
            assert answer.documents == rows.winners[0], answer
            say(f"{name}: its results, {(time.monotonic() - start) * 1000:.1f} ms")


def say(*words):
    print(*words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
