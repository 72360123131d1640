"""What the image holds, what its containers may do, and how they answer and end."""

import engine
import loteria

MEGABYTE = 1_000_000
PORTS = {"storage": 12347, "state": 12348, "broker": 12345, "worker": 12349}


def test_image_is_small_and_has_no_shell(image):
    about = engine.inspect(image)
    assert about["Size"] < 40 * MEGABYTE
    assert about["Config"]["User"] not in ("", "0", "root", "0:0")
    shell = engine.run("docker", "run", "--rm", "--network", "none", image, "sh", "-c", "true", check=False)
    assert shell.returncode == 127


def test_every_program_runs_in_it(image):
    """Each finds its libraries: there are no others than those that were gathered."""
    for name in ("agency", "broker", "central", "ctl", "state", "storage", "worker"):
        shown = engine.docker("run", "--rm", "--network", "none", "--read-only", image, f"loteria-{name}", "--version")
        assert shown.startswith(f"loteria-{name} ")
    assert engine.docker("run", "--rm", "--network", "none", image, "make-bets", "--agency", "1", "--count", "0") == ""


def test_containers_may_do_nothing_but_their_work(central):
    for service in (*PORTS, "agency1"):
        about = engine.inspect(central.container(service))
        host = about["HostConfig"]
        assert host["ReadonlyRootfs"] and not host["Privileged"]
        assert host["Memory"] > 0 and 0 < host["PidsLimit"] <= 64
        assert host["RestartPolicy"]["Name"] in ("unless-stopped", "on-failure")
        assert about["Config"]["StopTimeout"] == 10
        writable = [mount["Destination"] for mount in about["Mounts"] if mount["RW"]]
        assert writable == ([engine.DATA] if service in ("storage", "state") else [])
        status = engine.on_the_engine(f"cat /proc/{about['State']['Pid']}/status")
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert lines["Uid"].split() == ["10001"] * 4
        assert int(lines["CapEff"], 16) == int(lines["CapBnd"], 16) == 0
        assert lines["NoNewPrivs"] == "1"


def test_only_the_front_is_to_be_reached_and_only_from_here(central):
    for service in ("storage", "state", "worker"):
        about = engine.inspect(central.container(service))["NetworkSettings"]
        assert list(about["Networks"]) == [f"{central.name}_inner"]
        assert not about["Ports"]
    ports = engine.inspect(central.container("broker"))["NetworkSettings"]["Ports"]
    assert ports == {"12345/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(central.port)}]}
    assert engine.inspect(f"{central.name}_inner")["Internal"] is True
    assert engine.ping_front(central.port) == "loteria-broker"


def test_health_asks_the_process_itself(central):
    for service, port in PORTS.items():
        container = central.container(service)
        central.wait_until_up(container)
        ping = ("docker", "exec", container, "loteria-ctl", "ping", f"tcp://127.0.0.1:{port}")
        assert engine.run(*ping).stdout == f"loteria-{service}\n"
        assert engine.inspect(container)["Config"]["Healthcheck"]["Test"] == ["CMD", *ping[3:]]
    pid = engine.inspect(container)["State"]["Pid"]
    engine.on_the_engine(f"kill -STOP {pid}")
    hung = engine.run(*ping, check=False)
    engine.on_the_engine(f"kill -CONT {pid}")
    assert hung.returncode == 1, "it said that a process which hangs is well"
    assert engine.run(*ping).returncode == 0


def test_second_signal_ends_process_1_at_once(central):
    container = central.container("state")
    pid = engine.inspect(container)["State"]["Pid"]
    engine.on_the_engine(f"kill -STOP {pid}; kill -INT {pid}; kill -TERM {pid}; kill -CONT {pid}")
    loteria.wait_until(lambda: engine.inspect(container)["RestartCount"] == 1, engine.DEADLINE,
                       lambda: f"never ended:\n{central.logs()}")
    assert "action: shutdown | result: success" not in central.log("state")


def test_changed_configuration_needs_no_new_image(central):
    assert "message_bytes: 65536" in central.log("broker")
    container = central.container("broker")
    built = engine.inspect(container)["Image"]
    text = central.configuration.read_text()
    central.configuration.write_text(text.replace("\nbroker\n", "\nbroker\n    message-bytes = 32768\n"))
    central.compose("restart", "broker")
    central.wait_for_log("broker", "message_bytes: 32768")
    assert engine.inspect(container)["Image"] == built
