"""loteria-verify, as an auditor types it, on the golden draw of tests/vectors/fair."""

import re
import shutil
import subprocess

import pytest

import loteria

VECTORS = loteria.ROOT / "tests/vectors/fair"


def verify(*arguments):
    return subprocess.run([loteria.program("loteria-verify"), *arguments], capture_output=True, text=True,
                          timeout=loteria.DEADLINE)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(VECTORS / "draw", tmp_path / "noche")


def test_a_draw_holds(folder):
    said = verify(folder, "--ticket", VECTORS / "ticket.txt", "--receipt", folder / "ready-4.note")
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert lines[-1].split(None, 1) == ["holds", "the draw is made"]
    steps = list(dict.fromkeys(line.split()[0] for line in lines))
    assert steps == ["open", "receipts", "seal", "signatures", "result", "bets", "receipt", "ticket", "holds"]


def test_what_does_not_hold_is_the_last_line(folder):
    bets = folder / "bets.csv"
    bets.write_bytes(bets.read_bytes().replace(b"Ana", b"Eva", 1))
    said = verify(folder)
    assert said.returncode == 1
    assert re.fullmatch("bets +DOES NOT HOLD: the bets of agency 1 are not those that were sealed",
                        said.stdout.splitlines()[-1])


def test_the_open_note_is_the_one_that_others_were_shown(folder):
    shown = re.search(r"O = (\w{64})", verify(folder).stdout).group(1)
    assert verify(folder, "--open", shown).returncode == 0
    other = verify(folder, "--open", shown[::-1])
    assert other.returncode == 1 and "others were shown another" in other.stdout.splitlines()[-1]


def test_without_the_bets_the_notes_hold(folder):
    for name in ("bets.csv", "cancelled.csv", "salts-1.txt", "salts-4.txt", "salts-7.txt"):
        (folder / name).unlink()
    said = verify(folder)
    assert said.returncode == 0 and "bets.csv is not here" in said.stdout


@pytest.mark.parametrize("arguments, why", [
    ([], "wants one folder"),
    (["a", "b"], "wants one folder"),
    (["nowhere"], "nowhere cannot be read, No such file or directory"),
    ([VECTORS / "draw", "--ticket", "nothing"], "nothing cannot be read, No such file or directory"),
    ([VECTORS / "draw", "--receipt", VECTORS], "cannot be read, Is a directory"),
    ([VECTORS / "draw", "--open", "12"], "--open wants 64 lower-case hexadecimal digits"),
    (["--nonsense"], "unrecognized option '--nonsense'"),
])  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_line(arguments, why):
    said = verify(*arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert why in said.stderr and said.stderr.count("\n") == 1


def test_it_opens_no_socket_and_loads_no_zeromq(folder):
    trace = folder / "trace"
    done = subprocess.run(["strace", "-f", "-o", trace, "-e", "trace=%network,openat", loteria.program("loteria-verify"),
                           folder], capture_output=True, timeout=loteria.DEADLINE)
    assert done.returncode == 0
    assert "open.note" in trace.read_text()
    assert not re.search(r"\bsocket\(|libzmq|libczmq", trace.read_text())


def test_the_documents_draw_is_the_golden_one():
    """docs/fairness.md tells the formats; the texts in it have the golden ones' lines."""
    text = (loteria.ROOT / "docs/fairness.md").read_text()
    for kind in ("open", "ready", "seal", "result", "void"):
        assert re.search(rf"^    {kind} v1$", text, re.M)
    for name in ("open", "seal", "result"):
        golden = (VECTORS / f"draw/{name}.note").read_text().split("\n\n")[0].splitlines()
        section = re.search(rf"### {name}\n\n((?:    .*\n)+)", text).group(1).splitlines()
        words = [line.split()[0] for line in section]
        assert list(dict.fromkeys(words)) == list(dict.fromkeys(line.split()[0] for line in golden))
