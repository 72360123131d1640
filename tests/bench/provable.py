"""A provable draw beside a plain one: what selling costs, and how long it is from the last agency that asks to the
last that has its winners.

Both have CURVE, and agencies that keep their bets in a folder, which a provable draw needs.
"""

import subprocess
import time

import draws
import peers
from peers import loteria, wire

TIME_AT = 64  # in a record


def played(scratch, files, provable):
    """Real agencies sell their files at once, then all ask for their results at the same time."""
    with peers.directory_of(scratch, "provable") as directory:
        arguments = ("--number", "provable" if provable else "random")
        day = loteria.Central(directory, 2, len(files), keys=keys_of(directory / "keys", len(files)), arguments=arguments)
        try:
            day.process.wait_for_log(r"worker_alta \| result: success", 2)
            folders = {number: ("--receipts", directory / f"receipts-{number}") for number in files}
            started = time.monotonic()
            figures = peers.sold(started, {number: day.agency(number, path, "--sell-only", "--quiet", *folders[number])
                                           for number, path in files.items()})
            for process in [day.agency(number, None, "--close", "--quiet", *folders[number]) for number in files]:
                peers.reap(process)
            assert day.stop() == 0, day.log[-2000:]
        finally:
            day.kill_clients()
            day.stop()
        figures |= peers.stored(day)
        figures["bets_per_second"] = figures["bets"] / figures["seconds"]
        at = records((day.data / "bets.index").read_bytes())
        figures |= {"draw_ms": max(at[b"V"]) - (committed_ms(folders) if provable else max(at[b"S"])),
                    "settled_ms": max(at[b"V"]) - max(at[b"Y" if provable else b"S"])}
        figures["scan"] = peers.bench("bench-scan", "--data-dir", day.data, "--agencies", len(files))
        draws.check(day.data)
    return figures


def keys_of(folder, agencies):
    """With the agencies' signing keys: for a measurement the operator may make them."""
    subprocess.run([loteria.program("loteria-keys"), "new", "--demo", "--keys", folder, "--agencies", str(agencies)],
                   check=True, capture_output=True, env=loteria.ENVIRONMENT)
    return folder


def records(index):
    """When each was written, by kind: milliseconds. S: an agency's READY has come. Y: storage has been through its bets,
    as well, and found what it committed to. V: it has its winners."""
    at = {}
    for place in range(wire.RECORD_BYTES, len(index), wire.RECORD_BYTES):
        kind, moment = index[place:place + 1], index[place + TIME_AT:place + TIME_AT + 8]
        at.setdefault(kind, []).append(int.from_bytes(moment, "big"))
    return at


def committed_ms(folders):
    """When the last agency's commitment got its name in the agency's folder: it is sent as soon as that is durable, too."""
    return max((folder / "commit").stat().st_ctime_ns // 1_000_000 for _, folder in folders.values())
