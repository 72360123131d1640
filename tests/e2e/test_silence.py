"""Who waits says for whom, where, since when and why; and when it is over."""

import contextlib
import re
import shutil
import signal
import socket

import pytest

import loteria

NAMELESS = f"{'x' * 64}.example"  # a part of a name has 63 bytes: no server is asked for it
REASONS = {"name": "the name does not resolve to an address",
           "refused": "refused, nothing listens there or there is no route to it",
           "mute": "something listens there but does not answer, it hangs or is not part of Lotería",
           "keys there": "the keys do not match, it has keys and we have none (--keys)",
           "keys here": "the keys do not match, we have keys and it has none",
           "other key": "the keys do not match, its key is not the one in our folder",
           "not admitted": "the keys do not match, ours is not admitted there"}  # fmt: skip


def waits(process, peer, endpoint, reason, result="in_progress"):
    """Wait until it says so; after how many seconds it did."""
    line = (rf"WARNING +action: conexion \| result: {result} \| peer: {peer} \| endpoint: {re.escape(endpoint)} \| "
            rf"waiting_s: (\d+) \| reason: {re.escape(REASONS[reason])}")  # fmt: skip
    return int(process.wait_for_log(line)[0])


def is_there(process, peer):
    """Wait until it says that the wait is over; after how many seconds it was."""
    return int(process.wait_for_log(rf"INFO +action: conexion \| result: success \| peer: {peer} .*after_s: (\d+)")[0])


def test_who_waits_says_for_whom_and_why(start, tmp_path):
    refused = f"tcp://127.0.0.1:{loteria.free_port()}"
    nameless = f"tcp://{NAMELESS}:9"
    with socket.create_server(("127.0.0.1", 0)) as hung:
        mute = f"tcp://127.0.0.1:{hung.getsockname()[1]}"
        worker = start("loteria-worker", "--broker", nameless, "--storage", refused, "--state", mute)
        state = start("loteria-state", "--listen", f"ipc://{tmp_path}/state",
                      "--storage", f"ipc://{tmp_path}/storage")  # fmt: skip
        for process, peer, endpoint, reason in ((worker, "broker", nameless, "name"),
                                                (worker, "storage", refused, "refused"),
                                                (worker, "state", mute, "mute"),
                                                (state, "storage", f"ipc://{tmp_path}/storage", "refused")):
            assert waits(process, peer, endpoint, reason) >= 5
    start("loteria-storage", "--data-dir", tmp_path, "--listen", refused)
    assert is_there(worker, "storage") >= 5
    assert worker.stop() == 0 and state.stop() == 0
    loteria.parse_log(worker.log + state.log)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Those of one central, and those of another."""
    folder = tmp_path_factory.mktemp("keys")
    return [loteria.make_keys(folder / name, 1) for name in ("one", "other")]


@contextlib.contextmanager
def broker(start, tmp_path, endpoint, *arguments):
    process = start("loteria-broker", "--listen", f"tcp://127.0.0.1:{loteria.free_port()}", "--workers", endpoint,
                    *arguments)  # fmt: skip
    process.wait_for_log(r"action: broker \| result: success")
    yield process
    assert process.stop() == 0


def other_folder(keys, tmp_path):
    """The other central's worker, who was told this one's key."""
    folder = tmp_path / "worker"
    shutil.copytree(keys[1] / "worker", folder)
    shutil.copy(keys[0] / "worker" / "broker.key", folder)
    return folder


@pytest.mark.parametrize("reason, broker_keys, worker_keys", [
    ("keys there", True, lambda keys, tmp_path: None),
    ("keys here", False, lambda keys, tmp_path: keys[0] / "worker"),
    ("other key", True, lambda keys, tmp_path: keys[1] / "worker"),
    ("not admitted", True, other_folder)])  # fmt: skip
def test_keys_that_do_not_fit_are_told_at_once(start, tmp_path, keys, reason, broker_keys, worker_keys):
    """And tried again: once the broker is another, with the same address, the worker joins it."""
    endpoint = f"tcp://127.0.0.1:{loteria.free_port()}"
    folder = worker_keys(keys, tmp_path)
    given = ("--keys", folder) if folder else ()
    with broker(start, tmp_path, endpoint, *(("--keys", keys[0] / "broker") if broker_keys else ())):
        worker = start("loteria-worker", "--broker", endpoint, "--storage", f"ipc://{tmp_path}/storage",
                       "--state", f"ipc://{tmp_path}/state", *given)  # fmt: skip
        waits(worker, "broker", endpoint, reason, "fail")
    fitting = {None: (), keys[0] / "worker": ("--keys", keys[0] / "broker")}.get(folder, ("--keys", keys[1] / "broker"))
    if reason == "not admitted":
        shutil.copytree(keys[1] / "broker", tmp_path / "fitting")
        shutil.copy(keys[0] / "broker" / "secret.key", tmp_path / "fitting")
        fitting = ("--keys", tmp_path / "fitting")
    with broker(start, tmp_path, endpoint, *fitting):
        is_there(worker, "broker")


def test_a_stopped_ctl_looks_again(start, tmp_path):
    """Its time ran out while it was stopped, and the answer came."""
    endpoint = f"ipc://{tmp_path}/storage"
    ping = start("loteria-ctl", "ping", endpoint, "--timeout", "3s")
    loteria.wait_until(lambda: stopped_in_its_loop(ping))
    with socket.socket(socket.AF_UNIX) as clock:  # more than that passes, by a question that nobody answers
        clock.bind(f"{tmp_path}/clock")
        clock.listen()
        other = start("loteria-ctl", "ping", f"ipc://{tmp_path}/clock", "--timeout", "3500ms")
        assert other.wait() == 1
    start("loteria-storage", "--data-dir", tmp_path, "--listen", endpoint).wait_for_log("almacenamiento")
    ping.signal(signal.SIGCONT)
    assert ping.wait() == 0, ping.log
    assert ping.stdout == "loteria-storage\n"


def stopped_in_its_loop(process):
    """Stop it as soon as ZeroMQ's threads run; long before its time is over."""
    if len(list(loteria.pathlib.Path(f"/proc/{process.pid}/task").iterdir())) < 3:
        return False
    process.signal(signal.SIGSTOP)
    return True
