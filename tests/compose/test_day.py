"""A day under compose as its users play it: to the byte, kept over a stop, shown as it is."""

import pytest

import engine
import loteria

ALL = (1, 2, 3, 4, 5)


def test_sample_day_is_right_and_kept_over_down_and_up(project, sample):
    day = project()
    day.up()
    day.assert_day_right(sample)
    told = {agency: day.told_winners(agency) for agency in ALL}
    keys = day.keys()
    before = engine.files_in(day.container("storage"), f"{engine.DATA}/bets.csv")
    assert len(before["bets.csv"]) > 1_000_000

    day.down()
    assert day.containers() == []
    day.up()
    assert day.wait_for_exit(*[f"agency{agency}" for agency in ALL]) == [0] * 5
    assert {agency: day.told_winners(agency) for agency in ALL} == told
    assert day.keys() == keys
    assert engine.files_in(day.container("storage"), f"{engine.DATA}/bets.csv") == before

    check = day.compose("run", "--rm", "-T", "--no-deps", "storage", "loteria-storage", "--check", engine.DATA,
                        check=False)
    assert check.returncode == 0 and check.stdout.endswith("sound\n"), "also while storage serves the day"


@pytest.mark.skipif(not loteria.REAL_DATA.is_dir(), reason="the real day's files are not here")
def test_real_day_from_a_folder_of_ones_own(project):
    files = {agency: loteria.REAL_DATA / f"agency-{agency}.csv" for agency in ALL}
    day = project(DATA=str(loteria.REAL_DATA), WORKERS="2")
    day.up()
    day.assert_day_right(files)
    assert len((day.copy_data() / "bets.csv").read_bytes()) == 3_814_423
    assert [len(day.told_winners(agency)) for agency in ALL] == [2, 3, 3, 2, 0]


def test_a_roll_of_two(project, sample):
    """AGENCIES, the draw and the levels of the log, as .env sets them."""
    day = project()
    day.settings.pop("COMPOSE_PROFILES")
    (day.directory / ".env").write_text(f"AGENCIES=2\nWORKERS=1\nCLI_LOG_LEVEL=warning\nDRAW=tarde\nNUMBER=fixed:7574\n"
                                        f"SERVER_PORT={day.settings.pop('SERVER_PORT')}\n")
    day.up()
    assert len(day.containers()) == 6
    assert day.front() == "loteria-broker"
    day.compose("--profile", "demo", "up", "-d", "agency1", "agency2")
    day.settings["COMPOSE_PROFILES"] = "demo"
    assert day.wait_for_exit("agency1", "agency2") == [0, 0]
    loteria.assert_day_right(day.copy_data(), {agency: sample[agency] for agency in (1, 2)}, None)
    assert (day.copy_data() / "draws/tarde/bets.csv").stat().st_size > 0
    assert day.log("agency1") + day.log("agency2") == "", "WARNING hides what is well"
