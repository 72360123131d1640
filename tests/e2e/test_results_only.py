"""--results waits for the results and closes nothing; --close closes."""

import json

import loteria


def test_asking_too_early_closes_nothing(central, tmp_path):
    files = {n: loteria.make_bets(tmp_path / f"{n}.csv", n, 50, seed=n, winners=[n]) for n in (1, 2)}
    day = central(agencies=2)
    early = day.agency(1, None, "--results")
    early.wait_for_log("action: espera_sorteo")
    assert day.agency(1, files[1], "--sell-only").wait() == 0  # it can still be sold to
    assert day.agency(2, files[2], "--sell-only").wait() == 0
    assert "listo" not in early.log and "agencia_lista" not in day.log
    day.restart()
    closing = {n: day.agency(n, None, "--close") for n in files}
    loteria.assert_day_ends(day, files, closing)
    assert early.wait() == 0, early.log
    assert json.loads(early.stdout)["winners"] == loteria.winners_of(files[1])
    assert "action: venta" not in early.log
