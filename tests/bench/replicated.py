"""The log on a PostgreSQL of three, all of them on this machine: what the central makes of it, what the engine does
alone with the very same groups, and how quickly a standby follows."""

import contextlib
import subprocess
import time

import peers
from peers import loteria

STARTED = r"almacenamiento \| result: success"


@contextlib.contextmanager
def cluster():
    """On disk: here a sync is to cost what it costs. Nothing is between it and who asks."""
    try:
        import postgres
    except ImportError as reason:
        raise peers.Missing(str(reason)) from None
    if not (postgres.PROGRAMS / "postgres").exists():
        raise peers.Missing("PostgreSQL is not installed")
    with postgres.Cluster(on_disk=True, settings={"shared_buffers": "128MB", "max_wal_size": "4GB"}) as made:
        yield made


class Log:
    """One log in it, by name."""

    def __init__(self, made, name):
        self.url = made.url(password="", relayed=False) + f"#{name}"
        self.environment = {"PGPASSFILE": str(made.passfile)}
        subprocess.run([loteria.program("loteria-ctl"), "log", "init", self.url], check=True, capture_output=True,
                       env={**loteria.ENVIRONMENT, **self.environment}, timeout=loteria.DEADLINE)


def product(scratch, files, size=8192):
    """As peers.product; then the engine alone, and a standby that begins with nothing."""
    with cluster() as made:
        log = Log(made, "product")
        figures = peers.product(scratch, files, size=size, **log_of(log))
        figures["alone"] = alone(made, log)
        figures["alone"]["batches_per_second"] = figures["batches"] / figures["alone"]["seconds"]
        figures["follow"] = follow(scratch, log, figures["batches"])
    return figures


def lonely(scratch, bets, count):
    """One bet after another, and the engine alone with the groups that this made."""
    with cluster() as made:
        log = Log(made, "lonely")
        figures = peers.load(scratch, bets, 1, count, window=1, rows=1, results=False, **log_of(log))
        figures["alone"] = alone(made, log)
    return figures


def log_of(log):
    return {"arguments": ("--log", log.url), "environment": log.environment}


def alone(made, log):
    other = Log(made, "alone")
    return peers.bench("bench-engine", "--from", log.url, "--to", other.url, environment=log.environment)


def follow(scratch, log, batches):
    """A storage with an empty directory: from its start until it has everything, and serves."""
    with peers.directory_of(scratch, "follow") as directory:
        (directory / "data").mkdir()
        start = time.monotonic()
        storage = loteria.Process(
            directory, "loteria-storage", "--data-dir", directory / "data", "--listen",
            f"tcp://127.0.0.1:{loteria.free_port()}", "--broker", f"tcp://127.0.0.1:{loteria.free_port()}", "--log",
            log.url, environment=log.environment)
        try:
            storage.wait_for_log(STARTED)
            seconds = time.monotonic() - start
        finally:
            storage.kill()
    return {"seconds": seconds, "batches_per_second": batches / seconds}
