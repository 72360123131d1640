"""An operator that cheats in a provable draw, with real processes: what an honest agency, and whoever verifies, say of it.
Attacks on notes alone are in tests/unit/test_attacks.c, on the auditor in tests/unit/test_auditor.c; an agency's folder that
was put back, and bets that the central has otherwise, in test_provable.py."""

import re
import shutil
import subprocess

import pytest

import loteria


def run(name, *arguments):
    """Exit code; stdout and stderr."""
    done = subprocess.run([loteria.program(name), *map(str, arguments)], env=loteria.ENVIRONMENT, capture_output=True, text=True,
                          timeout=loteria.DEADLINE)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def day(central, tmp_path):
    """A central of two agencies with a provable draw; `--demo`, as it is the operator that plays them."""
    keys = tmp_path / "keys"
    assert run("loteria-keys", "new", "--agencies", 2, "--demo", "--keys", keys)[0] == 0
    return central(workers=1, agencies=2, keys=keys, arguments=("--draw", "noche", "--number", "provable"))


def order(day, *words):
    return run("loteria-ctl", "--data-dir", day.data, "--timeout", "60s", "draw", *words)


def notes_of(day, folder, *what):
    """The notes that there are, once there are those that are asked for."""
    def published():
        return order(day, "notes", "noche", folder)[0] == 0 and all((folder / name).exists() for name in what)

    loteria.wait_until(published, explain=lambda: f"{folder} never had {what}", pause_s=0.05)
    return folder


def back_to(day, copy):
    """The operator starts again from an older copy of the day, or from nothing."""
    assert day.stop() == 0, day.log
    shutil.rmtree(day.data)
    if copy:
        shutil.copytree(copy, day.data, symlinks=True)
    day.start()


def test_a_log_that_is_cut_and_a_second_seal(day, tmp_path):
    bets = {agency: loteria.make_bets(tmp_path / f"bets-{agency}.csv", agency, 30) for agency in (1, 2)}
    folders = {agency: tmp_path / f"receipts-{agency}" for agency in (1, 2)}
    honest = day.agency(1, bets[1], "--receipts", folders[1])
    honest.wait_for_log(r"action: recibo \| result: success")
    code, said = order(day, "excuse", "noche", 1, "--reason", "it won", "--yes")
    assert code == 1 and "agency 1 has already asked" in said, said

    assert day.stop() == 0, day.log
    before = shutil.copytree(day.data, tmp_path / "before", symlinks=True)
    day.start()
    assert day.agency(2, bets[2], "--receipts", folders[2]).wait() == 0
    assert honest.wait() == 0, honest.log
    first = notes_of(day, tmp_path / "first", "result.note")
    assert run("loteria-verify", first)[0] == 0
    code, said = order(day, "void", "noche", "--reason", "the number", "--yes")
    assert code == 1 and "final" in said, said

    # The number does not suit. The log of before the seal comes back, where agency 2 had sold nothing yet.
    back_to(day, before)
    cheated = day.agency(2, bets[2], "--receipts", folders[2])
    assert cheated.wait() == 1 and "was it started on an older copy of its data?" in cheated.log
    colluder = day.agency(2, bets[2], "--receipts", tmp_path / "another")  # so another agency 2 is played
    colluder.wait_for_log(r"action: sello \| result: success")
    kept = {path.name: path.read_bytes() for path in folders[1].iterdir()}
    honest = day.agency(1, None, "--results", "--receipts", folders[1])
    assert honest.wait() == 1 and "draw noche is sealed twice: the seal that agency 1 has signed" in honest.log, honest.log
    signed = {path.name: path.read_bytes() for path in folders[1].iterdir()}
    assert {name: signed[name] for name in kept if name.endswith(".note")} == {
        name: text for name, text in kept.items() if name.endswith(".note")}, "it signed once"
    second = notes_of(day, tmp_path / "second", "seal-2.note")
    assert not (second / "result.note").exists() and not (second / "seal-1.note").exists()
    code, said = run("loteria-verify", second)
    assert code == 0 and "agency 1 has committed, and neither its nonce nor its signed seal is here" in said, said
    code, said = run("loteria-verify", second, "--receipt", first / "seal-1.note")
    assert code == 1 and "the operator has signed this seal and another, seal.note: it has cheated" in said, said

    # And once more from nothing: another open note of the same draw.
    colluder.kill()
    back_to(day, None)
    honest = day.agency(1, bets[1], "--receipts", folders[1])
    assert honest.wait() == 1 and "of another draw noche" in honest.log, honest.log
    third = notes_of(day, tmp_path / "third", "open.note")
    shown = re.search(r"^open\s+O = (\w+)", run("loteria-verify", first)[1], re.M)[1]
    code, said = run("loteria-verify", third, "--open", shown)
    assert code == 1 and "others were shown another: whoever signed both has cheated" in said, said


def test_who_has_not_committed_is_left_out_and_seen(central, tmp_path):
    """An operator that answers nobody, or an agency that stays away: the seal says so, and so does whoever looks."""
    keys = tmp_path / "keys"
    assert run("loteria-keys", "new", "--agencies", 2, "--demo", "--keys", keys)[0] == 0
    day = central(workers=1, agencies=2, keys=keys, arguments=(
        "--draw", "noche", "--number", "provable", "--closes", "never", "--least", "1", "--commits", "1"))
    folders = {agency: tmp_path / f"receipts-{agency}" for agency in (1, 2)}
    for agency, folder in folders.items():
        bets = loteria.make_bets(tmp_path / f"bets-{agency}.csv", agency, 30)
        assert day.agency(agency, bets, "--receipts", folder, "--sell-only").wait() == 0
    code, said = order(day, "close", "noche", "--yes")
    assert code == 0, said
    assert day.agency(1, None, "--close", "--receipts", folders[1]).wait() == 0
    notes = tmp_path / "notes"
    loteria.wait_until(lambda: order(day, "notes", "noche", notes, "--with-bets")[0] == 0 and (notes / "result.note").exists(),
                       explain=lambda: "there is no result", pause_s=0.05)
    code, said = run("loteria-verify", notes)
    assert code == 0 and "1 of 2 agencies have committed" in said, said
    assert "agency 2 has not committed: its 30 bets before the seal are the operator's word" in said
    assert "60 bets of 2 agencies are those that were sealed" in said
    text = (notes / "bets.csv").read_bytes()
    changed = text.replace(b"\n2,", b"\n2,X", 1)
    assert changed != text
    (notes / "bets.csv").write_bytes(changed)
    code, said = run("loteria-verify", notes)
    assert code == 1 and "the bets of agency 2 are not those that were sealed" in said, said
