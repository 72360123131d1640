"""What a day is like and what befalls it. The same seed is the same plan."""

import dataclasses
import random

# what may befall a day; on most days only some of it does
KINDS = ("kill", "kill all", "pause", "pause all", "cut", "half-open", "slow")
INNER_LINKS = ("worker-broker", "worker-storage", "worker-state", "state-storage")


@dataclasses.dataclass(frozen=True)
class Agency:
    number: int
    bets: int
    window: int
    rows: int  # a batch
    period_ms: int  # between batches
    thin: bool  # the Python client, not loteria-agency

    @property
    def name(self):
        return f"agency {self.number}"


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds after the agencies were started
    kind: str
    targets: tuple  # names of processes, or of links
    seconds: float = 0  # how long; of a kill: how long until it is started again
    way: str = ""  # of a half-open link
    delay: float = 0  # of a slow one


@dataclasses.dataclass(frozen=True)
class Plan:
    seed: int
    central: bool  # loteria-central, or its parts one by one
    workers: int
    inner: bool  # relays between the parts, too
    keyed: bool  # with CURVE
    agencies: tuple
    seconds: float  # how long faults come
    faults: tuple  # in order
    again: bool  # afterwards everything is restarted, and everybody asks for results again

    @property
    def parts(self):
        return ["storage", "state", "broker", *(f"worker {number}" for number in range(1, self.workers + 1))]

    @property
    def links(self):
        return [agency.name for agency in self.agencies] + (list(INNER_LINKS) if self.inner else [])


def draw(seed):
    dice = random.Random(seed)
    central = dice.random() < 0.35
    seconds = dice.uniform(4, 8)
    plan = Plan(seed=seed, central=central, workers=dice.randint(1, 3), inner=not central and dice.random() < 0.6,
                keyed=dice.random() < 0.4, agencies=draw_agencies(dice, seconds), seconds=seconds, faults=(),
                again=dice.random() < 0.5)
    return dataclasses.replace(plan, faults=draw_faults(dice, plan))


def draw_agencies(dice, seconds):
    """Of loteria-agency two or three, of the thin client one or two. On a third of the days all are
    soon ready, and the draw and the results come under fire; on the others faults end before."""
    real, thin = dice.randint(2, 3), dice.randint(1, 2)
    shares = dice.choice(((0.02, 0.1, 0.2), (0.1, 0.5, 0.9, 1.3), (0.9, 1.3)))
    return tuple(draw_agency(dice, number, seconds * dice.choice(shares), thin=number > real)
                 for number in range(1, real + thin + 1))


def draw_agency(dice, number, seconds, thin):
    """One that would sell for so long if nothing came between."""
    rows, period_ms = dice.randint(1, 20), dice.choice((5, 10, 20))
    return Agency(number=number, bets=int(seconds * 1000 / period_ms * rows * dice.uniform(0.8, 1)),
                  window=dice.choice((1, 2, 4, 8, 16)), rows=rows, period_ms=period_ms, thin=thin)


def draw_faults(dice, plan):
    kinds = [kind for kind in KINDS if dice.random() < 0.6] or list(KINDS)
    count = int(plan.seconds * dice.uniform(0.8, 4))
    times = sorted(dice.uniform(0.2, plan.seconds) for _ in range(count))
    faults = [draw_fault(dice, plan, at, dice.choice(kinds)) for at in times]
    return tuple(faults)


def draw_fault(dice, plan, at, kind):
    agencies = [agency.name for agency in plan.agencies]
    one = dice.choice(plan.parts + agencies + (["central"] if plan.central else []))
    everybody = tuple(plan.parts + (agencies if dice.random() < 0.5 else []))
    link, links = dice.choice(plan.links), tuple(plan.links)
    if kind == "kill":
        return Fault(at, kind, (one,), seconds=dice.choice((0, dice.uniform(0, 1))))
    if kind == "kill all":
        return Fault(at, kind, everybody, seconds=dice.uniform(0, 0.5))
    if kind == "pause":
        # a moment; longer than a worker's heartbeats allow; longer than ZMTP's
        return Fault(at, kind, (one,), seconds=dice.choice((0.1, 0.5, 2, 4)) * dice.uniform(0.8, 1.2))
    if kind == "pause all":
        return Fault(at, kind, everybody, seconds=dice.uniform(0.1, 4))
    if kind == "cut":
        return Fault(at, kind, dice.choice(((link,), links)))
    if kind == "half-open":
        return Fault(at, kind, dice.choice(((link,), (link,), links)), seconds=dice.uniform(0.3, 5),
                     way=dice.choice(("up", "down", "both")))
    return Fault(at, kind, dice.choice(((link,), links)), seconds=dice.uniform(0.3, 3),
                 delay=dice.uniform(0.01, 0.5))
