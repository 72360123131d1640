"""Days under fire, one after another, and a report; see scripts/soak."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import loteria

from . import day, machines, plan, season

DAY_SECONDS_MAX, ROUND_SECONDS_MAX = 180, 500  # then a day hangs
KINDS = {"pause": "pauses", "pause all": "pauses of everything at once", "cut": "cuts", "half-open": "half-opens",
         "slow": "slow links"}


def main():
    arguments = read_arguments()
    if arguments.play is not None:
        return play_here(arguments)
    if arguments.draws:
        return play_draws(arguments)
    if arguments.replicated:
        return play_rounds(arguments)
    place = pathlib.Path(arguments.directory or tempfile.mkdtemp(prefix="loteria-soak-"))
    place.mkdir(exist_ok=True)
    reports, began = [], time.monotonic()
    for report in days(seeds(arguments), arguments.jobs, place):
        print(line_of(report), flush=True)
        reports.append(report)
    summary = summarise(reports, time.monotonic() - began)
    print(text_of(summary))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"summary": summary, "days": reports}, indent=1) + "\n")
    if not summary["violations"] and not arguments.directory:
        shutil.rmtree(place)
    return 1 if summary["violations"] else 0


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="no day begins after these (60)")
    parser.add_argument("--days", type=int, help="that many days, however long they take")
    parser.add_argument("--seed", type=int, default=1, help="of the first day; the next has the next (1)")
    parser.add_argument("--draws", type=int, metavar="N", help="instead of days: so many draws in one central, some side"
                        " by side, under random kills")
    parser.add_argument("--replicated", action="store_true", help="instead of days: rounds, each a day of two centrals on"
                        " a PostgreSQL of three, of which machines are lost")
    parser.add_argument("--rounds", type=int, metavar="N", default=20, help="so many rounds (20)")
    parser.add_argument("--faults", type=int, metavar="N", default=2, help="that befall a round (2)")
    parser.add_argument("--kinds", metavar="KIND,...", help=f"instead of those drawn: {', '.join(machines.KINDS)}")
    parser.add_argument("--jobs", type=int, default=2, help="days at the same time, as most of a day is waiting (2)")
    parser.add_argument("--directory", metavar="DIR", help="where the days are kept; else only those that fail are")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every day there")
    parser.add_argument("--plan", action="store_true", help="with --seed: show what befalls that day, and leave")
    parser.add_argument("--play", metavar="DIR", help=argparse.SUPPRESS)  # one day, in this process
    arguments = parser.parse_args()
    if arguments.plan:
        for field, value in vars(plan.draw(arguments.seed)).items():
            print(f"{field}:", *([""] + list(value) if isinstance(value, tuple) else [value]), sep="\n  "
                  if isinstance(value, tuple) else " ")
        sys.exit(0)
    return arguments


def play_here(arguments):
    # days at the same time do not take each other's ports, not even of a process that lies dead
    loteria.PORTS = list(range(28_000 + arguments.seed % 64, 32_768, 64))
    if arguments.replicated:
        kinds = arguments.kinds.split(",") if arguments.kinds else machines.kinds_of(arguments.seed, arguments.faults)
        report = machines.play(arguments.seed, arguments.play, kinds)
    else:
        report = day.play(plan.draw(arguments.seed), arguments.play)
    print(json.dumps(vars(report)))
    return 0


def play_rounds(arguments):
    """One line a round; 1 if anything was lost."""
    place = pathlib.Path(arguments.directory or tempfile.mkdtemp(prefix="loteria-soak-"))
    place.mkdir(exist_ok=True)
    reports, began = [], time.monotonic()
    seeds = range(arguments.seed, arguments.seed + arguments.rounds)
    more = ("--replicated", "--faults", str(arguments.faults), "--kinds", arguments.kinds or "")
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for report in pool.map(lambda seed: play_apart(seed, place, *more), seeds):
            print(machines.line_of(report), flush=True)
            reports.append(report)
    summary = machines.summarise(reports, time.monotonic() - began)
    print(text_of(summary))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"summary": summary, "rounds": reports}, indent=1) + "\n")
    if not summary["violations"] and not arguments.directory:
        shutil.rmtree(place)
    return 1 if summary["violations"] else 0


def play_draws(arguments):
    place = pathlib.Path(arguments.directory or tempfile.mkdtemp(prefix="loteria-draws-"))
    place.mkdir(exist_ok=True)
    status = season.main(arguments.seed, arguments.draws, place)
    if status == 0 and not arguments.directory:
        shutil.rmtree(place)
    return status


def seeds(arguments):
    """As many as there is time for."""
    until = time.monotonic() + arguments.minutes * 60
    seed = arguments.seed
    while seed < arguments.seed + arguments.days if arguments.days else time.monotonic() < until:
        yield seed
        seed += 1


def days(seeds, jobs, place):
    """Reports of the days of these seeds, as they come; each in a process of its own."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        under_way = set()
        for seed in seeds:
            under_way.add(pool.submit(play_apart, seed, place))
            if len(under_way) >= jobs:
                done, under_way = concurrent.futures.wait(
                    under_way, return_when=concurrent.futures.FIRST_COMPLETED)
                yield from (future.result() for future in done)
        for future in concurrent.futures.as_completed(under_way):
            yield future.result()


