"""What the image holds, what its containers may do and see, whom they let in, how they answer."""

import pytest
import zmq

import engine
import loteria
import wire

MEGABYTE = 1_000_000
PORTS = {"storage": 12347, "state": 12348, "broker": 12345, "worker": 12349}

# Who is given which folder of keys, and what is in it.
KEYS = {
    "storage": ("storage", {"secret.key", "worker.key", "state.key", "broker.key", "operator.key"}),
    "state": ("state", {"secret.key", "worker.key", "storage.key", "broker.key", "operator.key", "name", "signers",
                        "signing.key"}),
    "broker": ("broker", {"secret.key", "worker.key", "storage.key", "state.key", "operator.key", "roll"}),
    "worker": ("worker", {"secret.key", "broker.key", "storage.key", "state.key"}),
    "web": ("operator", {"secret.key", "broker.key", "storage.key", "state.key", "operator.sign"}),
    "agency1": ("agency-1", {"secret.key", "broker.key", "operator.sign"}),
}


@pytest.fixture(scope="module")
def central(image, tmp_path_factory):
    """A central at work, and a slow agency; agency 2 is the tests', who take turns at being it."""
    with engine.Project(tmp_path_factory.mktemp("central"), WORKERS="1", AGENCIES="2", **engine.SLOW) as made:
        made.central()
        made.up("web")
        made.agencies(1)
        yield made


def server(central):
    return f"127.0.0.1:{central.port}"


def test_image_is_small_and_has_no_shell(image):
    about = engine.inspect(image)
    assert about["Size"] < 40 * MEGABYTE
    assert about["Config"]["User"] not in ("", "0", "root", "0:0")
    shell = engine.run("docker", "run", "--rm", "--network", "none", image, "sh", "-c", "true", check=False)
    assert shell.returncode == 127


def test_every_program_runs_in_it(image):
    """Each finds its libraries: there are no others than those that were gathered."""
    for name in ("agency", "broker", "central", "ctl", "keys", "state", "storage", "web", "worker"):
        shown = engine.docker("run", "--rm", "--network", "none", "--read-only", image, f"loteria-{name}", "--version")
        assert shown.startswith(f"loteria-{name} ")
    assert "closes = 21:00" in engine.docker(
        "run", "--rm", "--network", "none", "--env", "TZ=America/Argentina/Buenos_Aires", image, "loteria-state",
        "--check-config", "--closes", "21:00"), "it knows the zone"
    assert engine.docker("run", "--rm", "--network", "none", image, "make-bets", "--agency", "1", "--count", "0") == ""


def test_containers_may_do_nothing_but_their_work(central):
    for service in (*PORTS, "web", "agency1"):
        about = engine.inspect(central.container(service))
        host = about["HostConfig"]
        assert host["ReadonlyRootfs"] and not host["Privileged"]
        assert host["Memory"] > 0 and 0 < host["PidsLimit"] <= 64
        assert host["RestartPolicy"]["Name"] in ("unless-stopped", "on-failure")
        assert about["Config"]["StopTimeout"] == 10
        writable = [mount["Destination"] for mount in about["Mounts"] if mount["RW"]]
        assert writable == ([engine.DATA] if service == "storage" else [])
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
    assert central.front() == "loteria-broker"
    ports = engine.inspect(central.container("web"))["NetworkSettings"]["Ports"]
    assert ports == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": central.settings["WEB_PORT"]}]}


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
    engine.wait_until(lambda: engine.inspect(container)["RestartCount"] == 1,
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


def test_each_is_given_its_own_keys_and_no_others(central):
    everything = central.keys()
    secrets = [content for name, content in everything.items() if name.endswith("secret.key")]
    assert len(secrets) == len(set(secrets)) == 7
    for service, (holder, names) in KEYS.items():
        container = central.container(service)
        own = {name: everything[f"{holder}/{name}"] for name in names}
        assert engine.files_in(container, "/run/keys") == own
        assert engine.files_in(container, "/keys") == {}
        mounted = [mount["Name"] for mount in engine.inspect(container)["Mounts"] if "_keys" in mount.get("Name", "")]
        assert mounted == [f"{central.name}_keys-{holder}"]
    assert engine.inspect(central.container("keys"))["HostConfig"]["NetworkMode"] == "none"


def test_without_a_key_of_the_roll_nobody_gets_in(central):
    known = wire.curve(central.copy_keys("agency-2"))
    public, secret = zmq.curve_keypair()
    assert not wire.let_in(server(central))
    assert not wire.let_in(server(central), **{**known, "curve_publickey": public, "curve_secretkey": secret})
    assert wire.let_in(server(central), **known)


def test_an_agency_outside_of_compose_sells_with_the_key_that_it_was_given(central):
    with wire.Client(server(central), **wire.curve(central.copy_keys("agency-2"))) as agency:
        stored = agency.hello(2).next
        assert agency.store(2, stored, wire.bets(3, first=stored)) == stored + 3


def test_a_revoked_key_is_out_at_once_and_a_new_one_in(central):
    """Of the central as it runs, by the tool in a container of its own."""

    def loteria_keys(*arguments):
        return central.compose("run", "--rm", "-T", "keys", "loteria-keys", *arguments).stdout

    old = wire.curve(central.copy_keys("agency-2"))
    with wire.Client(server(central), **old) as agency:
        agency.hello(2)
        agency.watch()
        with central.leads_to("broker", "action: padron .* result: success"):
            loteria_keys("revoke", "2")
        assert agency.ends(loteria.DEADLINE), "it was cut"
    assert not wire.let_in(server(central), **old)

    with central.leads_to("broker", "action: padron .* result: success"):
        loteria_keys("enroll", "2", "--name", "Agencia Sur")
    with wire.Client(server(central), **wire.curve(central.copy_keys("agency-2-2"))) as agency:
        agency.hello(2)
    assert not wire.let_in(server(central), **old)
    assert "Agencia Sur" in loteria_keys("list")


def test_up_again_makes_no_new_keys(central):
    before = central.keys()
    with central.leads_to("keys", r"\benrolled 0 agencies"):
        central.up("keys")
    assert central.keys() == before
