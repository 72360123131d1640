"""Fixtures: every process that a test starts through them ends with the test."""

import pytest

import loteria


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="every crash image and every byte, not a selection (minutes)")
    parser.addoption("--all-calls", action="store_true", help="fail every system call, not a selection (minutes)")


def pytest_configure(config):
    config.addinivalue_line("markers", "asan: also run with the build that has the sanitizers")
    config.addinivalue_line("markers", "valgrind: every process runs under valgrind")


@pytest.fixture
def start(tmp_path):
    """start(NAME, ARGUMENT...): a loteria.Process, killed at the end if it still runs."""
    processes = []

    def starter(name, *arguments, **options):
        process = loteria.Process(tmp_path, name, *arguments, **options)
        processes.append(process)
        return process

    yield starter
    for process in processes:
        if process.popen.poll() is None:
            process.kill()


@pytest.fixture
def central(tmp_path):
    """central(workers=.., agencies=..): a loteria.Central, stopped at the end."""
    yield from days(tmp_path, loteria.Central, lambda made: made.process.popen.poll() is None)


@pytest.fixture
def parts(tmp_path):
    """parts(workers=.., agencies=..): a loteria.Parts, stopped at the end."""
    yield from days(tmp_path, loteria.Parts, lambda made: True)


def days(tmp_path, kind, running):
    """Nothing outlives its test. A central that still runs has to stop well, and whatever any
    central wrote to stderr has to be log lines."""
    made = []

    def starter(**options):
        made.append(kind(tmp_path, **options))
        return made[-1]

    yield starter
    try:
        for day in made:
            day.kill_clients()
            if running(day):
                assert day.stop() == 0, day.log
            loteria.parse_log(day.log)
    finally:
        for day in made:  # when one did not stop
            day.kill_clients()
            for process in day.processes:
                if process.popen.poll() is None:
                    process.kill()
