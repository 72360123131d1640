"""Settings that exclude each other end a program at once, and are told by --check-config: one line, which names both."""

import subprocess

import pytest

import loteria


def run(program, *arguments, **environment):
    return subprocess.run([loteria.program(program), *map(str, arguments)], capture_output=True, text=True,
                          env={**loteria.ENVIRONMENT, **environment}, timeout=loteria.DEADLINE)  # fmt: skip


# program, arguments, what the line says
PAIRS = [
    ("loteria-central", ["--winning-number", "100", "--number-max", "99"], ["--winning-number", "--number-max 99"]),
    ("loteria-central", ["--number-max", "7573"], ["--winning-number", "--number-max 7573"]),
    ("loteria-broker", ["--port", "9", "--workers", "tcp://127.0.0.1:9"], ["--port", "--workers tcp://127.0.0.1:9"]),
    ("loteria-broker", ["--listen", "ipc:///tmp/x", "--workers", "ipc:///tmp/x"], ["--listen ipc:///tmp/x", "--workers ipc:///tmp/x"]),
    ("loteria-broker", ["--window", "256", "--message-bytes", "1048576", "--memory-mb", "511"],
     ["--window 256", "--message-bytes 1048576", "--memory-mb 511"]),
    ("loteria-worker", ["--listen", "tcp://127.0.0.1:9", "--count", "2"], ["--listen tcp://127.0.0.1:9", "--count 2"]),
    ("loteria-state", ["--listen", "tcp://127.0.0.1:9", "--storage", "tcp://127.0.0.1:9"],
     ["--listen tcp://127.0.0.1:9", "--storage tcp://127.0.0.1:9"]),
    ("loteria-agency", ["--id", "1", "--sell-only", "--results"], ["--sell-only", "--results"]),
    ("loteria-agency", ["--id", "1", "--follow", "--close"], ["--follow", "--close"]),
    ("loteria-agency", ["--id", "1", "--results", "--cancel", "0"], ["--results", "--cancel"]),
    ("loteria-agency", ["--id", "1", "--close", "--cancel", "7"], ["--close", "--cancel"]),
    ("loteria-agency", ["--id", "1", "--draw", "a/b"], ["--draw: 'a/b' may have only letters"]),
    ("loteria-agency", ["--id", "1", "--draw", 41 * "a"], ["--draw: ", "longer than 40"]),
    ("loteria-agency", ["--sell-only"], ["--id: required"]),
]  # fmt: skip

# What a start finds out by itself, where it opens the thing: for --check-config alone.
CHECKED = [
    ("loteria-worker", ["--broker", "tcp://127.0.0.1:9", "--state", "tcp://127.0.0.1:9"],
     ["--broker tcp://127.0.0.1:9", "--state tcp://127.0.0.1:9"]),
    ("loteria-worker", ["--storage", "tcp://127.0.0.1:12348"], ["--storage tcp://127.0.0.1:12348", "--state"]),
    *((program, ["--listen", "tcp://0.0.0.0:9"], ["--listen tcp://0.0.0.0:9", "no --keys", "--insecure"])
      for program in ("loteria-central", "loteria-broker", "loteria-worker", "loteria-storage", "loteria-state")),
    *((program, ["--data-dir", "/nowhere/day"], ["--data-dir: /nowhere/day: No such file"])
      for program in ("loteria-central", "loteria-storage")),
    ("loteria-storage", ["--data-dir", "/dev/null"], ["--data-dir: /dev/null: Not a directory"]),
]  # fmt: skip


def assert_told(result, program, says):
    assert result.returncode == 2 and result.stdout == "", result
    assert result.stderr.startswith(f"{program}: ") and result.stderr.count("\n") == 1, result.stderr
    assert all(text in result.stderr for text in says), result.stderr


@pytest.mark.parametrize("program, arguments, says", PAIRS, ids=[" ".join(row[1]) for row in PAIRS])
def test_values_that_exclude_each_other(program, arguments, says):
    assert_told(run(program, "--check-config", *arguments), program, says)
    assert_told(run(program, *arguments), program, says)


@pytest.mark.parametrize("program, arguments, says", CHECKED, ids=[f"{row[0]} {row[1][1]}" for row in CHECKED])
def test_what_a_check_looks_at_besides(program, arguments, says):
    assert_told(run(program, "--check-config", *arguments), program, says)


def test_a_check_does_not_tell_the_number():
    result = run("loteria-central", "--check-config", LOTERIA_WINNING_NUMBER="8123", LOTERIA_NUMBER_MAX="99")
    assert result.returncode == 2 and "8123" not in result.stderr + result.stdout


@pytest.fixture
def keys(tmp_path):
    assert run("loteria-keys", "new", "--agencies", 3, "--keys", tmp_path / "keys").returncode == 0
    return tmp_path / "keys"


def test_a_roll_larger_than_the_keys(keys, tmp_path):
    wanted = ["--keys", keys, "--data-dir", tmp_path / "day", "--agencies"]
    for arguments in (["--check-config", *wanted, 5], [*wanted, 5]):
        assert_told(run("loteria-central", *arguments), "loteria-central",
                    ["--agencies 5", f"--keys {keys}", "agency 4", "loteria-keys enroll 4"])  # fmt: skip
    assert not (tmp_path / "day").exists()
    assert run("loteria-central", "--check-config", *wanted, 3).returncode == 0
    # one whose key was taken away may have sold before: the day can be started again
    assert run("loteria-keys", "revoke", 2, "--keys", keys).returncode == 0
    assert run("loteria-central", "--check-config", *wanted, 3).returncode == 0


def test_a_mark_before_a_file_is_passed_over(keys, tmp_path):
    """Some editors begin every file with U+FEFF: settings, roll and keys are read all the same."""
    file = tmp_path / "loteria.conf"
    file.write_text("\ufeffcentral\n    workers = 7\n")
    for path in (keys / "broker" / "roll", keys / "agency-1" / "secret.key"):
        path.write_text("\ufeff" + path.read_text())
    result = run("loteria-central", "--check-config", "--config", file)
    assert "workers = 7 (file)" in result.stdout, result.stderr
    assert run("loteria-keys", "list", "--keys", keys).stdout.count(" enabled ") == 3
    assert run("loteria-keys", "show", keys / "agency-1").returncode == 0
    assert run("loteria-keys", "enroll", 4, "--keys", keys).returncode == 0
    assert run("loteria-keys", "list", "--keys", keys).stdout.count(" enabled ") == 4
