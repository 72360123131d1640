"""Measures the product beside the bare topology and Redis Streams; see scripts/bench."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import groups
import peers
import plots
import table

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/performance.md"
PLOTS = ROOT / "docs/performance"
MARKS = ("<!-- figures: begin, written by scripts/bench --publish -->", "<!-- figures: end -->")


def main():
    arguments = read_arguments()
    if arguments.load:
        run = json.loads(pathlib.Path(arguments.load).read_text())
    else:
        run = measure(arguments)
    show(run)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(with_rows(run), indent=1) + "\n")
    if arguments.publish:
        publish(run)
    return 0


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under two minutes")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds (5; with --quick 3)")
    parser.add_argument("--only", metavar="GROUP,...", help=f"of {', '.join(groups.NAMES)}")
    parser.add_argument("--json", metavar="FILE", help="write everything there, every sample too")
    parser.add_argument("--load", metavar="FILE", help="measure nothing: show a run that --json wrote")
    parser.add_argument("--publish", action="store_true", help="write the figures into docs/performance.md, with plots")
    parser.add_argument("--scratch", metavar="DIR", help="where to store; on a real disk, with 10 GB free")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",") if arguments.only else list(groups.NAMES)
    for name in arguments.only:
        if name not in groups.NAMES:
            parser.error(f"--only: no group {name!r}")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    return arguments


def measure(arguments):
    place = arguments.scratch or next((path for path in (tempfile.gettempdir(), "/var/tmp") if peers.on_disk(path)),
                                      tempfile.gettempdir())
    if not peers.on_disk(place):
        say(f"{place} is in memory: a sync costs nothing there, so the figures mean little")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="loteria-bench-", dir=place))
    plan = groups.Plan(arguments.quick, arguments.rounds)
    start = time.monotonic()
    samples, missing = {}, {}

    def run():
        return result(plan, place, time.monotonic() - start, samples, missing)

    try:
        groups.measure(plan, scratch, peers.Bets(scratch), arguments.only, say, samples, missing)
    except KeyboardInterrupt:
        shutil.rmtree(scratch)
        raise
    except BaseException:
        (scratch / "measured.json").write_text(json.dumps(run()))
        say(f"what failed is in {scratch}, with what was measured until then (--load {scratch}/measured.json)")
        raise
    shutil.rmtree(scratch)
    return run()


def result(plan, place, seconds, samples, missing):
    return {"when": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "machine": machine(place),
            "quick": plan.quick, "rounds": plan.rounds, "seconds": round(seconds, 1),
            "plan": vars(plan), "missing": missing, "samples": samples}


def machine(place):
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg(),
            "commit": output("git", "-C", ROOT, "rev-parse", "--short", "HEAD"),
            "redis": output("redis-cli", "--version"),
            "filesystem": output("stat", "-f", "-c", "%T", place)}


def output(*command):
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def about(run):
    place = run["machine"]
    return (f"{run['when']}, commit {place['commit']}, {place['cores']} cores ({place['cpu']}), Linux {place['kernel']}, "
            f"{place['filesystem']}, {run['rounds']} rounds{', --quick' if run['quick'] else ''}")


def show(run):
    speeds, stages = table.details(run["samples"])
    print(f"\n{about(run)}; {run['seconds']} s\n")
    print(table.as_text(table.evaluate(run["samples"], run["missing"])))
    for head, lines in sections(speeds, stages, run):
        print()
        print(aligned([head, *lines]))
    for group, names in run["missing"].items():
        for name, reason in names.items():
            print(f"\nmissing: {group}, {name}: {reason}")


def sections(speeds, stages, run):
    """The tables behind the rows, those that are not empty."""
    found = (
        (["run", "batches/s", "spread", "bets/s"], speeds),
        (["µs of CPU a batch", *table.STAGES], stages),
        (["from when it is due to its answer, µs", "p50", "p90", "p99", "p99.9"], table.latencies(run["samples"])))
    return [(head, lines) for head, lines in found if lines]


def aligned(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
                     for line in lines)


def with_rows(run):
    """The run, with what the table says of it."""
    rows = [{"group": row.group, "text": row.text, "bar": row.bar, "aim": row.aim, "at_least": row.at_least,
             "unit": row.unit, "median": row.median, "spread": row.spread, "met": row.met, "note": row.note}
            for row in table.evaluate(run["samples"], run["missing"])]
    return {**run, "rows": rows}


def publish(run):
    """Only what stands between the marks is replaced."""
    drawn = plots.draw(run["samples"], PLOTS)
    speeds, stages = table.details(run["samples"])
    parts = [f"Measured {about(run)}.",
             table.as_markdown(table.HEAD, map(table.cells, table.evaluate(run["samples"], run["missing"])))]
    parts += [table.as_markdown(head, lines) for head, lines in sections(speeds, stages, run)]
    parts += [f"![{name}]({PLOTS.name}/{name}.svg)" for name in drawn]
    text = DOCUMENT.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n\n" + "\n\n".join(parts) + f"\n\n{MARKS[1]}{after}")
    say(f"written: {DOCUMENT.relative_to(ROOT)}, {len(drawn)} plots")


def say(text):
    print(f"scripts/bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
