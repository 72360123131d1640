"""The log on PostgreSQL: a primary and standbys on loopback, as tests/e2e/postgres.py makes them.

Traps are those of docs/high-availability.md. Storage is started by hand and by nobody again, so that how it ends is seen.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import threading

import pytest

import loteria
import postgres

FEW = {1: 60, 2: 40}
STORAGE = "loteria-storage"
# So long that nobody ends because the lease has, however long he is made to wait here.
LEASE = {"LOTERIA_LEASE": "3600"}
WAITS = r"action: replica \| result: in_progress \| engine: postgres://\S+ \| waiting_ms: \d+ \| reason: no standby has confirmed"

# A group that waits, not a renewal of the lease: either may have said so first, and the group may still be on its way.
CANCEL = """SELECT pg_cancel_backend(pid) FROM pg_stat_activity
            WHERE wait_event = 'SyncRep' AND query LIKE '%INSERT INTO loteria.entry%'"""


@pytest.fixture
def cluster():
    """It is asked by a role that may do what storage needs, and no more."""
    with postgres.Cluster() as made:
        prepare(made)
        yield made


def prepare(cluster):
    cluster.sql(f"CREATE ROLE central LOGIN PASSWORD '{cluster.password}'")
    assert "the log was made, and may be used by central" in init(cluster, "--role", "central")


def init(cluster, *arguments, url=None):
    """The tables, by the database's owner."""
    result = control("log", "init", url or owner(cluster), *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def control(*arguments):
    return subprocess.run([loteria.program("loteria-ctl"), *arguments], capture_output=True, text=True,
                          timeout=loteria.DEADLINE, env=loteria.ENVIRONMENT)


def owner(cluster, **options):
    return url_of(cluster, role=postgres.SUPERUSER, **options)


def url_of(cluster, role="central", passfile=None, options="", **more):
    return cluster.url(role=role, password="", options=f"&passfile={passfile or cluster.passfile}{options}", **more)


@pytest.fixture
def replicated(parts, cluster):
    """replicated(): a Parts whose storage has its log there, all of it started."""

    def start(log=None):
        day = parts(agencies=len(FEW), workers=1, start=False,
                    wrapper=["env", *(f"{name}={value}" for name, value in LEASE.items())])
        day.commands[STORAGE] += ("--log", log or url_of(cluster))
        for name in reversed(day.commands):
            day.start(name)
        return day

    return start


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=(3,))
            for agency, count in FEW.items()}


def entries(cluster):
    return int(cluster.sql("SELECT count(*) FROM loteria.entry"))


def sell_first(day, files, cluster):
    """Agency 1 has sold everything and waits for agency 2. Both are to end well later."""
    first = day.agency(1, files[1])
    day.wait_for_csv(files[1].stat().st_size)
    loteria.wait_until(lambda: entries(cluster) > 0, explain=lambda: day.log)
    return first


def start_storage(day):
    day.start(STORAGE).wait_for_log(r"action: almacenamiento \| result: success")


def end(day, files, agencies, cluster):
    """Everything was stored once, and the winners are told; here, and as the engine has it."""
    loteria.assert_day_ends(day, files, agencies)
    assert day.stop() == 0, day.log
    day.assert_sound()
    assert int(cluster.sql("SELECT max(ordinal) - count(*) FROM loteria.entry")) == 0


# ---- Days ----


def test_a_whole_day_of_a_central(central, cluster, files):
    day = central(agencies=2, environment={**LEASE, "LOTERIA_LOG": url_of(cluster)})
    end(day, files, day.sell(files), cluster)
    assert entries(cluster) > 3


def test_a_directory_is_made_again_from_the_engine(replicated, cluster, files):
    """Every file of it, whatever was lost: the log is elsewhere."""
    day = replicated()
    end(day, files, day.sell(files), cluster)
    before = {name: (day.data / name).read_bytes() for name in ("bets.csv", "bets.index", "draws/first/bets.csv")}
    shutil.rmtree(day.data)
    day.data.mkdir()
    start_storage(day)
    assert day.parts[STORAGE].stop() == 0
    assert {name: (day.data / name).read_bytes() for name in before} == before
    day.assert_sound()


def test_storage_is_killed_and_goes_on(replicated, cluster, files):
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    for _ in range(2):
        day.parts[STORAGE].kill()
        start_storage(day)
    assert cluster.sql("SELECT epoch FROM loteria.lease") == "3"
    agencies[2] = day.agency(2, files[2])
    end(day, files, agencies, cluster)


