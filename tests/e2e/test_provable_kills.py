"""A provable draw whose central is killed whenever another note is on disk: it goes on with the same ones."""

import itertools
import json
import shutil
import subprocess

import loteria

COUNTS = {1: 200, 2: 40, 3: 0}
VICTIMS = (("loteria-state",), ("loteria-storage",), ("loteria-state", "loteria-storage"))
OPTIONS = {"loteria-state": ("--number", "provable", "--least", "2")}
NOTES = ("open.note", "seal.note", "result.note")


def run(name, *arguments):
    return subprocess.run([loteria.program(name), *map(str, arguments)], capture_output=True, text=True,
                          env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE, check=False)


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_state_and_storage_are_killed_at_each_note(parts, tmp_path):
    keys = tmp_path / "keys"
    assert run("loteria-keys", "new", "--agencies", 3, "--demo", "--keys", keys).returncode == 0
    day = parts(agencies=3, keys=keys, start=False)
    for name in reversed(day.commands):
        day.start(name, *OPTIONS.get(name, ()))
    folders = {agency: tmp_path / f"receipts-{agency}" for agency in COUNTS}
    agencies = {}
    for agency, count in COUNTS.items():
        bets = loteria.make_bets(tmp_path / f"{agency}.csv", agency, count)
        agencies[agency] = day.agency(agency, bets, "--receipts", folders[agency])

    notes, seen, kills = day.data / "draws/first/notes", 0, 0

    def over():
        return all(process.popen.poll() is not None for process in agencies.values())
    for victims in itertools.cycle(VICTIMS):
        loteria.wait_until(lambda: size_of(notes) > seen or over(), explain=lambda: day.log, pause_s=0.001)
        if over():
            break
        seen, kills = size_of(notes), kills + 1
        for name in victims:
            day.parts[name].kill()
        for name in victims:
            day.start(name, *OPTIONS.get(name, ()))

    told = {}
    for agency, process in agencies.items():
        assert process.wait() == 0, process.log + day.log
        told[agency] = json.loads(process.stdout)
    assert kills >= 5  # of nine notes, of which some are written together
    assert len({(one["open"], one["seal"], one["number"]) for one in told.values()}) == 1
    for name in NOTES:  # all were shown the same
        assert len({(folder / name).read_bytes() for folder in folders.values()}) == 1, name
    published = tmp_path / "published"
    published.mkdir()
    for name, folder in [(name, folders[1]) for name in NOTES] + [
            (f"{kind}-{agency}.note", folder) for agency, folder in folders.items() for kind in ("ready", "seal")]:
        shutil.copy(folder / name, published)
    checked = run("loteria-verify", published, "--open", told[1]["open"])
    assert checked.returncode == 0 and checked.stdout.endswith("holds       the draw is made\n"), checked.stdout
    assert day.stop() == 0, day.log
    day.assert_sound()
