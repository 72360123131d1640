"""No answer leaves before the disk has what it speaks of. Here the disk takes its time, and then fails."""

import contextlib
import os
import signal

import pytest

import loteria
import wire

FILE = {"loteria-storage": "bets.log", "loteria-state": "draw.journal"}  # that is synced before the answer
# Of that file, by the thread that syncs it for the seal: of the bet that is sold first; at the start.
SYNCS_BEFORE = {"loteria-storage": 1, "loteria-state": 2}
READY = wire.simple("READY", 1, 0)


@pytest.mark.parametrize("name, question, told", [
    pytest.param("loteria-storage", wire.simple("RESULTS", 1), "UNDRAWN", id="storage"),
    pytest.param("loteria-state", wire.batch(1, 0, wire.bets(1)), "CLOSED", id="state"),
])  # fmt: skip
def test_nobody_is_told_of_a_seal_that_is_not_recorded(parts, tmp_path, name, question, told):
    """`question` is answered by the way that the news of the seal would have come, behind them."""
    day = parts(workers=1, agencies=2, start=False)
    for part in reversed(day.commands):
        day.wrapper = failing_disk(tmp_path, day.data, name) if part == name else ()
        day.start(part)
    with ended_at_the_end(day.parts[name]):
        wire.wait_for_central(day.server)
        with wire.Client(day.server) as client:
            client.hello(2)
            client.store(2, 0, wire.bets(1))
            client.hello(1)
            client.send(READY)
            assert day.parts[name].wait() == 1
            assert "cannot be synced, Input/output error" in day.parts[name].log
            assert client.refused(question).code == told
            day.wrapper = ()
            day.start(name)
            answer = client.ask(READY)
            assert (answer.name, answer.ready) == ("WAITING", 1)


def failing_disk(directory, data, name):
    """The sync of the seal fails, after half a second; those after it work, as they do."""
    return ["strace", "-f", "-o", directory / "strace", "-P", data / FILE[name], "-e", "trace=fdatasync", "-e",
            f"inject=fdatasync:error=EIO:delay_enter=500000:when={SYNCS_BEFORE[name] + 1}"]


@contextlib.contextmanager
def ended_at_the_end(process):
    """Whom strace watches outlives it, unless it goes first."""
    try:
        yield
    finally:
        if process.popen.poll() is None:
            for pid in loteria.children_of(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait()
