"""What an agency's folder has of a provable draw when a run begins may have been written by one that was killed before it was
synced: it survives a power cut before anything that follows from it is signed or sent."""

import subprocess

import loteria
import strace


def traced(day, tmp_path, name, *arguments):
    """The calls of a run that ends well: what it synced and linked, in order."""
    trace = tmp_path / name
    agency = day.agency(1, None, *arguments, wrapper=strace.under(trace, "-e", "trace=fdatasync,fsync,link"))
    assert agency.wait() == 0, agency.log
    return [line for _, line in strace.calls_of(agency, trace)]


def first(calls, call, path):
    return next(index for index, line in enumerate(calls) if line.startswith(call) and f"{path}" in line)


def test_what_an_earlier_run_wrote_is_synced_before_anything_follows_from_it(central, tmp_path):
    keys, folder = tmp_path / "keys", tmp_path / "receipts"
    made = subprocess.run([loteria.program("loteria-keys"), "new", "--agencies", "1", "--demo", "--keys", keys],
                          env=loteria.ENVIRONMENT, capture_output=True, text=True, timeout=loteria.DEADLINE, check=False)
    assert made.returncode == 0, made.stderr
    day = central(workers=1, agencies=1, keys=keys, arguments=("--number", "provable"))
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 20)
    assert day.agency(1, bets, "--sell-only", "--receipts", folder).wait() == 0
    assert day.agency(1, None, "--cancel", 7, "--receipts", folder).wait() == 0

    calls = traced(day, tmp_path, "close", "--close", "--receipts", folder)
    committed = first(calls, "link", f'{folder}/commit"')
    for call, name in (("fdatasync", "/sold.csv>"), ("fdatasync", "/cancelled.csv>"), ("fsync", ">")):
        assert first(calls, call, f"{folder}{name}") < committed, calls
    calls = traced(day, tmp_path, "results", "--results", "--receipts", folder)
    assert first(calls, "fsync", f"{folder}>") == 0, calls

    # What is there is of this draw alone.
    opened = subprocess.run([loteria.program("loteria-ctl"), "--data-dir", day.data, "draw", "open", "noche", "--number", "provable"],
                            env=loteria.ENVIRONMENT, capture_output=True, text=True, timeout=loteria.DEADLINE, check=False)
    assert opened.returncode == 0, opened.stderr
    agency = day.agency(1, bets, "--draw", "noche", "--receipts", folder)
    assert agency.wait() == 1 and "has tickets of draw first" in agency.log, agency.log
    assert not any(action in agency.log for action in ("nota_abierta", "compromiso", "recibo |")), agency.log
