"""loteria-ctl draw notes, attest and reveal, in front of a state and a storage that are played with the golden draw."""

import base64
import json
import subprocess

import pytest

import loteria
import played_notes

VECTORS = loteria.ROOT / "tests/vectors/fair/draw"
NONCE = 32 * "a5"


def golden(*without):
    return {path.name: path.read_bytes() for path in VECTORS.iterdir() if path.name not in without}


@pytest.fixture
def ctl(tmp_path):
    """ctl(CENTRAL, ARGUMENT...): what came of it."""
    def run(central, *arguments):
        places = central.arguments if "notes" in arguments else ("--state", central.state)
        return subprocess.run([loteria.program("loteria-ctl"), *places, "--timeout", "60s", *arguments], cwd=tmp_path,
                              env={**loteria.ENVIRONMENT, "LOTERIA_DATA_DIR": "day"}, capture_output=True, text=True,
                              timeout=loteria.DEADLINE)

    return run


def verified(folder):
    done = subprocess.run([loteria.program("loteria-verify"), folder], capture_output=True, text=True, timeout=loteria.DEADLINE)
    return done.returncode, done.stdout + done.stderr


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_is_what_loteria_verify_takes(ctl, tmp_path):
    published = {name: data for name, data in golden().items() if name.endswith(".note")}
    with played_notes.Notes(golden()) as central:
        central.page = 300  # several for each
        done = ctl(central, "draw", "notes", "noche", "notes")
        assert done.returncode == 0 and done.stderr == "", done
        assert done.stdout == ("noche: open, 2 of 3 agencies have a receipt, sealed, 2 have revealed, result: "
                               "7 files in notes, 7 new\n")
        assert files_in(tmp_path / "notes") == published
        assert not any(which in "KB" for which, *_ in central.asked), "nobody wanted salt keys, and no auditor is there"
        status, said = verified(tmp_path / "notes")
        assert status == 0 and "the number is 6" in said, said
        again = ctl(central, "draw", "notes", "notes", "--json")  # the only one that there is
        assert again.returncode == 0, again
        told = json.loads(again.stdout)
        assert (told["draw"], told["new"], told["differ"]) == ("noche", 0, 0)
        assert {one["file"]: one["is"] for one in told["files"]} == dict.fromkeys(published, "same")


def test_what_differs_stays_and_is_said_loudly(ctl, tmp_path):
    files = golden("result.note")
    with played_notes.Notes(files, phase="sealed") as central:
        assert ctl(central, "draw", "notes", "notes").returncode == 0
        other = files["seal.note"].replace(b"sealed 1764104977", b"sealed 1764104978")
        files["seal.note"] = other
        files["result.note"] = golden()["result.note"]
        done = ctl(central, "draw", "notes", "notes")
    assert done.returncode == 1, done
    assert "file: notes/seal.note | reason: THE CENTRAL HAS ANOTHER ONE" in done.stderr and "nothing was replaced" in done.stderr
    found = files_in(tmp_path / "notes")
    assert found["seal.note"] == golden()["seal.note"] and found["seal.note.other"] == other
    assert found["result.note"] == golden()["result.note"], "what is new is added all the same"