def test_the_primary_stands_still_and_goes_on(replicated, cluster, files):
    """What is not answered is waited for; nothing is asked twice."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    primary = cluster.primary
    primary.freeze()
    agencies[2] = day.agency(2, files[2])
    day.parts[STORAGE].wait_for_log(WAITS)
    primary.thaw()
    end(day, files, agencies, cluster)


def test_the_primary_dies_and_another_is_promoted(replicated, cluster, files):
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    cluster.primary.kill()
    agencies[2] = day.agency(2, files[2])
    assert day.parts[STORAGE].wait() == 1
    assert cluster.fail_over().returncode == 0
    day.start(STORAGE)
    end(day, files, agencies, cluster)


# ---- Traps ----


def sell_without_standbys(day, files, cluster):
    """Agency 2's bets are at the primary, and nowhere else."""
    for node in cluster.standbys:
        node.kill()
    agency = day.agency(2, files[2])
    day.parts[STORAGE].wait_for_log(WAITS)
    return agency


def test_without_a_standby_it_waits_and_says_so(replicated, cluster, files):
    """Trap 4."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    standbys = cluster.standbys
    agencies[2] = sell_without_standbys(day, files, cluster)
    assert "offset: 40" not in agencies[2].log
    standbys[0].start()
    day.parts[STORAGE].wait_for_log(r"action: replica \| result: success .* reason: a standby has confirmed")
    end(day, files, agencies, cluster)


def test_a_wait_that_is_cancelled_is_not_believed(replicated, cluster, files):
    """Trap 3: the server says that all is well, with a warning, and it is on one machine only."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    standbys = cluster.standbys
    agencies[2] = sell_without_standbys(day, files, cluster)
    loteria.wait_until(lambda: cluster.sql(CANCEL), explain=lambda: "no group waits for a standby")
    assert day.parts[STORAGE].wait() == 1
    assert "the server said: canceling wait for synchronous replication" in day.parts[STORAGE].log
    for node in standbys:
        node.start()
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def give_up_standbys(cluster):
    """The operator's mistake."""
    cluster.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
    cluster.sql("SELECT pg_reload_conf()")


def want_standbys(cluster):
    cluster.sql("ALTER SYSTEM RESET synchronous_standby_names")
    cluster.sql("SELECT pg_reload_conf()")


def test_a_wait_that_ends_as_standbys_are_given_up_is_not_believed(replicated, cluster, files):
    """Trap 5, in its midst: no warning, and it is on one machine only."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    standbys = cluster.standbys
    agencies[2] = sell_without_standbys(day, files, cluster)
    give_up_standbys(cluster)
    assert day.parts[STORAGE].wait() == 1
    assert "synchronous_standby_names was emptied meanwhile" in day.parts[STORAGE].log
    want_standbys(cluster)
    for node in standbys:
        node.start()
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def test_nothing_is_written_once_standbys_are_given_up(replicated, cluster, files):
    """Trap 5; and no start is taken in by it."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    give_up_standbys(cluster)
    agencies[2] = day.agency(2, files[2])
    assert day.parts[STORAGE].wait() == 1
    assert re.search(r"synchronous_standby_names (is empty|was emptied)", day.parts[STORAGE].log)
    refused = day.start(STORAGE)
    assert refused.wait() == 2
    assert "synchronous_standby_names is empty there, so what is acknowledged would be on one machine only" in refused.log
    want_standbys(cluster)
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def test_who_was_taken_over_ends_and_nothing_of_his_is_written(replicated, cluster, files):
    """Who takes over raises the epoch: that is all that it takes."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    loteria.wait_until(lambda: "agencia_lista" in day.log, explain=lambda: day.log)
    cluster.sql("UPDATE loteria.lease SET epoch = epoch + 1, holder = 'elsewhere', renewed = 'epoch'")
    before = entries(cluster)
    agencies[2] = day.agency(2, files[2])
    assert day.parts[STORAGE].wait() == 4
    assert entries(cluster) == before
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def test_a_commit_alone_hears_that_another_has_taken_over(replicated, cluster, files):
    """As when it comes before the next look at the lease: neither a renewal nor a look gets through here."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    loteria.wait_until(lambda: "agencia_lista" in day.log, explain=lambda: day.log)
    agencies[2] = day.agency(2, files[2], "--batch-count", 1, "--loop-period", "300ms")
    day.wait_for_csv(files[1].stat().st_size + 1)  # it sells, one by one: nothing else is asked any more
    before = int(cluster.sql("""
        BEGIN;
        REVOKE UPDATE (renewed) ON loteria.lease FROM central;
        REVOKE EXECUTE ON FUNCTION loteria.standbys() FROM public, central;
        UPDATE loteria.lease SET epoch = epoch + 1, holder = 'elsewhere', renewed = 'epoch';
        COMMIT;
        SELECT count(*) FROM loteria.entry""").split()[-1])
    assert day.parts[STORAGE].wait() == 4, day.log
    assert "another process" in day.log and entries(cluster) == before
    init(cluster, "--role", "central")
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def test_an_engine_that_has_lost_something_stops_it(replicated, cluster, files):
    day = replicated()
    end(day, files, day.sell(files), cluster)
    last = entries(cluster)
    cluster.sql(f"DELETE FROM loteria.entry WHERE ordinal > {last - 2}")
    refused = day.start(STORAGE)
    assert refused.wait() == 1
    assert f"groups {last - 1} to {last}, which were safe, are not at the machine that answers" in refused.log
    del day.parts[STORAGE]  # it has ended, and not well
    day.assert_sound()


