"""Days under compose in which something happens: nothing may be lost, nothing stored twice."""

import pytest

import engine
import loteria

SLOW_AGENCIES = (1, 2, 3)


@pytest.fixture
def slow_day(project, sample):
    """A day of three slow agencies, under way; with how many bets it has."""

    def starter(workers):
        day = project(AGENCIES="3", WORKERS=str(workers), **engine.SLOW)
        day.central()
        day.agencies(*SLOW_AGENCIES)
        day.wait_for_more()
        return day

    return starter


@pytest.fixture
def finish(sample):
    """Let a slow day come to its end, which it must not have reached before, and check it."""
    files = {agency: sample[agency] for agency in SLOW_AGENCIES}
    total = sum(len(loteria.rows_of(path)) for path in files.values())

    def finisher(day):
        assert day.stored() < total / 2, "the day was over before all had happened"
        day.hurry(*SLOW_AGENCIES)
        day.assert_day_right(files)

    return finisher


def running_workers(day):
    return {container for container in day.containers("worker") if engine.inspect(container)["State"]["Running"]}


def test_scaled_by_a_count_in_mid_day(slow_day, finish):
    day = slow_day(workers=1)
    first = running_workers(day)
    assert len(first) == 1

    day.settings["WORKERS"] = "4"
    day.central()
    four = running_workers(day)
    assert len(four) == 4 and first < four, "those that were there stay"
    day.wait_for_log("broker", r"worker_alta \| result: success \| workers: 4")
    day.wait_for_more()

    day.up("--scale", "worker=8", "worker")
    assert len(running_workers(day)) == 8
    day.wait_for_log("broker", r"worker_alta \| result: success \| workers: 8")
    day.wait_for_more()

    day.up("--scale", "worker=2", "worker")
    assert len(running_workers(day)) == 2
    day.wait_for_log("broker", r"worker_baja .*\| workers: 2")
    day.wait_for_more()
    finish(day)


def test_each_container_killed_in_mid_day(slow_day, finish):
    """With kill -9 from outside, as the kernel does when memory runs out; the engine starts it again."""
    day = slow_day(workers=2)
    for service in ("worker", "broker", "storage", "state", "agency1"):
        container = day.containers(service)[0]
        state = engine.inspect(container)["State"]
        stored = day.stored()
        engine.on_the_engine(f"kill -9 {state['Pid']}")
        loteria.wait_until(
            lambda: (now := engine.inspect(container))["RestartCount"] == 1 and now["State"]["Running"],
            engine.DEADLINE, lambda: f"{service} did not come back:\n{day.logs()}")
        assert engine.inspect(container)["State"]["Pid"] != state["Pid"]
        day.wait_for_more(than=stored)
    finish(day)


def network(day, service, name):
    """The network's full name, and the container's."""
    return f"{day.name}_{name}", day.containers(service)[0]


def disconnect(day, service, name):
    engine.docker("network", "disconnect", *network(day, service, name))


def connect(day, service, name):
    engine.docker("network", "connect", "--alias", service, *network(day, service, name))


def test_networks_taken_away_in_mid_day(slow_day, finish):
    day = slow_day(workers=2)
    disconnect(day, "worker", "inner")
    day.wait_for_log("broker", "worker_baja")
    day.wait_for_more()
    connect(day, "worker", "inner")
    day.wait_for_log("broker", "worker_alta", count=3)

    disconnect(day, "broker", "inner")
    disconnect(day, "broker", "front")
    day.wait_for_log("broker", "worker_baja", count=3)
    day.wait_for_log("agency1", r"conexion \| result: in_progress")
    connect(day, "broker", "inner")
    connect(day, "broker", "front")
    day.wait_for_log("broker", "worker_alta", count=5)
    day.wait_for_more()
    finish(day)


def address(container):
    (network,) = engine.inspect(container)["NetworkSettings"]["Networks"].values()
    return network["IPAddress"]


def test_storage_moves_to_another_container(slow_day, finish):
    """Same volume, another address: what the name means is looked up anew."""
    day = slow_day(workers=1)
    old = day.container("storage")
    old_address = address(old)
    stored = day.stored()
    day.compose("rm", "--stop", "--force", "storage")
    day.settings["WORKERS"] = "2"
    day.compose("up", "-d", "--no-deps", "worker")  # takes the address, should it be given out again
    day.compose("up", "-d", "--no-deps", "storage")
    assert day.container("storage") != old
    assert address(day.container("storage")) != old_address
    day.wait_for_more(than=stored)
    finish(day)
