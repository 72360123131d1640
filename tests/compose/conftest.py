"""Fixtures of the compose tests: the image, built once; projects that end with their test."""

import contextlib
import fcntl
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import engine  # noqa: E402


def pytest_sessionstart(session):
    if not engine.engine_answers():
        pytest.exit("no Docker engine answers: scripts/ci-docker runs a command with one", returncode=2)


@pytest.fixture(scope="session")
def image():
    """The image's name. Of several that test at the same time (pytest -n) the first builds it."""
    with open(engine.ROOT / "Dockerfile", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine.run(*engine.compose_command(), "-f", engine.ROOT / "compose.yaml", "build", "storage",
                   cwd=engine.ROOT, environment={"IMAGE": engine.IMAGE}, timeout=engine.BUILD_DEADLINE)
    return engine.IMAGE


@pytest.fixture
def project(image, tmp_path):
    """project(NAME=value...): an engine.Project; all that belongs to it is removed at the end."""
    with contextlib.ExitStack() as projects:
        yield lambda **options: projects.enter_context(engine.Project(tmp_path, **options))


@pytest.fixture(scope="session")
def sample(image, tmp_path_factory):
    """The sample day that the image has: files by agency."""
    directory = tmp_path_factory.mktemp("sample")
    container = engine.docker("create", image).strip()
    try:
        files = engine.files_in(container, "/.data")
    finally:
        engine.docker("rm", container)
    assert sorted(files) == [f"agency-{agency}.csv" for agency in range(1, 6)]
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return {agency: directory / f"agency-{agency}.csv" for agency in range(1, 6)}