def test_the_loss_of_the_last_group_alone_stops_it(replicated, cluster, files):
    """No record behind it tells that it was safe, and no checkpoint: storage was killed."""
    day = replicated()
    first = sell_first(day, files, cluster)
    loteria.wait_until(lambda: "agencia_lista" in day.log, explain=lambda: day.log)
    before, last = (day.data / "draws/first/bets.csv").read_bytes(), entries(cluster)
    day.parts[STORAGE].kill()
    cluster.sql("CREATE TABLE kept AS SELECT * FROM loteria.entry WHERE ordinal = (SELECT max(ordinal) FROM loteria.entry)")
    cluster.sql("DELETE FROM loteria.entry WHERE ordinal IN (SELECT ordinal FROM kept)")
    cluster.sql("UPDATE loteria.lease SET durable = (SELECT max(ordinal) FROM loteria.entry)")
    refused = day.start(STORAGE)
    assert refused.wait() == 1
    assert "the engine has lost what was acknowledged" in refused.log and "cut_off" not in refused.log, refused.log
    assert (day.data / "draws/first/bets.csv").read_bytes() == before
    cluster.sql("INSERT INTO loteria.entry SELECT * FROM kept")
    assert entries(cluster) == last
    day.start(STORAGE)
    end(day, files, {1: first, 2: day.agency(2, files[2])}, cluster)


def test_a_machine_that_was_left_behind_is_not_asked_for_the_lease(cluster, start, tmp_path):
    """It shows a lease that nobody renews, as it was before another was promoted."""
    cluster.sql("UPDATE loteria.lease SET epoch = 5, holder = 'elsewhere', renewed = now()")
    (tmp_path / "new").mkdir()
    standby = start(STORAGE, "--data-dir", tmp_path / "new", "--log", url_of(cluster), "--listen", "tcp://127.0.0.1:*",
                    "--standby", "--lease", 3600)
    standby.wait_for_log(r"role: standby \| active: elsewhere \| epoch: 5")
    before = backends(cluster)
    cluster.sql("UPDATE loteria.lease SET epoch = 3, renewed = 'epoch'")
    loteria.wait_until(lambda: not before & backends(cluster), explain=lambda: standby.log)  # it has left that one
    assert cluster.sql("SELECT epoch FROM loteria.lease") == "3"
    cluster.sql("UPDATE loteria.lease SET epoch = 5")
    standby.wait_for_log("epoch: 6 .* this one leads from here on")


