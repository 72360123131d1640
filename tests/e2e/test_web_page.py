"""The page of loteria-web in a real browser, in front of a real central."""

import os
import signal
import time

import pytest

import loteria
import played
import web
from browser import Browser

FIRST = "#agencies tbody tr:first-child"


@pytest.fixture
def browser(tmp_path):
    """And what holds for every test: the console is silent, and nothing is asked of anybody else."""
    with Browser(tmp_path) as made:
        yield made
        assert made.complaints() == []
        asked = made.requests()
        assert asked and all(address.startswith((made.origin + "/", "data:")) for address in asked), asked


def served(start, day, port=0):
    return web.Web(start, "--data-dir", day.data, listen=f"127.0.0.1:{port}")


def test_numbers_move_while_a_day_sells_and_the_draw_appears(central, start, browser, tmp_path):
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 4000, winners=[7, 70] if agency == 1 else [9])
             for agency in (1, 2)}
    day = central(agencies=2, arguments=("--winning-number", loteria.WINNING_NUMBER, "--draw", "noche"))
    browser.open(served(start, day).url)
    browser.wait_for(lambda: browser.text("#draw-phase") == "ON SALE" and browser.text("#draw-title") == "noche")
    assert browser.text("#draw-balls") is None, "nobody may see the number before the draw"
    assert str(loteria.WINNING_NUMBER) not in browser.text("body")
    browser.wait_for(lambda: browser.text("#health") == "all parts answer")

    slow = day.agency(1, files[1], "--batch-count", "1", "--loop-period", "50ms")  # for minutes
    seen = 0
    for _ in range(3):  # each time more than the last, while it sells
        seen = browser.wait_for(lambda: (now := browser.number("#bets")) and now > seen and now)
    browser.wait_for(lambda: browser.number("#rate") or 0)
    browser.wait_for(lambda: int(browser.run("return document.getElementById('plot').dataset.points || 0")) > 0)
    browser.wait_for(lambda: browser.texts(f"{FIRST} td")[1] == "selling" and int(browser.texts(f"{FIRST} td")[2].replace(",", "")) > 0)
    assert slow.popen.poll() is None, "it was to go on meanwhile"
    slow.stop()
    loteria.finish(day.sell(files))

    browser.wait_for(lambda: browser.text("#draw-phase") == "DRAWN")
    browser.wait_for(lambda: browser.texts("#draw-balls .ball") == list(str(loteria.WINNING_NUMBER)))
    browser.wait_for(lambda: "3 winners" in browser.text("#draw-note"))
    browser.wait_for(lambda: browser.number("#bets") == 8000)
    browser.wait_for(lambda: browser.texts("#agencies tbody .state") == ["collected", "collected"])
    browser.wait_for(lambda: browser.texts("#past tbody td")[2:5] == ["3", "8,000", "2 of 2"])
    assert browser.texts("#past tbody td")[0].startswith("noche")
    shown = browser.text("body")
    for path in files.values():  # nothing of those who bet
        assert not any(document in shown for document in loteria.winners_of(path))


def test_a_stopped_storage_turns_red_and_recovers(central, start, browser):
    day = central(agencies=2)
    browser.open(served(start, day).url)
    browser.wait_for(lambda: browser.text("#health") == "all parts answer")
    storage = day.pid("loteria-storage")
    os.kill(storage, signal.SIGSTOP)
    try:
        browser.wait_for(lambda: browser.text("#health") == "storage does not answer")
        assert browser.run("return document.getElementById('health').className") == "pill bad"
        assert browser.run("return document.querySelector('[data-part=storage]').className") == "silent"
        red, green, blue = browser.run(
            "return getComputedStyle(document.querySelector('[data-part=storage]')).color.match(/\\d+/g).map(Number)")
        assert red > 2 * green and red > 2 * blue
    finally:
        os.kill(storage, signal.SIGCONT)
    browser.wait_for(lambda: browser.text("#health") == "all parts answer")


