"""Whatever is killed while agencies sell or wait: every bet is stored once, every agency is told
its winners, and there is one draw.

Agencies are paced, so that a kill is in mid-run: after bets.csv has begun to grow, long before
anybody has sold everything.
"""

import contextlib
import os
import re
import signal

import pytest

import loteria

PARTS = ["loteria-worker", "loteria-broker", "loteria-state", "loteria-storage"]
COUNTS = {1: 600, 2: 500, 3: 550}
WINNERS = {1: (0, 300, 599), 2: (250,), 3: ()}
PACE = ("--batch-count", 10, "--loop-period", "20ms")  # 1.2 seconds for 600 bets
BEGUN = 10_000  # bytes of bets.csv, which will have 80,000


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
            for agency, count in COUNTS.items()}


def sell_until_begun(day, files):
    agencies = day.sell(files, *PACE)
    day.wait_for_csv(BEGUN)
    assert_in_mid_run(day)
    return agencies


def assert_in_mid_run(day):
    assert "action: agencia_lista" not in day.log, "somebody has sold everything: this was to happen before"


def kill_part(day, name):
    """Kill it and wait until loteria-central has noticed."""
    pid, noticed = day.pid(name), f"proceso | result: fail | name: {name.removeprefix('loteria-')} | ended: signal 9"
    before = day.log.count(noticed)
    os.kill(pid, signal.SIGKILL)
    loteria.wait_until(lambda: day.log.count(noticed) > before, explain=lambda: f"never logged {noticed}:\n{day.log}")


def assert_ends_soundly(day, files, agencies):
    loteria.assert_day_ends(day, files, agencies)
    assert day.stop() == 0, day.log
    day.assert_sound()


@contextlib.contextmanager
def frozen(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.asan) if name == "loteria-storage" else name
                                  for name in PARTS])
def test_a_part_is_killed_in_mid_run(central, files, name):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    kill_part(day, name)
    assert_in_mid_run(day)
    assert_ends_soundly(day, files, agencies)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_told_to_stop_in_mid_run(central, files, name):
    """It ends well, and is wanted all the same."""
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    os.kill(day.pid(name), signal.SIGTERM)
    day.process.wait_for_log(rf"proceso \| result: fail \| name: {name.removeprefix('loteria-')} \| ended: status 0")
    assert_ends_soundly(day, files, agencies)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_killed_while_agencies_wait_for_the_draw(central, files, name):
    day = central(agencies=3)
    agencies = day.sell({1: files[1], 2: files[2]})
    day.process.wait_for_log("action: agencia_lista", count=2)
    kill_part(day, name)
    agencies[3] = day.agency(3, files[3])
    assert_ends_soundly(day, files, agencies)


@pytest.mark.parametrize("name, felt", [("loteria-state", "action: venta"), ("loteria-storage", "no answer|reason: UNAVAILABLE")])
def test_a_part_is_killed_with_letters_unread(central, files, name, felt):
    """It hangs while the last agency sells or asks for its results; what it did not read is lost."""
    day = central(agencies=3)
    agencies = day.sell({1: files[1], 2: files[2]})
    day.process.wait_for_log("action: agencia_lista", count=2)
    third = day.agency(3, files[3], *PACE)
    day.wait_for_csv(sum(os.path.getsize(files[agency]) for agency in (1, 2)) + BEGUN)
    with frozen(day.pid(name)):
        third.wait_for_log(felt)
        kill_part(day, name)
    assert_ends_soundly(day, files, {**agencies, 3: third})


def test_an_agency_is_killed_in_mid_run(central, files):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    agencies[1].kill()
    assert_in_mid_run(day)
    agencies[1] = day.agency(1, files[1], *PACE)
    assert_ends_soundly(day, files, agencies)


def test_the_central_is_killed_in_mid_run(central, files):
    """Its children end with it, and the agencies find the next one."""
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    day.kill()
    assert_in_mid_run(day)
    day.start()
    assert_ends_soundly(day, files, agencies)


def test_everything_of_the_central_is_killed_at_once(central, files):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    day.kill_all()
    assert_in_mid_run(day)
    day.start()
    assert_ends_soundly(day, files, agencies)


def test_everything_and_everybody_is_killed_at_once(central, files):
    day = central(agencies=3)
    for process in sell_until_begun(day, files).values():
        process.kill()
    day.kill_all()
    day.start()
    assert_ends_soundly(day, files, day.sell(files))


def test_the_central_is_stopped_and_started_in_mid_run(central, files):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    day.restart()
    assert_ends_soundly(day, files, agencies)


