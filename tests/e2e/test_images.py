"""What a crash may leave of a recorded day's files, and those files with every byte changed and of
every length: tests/images tries them all in memory, and real processes some of them."""

import re
import shutil
import subprocess

import pytest

import loteria
import recording
from test_check import contents, start_state

PARTS = ("loteria-state",)
EVERY = {"loteria-state": 17}  # of tests/images' cases, one in so many is kept
SAMPLES = {"loteria-state": 6}  # and about so many of these, of each kind, are tried here


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    day = recording.RecordedDay(tmp_path_factory.mktemp("recorded"))
    try:
        day.play()
    finally:
        day.end()
    return day.recordings()


@pytest.fixture(scope="module")
def samples(recordings, tmp_path_factory, request):
    """By part, the directory of samples and what tests/images said."""
    made = {}
    for part, path in recordings.items():
        directory = tmp_path_factory.mktemp("samples")
        more = ("-a",) if request.config.getoption("--all") else ()
        done = subprocess.run([loteria.program("images"), *more, "-s", directory, "-e", str(EVERY[part]), path],
                              capture_output=True, text=True, timeout=60 * loteria.DEADLINE)  # fmt: skip
        made[part] = directory, done
    return made


@pytest.mark.asan
def test_every_crash_of_storage(request, capsys):
    """Days on a small log, played in memory: whatever a crash may leave of them is recovered."""
    more = ("-a",) if request.config.getoption("--all") else ()
    done = subprocess.run([loteria.program("images"), *more, "storage"], capture_output=True, text=True,
                          timeout=60 * loteria.DEADLINE)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (figures,) = re.findall(r"^crash images: .*", done.stdout, re.MULTILINE)
    with capsys.disabled():
        print("", figures, sep="\nloteria-storage, ")


@pytest.mark.asan
@pytest.mark.parametrize("part", PARTS)
def test_every_crash_and_every_byte(samples, part, capsys):
    _, done = samples[part]
    assert done.returncode == 0, done.stdout + done.stderr
    figures = re.findall(r"^(?:crash images|bytes changed|lengths tried): .*", done.stdout, re.MULTILINE)
    assert len(figures) == 3
    with capsys.disabled():
        print("", *figures, sep=f"\n{part}, ")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["crash", "flip", "cut"])
def test_real_processes_do_the_same(start, samples, tmp_path, part, kind):
    directory, done = samples[part]
    assert done.returncode == 0
    kept = sorted(directory.glob(f"{kind}-*"), key=lambda path: int(path.name.split("-")[1]))
    assert len(kept) >= SAMPLES[part]
    for sample in kept[:: len(kept) // SAMPLES[part]]:
        data = shutil.copytree(sample / "before", tmp_path / sample.name)
        if (sample / "why").exists():
            assert_refused(start, part, data, (sample / "why").read_text())
        else:
            assert_recovers(start, part, data, int((sample / "torn").read_text()), contents(sample / "after"))


def assert_refused(start, part, data, why):
    before = contents(data)
    process = start_part(start, part, data)
    assert process.wait() == 2
    (entry,) = loteria.parse_log(process.log)
    assert entry["level"] == "CRITICAL" and entry["reason"].strip() == f"{data}/{why}"
    assert contents(data) == before


def assert_recovers(start, part, data, torn, after):
    """What is cut off is told, and what is left is what tests/images made of it."""
    before = contents(data)
    process = start_part(start, part, data)
    process.wait_for_log(r"action: (almacenamiento|estado) \| result: success")
    assert process.stop() == 0
    assert re.findall(r"recuperacion \| result: success \| cut_off: (\d+) bytes", process.log) == (
        [str(torn)] if torn else [])  # fmt: skip
    if any(before[recording.FILES[part][-1]]):
        assert contents(data) == after
    else:  # a new journal, and every new journal has another identity
        assert sizes(contents(data)) == sizes(after)


def start_part(start, part, data):
    return start_state(start, data, "--agencies", len(recording.COUNTS))


def sizes(files):
    return {name: len(raw) for name, raw in files.items()}