def test_a_thousand_agencies_scroll_sort_and_are_found(central, start, browser, tmp_path):
    day = central(agencies=1000)
    browser.open(served(start, day).url)
    browser.wait_for(lambda: len(browser.texts("#agencies tbody tr")) == 1000)
    assert browser.run("const box = document.getElementById('agencies-scroll');"
                       "box.scrollTop = box.scrollHeight;"
                       "const last = box.querySelector('tbody tr:last-child').getBoundingClientRect(), all = box.getBoundingClientRect();"
                       "return box.scrollTop > 0 && last.bottom <= all.bottom + 2 && last.top >= all.top"), "the last one is not to be seen"
    assert browser.texts("#agencies tbody tr:last-child td")[0] == "1000"

    seller = day.agency(777, loteria.make_bets(tmp_path / "agency-777.csv", 777, 120), "--sell-only")
    assert seller.wait() == 0, seller.log
    browser.run("document.querySelector('#agencies [data-sort=bets]').click()")
    browser.wait_for(lambda: browser.texts(f"{FIRST} td")[:3] == ["777", "selling", "120"])

    search = browser.driver.find_element("id", "search")
    search.send_keys("99")
    browser.wait_for(lambda: len(browser.texts("#agencies tbody tr")) == 11)
    assert all(number.startswith("99") for number in browser.texts("#agencies tbody td:first-child"))
    search.clear()
    search.send_keys("no such")
    browser.wait_for(lambda: browser.text("#agencies-empty") == "None.")


def test_a_lost_connection_is_told_and_mended(central, start, browser, tmp_path):
    day = central(agencies=2)
    first = served(start, day, loteria.free_port())
    browser.open(first.url)
    browser.wait_for(lambda: browser.text("#health") == "all parts answer")
    assert first.stop() == 0
    browser.wait_for(lambda: "connection lost" in browser.text("#health"))
    served(start, day, first.port)
    browser.wait_for(lambda: browser.text("#health") == "all parts answer")
    browser.said = [said for said in browser.complaints() if "ERR_" not in said]  # the loss itself


def test_a_phone_has_no_need_to_scroll_sideways(central, start, tmp_path):
    day = central(agencies=30)
    served_day = served(start, day)
    with Browser(tmp_path, width=360, height=740, phone=True) as phone:
        phone.open(served_day.url)
        phone.wait_for(lambda: len(phone.texts("#agencies tbody tr")) == 30)
        assert phone.run("return document.documentElement.scrollWidth") <= 360
        shown = phone.run("return [...document.querySelectorAll('#agencies thead th')].filter(cell => cell.getClientRects().length)"
                          ".map(cell => cell.innerText.replace(/[^a-z ]/g, '').trim())")
        assert shown == ["agency", "state", "bets", "rate", "last word"]
        assert phone.run("const box = document.getElementById('agencies-scroll'); return box.scrollWidth - box.clientWidth") <= 0
        assert phone.complaints() == []


@pytest.mark.skipif("LOTERIA_PICTURES" not in os.environ, reason="LOTERIA_PICTURES=docs/pictures makes the pictures of the documents")
def test_pictures_of_an_evening(start, tmp_path):
    """A played central, and an hour in some minutes: both clocks run so much faster."""
    folder = loteria.ROOT / os.environ["LOTERIA_PICTURES"]
    zone = {"TZ": played.ZONE}
    with played.Played() as evening, Browser(tmp_path / "desk", height=1780) as desk, \
            Browser(tmp_path / "phone", width=390, height=1680, phone=True) as phone, \
            Browser(tmp_path / "dark", height=1120, dark=True) as dark:
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(evening.now() - 3 * 3600))
        served = web.Web(start, "--broker", evening.broker, "--storage", evening.storage, "--state", evening.state,
                         wrapper=["faketime", "-f", f"@{clock} x{played.SPEED}"], environment=zone)
        for browser in (desk, phone, dark):
            browser.open(served.url)
        desk.wait_for(lambda: len(counted := desk.texts("#past tbody td:nth-child(3)")) == 5 and "…" not in counted)
        desk.wait_for(lambda: int(desk.run("return document.getElementById('plot').dataset.points || 0")) >= 350,
                      deadline=4 * loteria.DEADLINE)
        desk.run("document.querySelector('#agencies [data-sort=bets]').click()")
        take(desk, folder / "page.png")
        take(phone, folder / "page-phone.png")
        evening.phase = 3
        dark.wait_for(lambda: dark.text("#draw-phase") == "DRAWN" and "187 winners" in dark.text("#draw-note"))
        take(dark, folder / "page-dark.png")


def take(browser, path):
    """While it is connected: a stream that is not read in time is cut, and time flies here."""
    def taken():
        before = browser.text("#health") == "all parts answer"
        browser.picture(path)
        return before and browser.text("#health") == "all parts answer"

    browser.wait_for(taken)
