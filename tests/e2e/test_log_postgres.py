"""The log on PostgreSQL: a primary and standbys on loopback, as tests/e2e/postgres.py makes them."""

import subprocess

import pytest

import loteria
import postgres

FEW = {1: 60, 2: 40}


@pytest.fixture
def cluster():
    with postgres.Cluster() as made:
        make_log(made)
        yield made


def environment(cluster):
    return {"PGPASSFILE": str(cluster.passfile)}


def make_log(cluster, *arguments, url=None):
    """The tables, by the database's owner."""
    result = control(cluster, "log", "init", url or cluster.url(password=""), *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def control(cluster, *arguments):
    return subprocess.run([loteria.program("loteria-ctl"), *arguments], capture_output=True, text=True,
                          timeout=loteria.DEADLINE, env={**loteria.ENVIRONMENT, **environment(cluster)})


def test_a_whole_day_is_kept_by_the_engine(central, cluster, tmp_path):
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=(3,))
             for agency, count in FEW.items()}
    day = central(agencies=2, environment={**environment(cluster), "LOTERIA_LOG": cluster.url(password="")})
    loteria.assert_day_ends(day, files, day.sell(files))
    assert day.stop() == 0
    groups, records = cluster.sql("SELECT count(*), max(sequence) FROM loteria.entry").split("|")
    assert int(groups) > 3 and int(records) > 5
    day.assert_sound()
