"""State has no file: storage records what happens to the draw, and hears one state only."""

import os
import queue
import signal

import pytest

import loteria
import wire
from between import Between

COUNTS = {1: 60, 2: 50}
WINNERS = {1: (0, 30, 59), 2: ()}
# What state asks of storage in a day, in the order in which it first does: opens the draw, admits, seals, and so on.
# Of what there is to be replayed there is something from the first event on.
STEPS = ["REGISTER", "RECORD O", "ADMIT", "RECORD S", "REPLAY", "RECORD D", "FIND", "RECORD V"]
ANSWERS = ["REGISTERED", "EVENT O", "EVENT S", "EVENT D", "EVENT V"]


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
            for agency, count in COUNTS.items()}


def lead_state_by(day, between):
    day.commands["loteria-state"] = tuple(
        between.endpoint if word == day.part("loteria-storage", "--listen") else word
        for word in day.commands["loteria-state"])


def start_all(day):
    for name in reversed(day.commands):
        day.start(name)


def assert_ends_soundly(day, files, agencies):
    loteria.assert_day_ends(day, files, agencies)
    assert day.stop() == 0, day.log
    day.assert_sound()


class Killer:
    """Kills state when it asks storage for a certain thing, which storage hears of or not."""

    def __init__(self, day, heard):
        self.day, self.heard = day, heard
        self.step, self.killed = None, queue.Queue()

    def look(self, name):
        if name != self.step:
            return True
        self.step = None
        self.day.parts["loteria-state"].signal(signal.SIGKILL)
        self.killed.put(name)
        return self.heard

    def next_life(self, step):
        """Start it again; `step` is where it is to die then."""
        self.killed.get(timeout=loteria.DEADLINE)
        assert self.day.parts["loteria-state"].wait() == -signal.SIGKILL
        self.step = step
        self.day.start("loteria-state")


@pytest.mark.parametrize("heard", [False, True], ids=["before", "after"])
def test_state_is_killed_at_each_step_of_a_draw(parts, files, heard):
    """Before storage has heard of it, and after: its answer reaches nobody."""
    day = parts(workers=1, agencies=2, start=False)
    killer = Killer(day, heard)
    killer.step = STEPS[0]
    with Between(day.part("loteria-storage", "--listen"), killer.look) as between:
        lead_state_by(day, between)
        start_all(day)
        agencies = day.sell(files)
        for step in [*STEPS[1:], None]:
            killer.next_life(step)
        assert_ends_soundly(day, files, agencies)
    assert killer.killed.empty()


def test_each_message_between_state_and_storage_is_lost_once(parts, files):
    lost = set()

    def look(name):
        again = name in lost
        lost.add(name)
        return again

    day = parts(workers=1, agencies=2, start=False)
    with Between(day.part("loteria-storage", "--listen"), look) as between:
        lead_state_by(day, between)
        start_all(day)
        agencies = day.sell({1: files[1]})
        day.parts["loteria-state"].wait_for_log("action: agencia_lista")
        day.parts["loteria-state"].kill()
        day.start("loteria-state")  # for it there is something to be replayed
        agencies[2] = day.agency(2, files[2])
        assert_ends_soundly(day, files, agencies)
    assert lost >= {*STEPS, *ANSWERS}


def test_of_two_states_one_is_heard(parts, start, files):
    """The one that came last, and the other one ends and says why. There is one draw all the same."""
    day = parts(workers=1, agencies=2)
    agencies = day.sell({1: files[1]})
    first = day.parts["loteria-state"]
    first.wait_for_log("action: agencia_lista")
    second_endpoint = f"tcp://127.0.0.1:{loteria.free_port()}"
    words = day.commands["loteria-state"]
    day.commands["loteria-state"] = tuple(
        second_endpoint if flag == "--listen" else word for flag, word in zip((None, *words), words))
    second = day.start("loteria-state")
    second.wait_for_log(r"action: estado \| result: success \| .*\| ready: 1 ")
    assert first.wait() == 4
    assert "reason: another state has registered with storage" in first.log
    assert second.popen.poll() is None
    worker = day.commands["loteria-worker"]  # the one that is there speaks with the first state
    day.parts["loteria-worker"].stop()
    day.commands["loteria-worker"] = tuple(
        second_endpoint if flag == "--state" else word for flag, word in zip((None, *worker), worker))
    day.start("loteria-worker")
    agencies[2] = day.agency(2, files[2])
    assert_ends_soundly(day, files, agencies)


