"""loteria-central and its parts: what ends them, and what does not."""

import os
import random
import signal

import pytest

import loteria

PARTS = ("loteria-storage", "loteria-state", "loteria-broker", "loteria-worker")
CENTRALS_WORDS = ("central", "proceso", "shutdown")


def kill_part(day, name, killed):
    """One that was not killed yet, as soon as there is one."""
    pid = loteria.wait_until(lambda: next((pid for pid in day.pids(name) if pid not in killed), None),
                             explain=lambda: f"no {name} runs:\n{day.process.log}")
    killed.add(pid)
    os.kill(pid, signal.SIGKILL)


def test_however_often_parts_are_killed_the_central_stays(central, tmp_path):
    """One of them seven times, as soon as it is there again; and any, among it, as the seed has it."""
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 3000, winners=(7, 2999))}
    day = central(workers=2, agencies=1)
    agencies = day.sell(files, "--batch-count", 50, "--patience", 0)
    dice, killed = random.Random(10), set()
    for _ in range(7):
        kill_part(day, "loteria-broker", killed)
        if dice.random() < 0.7:
            kill_part(day, dice.choice(PARTS), killed)
    loteria.assert_day_ends(day, files, agencies)
    assert day.process.popen.poll() is None
    assert "CRITICAL" not in day.log


def no_keys(tmp_path):
    return ["--keys", tmp_path / "nowhere"]


def foreign_log(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bets.log").write_bytes(b"something else " * 10)
    return []


def bad_worker_section(tmp_path):
    path = tmp_path / "loteria.cfg"
    path.write_text("worker\n    credit = none\n")
    return ["--config", path]


@pytest.mark.parametrize("reason, said", [(no_keys, "nowhere"), (foreign_log, "checkpoint."),
                                          (bad_worker_section, "credit")],
                         ids=["no keys", "foreign log", "a part's settings"])  # fmt: skip
def test_a_start_that_cannot_go_well_ends_with_its_reason_once(start, tmp_path, reason, said):
    arguments = reason(tmp_path)
    central = start("loteria-central", "--workers", 4, "--data-dir", tmp_path / "data", "--listen",
                    f"tcp://127.0.0.1:{loteria.free_port()}", *arguments)
    assert central.wait() == 2
    reasons = [line for line in central.log.splitlines() if said in line and "in_progress" not in line]
    assert len(reasons) == 1, central.log
    assert "restart_in_ms" not in central.log


def test_workers_without_keys_say_so_once(start, tmp_path):
    group = start("loteria-worker", "--count", 4, "--keys", tmp_path / "nowhere")
    assert group.wait() == 2
    entry, = loteria.parse_log(group.log)
    assert str(tmp_path / "nowhere") in entry["reason"]


def test_a_part_that_cannot_start_any_more_does_not_end_the_day(central, tmp_path):
    """And the day goes on once it can."""
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))}
    day = central(workers=1, agencies=1, keys=True)
    day.process.wait_for_log("action: worker_alta")
    roll = next(path for path in (day.keys / "broker").rglob("*") if path.is_file() and "secret" in path.name)
    whole = roll.read_bytes()
    roll.write_bytes(b"no key")
    kill_part(day, "loteria-broker", set())
    day.process.wait_for_log(r"name: broker \| ended: status 2 \| restart_in_ms: 5000")
    roll.write_bytes(whole)
    loteria.assert_day_ends(day, files, day.sell(files))


def test_a_central_waits_for_what_a_killed_one_left(central, start):
    """Its storage, held up, still has the files; whoever comes next says that he waits, and goes on."""
    first = central(workers=1, agencies=1)
    first.process.wait_for_log("action: worker_alta")
    storage, children, run_directory = first.pid("loteria-storage"), first.children(), first.run_directory()
    os.kill(storage, signal.SIGSTOP)
    first.process.kill()
    second = start("loteria-central", "--workers", 1, "--agencies", 1, "--data-dir", first.data, "--listen",
                   f"tcp://{first.server}")
    second.wait_for_log(r"action: espera \| result: in_progress \| reason: .*bets.log: another process is using it")
    os.kill(storage, signal.SIGCONT)
    second.wait_for_log("action: worker_alta")
    loteria.wait_until(lambda: not any(map(loteria.runs, children)))
    assert second.stop() == 0
    assert not run_directory.exists()