def play_apart(seed, place, *more):
    """A day's report, as a dict. Its directory stays if it has violations."""
    directory = pathlib.Path(place) / f"seed-{seed}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    command = [sys.executable, "-m", "chaos.soak", "--seed", str(seed), "--play", str(directory), *more]
    process = subprocess.Popen(command, cwd=loteria.ROOT / "tests/e2e", stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, error = process.communicate(timeout=ROUND_SECONDS_MAX if more else DAY_SECONDS_MAX)
        report = json.loads(out) if process.returncode == 0 else failed(seed, error)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with all that the day started
        report = failed(seed, f"I7 the day hangs: {process.communicate()[1]}")
    report["kept"] = str(directory)
    (directory / "report.json").write_text(json.dumps(report, indent=1))
    if not report["violations"]:
        shutil.rmtree(directory)
    return report


def failed(seed, reason):
    return {**vars(day.Report(seed, violations=[reason])), "gaps": [], "kinds": []}


def line_of(report):
    counts, kills = report["counts"], sum(report["kills"].values())
    text = (f"seed {report['seed']:>5}  {report['kind']:13}  {report['seconds']:5.1f} s  "
            f"{counts.get('bets', 0):5} bets  {kills:3} kills  "
            + "  ".join(f"{counts.get(kind, 0)} {kind}" for kind in KINDS)
            + f"  acknowledged after {report['acknowledged_s']:.1f} s, ended after {report['ended_s']:.1f} s")
    for violation in report["violations"]:
        text += f"\n    VIOLATION {violation}"
    if report["violations"]:
        text += f"\n    kept in {report['kept']}; again: scripts/soak --days 1 --seed {report['seed']}"
    return text


def summarise(reports, seconds):
    counts, kills, peaks = collections.Counter(), collections.Counter(), {}
    for report in reports:
        counts.update(report["counts"])
        kills.update(report["kills"])
        for program, kib in report["peak_kib"].items():
            peaks[program] = max(peaks.get(program, 0), kib)
    acknowledged = sorted(report["acknowledged_s"] for report in reports)
    wrong = [violation for report in reports for violation in report["violations"]]
    return {
        "days": len(reports), "minutes": round(seconds / 60, 1),
        "with loteria-central": sum("central" in report["kind"] for report in reports),
        "with CURVE": sum("CURVE" in report["kind"] for report in reports),
        "kills": sum(kills.values()), "kills by program": dict(sorted(kills.items())),
        "kills of everything at once": counts["kill all"],
        **{name: counts[kind] for kind, name in KINDS.items()},
        **{what: counts[what] for what in ("agencies that still sold when faults stopped",
                                           "bets under way when faults stopped")},
        "lives of agencies": counts["lives of agencies"], "looks in mid-day": counts["looks in mid-day"],
        "bets sold": counts["bets"], "acknowledged": counts["acknowledged"],
        "lost (violations of I1)": sum("I1 " in violation for violation in wrong),
        "duplicated (of I2)": sum("I2 " in violation for violation in wrong),
        "draws": counts["draws"], "results told": counts["results told"],
        "days with results under fire": counts["days with results under fire"],
        "days asked again": counts["asked again"],
        "slowest acknowledgement after faults, s": round(max(acknowledged, default=0), 1),
        "median of it, s": round(acknowledged[len(acknowledged) // 2], 1) if acknowledged else 0,
        f"days over {day.ACKNOWLEDGED_S} s": sum(took > day.ACKNOWLEDGED_S for took in acknowledged),
        "slowest end after faults, s": round(max((report["ended_s"] for report in reports), default=0), 1),
        "peak memory, KiB": dict(sorted(peaks.items())),
        "violations": len(wrong), "seeds that failed": [r["seed"] for r in reports if r["violations"]],
    }  # fmt: skip


def text_of(summary):
    return "\n" + "\n".join(f"{name}: {value}" for name, value in summary.items())


if __name__ == "__main__":
    sys.exit(main())