def test_a_folder_of_another_draw_is_left_alone(ctl, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/open.note").write_bytes(golden()["open.note"].replace(b"/noche\n", b"/tarde\n", 1))
    before = files_in(tmp_path / "notes")
    with played_notes.Notes(golden()) as central:
        done = ctl(central, "draw", "notes", "noche", "notes")
    assert done.returncode == 1 and "notes has the notes of loteria/nacional/tarde: give each draw a folder of its own" in done.stderr, done
    assert done.stdout == "" and done.stderr.count("\n") == 1 and files_in(tmp_path / "notes") == before


def test_a_seal_that_the_auditor_stands_in_for_is_not_the_agencys(ctl, tmp_path):
    files = golden("result.note")
    files["seal-4.note"] = files["seal.note"]  # the operator alone has signed
    with played_notes.Notes(files, phase="sealed") as central:
        assert ctl(central, "draw", "notes", "notes").returncode == 0
    assert {"seal-1.note", "seal.note"} <= {*files_in(tmp_path / "notes")} and not (tmp_path / "notes/seal-4.note").exists()


def test_with_the_bets(ctl, tmp_path):
    files = golden()
    folder = tmp_path / "day/draws/noche"
    folder.mkdir(parents=True)
    for name in ("bets.csv", "cancelled.csv"):
        (folder / name).write_bytes(files[name])
    with played_notes.Notes(files) as central:
        done = ctl(central, "draw", "notes", "notes", "--with-bets")
        assert done.returncode == 0, done
        assert files_in(tmp_path / "notes") == files
        assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "notes").iterdir()), "people's data"
        status, said = verified(tmp_path / "notes")
        assert status == 0, said
        for name in ("seal.note", "result.note", "seal-1.note", "seal-4.note"):
            del files[name]
        central.phase = "open"
        done = ctl(central, "draw", "notes", "early", "--with-bets")
        assert done.returncode == 1 and "it is not sealed" in done.stderr
        assert {*files_in(tmp_path / "early")} == {"open.note", "ready-1.note", "ready-4.note"}


def test_clear_errors(ctl, tmp_path):
    with played_notes.Notes({}, phase="open") as central:
        assert (1, "it has no open note yet") == wrong(ctl(central, "draw", "notes", "noche", "notes"), "it has no open note yet")
        assert not (tmp_path / "notes").exists()
        assert (7, "there is no such draw") == wrong(ctl(central, "draw", "notes", "tarde", "notes"), "there is no such draw")
        central.files["open.note"] = b"junk\n"
        assert (1, "no note (the open note is none)") == wrong(ctl(central, "draw", "notes", "noche", "notes"), "no note (the open note is none)")
        central.source = "R"
        assert (1, "its number is random") == wrong(ctl(central, "draw", "notes", "noche", "notes"), "its number is random")
        (tmp_path / "file").write_text("")
        central.source, central.files = "P", golden()
        assert (1, "cannot be made") == wrong(ctl(central, "draw", "notes", "noche", "file"), "cannot be made")
        assert (2, "usage: loteria-ctl draw notes") == wrong(ctl(central, "draw", "notes"), "usage: loteria-ctl draw notes")


def wrong(done, words):
    assert words in done.stderr, done
    return done.returncode, words


def test_what_an_auditor_makes_is_handed_in(ctl, tmp_path):
    seal = golden()["seal.note"].decode()
    signature = bytes(range(64))
    line = f"— loteria/nacional/noche/auditor {base64.b64encode(bytes(4) + signature).decode()}\n"
    (tmp_path / "seal-auditor.note").write_text(seal + line)
    (tmp_path / "nonce-4.txt").write_text(NONCE + "\n")
    with played_notes.Notes(golden("result.note"), phase="sealed") as central:
        done = ctl(central, "draw", "attest", "seal-auditor.note")
        assert done.returncode == 0 and done.stdout.startswith("noche: sealed"), done
        order = central.told["U"]
        assert order.name_and_note.startswith(b"noche" + signature), order
        done = ctl(central, "draw", "reveal", "nonce-4.txt", "--json")  # of the draw that is sealed
        assert done.returncode == 0 and json.loads(done.stdout)["phase"] == "sealed", done
        order = central.told["A"]
        assert order.agency == 4 and order.name_and_note.startswith(b"noche" + bytes.fromhex(NONCE)), order
        assert NONCE not in done.stdout + done.stderr
        assert (2, "it is of another draw") == wrong(ctl(central, "draw", "attest", "tarde", "seal-auditor.note"), "it is of another draw")
        (tmp_path / "seal.note").write_text(seal)
        assert (2, "has not signed it") == wrong(ctl(central, "draw", "attest", "seal.note"), "has not signed it")
        assert (2, "No such file") == wrong(ctl(central, "draw", "reveal", "nonce-5.txt"), "No such file")
        assert (2, "its name has to say") == wrong(ctl(central, "draw", "reveal", "seal.note"), "its name has to say")
        central.phase = "drawn"
        assert (1, "no draw is sealed") == wrong(ctl(central, "draw", "reveal", "nonce-4.txt"), "no draw is sealed")
