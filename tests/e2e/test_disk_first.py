"""No answer leaves before the disk has what it speaks of. Here the disk takes its time, and then fails."""

import strace
import wire

READY = wire.simple("READY", 1, 0)


def test_nobody_is_told_of_a_seal_that_is_not_recorded(parts, tmp_path):
    """The question behind it is answered by the way that the news of the seal would have come, behind them."""
    day = parts(workers=1, agencies=2)
    storage = day.parts["loteria-storage"]
    with wire.Client(day.server) as client:
        client.hello(2)
        client.store(2, 0, wire.bets(1))
        client.hello(1)
        # The next sync fails, after half a second; those after it work, as they do.
        strace.attach(storage, tmp_path / "trace", *strace.only_on(day.data / "bets.log"), "-e", "trace=fdatasync",
                      *strace.inject("fdatasync", "error=EIO:delay_enter=500000", 1))
        client.send(READY)
        assert client.refused(wire.simple("READY", 3, 0)).code == "AGENCY"
        assert storage.wait() == 1
        assert "cannot be synced, Input/output error" in storage.log
        assert client.receive_within(0) is None
        day.start("loteria-storage")  # which reads what is there
        answer = None
        while answer is None or answer.name == "REFUSED":
            client.send(READY)
            answer = client.receive()
            assert answer.name == "WAITING" or answer.code == "UNAVAILABLE", answer
        assert (answer.name, answer.ready) == ("WAITING", 1)