def test_a_worker_hangs_for_a_while(central, files):
    """It is taken for dead, the letters that it may have go to the other one, and it is taken back."""
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    with frozen(day.pid("loteria-worker")):
        day.process.wait_for_log(r"worker_baja \| .* \| reason: it is silent \| workers: 1 \| taken_back: \d+")
    day.process.wait_for_log(r"worker_alta \| result: success \| workers: 2 ", count=2)
    assert_ends_soundly(day, files, agencies)


def test_all_workers_hang_for_a_while(central, files):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    with frozen(*day.pids("loteria-worker")):
        day.process.wait_for_log(r"worker_baja \| .* \| workers: 0 ")
        assert_in_mid_run(day)
    assert_ends_soundly(day, files, agencies)


def test_all_workers_are_killed_one_after_another(central, files):
    day = central(workers=3, agencies=3)
    day.process.wait_for_log("action: worker_alta", count=3)
    workers = day.pids("loteria-worker")
    agencies = sell_until_begun(day, files)
    for killed, pid in enumerate(workers, 1):
        os.kill(pid, signal.SIGKILL)
        day.process.wait_for_log("action: worker_alta", count=3 + killed)
    assert not set(workers) & set(day.pids("loteria-worker"))
    assert_ends_soundly(day, files, agencies)


def test_storage_is_killed_again_and_again(central, files):
    day = central(agencies=3)
    agencies = sell_until_begun(day, files)
    for life in range(2, 5):
        kill_part(day, "loteria-storage")
        day.process.wait_for_log(r"action: almacenamiento \| result: success", count=life)
        assert_in_mid_run(day)
        day.wait_for_csv(day.csv_bytes() + 2000)
    assert_ends_soundly(day, files, agencies)


def test_workers_come_and_go_in_mid_run(central, start, files):
    day = central(workers=1, agencies=3)
    agencies = sell_until_begun(day, files)
    joined = []
    for workers in (2, 3):
        joined.append(start("loteria-worker", *day.worker_arguments()))
        day.process.wait_for_log(rf"worker_alta \| result: success \| workers: {workers} ")
    assert_in_mid_run(day)
    for left, worker in enumerate(joined):
        assert worker.stop() == 0
        loteria.parse_log(worker.log)
        day.process.wait_for_log(r"worker_baja \| result: success \| reason: it takes its leave", count=left + 1)
    assert_ends_soundly(day, files, agencies)


def test_only_new_workers_are_left(parts, start, files):
    """All that were there when the agencies began have gone: workers remember nothing."""
    day = parts(agencies=3)
    agencies = sell_until_begun(day, files)
    workers = day.commands["loteria-worker"]
    new = start("loteria-worker", *workers[:-1], 1)
    day.parts["loteria-broker"].wait_for_log("action: worker_alta", count=3)
    assert day.parts.pop("loteria-worker").stop() == 0
    assert_in_mid_run(day)
    loteria.assert_day_ends(day, files, agencies)
    assert new.stop() == 0


def test_parts_started_by_hand(parts, files):
    day = parts(workers=3, agencies=3)
    day.parts["loteria-broker"].wait_for_log("action: worker_alta", count=3)
    assert_ends_soundly(day, files, day.sell(files))


@pytest.mark.parametrize("order", [PARTS, PARTS[::-1]], ids=["outside-first", "inside-first"])
def test_parts_may_start_in_any_order(parts, files, order):
    day = parts(workers=2, agencies=3, start=False)
    agencies = day.sell(files)
    for process in agencies.values():
        process.wait_for_log("action: config")
    for name in order:
        day.start(name).wait_for_log("result: success")
    assert_ends_soundly(day, files, agencies)


def test_parts_by_hand_are_killed_in_turn(parts, files):
    """Nobody restarts them but the operator; and each stays away until the others have felt it."""
    day = parts(workers=3, agencies=3)
    agencies = sell_until_begun(day, files)
    for name in reversed(PARTS):
        assert_in_mid_run(day)
        part = day.parts[name]
        workers = loteria.children_of(part.pid) if name == "loteria-worker" else []
        part.kill()
        loteria.wait_until(lambda: not any(map(loteria.runs, workers)), explain=lambda: "orphaned workers run on")
        day.start(name).wait_for_log("result: success")
    assert_ends_soundly(day, files, agencies)


def test_agencies_give_up_a_central_that_is_gone(central, files):
    day = central(agencies=3)
    day.process.wait_for_log("action: apertura")
    agencies = day.sell(files, *PACE, "--patience", 1)
    day.wait_for_csv(BEGUN)
    assert day.stop() == 0
    for process in agencies.values():
        assert process.wait() == 1
        # nobody listens there, or what was the last to be tried was closed by the central that was ending
        assert re.search(r"agencia \| result: fail .*reason: the central has not answered for 1 s: (nobody|somebody) listens there",
                         process.log), process.log
    day.start()
    assert_ends_soundly(day, files, day.sell(files))
