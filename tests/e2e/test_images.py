"""What a crash may leave of storage's files: tests/images tries it all, in memory."""

import re
import subprocess

import pytest

import loteria


@pytest.mark.asan
def test_every_crash_of_storage(request, capsys):
    """Days on a small log: whatever a crash may leave of them is recovered."""
    more = ("-a",) if request.config.getoption("--all") else ()
    done = subprocess.run([loteria.program("images"), *more], capture_output=True, text=True,
                          timeout=60 * loteria.DEADLINE)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (figures,) = re.findall(r"^crash images: .*", done.stdout, re.MULTILINE)
    with capsys.disabled():
        print("", figures, sep="\n")
