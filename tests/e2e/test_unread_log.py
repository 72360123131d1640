"""A log that nobody reads stops nobody; results that nobody takes are not called written."""

import fcntl
import os
import re
import selectors
import subprocess

import pytest

import loteria

F_GETPIPE_SZ = 1032


@pytest.fixture
def pipe():
    """(reading end, writing end); the writing end is full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4095 + b"\n")
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield reading, writing
    for end in (reading, writing):
        os.close(end)


def drain(reading):
    """What is in the pipe now."""
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while selector.select(0):
            found += os.read(reading, 65536)
    return found.decode()


def lines_of(text):
    """Log lines; the pipe's filling is passed over."""
    return loteria.parse_log("".join(line for line in text.splitlines(keepends=True) if not line.startswith("x")))


@pytest.fixture
def unread(pipe, tmp_path):
    """A central whose log goes to a full pipe: what it was started with, and the process."""
    port, data = loteria.free_port(), tmp_path / "data"
    process = subprocess.Popen(
        [loteria.program("loteria-central"), "--workers", "1", "--agencies", "2", "--data-dir", data, "--port", str(port),
         "--log-bets"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=pipe[1], env=loteria.ENVIRONMENT)
    yield process, port, data
    if process.poll() is None:
        process.kill()
        process.wait()


def sell(start, tmp_path, port, agency, *arguments):
    bets = loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 2000)
    process = start("loteria-agency", "--id", agency, "--bets", bets, "--server", f"127.0.0.1:{port}",
                    "--batch-count", 50, *arguments)
    return bets, process


def test_a_central_whose_log_nobody_reads(start, tmp_path, pipe, unread):
    """It sells; when lines go again it says how many are missing; no line is torn; it stops."""
    process, port, data = unread
    files = dict(sell(start, tmp_path, port, agency, "--sell-only") for agency in (1,))
    for bets, agency in files.items():
        assert agency.wait() == 0, agency.log
        assert loteria.stored_by_agency(data)[1] == loteria.rows_of(bets)
    assert not lines_of(drain(pipe[0]))

    _, second = sell(start, tmp_path, port, 2, "--sell-only")
    text = ""

    def told():
        nonlocal text
        text += drain(pipe[0])
        return second.popen.poll() is not None and "dropped: " in text

    loteria.wait_until(told, explain=lambda: f"it never said that lines are missing:\n{text}")
    assert second.wait() == 0
    process.terminate()
    loteria.wait_until(lambda: told() and process.poll() is not None, explain=lambda: "it does not stop")
    text += drain(pipe[0])
    assert process.returncode == 0
    entries = lines_of(text)
    dropped = sum(int(entry["dropped"]) for entry in entries if entry["action"] == "log")
    assert dropped >= 2000, "the lines of the first agency's bets"


def test_a_central_whose_log_nobody_reads_stops_when_told(unread, start, tmp_path):
    process, port, _ = unread
    _, agency = sell(start, tmp_path, port, 1, "--sell-only")
    assert agency.wait() == 0, agency.log
    children = loteria.children_of(process.pid)
    process.terminate()
    assert process.wait(loteria.DEADLINE) == 0
    assert not any(map(loteria.runs, children))


def test_the_pipe_itself_is_left_as_it_was(pipe, unread, start, tmp_path):
    """It is shared with whoever else has it: for them, writing still waits."""
    _, port, _ = unread
    _, agency = sell(start, tmp_path, port, 1, "--sell-only")
    assert agency.wait() == 0, agency.log
    assert not fcntl.fcntl(pipe[1], fcntl.F_GETFL) & os.O_NONBLOCK


@pytest.mark.parametrize("arguments", [(), ("--json",)])
@pytest.mark.parametrize("where", ["full disk", "closed pipe"])
def test_results_that_cannot_be_written_are_a_failure(central, tmp_path, where, arguments):
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))
    day = central(workers=1, agencies=1)
    if where == "full disk":
        out = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, out = os.pipe()
        os.close(reading)
    result = subprocess.run(
        [loteria.program("loteria-agency"), "--id", "1", "--bets", bets, "--server", day.server, *arguments],
        stdout=out, stderr=subprocess.PIPE, text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    os.close(out)
    assert result.returncode == 1
    assert re.search(r"ERROR    action: agencia \| result: fail \| .*reason: stdout: ", result.stderr), result.stderr
    again = day.agency(1, None, "--results")
    assert again.wait() == 0 and loteria.winners_of(bets)[0] in again.stdout
