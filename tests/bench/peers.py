"""One run of each of what is compared: the product, the bare topology, Redis Streams.

Every function starts what it needs on free ports and in a directory of its own, waits for the
result, checks it, and leaves nothing behind; it returns the figures as a dict.
"""

import contextlib
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import loteria  # noqa: E402
import wire  # noqa: E402

RUN_SECONDS_MAX = 240
WINNING = b",7574"


class Missing(Exception):
    """What is to be measured is not installed."""


def program(name):
    path = loteria.BUILD / "bench" / name
    if not path.exists():
        raise Missing(f"{name} is not built")
    return str(path)


def bench(name, *arguments, environment=None):
    """What a bench program prints, as a dict."""
    done = subprocess.run([program(name), *map(str, arguments)], env={**loteria.ENVIRONMENT, **(environment or {})},
                          capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def on_disk(path):
    """Whether syncing means anything there."""
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True).stdout.strip()
    return kind not in ("tmpfs", "ramfs")


class Bets:
    """Sample files, made once."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def file(self, agency, count):
        path = self.directory / f"bets-{agency}-{count}.csv"
        if not path.exists():
            with open(path, "wb") as out:
                subprocess.run([loteria.program("make-bets"), "--agency", str(agency), "--count", str(count)],
                               stdout=out, check=True)
        return path

    def files(self, counts):
        return {agency: self.file(agency, count) for agency, count in enumerate(counts, 1)}

    def batches(self, agency, count, size):
        """About how many batches of `size` bytes an agency makes of them; its rows end with LF."""
        rows = self.file(agency, count).stat().st_size - count
        return max(1, round(rows / (size - 50)))


@contextlib.contextmanager
def directory_of(scratch, name):
    """Removed if all went well; what failed can be looked into."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=scratch))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(RUN_SECONDS_MAX)
    try:
        yield directory
    finally:
        signal.alarm(0)
    shutil.rmtree(directory)


def out_of_time(*_):
    raise AssertionError(f"a run took longer than {RUN_SECONDS_MAX} s")


# ---- The product ----------------------------------------------------------------------


@contextlib.contextmanager
def central(directory, workers, agencies, keys=None, **more):
    """A central whose workers have all joined; stopped, and well, at the end."""
    day = loteria.Central(directory, workers=workers, agencies=agencies, keys=keys, **more)
    try:
        day.process.wait_for_log(r"worker_alta \| result: success", workers)
        greet(day)
        yield day
        code = day.stop()
        assert code == 0, f"the central ended with {code}:\n{day.log[-2000:]}"
    finally:
        day.kill_clients()
        day.stop()


def product(scratch, files, workers=2, size=8192, memory=False, keys=None, meanwhile=contextlib.nullcontext, **more):
    """Real agencies sell their files at once, `meanwhile` (day) goes on; then they ask for their results. `more` is
    for the central.

    What is timed: from the first WELCOME to the last acknowledgement.
    """
    with directory_of(scratch, "product") as directory:
        with central(directory, workers, len(files), keys, **more) as day:
            before = cpu_seconds(day)
            with peaks(day, memory) as peak, meanwhile(day):
                figures = sell(day, files, "--batch-bytes", size)
            after = cpu_seconds(day)
            results = ask(day, files)
            figures["memory_kib"] = peak
        figures |= stored(day)
        figures["cpu_us_per_batch"] = {name: round((after[name] - before.get(name, 0)) * 1e6 / figures["batches"], 2)
                                       for name in after}
        figures["cpu_us_per_batch"]["loteria-agency"] = round(figures.pop("agencies_cpu") * 1e6 / figures["batches"], 2)
        figures["batches_per_second"] = figures["batches"] / figures["seconds"]
        figures["bets_per_second"] = figures["bets"] / figures["seconds"]
        check(day, len(files), 0, files.values(), results)
    return figures


def sell(day, files, *arguments):
    """An agency says how long it took from WELCOME to its last acknowledgement; the moment at which
    it ended places that span beside the others'."""
    started = time.monotonic()
    return sold(started, day.sell(files, "--sell-only", "--quiet", *arguments))


def sold(started, processes):
    """What agencies that only sell came to, and when they had."""
    ended = ends(processes)
    told = {number: json.loads(process.stdout) for number, process in processes.items()}
    first = min(ended[number][0] - told[number]["seconds"] for number in processes)
    last = max(moment for moment, _ in ended.values())
    return {"seconds": last - first, "wall_seconds": last - started, "agencies_cpu": sum(cpu for _, cpu in ended.values()),
            "retries": sum(each["retries"] for each in told.values())}


def ends(processes):
    """When each ended, and the seconds of CPU it took."""
    ended = {}
    with selectors.DefaultSelector() as waiting:
        for number, process in processes.items():
            waiting.register(os.pidfd_open(process.pid), selectors.EVENT_READ, number)
        while waiting.get_map():
            ready, moment = waiting.select(), time.monotonic()
            for key, _ in ready:
                waiting.unregister(key.fd)
                os.close(key.fd)
                ended[key.data] = moment, reap(processes[key.data])
    return ended


