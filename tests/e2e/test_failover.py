"""scripts/failover against real servers: it promotes whoever has all that was acknowledged, or nobody.

And what happens to those who do it otherwise (docs/high-availability.md, "Never promote by hand").
"""

import subprocess

import pytest

import loteria
import postgres


@pytest.fixture
def cluster():
    with postgres.Cluster() as made:
        made.sql("CREATE TABLE entry (seq bigint PRIMARY KEY)")
        yield made


def acknowledge(node, *seqs):
    for seq in seqs:
        node.sql(f"INSERT INTO entry VALUES ({seq})")


def has(node):
    return [int(line) for line in node.sql("SELECT seq FROM entry ORDER BY seq").split()]


def make_ahead(cluster, ahead, behind):
    """By what was acknowledged while nothing got through to the other standby."""
    cluster.cut(behind, cluster.primary)
    acknowledge(cluster.nodes[0], 2, 3)
    loteria.wait_until(lambda: has(ahead) == [1, 2, 3], explain=lambda: f"{ahead.name} never had it:\n{cluster.log}")
    assert has(behind) == [1]


def test_the_one_ahead_is_promoted_and_the_old_primary_rewound(cluster):
    old, behind, ahead = cluster.nodes
    acknowledge(old, 1)
    make_ahead(cluster, ahead, behind)
    old.kill()
    done = cluster.fail_over()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "node3: is ahead, and is promoted" in done.stdout
    assert cluster.primary is ahead
    acknowledge(ahead, 4)
    loteria.wait_until(lambda: has(behind) == [1, 2, 3, 4], explain=lambda: cluster.log)

    # It comes back with what nobody was told; two primaries are nothing to decide about.
    old.start()
    again = cluster.fail_over()
    assert again.returncode == 1 and "node1 and node3 are both primaries: stop the old one" in again.stderr
    old.stop()
    assert "node1: is a standby of" in old.rewind(ahead)
    old.start()
    cluster.wait_until_followed()
    acknowledge(ahead, 5)
    loteria.wait_until(lambda: has(old) == [1, 2, 3, 4, 5], explain=lambda: cluster.log)
    assert old.sql("SELECT count(*) FROM pg_replication_slots") == "0", "it would keep its log for nobody"


def test_nobody_is_promoted_when_the_one_ahead_is_away(cluster):
    old, behind, ahead = cluster.nodes
    acknowledge(old, 1)
    make_ahead(cluster, ahead, behind)
    old.kill()
    ahead.freeze()
    refused = cluster.fail_over()
    assert refused.returncode == 1, refused.stdout
    assert "1 of the standbys does not answer, and may be the one that is ahead" in refused.stderr
    assert not behind.writable()
    ahead.thaw()
    assert cluster.fail_over().returncode == 0
    assert cluster.primary is ahead and has(ahead) == [1, 2, 3]


