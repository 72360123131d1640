"""Two centrals on one replicated log: one is active, the other takes over; agencies know both."""

import json
import os
import re
import signal
import subprocess

import pytest

import loteria
import postgres

FEW = {1: 600, 2: 400}


def pairs(directory, lease):
    """Two centrals of one log, the second a standby of the first."""
    with postgres.Cluster() as cluster:
        made = Pair(cluster, directory, lease)
        try:
            made.begin()
            yield made
        finally:
            made.end()


@pytest.fixture
def pair(tmp_path):
    """Of a lease that runs out soon, and on a busy machine perhaps when nobody is lost."""
    yield from pairs(tmp_path, 2)


@pytest.fixture
def slow_pair(tmp_path):
    """Which takes over by order, and otherwise hardly ever."""
    yield from pairs(tmp_path, 12)


@pytest.fixture
def patient_pair(tmp_path):
    """Of a lease that does not run out in a test."""
    yield from pairs(tmp_path, 600)


class Pair:
    def __init__(self, cluster, directory, lease):
        self.cluster, self.directory, self.lease = cluster, directory, lease
        self.environment = {"PGPASSFILE": str(cluster.passfile)}
        self.ports = [loteria.free_port() for _ in range(2)]
        self.made, self.clients, self.centrals = [], [], [None, None]

    def begin(self):
        self.control("log", "init", self.cluster.url(password=""))
        self.centrals[0] = self.start(0)
        self.one.process.wait_for_log("action: apertura")
        self.centrals[1] = self.start(1, "--standby")
        self.other.process.wait_for_log(r"action: relevo .*role: standby \| active: tcp://" + re.escape(self.one.server))

    one = property(lambda self: self.centrals[0])
    other = property(lambda self: self.centrals[1])

    def start(self, which, *arguments):
        folder = self.directory / "ab"[which]
        folder.mkdir(exist_ok=True)
        environment = {**self.environment, "LOTERIA_LOG": self.cluster.url(password=""), "LOTERIA_LEASE": str(self.lease)}
        self.made.append(loteria.Central(folder, workers=1, agencies=len(FEW), port=self.ports[which],
                                         arguments=arguments, environment=environment))
        return self.made[-1]

    def control(self, *arguments, status=0):
        result = subprocess.run([loteria.program("loteria-ctl"), *map(str, arguments)], capture_output=True, text=True,
                                timeout=loteria.DEADLINE, env={**loteria.ENVIRONMENT, **self.environment})
        assert result.returncode == status, result.stdout + result.stderr
        return result.stdout

    def sell(self, files, *arguments):
        servers = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        agencies = {}
        for number, bets in files.items():
            agencies[number] = loteria.Process(self.directory, "loteria-agency", "--id", number, "--bets", bets,
                                               "--server", servers, "--json", "--batch-count", 10, *arguments)
            self.clients.append(agencies[number])
        return agencies

    def wait_for_bets(self, central, count):
        loteria.wait_until(lambda: central.csv_bytes() > 40 * count, explain=lambda: self.log)

    def wait_for_everybody(self, central):
        """A bet of each agency is stored there."""
        loteria.wait_until(lambda: all(re.search(rb"(?m)^%d," % number, central.csv()) for number in FEW),
                           explain=lambda: self.log)

    @property
    def log(self):
        return "".join(f"---- {central.directory.name}\n{central.log}" for central in self.made)

    def ends_well(self, files, agencies):
        """Every bet once, one draw, the same on both."""
        results = loteria.finish(agencies)
        loteria.wait_until(lambda: self.one.csv() == self.other.csv(), explain=lambda: self.log)
        loteria.assert_day_right(self.other.data, files, results)
        assert loteria.draws(self.log) == 1, self.log

    def end(self):
        for client in self.clients:
            if client.popen.poll() is None:
                client.kill()
        codes = [central.stop() if central.process.popen.poll() is None else 0 for central in self.made]
        assert codes == [0] * len(codes), self.log


def bets(directory):
    return {agency: loteria.make_bets(directory / f"agency-{agency}.csv", agency, count, winners=(3,))
            for agency, count in FEW.items()}


def test_a_whole_machine_is_lost(pair, tmp_path):
    """All processes of the active central at once, in the middle of the sale. The other sells on, to the same agencies;
    the first comes back as a standby."""
    files = bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 100)
    pair.wait_for_everybody(pair.one)  # on a busy machine one of them may not have come yet
    pair.one.kill_all()
    pair.other.process.wait_for_log(r"action: relevo \| result: success \| role: active")
    pair.centrals[0] = pair.start(0, "--standby")
    pair.ends_well(files, agencies)
    for agency in agencies.values():
        assert re.search(r"conexion \| result: success \| server_address: \S+ \| before: ", agency.log), agency.log
        assert agency.log.count("action: config") == 1


def test_by_order_and_back(slow_pair, tmp_path):
    """The former active one follows by itself, with all its processes, and takes over in its turn."""
    pair, files = slow_pair, bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 50)
    pair.control("--data-dir", pair.other.data, "takeover")
    pair.one.process.wait_for_log(r"action: relevo .*role: standby \| active: tcp://" + re.escape(pair.other.server))
    pair.wait_for_bets(pair.other, 300)
    pair.control("--data-dir", pair.one.data, "takeover")
    loteria.wait_until(lambda: pair.one.log.count("result: success | role: active") == 2, explain=lambda: pair.log)
    pair.ends_well(files, agencies)
    assert "proceso | result: in_progress | name: state | reason: storage was started again" in pair.one.log


