"""A batch of an agency's run that was killed arrives, in a provable draw, when the next run has written down what it commits to."""

import json
import subprocess

import loteria
import wire


def run(name, *arguments):
    return subprocess.run([loteria.program(name), *map(str, arguments)], capture_output=True, text=True,
                          env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE, check=False)


def start_state(day):
    day.start("loteria-state", "--number", "provable")


def test_what_a_killed_run_had_under_way_comes_too_late(parts, tmp_path):
    keys, folder = tmp_path / "keys", tmp_path / "receipts"
    assert run("loteria-keys", "new", "--agencies", 1, "--demo", "--keys", keys).returncode == 0
    day = parts(workers=1, agencies=1, keys=keys, start=False)
    for name in ("loteria-storage", "loteria-broker", "loteria-worker"):
        day.start(name)
    start_state(day)
    sold = loteria.make_bets(tmp_path / "bets.csv", 1, 10)
    assert day.agency(1, sold, "--sell-only", "--receipts", folder).wait() == 0
    with wire.Client(day.server, **wire.curve(keys / "agency-1")) as killed:
        assert killed.hello(1).next == 10

        # The next run has written down what it commits to; state goes by another name, and signs no receipt.
        name = keys / "state" / "name"
        before = name.read_bytes()
        name.write_text("another\n")
        day.parts["loteria-state"].kill()
        start_state(day)
        agency = day.agency(1, None, "--close", "--receipts", folder)
        loteria.wait_until(lambda: (folder / "commit").exists() or agency.popen.poll() is not None, explain=lambda: agency.log)
        late = killed.refused(wire.batch(1, 10, wire.bets(5)))
        assert (late.code, late.expected) == ("CLOSED", 10)

        name.write_bytes(before)
        day.parts["loteria-state"].kill()
        start_state(day)
        assert agency.wait() == 0, agency.log + day.log
        told = json.loads(agency.stdout)
        assert told["committed"] and told["proven"], told
    assert day.stop() == 0, day.log
    day.assert_sound()