def reap(process):
    """Wait for an agency to end well; the seconds of CPU that it took."""
    _, status, usage = os.wait4(process.pid, 0)
    process.popen.returncode = os.waitstatus_to_exitcode(status)
    assert process.popen.returncode == 0, f"an agency failed:\n{process.log[-2000:]}"
    return usage.ru_utime + usage.ru_stime


def greet(day):
    """An agency with nothing to sell comes and goes: then every part of a central is there."""
    nothing = day.directory / "nothing.csv"
    nothing.touch()
    reap(day.agency(1, nothing, "--sell-only", "--quiet"))


def ask(day, files):
    """Everybody's winners, as the agencies print them."""
    processes = {number: day.agency(number, None, "--close", "--quiet") for number in files}
    for process in processes.values():
        reap(process)
    return {str(number): json.loads(process.stdout)["winners"] for number, process in processes.items()}


def stored(day):
    """What storage says is in the day, after it was stopped."""
    code, text = day.check()
    assert code == 0 and text.endswith("sound\n"), text
    told = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    kinds = (day.data / "bets.index").read_bytes()[wire.RECORD_BYTES::wire.RECORD_BYTES]
    return {"batches": kinds.count(b"B"), "bets": int(told["bets"])}


def check(day, agencies, count, files, results):
    """Each bet once and in order; everybody was told their own winners."""
    told = bench("bench-verify", day.data / "bets.csv", agencies, count, *files)
    assert results is None or told["winners"] == results, "wrong winners"


def load(scratch, bets, agencies, count, workers=2, window=16, rows=8192, results=True, search=False, rate=0,
         **more):
    """Many agencies in one process (bench-load), `count` bets each, all the same ones. With `search`
    the stored day is searched as well. With a `rate` (batches a second) the file begins anew when it ends."""
    with directory_of(scratch, "load") as directory:
        with central(directory, workers, agencies, **more) as day:
            figures = bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies", agencies,
                            "--count", count, "--window", window, "--rows", rows, "--rate", rate,
                            *(["--results"] if results else []))
            figures["memory_kib"] = memory_of(day.children())
        if rate == 0:
            check(day, agencies, count, [bets], figures.pop("winners", None))
        else:
            assert stored(day)["bets"] == agencies * count
        if search:
            figures["scan"] = bench("bench-scan", "--data-dir", day.data, "--agencies", agencies)
            figures["grep_us"] = grep_us(day.data / "bets.csv")
    return figures


