"""While state is away agencies that were let in go on selling: storage needs nobody's leave for that."""

import wire

BETS = wire.bets(20)


def test_selling_goes_on_while_state_is_away(parts):
    day = parts(workers=1, agencies=1)
    with wire.Client(day.server) as seller, wire.Client(day.server) as asker:
        asker.hello(1)
        seller.hello(1)
        assert seller.store(1, 0, BETS[:5]) == 5
        day.parts["loteria-state"].kill()
        assert seller.store(1, 5, BETS[5:10]) == 10  # the broker may not have noticed yet
        day.parts["loteria-broker"].wait_for_log(r"action: parte_baja \| result: success \| part: state")
        asker.send(wire.simple("READY", 1, 15, wire.digest(BETS[:15])))  # it waits for a while
        assert seller.store(1, 10, BETS[10:15]) == 15
        refusal = asker.receive()
        assert (refusal.name, refusal.code, refusal.command) == ("REFUSED", "UNAVAILABLE", wire.COMMANDS["READY"])
        assert seller.store(1, 15, BETS[15:]) == 20
        assert seller.ask(wire.simple("CHECK", 1, 20)).digest == wire.digest(BETS)
        day.start("loteria-state")
        assert asker.ask(wire.simple("READY", 1, 20, wire.digest(BETS))).name == "WINNERS"
        assert asker.ask(wire.simple("DONE", 1)).name == "GOODBYE"
