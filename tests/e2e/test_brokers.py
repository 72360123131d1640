"""Storage and state among several brokers, which are the test's own: each answer goes to the broker that asked."""

import loteria
import wire


def test_each_broker_gets_the_answers_to_its_own_requests(start, tmp_path):
    """STORE is a worker's message; nobody has opened that draw, which is answer enough."""
    with wire.Broker(boot=11) as one, wire.Broker(boot=12) as other:
        endpoint = f"tcp://127.0.0.1:{loteria.free_port()}"
        storage = start("loteria-storage", "--data-dir", tmp_path, "--listen", endpoint,
                        "--broker", f"{one.endpoint},{other.endpoint}")  # fmt: skip
        for broker in (one, other):
            broker.wait_for("storage")
        with wire.Client(endpoint) as worker:
            for ticket in range(1, 9):
                boot = (11, 12, 12)[ticket % 3]
                store = wire.batch(1, 0, [f"1,{wire.bets(1)[0]}"], command="STORE", draw=7)
                worker.send(wire.enveloped(store, wire.envelope(5, ticket, boot)))
                ((refused, envelope),) = (one if boot == 11 else other).receive()
                assert (refused.name, refused.code) == ("REFUSED", "HELLO")
                assert envelope == wire.envelope(5, ticket, boot)
            worker.send(wire.enveloped(store, wire.envelope(5, 1, 13)))  # a broker that is none of them
            worker.send(wire.enveloped(store, wire.envelope(5, 10, 11)))
            assert one.receive()[0][1] == wire.envelope(5, 10, 11)
        assert storage.stop() == 0
        assert "undelivered: 1" in storage.log, storage.log


def test_a_broker_that_comes_again_is_joined_again(start, tmp_path):
    """With another boot number: what was asked before it came goes nowhere."""
    with wire.Broker(boot=11) as broker:
        storage = start("loteria-storage", "--data-dir", tmp_path, "--listen", f"ipc://{tmp_path}/storage",
                        "--broker", broker.endpoint)  # fmt: skip
        broker.wait_for("storage")
    with wire.Broker(boot=12, endpoint=broker.endpoint) as again:
        again.wait_for("storage")
    assert storage.stop() == 0