def test_who_gives_up_leaves_alone_what_another_one_did_meanwhile(cluster):
    """As two that were ordered at once: one has node3 follow a new primary; the other one does not take it back."""
    old, gone, pointed = cluster.nodes
    old.kill()
    pointed.sql("SELECT pg_wal_replay_pause()")  # so that this one waits for it
    failover = subprocess.Popen([loteria.ROOT / "scripts/failover", *(node.told() for node in cluster.nodes)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=postgres.ENVIRONMENT)
    for node in (gone, pointed):
        loteria.wait_until(lambda node=node: node.sql("SHOW primary_conninfo") == "", explain=lambda: cluster.log)
    pointed.sql("ALTER SYSTEM SET primary_conninfo = 'host=elsewhere.invalid'")
    pointed.sql("SELECT pg_reload_conf()")
    loteria.wait_until(lambda: pointed.sql("SHOW primary_conninfo") != "", explain=lambda: cluster.log)
    gone.kill()
    out = failover.communicate(timeout=2 * loteria.DEADLINE)[0]
    assert failover.returncode == 1 and "nothing was promoted" in out, out
    assert pointed.sql("SHOW primary_conninfo") == "host=elsewhere.invalid"


def test_a_primary_that_hangs_is_passed_over(cluster):
    """It takes connections and says nothing."""
    old, *standbys = cluster.nodes
    acknowledge(old, 1)
    old.freeze()
    done = cluster.fail_over()
    assert done.returncode == 0, done.stdout + done.stderr
    (new,) = [node for node in standbys if node.writable()]
    acknowledge(new, 2)
    old.thaw()
    again = cluster.fail_over()
    assert again.returncode == 1 and "are both primaries" in again.stderr
    old.stop()
    old.rewind(new)
    old.start()
    cluster.wait_until_followed()
    loteria.wait_until(lambda: has(old) == [1, 2], explain=lambda: cluster.log)


def test_a_primary_that_answers_is_left_alone_and_relieved_by_order(cluster):
    old, *standbys = cluster.nodes
    acknowledge(old, 1)
    refused = cluster.fail_over()
    assert refused.returncode == 1 and "node1 is the primary, and answers; --switch" in refused.stderr
    acknowledge(old, 2)

    standbys[1].freeze()
    refused = cluster.fail_over("--switch")
    assert refused.returncode == 1 and "nothing was changed" in refused.stderr
    standbys[1].thaw()
    acknowledge(old, 3)

    done = cluster.fail_over("--switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert old.sql("SHOW transaction_read_only") == "on", "nobody who looks for a primary finds this one"
    (new,) = [node for node in standbys if node.writable()]
    assert has(new) == [1, 2, 3]
    old.stop()
    old.rewind(new)
    old.start()
    cluster.wait_until_followed()
    assert cluster.fail_over("--switch").returncode == 0, "and back, whoever it is"


@pytest.mark.parametrize("names, why", [
    ("", "synchronous_standby_names is ''; want ANY 1"),
    ("*", "synchronous_standby_names is '*'; want ANY 1"),
    ("ANY 1 (*)", "want ANY 1 (…) with every node's cluster_name"),
    ("ANY 1 (node2, node3)", "has 2 names (ANY 1 (node2, node3)), but 3 nodes are told"),
    ("ANY 1 (node1, node2, other)", "its cluster_name is 'node3', which synchronous_standby_names"),
])
def test_who_has_what_cannot_be_proved_with_other_settings(names, why, settled):
    for node in settled.nodes[1:]:
        node.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        node.sql("SELECT pg_reload_conf()")
        loteria.wait_until(lambda node=node: node.sql("SHOW synchronous_standby_names") == names)
    refused = settled.fail_over()
    assert refused.returncode == 1 and why in refused.stderr, refused.stderr
    assert not any(node.writable() for node in settled.nodes[1:])


def test_why_somebody_does_not_answer_is_told(settled, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("*:*:*:*:wrong\n")
    wrong.chmod(0o600)
    refused = settled.fail_over(nodes=[node.told().replace(str(settled.passfile), str(wrong)) for node in settled.nodes])
    assert refused.returncode == 1 and "no standby answers; nothing was changed" in refused.stderr
    assert refused.stdout.count("FATAL:  password authentication failed") == 2, refused.stdout
    assert refused.stdout.count("failover: host=127.0.0.1 port=") == 3, refused.stdout


@pytest.fixture(scope="module")
def settled():
    """Two standbys whose primary is gone."""
    with postgres.Cluster() as made:
        made.nodes[0].kill()
        yield made


def test_who_promotes_first_loses_what_was_acknowledged(cluster):
    """Not how it is to be done: the old primary, out of sight, goes on with the standby that nobody detached."""
    old, promoted, other = cluster.nodes
    acknowledge(old, 1)
    loteria.wait_until(lambda: has(promoted) == [1])
    promoted.promote()
    acknowledge(old, 2)
    assert has(old) == has(other) == [1, 2] and has(promoted) == [1]


def test_pg_rewind_finds_nothing_to_do_before_a_checkpoint_of_the_new_primary(cluster):
    """Which is why scripts/failover makes one."""
    old, new, other = cluster.nodes
    acknowledge(old, 1)
    cluster.cut(other, old)
    other.detach()
    old.kill()
    new.detach()
    new.sql("ALTER SYSTEM SET checkpoint_timeout = '1d'")
    new.promote()
    assert new.sql("SELECT timeline_id FROM pg_control_checkpoint()") == "1"
    new.sql("CHECKPOINT")
    assert new.sql("SELECT timeline_id FROM pg_control_checkpoint()") == "2"
