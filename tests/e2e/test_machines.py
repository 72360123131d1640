"""Days of two centrals on a replicated PostgreSQL, of which machines are lost (chaos/machines.py): a few rounds, in which
nothing acknowledged is lost or stored twice. scripts/soak --replicated plays more of them."""

import concurrent.futures

import pytest

from chaos import machines, soak

ROUNDS = {1: ("kill machine",), 2: ("freeze storage", "takeover"), 3: ("cut primary", "cut central")}
JOBS = 2


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Reports to come, by number."""
    place = tmp_path_factory.mktemp("machines")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        yield {number: pool.submit(soak.play_apart, number, place, "--replicated", "--kinds", ",".join(kinds))
               for number, kinds in ROUNDS.items()}


@pytest.mark.parametrize("number", ROUNDS)
def test_a_day_in_which_machines_are_lost(played, number):
    report = played[number].result()
    assert not report["violations"], machines.line_of({**report, "kinds": ROUNDS[number]})
    assert report["counts"]["acknowledged"] == report["counts"]["bets"] > 0
    assert report["counts"]["draws"] == 1
    assert [kind for kind, _ in report["gaps"]] == list(ROUNDS[number])


def test_every_kind_of_loss_comes_in_turn():
    count = len(machines.KINDS)
    assert {machines.kinds_of(seed, 1)[0] for seed in range(count)} == set(machines.KINDS)
    assert all(hasattr(machines.Round, kind.replace(" ", "_")) for kind in machines.KINDS)
