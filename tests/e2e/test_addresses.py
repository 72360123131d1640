"""Where processes listen and where they go to: IPv6, names, both families, any free port; and what is no address."""

import re
import signal
import socket

import pytest

import loteria


def listens_at_ipv6_loopback():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


ipv6 = pytest.mark.skipif(not listens_at_ipv6_loopback(), reason="this machine has no ::1")


def ping(start, endpoint, timeout="30s"):
    """What loteria-ctl prints; None when nobody answers."""
    process = start("loteria-ctl", "ping", endpoint, "--timeout", timeout)
    return process.stdout.strip() if process.wait() == 0 else None


@ipv6
def test_a_day_by_ipv6(parts, tmp_path):
    file = loteria.make_bets(tmp_path / "agency-1.csv", 1, 300, winners={7})
    day = parts(workers=2, agencies=1, start=False)
    day.server = f"[::1]:{day.port}"
    day.commands = {name: [str(word).replace("127.0.0.1", "[::1]") for word in words]
                    for name, words in day.commands.items()}  # fmt: skip
    for name in reversed(day.commands):
        day.start(name)
    loteria.assert_day_ends(day, {1: file}, day.sell({1: file}))
    assert "127.0.0.1" not in day.log


def test_a_name_to_listen_on(central, tmp_path):
    """All that the name stands for: agencies come by it, and by each of its addresses."""
    hosts = sorted({info[4][0] for info in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)})
    servers = ["localhost", *(f"[{host}]" if ":" in host else host for host in hosts)]
    files = {number: loteria.make_bets(tmp_path / f"agency-{number}.csv", number, 20)
             for number in range(1, len(servers) + 1)}  # fmt: skip
    day = central(workers=1, agencies=len(servers), arguments=("--listen", f"tcp://localhost:{loteria.free_port()}"))
    (port,) = day.process.wait_for_log(r"action: broker \| .*listen: tcp://localhost:(\d+) ")
    agencies = {number: day.agency(number, file, "--server", f"{servers[number - 1]}:{port}")
                for number, file in files.items()}  # fmt: skip
    loteria.assert_day_ends(day, files, agencies)


def names_of_ipv6_loopback():
    names = []
    for name in ("localhost", "ip6-localhost", "localhost6"):
        try:
            names += [name for info in socket.getaddrinfo(name, None, socket.AF_INET6) if info[4][0] == "::1"][:1]
        except OSError:
            pass
    return names


@ipv6
@pytest.mark.skipif(not names_of_ipv6_loopback(), reason="this machine has no name for ::1")
@pytest.mark.parametrize("name", names_of_ipv6_loopback())
def test_a_name_is_gone_to_by_ipv6_too(parts, tmp_path, name):
    """It may stand for addresses of both kinds, or of IPv6 alone, and nobody listens by IPv4."""
    file = loteria.make_bets(tmp_path / "agency-1.csv", 1, 20)
    day = parts(workers=1, agencies=1, start=False)
    day.server = f"{name}:{day.port}"
    for part, words in day.commands.items():
        words = [str(word).replace("127.0.0.1", name) for word in words]
        for at, word in enumerate(words):  # listened to by IPv6, gone to by name
            if word == "--listen" or (part == "loteria-broker" and word == "--workers"):
                words[at + 1] = words[at + 1].replace(name, "[::1]")
        day.commands[part] = words
    for part in reversed(day.commands):
        day.start(part)
    loteria.assert_day_ends(day, {1: file}, day.sell({1: file}))
    for client in day.clients:
        assert "resolve" not in client.log, "it has an address"


def test_a_free_port_is_told_and_kept(central, tmp_path):
    """Also when the broker is started again: agencies come back to where they found it."""
    file = loteria.make_bets(tmp_path / "agency-1.csv", 1, 20)
    day = central(workers=1, agencies=1, arguments=("--listen", "tcp://127.0.0.1:*"))
    told = r"action: {} \| .*listen: tcp://127.0.0.1:(\d+) "
    (port,) = day.process.wait_for_log(told.format("central"))
    assert port != "0" and day.process.wait_for_log(told.format("broker")) == [port]
    broker = day.pid("loteria-broker")
    loteria.os.kill(broker, signal.SIGKILL)
    assert day.process.wait_for_log(told.format("broker"), count=2) == [port, port]
    loteria.assert_day_ends(day, {1: file}, {1: day.agency(1, file, "--server", f"127.0.0.1:{port}")})


