"""A disk that is full, and one that is slow: real processes on a small tmpfs, and under strace."""

import contextlib
import os
import re
import subprocess
import types

import pytest

import loteria
import strace
import wire

PAGE = 4096
ROLL = 40  # more events than a page of the index has records
COUNTS = {1: 6000, 2: 5500}
WINNERS = {1: (0, 700, 5999), 2: (1199,)}
SLOW_SECONDS = 2.5  # longer than anything in the central waits for another: 2 s
SLOW = (2, 3)  # of the syncs of its log, by thread


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
            for agency, count in COUNTS.items()}


@pytest.fixture
def disk(tmp_path):
    """24 MiB at tmp_path / "data", in a mount namespace that ends with the process that holds it;
    the others get there by way of that process's root."""
    mountpoint = tmp_path / "disk"
    mountpoint.mkdir()
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f"mount -t tmpfs -o size=24m tmpfs {mountpoint} && echo && exec cat"
    holder = subprocess.Popen(
        ["unshare", "--mount", *as_root, "sh", "-c", mount],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if holder.stdout.readline() != b"\n":
        pytest.skip(f"no small disk can be mounted here: {holder.communicate()[1].decode().strip()}")
    root = tmp_path / "data"
    root.symlink_to(f"/proc/{holder.pid}/root{mountpoint}")
    yield types.SimpleNamespace(root=root, ballast=root / "ballast", free=lambda: free_bytes(root))
    holder.communicate()


def free_bytes(path):
    about = os.statvfs(path)
    return about.f_bavail * about.f_frsize


def fill(disk, leave=0):
    with open(disk.ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.free() - leave)
    assert disk.free() == leave


def test_a_full_disk_refuses_and_selling_resumes(disk, central, files):
    """It fills in mid-run; everything is killed and started again with no room; then there is room."""
    day = central(agencies=2)
    wire.wait_for_central(day.server)  # the log has its room
    fill(disk, leave=12 * PAGE)  # less than either agency's file takes
    agencies = day.sell(files, "--batch-count", 20)
    wait_until_full(day)
    assert disk.free() < PAGE
    day.kill_all()
    day.assert_sound()
    assert_prefixes(day, files)
    day.start()
    wait_until_full(day)
    assert all(agency.popen.poll() is None for agency in agencies.values())
    assert_prefixes(day, files)
    disk.ballast.unlink()
    loteria.assert_day_ends(day, files, agencies)
    assert "ended:" not in day.log, "a part ended for want of space"
    assert day.stop() == 0
    day.assert_sound()


def wait_until_full(day):
    for agency in COUNTS:
        day.process.wait_for_log(rf"apuesta_recibida \| result: fail .*agency: {agency} .*code: NOSPACE", count=2)


def assert_prefixes(day, files):
    """Each agency's bets as far as they go, and not all of them."""
    stored = loteria.stored_by_agency(day.data)
    for agency, path in files.items():
        rows, own = loteria.rows_of(path), stored.get(agency, [])
        assert own == rows[:len(own)] and len(own) < len(rows)


def test_the_file_that_fails_is_the_one_that_is_named(tmp_path, parts, files):
    """Room ran out for a moment, and was there again; then a sync of the log fails, of all that is going on."""
    day = parts(agencies=1)
    day.parts["loteria-storage"].wait_for_log(r"action: almacenamiento \| result: success")
    assert day.parts["loteria-storage"].stop() == 0
    traced = strace.only_on(day.data / "bets.log", day.data / "bets.csv")
    day.start("loteria-storage", wrapper=strace.under(
        tmp_path / "trace", "-f", *traced, *strace.inject("fallocate", "error=ENOSPC", 1),
        *strace.inject("fdatasync", "error=EIO", 2), "-e", "trace=fallocate,fdatasync"))
    agency = day.agency(1, files[1])
    assert day.parts["loteria-storage"].wait() == 1
    last = loteria.parse_log(day.parts["loteria-storage"].log)[-1]
    assert last["reason"].strip() == f"{day.data}/bets.log cannot be synced, Input/output error", last
    day.start("loteria-storage")
    loteria.assert_day_ends(day, {1: files[1]}, {1: agency})


def test_a_full_disk_can_still_seal_and_draw(disk, central):
    """Room for that is kept: nobody has to wait for the operator to make some."""
    day = central(agencies=ROLL)
    wire.wait_for_central(day.server)
    fill(disk)
    with contextlib.ExitStack() as stack:
        clients = {agency: stack.enter_context(wire.Client(day.server)) for agency in range(1, ROLL + 1)}
        for agency, client in clients.items():
            client.hello(agency)
            last = agency == ROLL
            assert client.ask(wire.simple("READY", agency, 0)).name == ("WINNERS" if last else "WAITING")
        for agency, client in clients.items():
            assert agency == ROLL or client.receive().name == "WINNERS"
            assert client.ask(wire.simple("DONE", agency)).name == "GOODBYE"
    assert loteria.draws(day.log) == 1
    assert "ended:" not in day.log, "a part ended for want of space"
    assert day.stop() == 0
    day.assert_sound()


def test_a_slow_disk_is_waited_for(tmp_path, parts, files):
    """Syncs take longer than any patience inside of the central: nobody is given up, nothing is stored twice, and
    the agencies wait."""
    day, trace = parts(agencies=2, start=False), tmp_path / "trace"
    for name in reversed(day.commands):
        day.start(name, wrapper=slow_syncs(day, trace) if name == "loteria-storage" else ())
    loteria.assert_day_ends(day, files, day.sell(files, "--batch-count", 50))
    assert day.stop() == 0, day.log
    calls = [line for _, line in strace.calls_of(day.parts["loteria-storage"], trace)]
    delayed = [line for line in calls if "(DELAYED)" in line]
    assert 2 <= len(delayed) < len(calls), calls
    left = re.findall(r"worker_baja .*reason: ([^|]*)", day.log)
    assert left == ["it takes its leave "] * day.workers, left
    day.assert_sound()


def slow_syncs(day, trace):
    delay = f"delay_enter={int(SLOW_SECONDS * 1_000_000)}"
    return strace.under(trace, "-f", *strace.only_on(day.data / "bets.log"), "-e", "trace=fdatasync",
                        *strace.inject("fdatasync", delay, "%d..%d" % SLOW))