def backends(cluster):
    return set(cluster.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'central'").split())


# ---- Who may what ----


def test_the_role_can_add_and_read_and_no_more(cluster):
    def may(sql):
        return subprocess.run(["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", sql, url_of(cluster)],
                              capture_output=True, text=True, timeout=loteria.DEADLINE, env=postgres.ENVIRONMENT)

    for sql in ("DELETE FROM loteria.entry", "TRUNCATE loteria.entry", "UPDATE loteria.entry SET epoch = 1",
                "DROP TABLE loteria.entry", "DELETE FROM loteria.lease", "UPDATE loteria.lease SET log = 2",
                "INSERT INTO loteria.lease VALUES (9, 0, '', now(), 0)", "UPDATE loteria.log SET identity = 1",
                "DELETE FROM loteria.log"):  # fmt: skip
        refused = may(sql)
        assert refused.returncode != 0, sql
        assert "permission denied" in refused.stderr or "must be owner" in refused.stderr, refused.stderr
    for sql in ("SELECT FROM loteria.entry", "UPDATE loteria.lease SET renewed = now()",
                "INSERT INTO loteria.entry VALUES (1, 1, 1, 0, now(), 'x')"):
        assert may(sql).returncode == 0, sql


def test_init_does_nothing_twice_and_makes_logs_by_name(cluster):
    identity = cluster.sql("SELECT identity FROM loteria.log")
    assert "was there already" in init(cluster)
    assert cluster.sql("SELECT identity FROM loteria.log") == identity
    assert "was made" in init(cluster, url=owner(cluster) + "#night")
    assert cluster.sql("SELECT count(DISTINCT identity) FROM loteria.log") == "2"
    for arguments, text in (((owner(cluster), "--role", "nobody_there"), 'role "nobody_there" does not exist; make it first'),
                            (("bets.log",), "'bets.log' is no postgres://HOST/DATABASE"),
                            ((url_of(cluster),), "as the database's owner")):  # an ordinary role may not, where nothing is to be made either
        result = control("log", "init", *arguments)
        assert (result.returncode, result.stderr.count("\n")) == (2, 1), result
        assert text in result.stderr


# ---- What cannot be: each is one line, and nothing is served ----


def refuse(start, directory, url, status, *texts, arguments=()):
    directory.mkdir(exist_ok=True)
    process = start(STORAGE, "--data-dir", directory, "--log", url, "--listen", "tcp://127.0.0.1:*", *arguments)
    assert process.wait() == status, process.log
    lines = [line for line in process.log.splitlines() if "result: fail" in line or "action:" not in line]
    assert len(lines) == 1, process.log
    for text in texts:
        assert text in lines[0], lines[0]


def test_what_is_wrong_with_the_engine_is_one_line_that_says_what_to_do(cluster, start, tmp_path):
    day = tmp_path / "new"
    wrong, none = tmp_path / "wrong", tmp_path / "none"
    wrong.write_text("*:*:*:*:wrong\n")
    none.write_text("")
    wrong.chmod(0o600), none.chmod(0o600)
    nobody = loteria.free_port()
    refuse(start, day, f"postgres://central@127.0.0.1:{nobody}/loteria", 1, "Connection refused", "start it")
    refuse(start, day, url_of(cluster, nodes=cluster.standbys), 1, "it is a standby", "addresses of all machines")
    for passfile in (wrong, none):
        refuse(start, day, url_of(cluster, passfile=passfile), 2, "password", "PGPASSFILE")
    refuse(start, day, url_of(cluster, role="stranger"), 2, "password")
    for told in (f"central:secret@127.0.0.1:{nobody}/loteria", f"central@127.0.0.1:{nobody}/loteria?p%61ssword=secret"):
        refuse(start, day, f"postgres://{told}", 2, "is seen by everybody", "PGPASSFILE")
    refuse(start, day, "postgres://central@db.example/loteria", 2, "add sslmode=verify-full and sslrootcert=FILE")
    refuse(start, day, "postgres://127.0.0.1/x?sslmode=nonsense", 1, "invalid sslmode")
    refuse(start, day, "postgres://127.0.0.1,127.0.0.2/x?sslmode=nonsense", 1, "postgres://127.0.0.1,127.0.0.2/x#loteria: ")
    refuse(start, day, url_of(cluster) + "#night", 2, "no log of this name", "loteria-ctl log init")
    refuse(start, day, "bets.log", 2, "'bets.log' is no postgres://HOST/DATABASE")
    for right in ("SELECT ON loteria.entry", "INSERT ON loteria.entry", "EXECUTE ON FUNCTION loteria.standbys()"):
        cluster.sql(f"REVOKE {right} FROM central")
        refuse(start, day, url_of(cluster), 2, "the role central lacks rights", "loteria-ctl log init URL --role")
        init(cluster, "--role", "central")
    cluster.sql("UPDATE loteria.log SET version = 2")
    refuse(start, day, url_of(cluster), 2, "the schema is of version 2, and this program is for version 1")
    cluster.sql("UPDATE loteria.log SET version = 1; DROP FUNCTION loteria.standbys()")
    refuse(start, day, url_of(cluster), 2, "loteria-ctl log init, as its owner, brings it up to date")
    cluster.sql("DROP SCHEMA loteria CASCADE")
    refuse(start, day, url_of(cluster), 2, "loteria-ctl log init")
    assert list(day.iterdir()) == []


def test_while_one_hangs_another_that_was_promoted_meanwhile_is_found(cluster):
    """A primary that hangs takes connections and says nothing; the other said no when it was asked first."""
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(loteria.DEADLINE)
        ports = [server.getsockname()[1] for server in (silent, other)]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        process = subprocess.Popen(
            [loteria.program("loteria-ctl"), "log", "init",
             f"postgres://{postgres.SUPERUSER}@{hosts}/{postgres.DATABASE}?passfile={cluster.passfile}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=loteria.ENVIRONMENT)
        other.accept()[0].close()
        lead_through(other.accept()[0], cluster.primary.port)
        out = process.communicate(timeout=loteria.DEADLINE)[0]
    assert process.returncode == 0 and "the log was there already" in out, out


def lead_through(client, port):
    """What is sent, both ways, until it ends."""
    server = socket.create_connection(("127.0.0.1", port))
    for source, target in ((client, server), (server, client)):
        threading.Thread(target=pass_on, args=(source, target), daemon=True).start()


def pass_on(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_a_directory_is_of_one_log(cluster, start, tmp_path):
    """And of one kind: the other start says so, and changes nothing."""
    here, there = tmp_path / "here", tmp_path / "there"
    for directory, arguments in ((here, ()), (there, ("--log", url_of(cluster)))):
        directory.mkdir()
        process = start(STORAGE, "--data-dir", directory, "--listen", "tcp://127.0.0.1:*", *arguments)
        process.wait_for_log(r"action: almacenamiento \| result: success")
        assert process.stop() == 0
    init(cluster, "--role", "central", url=owner(cluster) + "#night")
    before = {path: path.read_bytes() for path in (*here.iterdir(), *there.iterdir()) if path.is_file()}
    refuse(start, here, url_of(cluster), 2, "the log of this day is in this file, and not in an engine")
    refuse(start, there, url_of(cluster) + "#night", 2, "is of another log than")
    process = start(STORAGE, "--data-dir", there, "--listen", "tcp://127.0.0.1:*")
    assert process.wait() == 2 and "kept by an engine: --log says which" in process.log
    copy = start(STORAGE, "--backup", there, "--to", tmp_path / "copy")
    assert copy.wait() == 1 and "pg_basebackup" in copy.log
    assert {path: path.read_bytes() for path in before} == before


def test_a_full_disk_there_ends_it_and_nothing_is_lost(replicated, cluster, files):
    """The error that PostgreSQL has then, without the disk."""
    day = replicated()
    agencies = {1: sell_first(day, files, cluster)}
    cluster.sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$; "
                "CREATE TRIGGER full_disk BEFORE INSERT ON loteria.entry EXECUTE FUNCTION full_disk()")
    agencies[2] = day.agency(2, files[2])
    assert day.parts[STORAGE].wait() == 1
    assert "No space left on device; the disk of the server is full: make room there" in day.parts[STORAGE].log
    cluster.sql("DROP TRIGGER full_disk ON loteria.entry")
    day.start(STORAGE)
    end(day, files, agencies, cluster)


def test_certificates_are_looked_at(start, tmp_path):
    with postgres.Cluster(tls=True) as cluster:
        prepare(cluster)

        def url(host, root, **options):
            return url_of(cluster, **options).replace("127.0.0.1", host) + f"&sslmode=verify-full&sslrootcert={root}"

        day = tmp_path / "new"
        stranger = tmp_path / "stranger.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                        tmp_path / "key", "-out", stranger, "-days", "2", "-subj", "/CN=localhost"],
                       check=True, capture_output=True, timeout=loteria.DEADLINE)  # fmt: skip
        refuse(start, day, url("localhost", stranger), 2, "certificate verify failed", "sslrootcert= in --log has to name")
        refuse(start, day, url("localhost", tmp_path / "none"), 2, "does not exist", "sslrootcert=")
        other_name = url_of(cluster).replace("127.0.0.1", "db.example").replace("?", "?hostaddr=127.0.0.1,127.0.0.1,127.0.0.1&")
        refuse(start, day, f"{other_name}&sslmode=verify-full&sslrootcert={cluster.authority}", 2,
               'does not match host name "db.example"')
        process = start(STORAGE, "--data-dir", day, "--log", url("localhost", cluster.authority), "--listen", "tcp://127.0.0.1:*")
        process.wait_for_log(r"action: almacenamiento \| result: success")
        assert cluster.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                           "WHERE usename = 'central'") == "t"
        assert process.stop() == 0


def test_a_cluster_that_is_not_synchronous_is_refused_but_for_trying(start, tmp_path):
    with postgres.Cluster(standbys=0) as cluster:
        prepare(cluster)
        refuse(start, tmp_path / "new", url_of(cluster), 2, "synchronous_standby_names is empty", "--insecure-async")
        process = start(STORAGE, "--data-dir", tmp_path / "new", "--log", url_of(cluster), "--insecure-async", "--listen",
                        "tcp://127.0.0.1:*")
        process.wait_for_log(r"WARNING +action: replica .* --insecure-async: what is acknowledged may be on one machine only")
        process.wait_for_log(r"action: almacenamiento \| result: success")
        assert process.stop() == 0