def grep_us(path, times=5):
    """In the C locale, where grep is quickest; the file was just read."""
    took = []
    for _ in range(times):
        start = time.monotonic()
        subprocess.run(["grep", "-c", WINNING, path], env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                       capture_output=True, check=True)
        took.append((time.monotonic() - start) * 1e6)
    return sorted(took)[times // 2]


def cold_day(scratch, files, workers=2):
    """From the start of every process to the last agency's winners."""
    with directory_of(scratch, "day") as directory:
        start = time.monotonic()
        day = loteria.Central(directory, workers=workers, agencies=len(files))
        try:
            processes = day.sell(files, "--quiet")
            for process in processes.values():
                reap(process)
            seconds = time.monotonic() - start
            assert day.stop() == 0, day.log[-2000:]
        finally:
            day.kill_clients()
            day.stop()
        results = {str(number): json.loads(process.stdout)["winners"] for number, process in processes.items()}
        check(day, len(files), 0, files.values(), results)
    return {"seconds": seconds}


def idle(scratch, seconds, workers=4):
    """The share of a core that a central takes while nothing happens."""
    with directory_of(scratch, "idle") as directory, central(directory, workers, 5) as day:
        before, start = cpu_seconds(day), time.monotonic()
        time.sleep(seconds)
        after, took = cpu_seconds(day), time.monotonic() - start
        by_name = {name: 100 * (after[name] - before[name]) / took for name in after}
    return {"percent": sum(by_name.values()), "by_process": by_name}


def restart(scratch, bets, count, rows=8192, agencies=5):
    """Seconds from a start on a day of `count` bets to the first `STORED`, after all processes were
    killed: of a whole central; of storage alone; and of storage alone with nothing of the day in the
    page cache, as after a power cut. Each starts on what the kill left, so that all have the same log to read.
    And storage's memory after selling, and after a start."""
    with directory_of(scratch, "restart") as directory:
        with central(directory, 2, agencies) as day:
            bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies", agencies,
                  "--count", count // agencies, "--rows", rows)
            storage = next(pid for pid in day.children() if loteria.command_of(pid) == "loteria-storage")
            figures = {"sold_kib": memory_at_work(storage), "bytes": day.csv_bytes(),
                       "records": (day.data / "bets.index").stat().st_size // wire.RECORD_BYTES - 1}
            day.kill_all()
            sold = count // agencies
            warm, cold = (shutil.copytree(day.data, directory / name, symlinks=True) for name in ("warm", "cold"))
            os.sync()
            figures["storage_s"], _, figures["started_kib"] = restart_storage(day, warm, sold)
            forget_pages(cold)
            figures["cold_s"], _, _ = restart_storage(day, cold, sold)
            figures["central_s"] = restart_central(day, sold)
        assert stored(day)["bets"] == sold * agencies + 1
    return figures


def restart_central(day, offset):
    start = time.monotonic()
    day.start()
    with wire.Client(day.server, reconnect_ivl=1) as client:
        assert client.hello(1).next == offset
        assert client.store(1, offset, wire.bets(1)) == offset + 1
        return time.monotonic() - start


def restart_storage(day, data, offset):
    """With one more bet of agency 1. It is killed."""
    draw, _, digest = wire.standing(data, 1)
    return start_storage(day.directory, data, stored_bet(draw, 1, offset, digest))


def stored_bet(draw, agency, offset, digest):
    return wire.batch(agency, offset, [f"{agency},{wire.bets(1)[0]}"], command="STORE", draw=draw, digest=digest)


def start_storage(directory, data, store):
    """We take a worker's place and the broker's: the seconds until this STORE of one bet is answered, and the CPU time
    and the memory that storage took for it. It is killed."""
    server = f"127.0.0.1:{loteria.free_port()}"
    start = time.monotonic()
    with wire.Broker() as broker, wire.Client(server, reconnect_ivl=1) as client:
        storage = loteria.Process(directory, "loteria-storage", "--data-dir", data, "--listen", f"tcp://{server}",
                                  "--broker", broker.endpoint)  # fmt: skip
        try:
            answers = []
            while not answers:  # an answer to a broker that storage has not joined yet is dropped, so: again
                client.send(wire.enveloped(store, wire.envelope(boot=broker.boot)))
                answers = broker.hear() if broker.socket.poll(5) else []
            stored, _ = answers[0]
            assert (stored.name, stored.next) == ("STORED", wire.decode(store).offset + 1), stored
            return time.monotonic() - start, cpu_seconds_of(storage.pid), memory_at_work(storage.pid)
        finally:
            storage.kill()


def forget_pages(data):
    for path in (path for path in pathlib.Path(data).rglob("*") if path.is_file() and not path.is_symlink()):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory_at_work(pid):
    """KiB: the most that ever was in memory, and what is of its own now, not of files."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: int(text.split(f"{name}:")[1].split()[0]) for name in ("VmHWM", "RssAnon")}


def cpu_seconds(day):
    """By program, of all threads of all processes of a central."""
    seconds = {}
    for pid in day.children():
        name = loteria.command_of(pid)
        seconds[name] = seconds.get(name, 0) + cpu_seconds_of(pid)
    return seconds


def cpu_seconds_of(pid):
    """Of all its threads."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def memory_of(pids):
    """The largest of each program's processes at its largest, in KiB."""
    peak = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, IndexError):
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            name = pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
            kib = int(text.split("VmHWM:")[1].split()[0])
            peak[name] = max(peak.get(name, 0), kib)
    return peak


@contextlib.contextmanager
def peaks(day, wanted):
    """Fills a dict with memory_of () everybody, agencies too; they end, so they are watched."""
    found, ended = {}, threading.Event()

    def look():
        pids = [*day.children(), *(client.pid for client in day.clients if client.popen.returncode is None)]
        for name, kib in memory_of(pids).items():
            found[name] = max(found.get(name, 0), kib)

    def watch():
        while not ended.wait(0.02):
            look()

    watcher = threading.Thread(target=watch)
    if wanted:
        watcher.start()
    try:
        yield found
    finally:
        ended.set()
        if wanted:
            watcher.join()
            look()


# ---- The others -----------------------------------------------------------------------


def bare(scratch, clients=5, workers=2, size=8192, window=16, count=1000, sync=True, curve=False, ipc=False,
         rate=0):
    with directory_of(scratch, "bare") as directory:
        return bench("bench-bare", "--clients", clients, "--workers", workers, "--bytes", size, "--window", window,
                     "--count", count, "--rate", rate, "--file", directory / "batches",
                     *(["--sync"] if sync else []), *(["--curve"] if curve else []), *(["--ipc"] if ipc else []))


def redis(scratch, clients=5, size=8192, window=16, count=1000):
    """A server of our own, on a port of its own, which syncs before every answer."""
    with directory_of(scratch, "redis") as directory, redis_server(directory) as port:
        return bench("bench-redis", "--port", port, "--clients", clients, "--bytes", size, "--window", window,
                     "--count", count)


@contextlib.contextmanager
def redis_server(directory):
    # Debian's redis-tools has the server too, under another name: it looks at how it is called.
    binary = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not binary:
        raise Missing("Redis is not installed")
    program("bench-redis")
    port = loteria.free_port()
    with open(directory / "redis.log", "wb") as log:
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory, "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0"],
            executable=binary, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        loteria.wait_until(lambda: answers(port), explain=lambda: "Redis does not answer")
        yield port
    finally:
        server.kill()
        server.wait()


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(b"PING\r\n")
        return probe.recv(16).startswith(b"+PONG")
    return False


def rows():
    return bench("bench-rows")
