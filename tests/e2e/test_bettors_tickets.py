"""loteria-agency --ticket: what a bettor takes home of a provable draw, from the agency's folder alone; and that the
picture's QR code has the very same bytes."""

import pathlib
import re
import shutil
import struct
import subprocess
import zlib

import pytest

import loteria

DRAW = loteria.ROOT / "tests/vectors/fair/draw"
AGENCY = 4


def salts_of(agency):
    return (DRAW / f"salts-{agency}.txt").read_text().strip()


@pytest.fixture
def folder(tmp_path):
    """Agency 4's, as it is once the draw of the vectors is sealed."""
    made = tmp_path / "receipts"
    made.mkdir()
    for name in ("open.note", "seal.note"):
        shutil.copy(DRAW / name, made)
    (made / "commit").write_text(f"salts {salts_of(AGENCY)}\n\n{(DRAW / f'ready-{AGENCY}.note').read_text()}")
    prefix = f"{AGENCY},".encode()
    rows = (DRAW / "bets.csv").read_bytes().splitlines(keepends=True)
    (made / "sold.csv").write_bytes(b"".join(row for row in rows if row.startswith(prefix)))
    cancelled = [line.split(",") for line in (DRAW / "cancelled.csv").read_text().splitlines()]
    (made / "cancelled.csv").write_text("".join(
        f"noche-{AGENCY}-{line[0]},2026-11-30T21:00:05Z,{line[-1]},0000000000000007\n" for line in cancelled if line[1] == str(AGENCY)))
    return made


def run(name, *arguments):
    return subprocess.run([loteria.program(name), *map(str, arguments)], capture_output=True, text=True,
                          env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE, check=False)


def count_of(folder):
    return len((folder / "sold.csv").read_bytes().splitlines())


def test_each_bet_has_a_ticket_that_the_verifier_takes(folder):
    for offset in range(count_of(folder)):
        made = run("loteria-agency", "--ticket", offset, "--receipts", folder)
        assert made.returncode == 0, made.stderr
        assert f"action: boleto | result: success | file: {folder}/ticket-{offset}.txt" in made.stderr
        checked = run("loteria-verify", DRAW, "--ticket", folder / f"ticket-{offset}.txt")
        assert checked.returncode == 0, checked.stdout
        assert f"bet {offset} of agency {AGENCY} is in the seal" in checked.stdout
    refused = run("loteria-agency", "--ticket", count_of(folder), "--receipts", folder)
    assert refused.returncode == 1 and "so there is none at offset" in refused.stderr


def test_the_picture_is_the_ticket(folder):
    assert run("loteria-agency", "--ticket", 1, "--receipts", folder, "--id", AGENCY).returncode == 0
    text, picture = (folder / "ticket-1.txt").read_bytes(), folder / "ticket-1.png"
    read = subprocess.run(["zbarimg", "--quiet", "--raw", "--oneshot", "-Sbinary", picture], capture_output=True,
                          timeout=loteria.DEADLINE, check=True)
    assert read.stdout == text
    assert_sound_png(picture)


def assert_sound_png(path: pathlib.Path):
    """By what the format asks for: sums of every part, and as many pixels as it says."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind], at = body, at + 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour, width) == (1, 0, height)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + (width + 7) // 8)


def test_the_terminal_shows_the_code(folder):
    """Two rows of modules a line, in as many columns as rows."""
    shown = run("loteria-agency", "--ticket", 0, "--receipts", folder).stdout
    lines = shown.splitlines()
    assert len({len(line) for line in lines}) == 1 and len(lines) == (len(lines[0]) + 1) // 2
    assert set(shown) == {"█", "▀", "▄", " ", "\n"}


def test_what_is_missing_is_told(folder):
    assert run("loteria-agency", "--ticket", 0).returncode == 2
    assert "give it with --receipts" in run("loteria-agency", "--ticket", 0).stderr
    other = run("loteria-agency", "--ticket", 0, "--receipts", folder, "--id", 1)
    assert other.returncode == 1 and f"is agency {AGENCY}'s folder, not agency 1's" in other.stderr
    (folder / "seal.note").unlink()
    early = run("loteria-agency", "--ticket", 0, "--receipts", folder)
    assert early.returncode == 1 and re.search(r"boleto \| result: fail \| reason: .*there is no seal yet", early.stderr)
    assert not list(folder.glob("ticket-*"))
