"""Runs the fuzz targets: what they begin with, for how long, and what came of it.

    fuzz.py --build DIR [--minutes N] [--seed S] [TARGET ...]

A target begins with the examples of tests/vectors and a few of its own, with what was found once
(tests/fuzz/findings/TARGET, one file each, which must never fail again), and with what earlier runs
in the same build learned. What makes it fail is kept in DIR/findings. Without a seed each run tries
other inputs; the tests have one of their own, so that a run that fails fails again.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGETS = ("wire", "bet_csv", "log", "roll", "config", "note", "dossier", "vault", "report")
LONGEST = {"dossier": 8192}  # what a folder of notes has together

ROWS = [
    b"Santiago Lionel,Lorca,30904465,1999-03-17,7574\n",
    b'"Mar\xc3\xada ""Mari""","P\xc3\xa9rez, hija",20000001,2000-02-29,0\r\n',
    b"a,b,1,2000-01-01,1\n",
]
KEY = "[J=wF[)?Hb)b%p+2B/&5FuF6[6TwLNn>I2)v={<4"
PAIR = ("Ar0X[ZojLO6.o.zASptgt&tivouJ4O>jbDVTD5.S", "Vb}yc>l]koJiYSp*BXOp2kJaY}7D8AoupF6-H6j-")


def vectors():
    """The bytes of every example of the protocol."""
    for path in sorted((ROOT / "tests/vectors").glob("*.txt")):
        for example in re.findall(r"^hex:((?:.*)(?:\n .*)*)", path.read_text(), re.M):
            yield bytes.fromhex("".join(example.split()))


def sections(files):
    """The golden draw's files, as the targets of folders take them: each behind its letter and size."""
    for letter, name in files:
        file = (ROOT / "tests/vectors/fair/draw" / name).read_bytes()
        yield letter.encode() + struct.pack(">H", len(file)) + file


def seeds(target):
    if target == "wire":
        yield from vectors()
    elif target == "bet_csv":
        yield from (struct.pack(">H", count) + b"".join(ROWS[:count]) for count in (1, 2, 3))
        yield from (struct.pack(">H", 1) + row for row in ROWS)
    elif target == "log":
        header = b"LOTERIA LOG\n\0\0\0\0" + struct.pack(">IIQQI", 4, 0, 1, 16384, 4)
        slot = b"LOTERIA CHECKPT\n" + struct.pack(">IIQQQII", 4, 0, 1, 1, 0, 0, 0) + bytes(120)
        cursor = struct.pack(">IBBHQQIII", 7, 1, 1, 0, 5, 6, 3, 1, 3)
        yield from (b"D", b"D\0\x10\x30\1", b"D\x80\x10\x30\1", b"D\1\0\0\7", b"D\x80\xa1\x2f\1",
                    b"F" + header + bytes(4096), b"K" + slot, b"K" + slot.replace(bytes(8), bytes(3) + b"\1" + bytes(4), 1) + cursor)
    elif target == "report":
        day = (ROOT / "tests/unit/status_day.h").read_text()
        yield from (text.replace('\\"', '"').replace("\\n", "\n").encode() for text in re.findall(r'^ +"(.+)"', day, re.M))
        yield b"1764500000123 INFO     action: sorteo | result: success | numero: 7574\n"
        yield b"1764500000123 agency: 4 | draw: noche | code: FIELDS | row: 3 | reason: too few\n"
    elif target == "roll":
        yield f"# remark\n1 enabled {KEY}  Agencia Centro\n2 disabled {PAIR[0]}\n".encode()
        yield f"7 enabled {KEY},{PAIR[0]}\r\n".encode()
        yield f'curve\n    public-key = "{PAIR[0]}"\n    secret-key = "{PAIR[1]}"\n'.encode()
    elif target == "note":
        for path in sorted((ROOT / "tests/vectors/fair").rglob("*")):
            if path.suffix in (".note", ".txt"):
                yield path.read_bytes()
                yield path.read_bytes().split(b"\n\n")[0] + b"\n"
        key = re.search(rb"operator (\S+)", (ROOT / "tests/vectors/fair/draw/open.note").read_bytes())
        yield key.group(1)
    elif target == "dossier":
        parts = list(sections([("o", "open.note"), ("r", "ready-1.note"), ("r", "ready-4.note"), ("s", "seal.note"),
                               ("g", "seal-1.note"), ("g", "seal-4.note"), ("q", "result.note"), ("b", "bets.csv"),
                               ("c", "cancelled.csv"), ("k", "salts-1.txt"), ("k", "salts-4.txt"), ("k", "salts-7.txt")]))
        yield from (b"".join(parts[:count]) for count in range(1, len(parts) + 1))
        ticket = (ROOT / "tests/vectors/fair/ticket.txt").read_bytes()
        yield b"".join(parts[:7]) + b"t" + struct.pack(">H", len(ticket)) + ticket
    elif target == "vault":
        parts = list(sections([("N", "open.note"), ("Y", "ready-4.note"), ("L", "seal.note"), ("A", "seal-4.note"), ("Q", "result.note")]))
        yield from (*parts, b"".join(parts), b"R" + b"".join(parts), b"R" + parts[0])
    else:
        yield (ROOT / "etc/compose/loteria.cfg").read_bytes()
        yield (ROOT / "etc/draws.cfg").read_bytes()
        yield b'common\n    log-level = DEBUG\ncentral\n    workers = 8\n    loop-period = "1h2m"\n'
        yield b"--workers\0008\0--data-dir=x\0--log-bets\0--loop-period\0001.5s\0"


def prepare(target, build):
    corpus, findings = build / "corpus" / target, build / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    return corpus, findings


def run(target, build, seconds, seed):
    """What libFuzzer says in the end: (whether all was well, its last lines, how many inputs were tried)."""
    corpus, findings = prepare(target, build)
    known = sorted((HERE / "findings" / target).glob("*"))
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
    again = subprocess.run([build / "fuzz" / f"fuzz_{target}", "-close_fd_mask=1", *known], env=environment,
                           capture_output=True, text=True, errors="replace") if known else None
    if again and again.returncode != 0:
        return False, again.stderr[-4000:], len(known)
    done = subprocess.run(
        [build / "fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=10", "-rss_limit_mb=1024",
         f"-max_len={LONGEST.get(target, 4096)}", "-close_fd_mask=1", f"-artifact_prefix={findings}/{target}-", corpus],
        env=environment, capture_output=True, text=True, errors="replace")
    tried = re.search(r"Done (\d+) runs", done.stderr)
    return done.returncode == 0 and tried is not None, done.stderr[-4000:], int(tried[1]) if tried else 0


def run_all(targets, build, seconds, seed):
    """As many at a time as there are cores; {target: what run () says}."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(targets, pool.map(lambda target: run(target, build, seconds, seed), targets)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[[], *TARGETS], default=[])
    options = parser.parse_args()
    targets = options.targets or list(TARGETS)
    seconds = max(1, round(options.minutes * 60 / len(targets)))
    outcome = run_all(targets, options.build, seconds, options.seed)
    for target, (well, text, tried) in outcome.items():
        print(f"{target:10} {tried:12,} inputs in {seconds} s  {'ok' if well else 'FAILED'}")
        if not well:
            print(text)
    if not all(well for well, _, _ in outcome.values()):
        print(f"what it fails at is in {options.build / 'findings'}; mended, it belongs in tests/fuzz/findings/TARGET")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