@pytest.mark.parametrize("arguments", [("--listen", "tcp://127.0.0.1:*"), ("--listen", "tcp://127.0.0.1:0"), ("--port", 0)])
def test_a_part_tells_the_port_that_it_got(start, tmp_path, arguments):
    part = start("loteria-broker", *arguments, "--workers", f"ipc://{tmp_path}/workers")
    (listened,) = part.wait_for_log(r"action: listen \| result: success \| endpoint: (tcp://127.0.0.1:[1-9]\d*) ")
    assert part.wait_for_log(r"action: broker \| result: success \| listen: (\S+)") == [listened]
    assert ping(start, listened) == "loteria-broker"


@ipv6
@pytest.mark.parametrize("host", ["*", "[::]"])
def test_everywhere_is_by_both_families(start, tmp_path, host):
    port = loteria.free_port()
    start("loteria-storage", "--data-dir", tmp_path, "--listen", f"tcp://{host}:{port}", "--insecure")
    for loopback in ("127.0.0.1", "[::1]", "localhost"):
        assert ping(start, f"tcp://{loopback}:{port}") == "loteria-storage", loopback


@ipv6
@pytest.mark.parametrize("host, other", [("0.0.0.0", "[::1]"), ("127.0.0.1", "[::1]"), ("[::1]", "127.0.0.1")])
def test_an_address_is_of_one_family(start, tmp_path, host, other):
    port = loteria.free_port()
    start("loteria-storage", "--data-dir", tmp_path, "--listen", f"tcp://{host}:{port}", "--insecure")
    assert ping(start, f"tcp://{host.replace('0.0.0.0', '127.0.0.1')}:{port}") == "loteria-storage"
    assert ping(start, f"tcp://{other}:{port}", "1s") is None


@pytest.mark.parametrize("listen, local", [
    ("tcp://[::1]:*", True), ("tcp://[::ffff:127.0.0.1]:*", True), ("tcp://localhost:*", True),
    ("tcp://[::]:*", False), ("tcp://*:*", False), ("tcp://[::ffff:0.0.0.0]:*", False), ("tcp://lo:*", False)])  # fmt: skip
def test_without_keys_this_machine_only(start, tmp_path, listen, local):
    if "[::1]" in listen and not listens_at_ipv6_loopback():
        pytest.skip("this machine has no ::1")
    part = start("loteria-storage", "--data-dir", tmp_path, "--listen", listen)
    if local:
        part.wait_for_log(r"action: almacenamiento \| result: success")
        assert part.stop() == 0
    else:
        assert part.wait() == 2
        assert "without --keys only addresses of this machine" in part.log


LONG_NAME = f"{'x' * 64}.example"  # a part of a name has 63 bytes: no server is asked for it


@pytest.mark.parametrize("name, flag, address, reason", [
    ("loteria-central", "--listen", "127.0.0.1:9", "not a ZeroMQ endpoint such as tcp://127.0.0.1:12345"),
    ("loteria-broker", "--listen", "tcp://127.0.0.1", "no port at its end, as in 127.0.0.1:12345"),
    ("loteria-storage", "--listen", "tcp://127.0.0.1:65536", "does not end in a port from 1 to 65535"),
    ("loteria-storage", "--listen", f"tcp://{LONG_NAME}:9", f"the name {LONG_NAME} does not resolve"),
    ("loteria-state", "--storage", "tcp://127.0.0.1:0", "port 0 is only for listening"),
    ("loteria-state", "--storage", "tcp://::1:9", "an IPv6 address needs brackets, as in [::1]:12345"),
    ("loteria-worker", "--broker", "http://127.0.0.1:9", "starts with http://; only tcp:// and ipc:// are supported"),
    ("loteria-worker", "--state", "tcp://*:9", "* is only for listening"),
    ("loteria-worker", "--storage", '"tcp://127.0.0.1:9"', "has quotes around it")])  # fmt: skip
def test_what_is_no_address_is_said(start, tmp_path, name, flag, address, reason):
    place = () if name in ("loteria-worker", "loteria-broker", "loteria-state") else ("--data-dir", tmp_path)
    process = start(name, flag, address, *place)
    assert process.wait() == (1 if "resolve" in reason else 2)  # that may be so another time
    last = loteria.parse_log(process.log)[-1]
    assert (last["level"], last["result"], last["endpoint"]) == ("CRITICAL", "fail", address)
    assert last["reason"].startswith(reason)

    checked = start(name, flag, address, *place, "--check-config")
    assert checked.wait() != 0
    assert re.fullmatch(rf"{name}: {flag} {re.escape(address)}: {re.escape(reason)}.*\n", checked.log)


def test_a_line_end_of_windows_is_seen(start):
    worker = start("loteria-worker", environment={"LOTERIA_STORAGE": "tcp://127.0.0.1:9\r"})
    assert worker.wait() == 2
    assert "LOTERIA_STORAGE" in worker.log and "U+000D" in worker.log
