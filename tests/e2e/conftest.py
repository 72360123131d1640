"""Fixtures: every process that a test starts through them ends with the test."""

import pytest

import loteria


def pytest_configure(config):
    config.addinivalue_line("markers", "asan: also run with the build that has the sanitizers")


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
    centrals = []

    def starter(**options):
        made = loteria.Central(tmp_path, **options)
        centrals.append(made)
        return made

    yield starter
    for made in centrals:
        if made.process.popen.poll() is None:
            made.process.stop()