def test_a_state_that_cannot_be_told_asks(parts):
    """Storage was started anew and does not know where the first state is, which nobody asks for anything. But it
    loses its place with the broker, and then it asks storage."""
    day = parts(workers=1, agencies=2)
    first = day.parts["loteria-state"]
    first.wait_for_log(r"action: estado \| result: success")
    day.parts["loteria-storage"].kill()
    day.start("loteria-storage").wait_for_log(r"action: almacenamiento \| result: success")
    words = day.commands["loteria-state"]
    day.commands["loteria-state"] = tuple(
        f"tcp://127.0.0.1:{loteria.free_port()}" if flag == "--listen" else word
        for flag, word in zip((None, *words), words))
    second = day.start("loteria-state")
    second.wait_for_log(r"action: estado \| result: success")
    assert first.wait() == 4
    assert "reason: another state has registered with storage" in first.log
    assert second.popen.poll() is None


def test_a_registration_that_is_read_late_is_refused(parts, files):
    """As one is that a state sent before it was killed: its successor is heard already, and stays so. Who is alive
    hears in the refusal whom to come behind."""
    day = parts(workers=1, agencies=2)
    agencies = day.sell({1: files[1]})
    state = day.parts["loteria-state"]
    state.wait_for_log("action: agencia_lista")
    with wire.Client(day.part("loteria-storage", "--listen")) as ghost:
        def register(life):
            ghost.send(wire.enveloped(wire.message("REGISTER", body=life.to_bytes(8, "big"))))
            (answer, _), = ghost.receive(decode=wire.opened)
            return wire.decode(answer)

        for life in (1 << 32 | 7, 7, 3 << 32 | 7):
            refused = register(life)
            assert (refused.name, refused.code, refused.expected >> 32) == ("REFUSED", "SUPERSEDED", 1)
        agencies[2] = day.agency(2, files[2])
        loteria.assert_day_ends(day, files, agencies)
        assert state.popen.poll() is None
        assert register(2 << 32 | 7).name == "REGISTERED"
        assert state.wait() == 4
    day.start("loteria-state").wait_for_log(r"action: estado \| result: success")
    assert day.stop() == 0, day.log
    day.assert_sound()


def test_a_central_does_not_start_a_superseded_state_again(central, start, tmp_path):
    """It would supersede the other one, and so on."""
    day = central(agencies=2)
    day.process.wait_for_log(r"action: estado \| result: success")
    storage = day.worker_arguments()[3]
    other = start("loteria-state", "--storage", storage, "--broker", day.worker_arguments()[1],
                  "--listen", f"ipc://{tmp_path}/other", "--agencies", 2)
    other.wait_for_log(r"action: estado \| result: success")
    day.process.wait_for_log(r"proceso \| result: fail \| name: state \| ended: status 4 .* not started again")
    os.kill(day.pid("loteria-worker"), signal.SIGKILL)  # whom it starts again later than it would have state
    day.process.wait_for_log(r"proceso \| result: fail \| name: worker \| ended: signal 9")
    loteria.wait_until(lambda: len(day.pids("loteria-worker")) == 2, explain=lambda: day.log)
    assert day.pids("loteria-state") == []
    assert other.stop() == 0
    loteria.parse_log(other.log)


def test_state_starts_before_storage_and_outlives_it(parts, files):
    day = parts(workers=1, agencies=2, start=False)
    state = day.start("loteria-state")
    state.wait_for_log(r"action: estado \| result: in_progress")
    day.start("loteria-storage")
    state.wait_for_log(r"action: estado \| result: success")
    day.start("loteria-broker")
    day.start("loteria-worker")
    agencies = day.sell({1: files[1]})
    state.wait_for_log("action: agencia_lista")
    day.parts["loteria-storage"].kill()
    day.start("loteria-storage").wait_for_log(r"action: almacenamiento \| result: success")
    agencies[2] = day.agency(2, files[2])
    assert_ends_soundly(day, files, agencies)
    assert len(day.processes) == 5, "state was started once"
