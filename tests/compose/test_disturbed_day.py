"""A day under compose in which much happens: nothing may be lost, nothing stored twice."""

import pytest

import engine
import loteria

SLOW_AGENCIES = (1, 2, 3)


@pytest.fixture(scope="module")
def day(image, sample, tmp_path_factory):
    """A day of three slow agencies, under way. When all has happened to it, it comes to its end, and is right."""
    files = {agency: sample[agency] for agency in SLOW_AGENCIES}
    with engine.Project(tmp_path_factory.mktemp("disturbed"), AGENCIES="3", WORKERS="1", **engine.SLOW) as made:
        made.central()
        made.agencies(*SLOW_AGENCIES)
        made.wait_for_more()
        yield made
        assert not made.logged("state", "action: agencia_lista"), "the day was over before all had happened"
        made.hurry(*SLOW_AGENCIES)
        made.assert_day_right(files)


def running_workers(day):
    return {container for container in day.containers("worker") if engine.inspect(container)["State"]["Running"]}


def test_scaled_by_a_count(day):
    day.scale(1)
    first = running_workers(day)
    assert len(first) == 1

    day.settings["WORKERS"] = "4"
    with day.leads_to("broker", r"worker_alta \| result: success \| workers: 4"):
        day.central()
    four = running_workers(day)
    assert len(four) == 4 and first < four, "those that were there stay"
    day.wait_for_more()

    with day.leads_to("broker", r"worker_alta \| result: success \| workers: 8"):
        day.up("--scale", "worker=8", "worker")
    assert len(running_workers(day)) == 8
    day.wait_for_more()

    with day.leads_to("broker", r"worker_baja .*\| workers: 2"):
        day.up("--scale", "worker=2", "worker")
    assert len(running_workers(day)) == 2
    day.wait_for_more()


def test_each_container_killed(day):
    """With kill -9 from outside, as the kernel does when memory runs out; the engine starts it again."""
    day.scale(2)
    for service in ("worker", "broker", "storage", "state", "agency1"):
        container = day.containers(service)[0]
        before = engine.inspect(container)
        stored = day.stored()
        engine.on_the_engine(f"kill -9 {before['State']['Pid']}")
        engine.wait_until(
            lambda: (now := engine.inspect(container))["RestartCount"] > before["RestartCount"]
            and now["State"]["Running"], lambda: f"{service} did not come back:\n{day.logs()}")
        assert engine.inspect(container)["State"]["Pid"] != before["State"]["Pid"]
        day.wait_for_more(than=stored)


def network(day, service, name):
    """The network's full name, and the container's."""
    return f"{day.name}_{name}", day.containers(service)[0]


def disconnect(day, service, name):
    engine.docker("network", "disconnect", *network(day, service, name))


def connect(day, service, name):
    engine.docker("network", "connect", "--alias", service, *network(day, service, name))


def test_networks_taken_away(day):
    day.scale(2)
    with day.leads_to("broker", "worker_baja"):
        disconnect(day, "worker", "inner")
    day.wait_for_more()
    with day.leads_to("broker", "worker_alta"):
        connect(day, "worker", "inner")

    with day.leads_to("broker", "worker_baja", count=2), \
            day.leads_to("agency1", r"conexion \| result: in_progress"):
        disconnect(day, "broker", "inner")
        disconnect(day, "broker", "front")
    with day.leads_to("broker", "worker_alta", count=2):
        connect(day, "broker", "inner")
        connect(day, "broker", "front")
    day.wait_for_more()


def address(container):
    (network,) = engine.inspect(container)["NetworkSettings"]["Networks"].values()
    return network["IPAddress"]


def test_storage_moves_to_another_container(day):
    """Same volume, another address: what the name means is looked up anew."""
    day.scale(1)
    old = day.container("storage")
    old_address = address(old)
    stored = day.stored()
    day.compose("rm", "--stop", "--force", "storage")
    day.scale(2)  # takes the address, should it be given out again
    day.compose("up", "-d", "--no-deps", "storage")
    assert day.container("storage") != old
    assert address(day.container("storage")) != old_address
    day.wait_for_more(than=stored)


def test_stops_within_the_grace_and_goes_on(day):
    """SIGTERM is all that anything needs, as process 1, and while it looks for a part that is away. Only agencies
    say with their status that they had not sold all. All at once, and in whatever order, they are started again."""
    agencies = [day.containers(f"agency{agency}")[0] for agency in SLOW_AGENCIES]
    day.compose("stop", "storage")
    day.compose("stop", "--timeout", "5")
    for container in day.containers():
        state = engine.inspect(container)["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", int(container in agencies)), day.logs()
        entries = loteria.parse_log(engine.KEYS_SAID.sub("", "".join(engine.log_of(container))))
        assert not entries or entries[-1]["action"] == "shutdown"
    stored = day.stored()
    engine.docker("start", *day.containers())
    day.wait_for_more(than=stored)