def test_a_standby_sends_agencies_on_and_does_not_complain_of_each(pair):
    tried = subprocess.run([loteria.program("loteria-agency"), "--id", "1", "--server", pair.other.server, "--try"],
                           capture_output=True, text=True, timeout=loteria.DEADLINE, env=loteria.ENVIRONMENT)
    assert "standby" in tried.stdout, tried
    assert "UNAVAILABLE" not in pair.other.log


def test_status_says_who_is_what(pair):
    """At both: a standby's silence is no fault."""
    def engine(central):
        return json.loads(pair.control("--data-dir", central.data, "--timeout", "60s" if central is pair.one else "2s", "status", "--json"))["engine"]

    active, standby = engine(pair.one), engine(pair.other)
    assert (active["role"], standby["role"]) == ("active", "standby") and active["epoch"] == standby["epoch"] == 1
    assert standby["active_at"].startswith(f"tcp://{pair.one.server}") and active["synchronous"] and active["engine"] == "postgres"
    assert active["standbys"] == 2
    shown = pair.control("--data-dir", pair.other.data, "status")
    assert re.search(r"^storage +standby", shown, re.M), shown
    assert f"standby, the active is at {standby['active_at']}, epoch 1" in shown
    shown = pair.control("--data-dir", pair.one.data, "--timeout", "60s", "status")
    assert "the active is here, epoch 1" in shown and "standbys   2 synchronous: node2, node3" in shown, shown


def test_the_active_storage_is_frozen(pair, tmp_path):
    """It comes back when another one leads: it ends before it says anything, and follows."""
    files = bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 100)
    storage = pair.one.pid("loteria-storage")
    os.kill(storage, signal.SIGSTOP)
    pair.other.process.wait_for_log(r"action: relevo \| result: success \| role: active")
    os.kill(storage, signal.SIGCONT)
    pair.one.process.wait_for_log(r"action: relevo .*role: standby \| active: tcp://" + re.escape(pair.other.server))
    pair.ends_well(files, agencies)


def test_a_killed_storage_leads_on(patient_pair, tmp_path):
    """It is started again within its own lease: the standby stays one."""
    pair, files = patient_pair, bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 100)
    os.kill(pair.one.pid("loteria-storage"), signal.SIGKILL)
    pair.ends_well(files, agencies)
    assert "role: active" not in pair.other.log, pair.log


def test_a_central_that_is_stopped_gives_the_lease_back(patient_pair, tmp_path):
    """In order: nobody has to wait until it has run out."""
    pair, files = patient_pair, bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 100)
    assert pair.one.stop() == 0
    pair.other.process.wait_for_log(r"action: relevo \| result: success \| role: active")
    pair.centrals[0] = pair.start(0, "--standby")
    pair.ends_well(files, agencies)


def test_a_central_that_leads_but_does_not_serve_yet_gives_the_lease_back(patient_pair, tmp_path):
    """He cannot read what is left: the groups have another name here for a while."""
    pair = patient_pair
    pair.cluster.sql("ALTER TABLE loteria.entry RENAME COLUMN body TO hidden")
    order = subprocess.Popen([loteria.program("loteria-ctl"), "takeover", "--data-dir", pair.other.data],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=loteria.ENVIRONMENT)
    pair.other.process.wait_for_log("this one leads from here on")
    order.kill()
    order.wait()
    assert pair.other.stop() == 0
    assert "role: active" not in pair.other.log, pair.log
    pair.cluster.sql("ALTER TABLE loteria.entry RENAME COLUMN hidden TO body")
    pair.one.process.wait_for_log(r"action: relevo \| result: success \| role: active \| epoch: [2-9]")
    pair.centrals[1] = pair.start(1, "--standby")
    files = bets(tmp_path)
    pair.ends_well(files, pair.sell(files))


def test_a_commit_that_is_never_answered_ends_who_can_renew_the_lease(pair, tmp_path):
    """As when it is with a machine that hangs, and renewals with the one that was promoted. Here a lock holds it."""
    files = bets(tmp_path)
    agencies = pair.sell(files, "--loop-period", "20ms")
    pair.wait_for_bets(pair.one, 50)
    node = pair.cluster.primary
    lock = subprocess.Popen(["psql", "--no-psqlrc", node.url(password="").partition("?")[0], "--command",
                             "BEGIN; LOCK TABLE loteria.entry IN EXCLUSIVE MODE; SELECT pg_sleep(3600)"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={**postgres.ENVIRONMENT, **pair.environment})
    pair.one.process.wait_for_log("which is longer than the lease")
    node.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK TABLE%'")
    lock.wait(loteria.DEADLINE)
    pair.ends_well(files, agencies)


def test_who_is_no_standby_does_not_start(patient_pair):
    """The second of two that both mean to be the one."""
    pair = patient_pair
    assert pair.other.stop() == 0
    second = pair.start(1)
    assert second.process.wait() == 2, second.log
    assert f"tcp://{pair.one.server}" in second.log and "start this with --standby" in second.log
    pair.made.remove(second)
