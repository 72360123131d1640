"""What is measured: groups of runs that are compared, and so take turns."""

import asking
import before
import draws
import peers
import provable
import replicated

# The reference's day: how many bets its five agencies have.
REFERENCE = (26936, 25518, 16014, 9238, 991)
SIZES = {"small": 8192, "large": 65536}


class Plan:
    """How much of everything. `quick` is for a look, the other for figures to keep."""

    def __init__(self, quick, rounds):
        self.quick = quick
        self.rounds = rounds or (3 if quick else 5)
        self.bets = 200_000 if quick else 1_000_000  # of each of five agencies, for throughput
        self.lonely = 500 if quick else 4000  # bets, one by one
        self.draw_bets = 200_000  # of each of five: a million, as the bar has it
        self.day_bets = (20_000, 200_000) if quick else (20_000, 200_000, 2_000_000)  # of each of five
        self.agencies = (5, 1000) if quick else (1, 5, 20, 100, 300, 1000)
        self.agencies_bets = 3_000_000  # in all: of a thousand agencies each has 17 batches
        self.draws = 20  # at once, with an agency for each, and each with so many bets:
        self.draws_bets = 50_000 if quick else 200_000
        self.evenings = 200 if quick else 1000  # draws one after another, and what they are compared with:
        self.evenings_few = 50 if quick else 100
        self.evenings_bets = 1000 // draws.AGENCIES  # of each agency
        self.workers = (1, 2, 4, 8)
        self.workers_bets = 100_000 if quick else 400_000  # of each of five
        self.restart_bets = (1_000_000, 2_000_000) if quick else (1_000_000, 10_000_000)
        self.steady_seconds = 5 if quick else 60
        self.asking_rounds = 20 if quick else 100
        self.idle_seconds = 2 if quick else 10


def groups(plan, scratch, bets):
    """Name of the group: {name of the run: function}, in the order in which they are run."""
    five = bets.files([plan.bets] * 5)
    count = {name: bets.batches(1, plan.bets, size) for name, size in SIZES.items()}
    lonely = {"clients": 1, "window": 1, "size": 70, "count": plan.lonely}
    return {
        "throughput": {
            "product": lambda: peers.product(scratch, five),
            "bare": lambda: peers.bare(scratch, count=count["small"]),
            "redis": lambda: peers.redis(scratch, count=count["small"]),
            "bare-ipc": lambda: peers.bare(scratch, count=count["small"], ipc=True),
            "product-64": lambda: peers.product(scratch, five, size=SIZES["large"]),
            "redis-64": lambda: peers.redis(scratch, count=count["large"], size=SIZES["large"]),
        },
        "curve": {
            "product-curve": lambda: peers.product(scratch, five, keys=True),
            "bare-curve": lambda: peers.bare(scratch, count=count["small"], curve=True),
            "product": lambda: peers.product(scratch, five),
        },
        "cpu": {
            "product": lambda: peers.product(scratch, five),
            "before": lambda: before.product(scratch, five),
        },
        "steady": Steady(plan, scratch, bets).runs(),
        "roundtrip": {
            "product": lambda: peers.load(scratch, bets.file(1, plan.draw_bets), 1, plan.lonely, window=1, rows=1,
                                          results=False),
            "bare": lambda: peers.bare(scratch, **lonely),
            "redis": lambda: peers.redis(scratch, **lonely),
        },
        "rows": {"rows": peers.rows},
        "draw": {
            "product": lambda: peers.load(scratch, bets.file(1, plan.draw_bets), 5, plan.draw_bets, search=True),
            "bare-unsynced": lambda: peers.bare(scratch, **lonely, sync=False),
        },
        "size": {
            str(5 * each): lambda each=each: peers.product(scratch, bets.files([each] * 5), memory=True)
            for each in plan.day_bets
        },
        "agencies": {
            str(number): lambda number=number: peers.load(
                scratch, bets.file(1, plan.agencies_bets), number, plan.agencies_bets // number)
            for number in plan.agencies
        },
        "draws": {
            **{str(number): lambda number=number: draws.at_once(
                scratch, bets.file(1, plan.draws_bets), plan.draws, plan.draws_bets, number)
               for number in (1, plan.draws)},
            **{f"evenings-{lanes}": lambda lanes=lanes: draws.one_after_another(
                scratch, bets.file(1, plan.draws_bets), plan.evenings, plan.evenings_few, plan.evenings_bets, lanes)
               for lanes in (1, 10)},
        },
        "provable": {
            name: lambda proven=proven: provable.played(scratch, bets.files([plan.draw_bets] * 5), proven)
            for name, proven in (("plain", False), ("provable", True))
        },
        "workers": {
            str(number): lambda number=number: peers.product(
                scratch, bets.files([plan.workers_bets] * 5), workers=number)
            for number in plan.workers
        },
        "day": {"day": lambda: peers.cold_day(scratch, bets.files(REFERENCE))},
        "restart": {
            **{str(count): lambda count=count: peers.restart(scratch, bets.file(1, count // 5), count)
               for count in plan.restart_bets},
            "lonely": lambda: peers.restart(scratch, bets.file(1, 200_000), 1_000_000, rows=1),
        },
        "asking": {
            "asked": lambda: peers.product(scratch, five, meanwhile=asking.asked),
            "product": lambda: peers.product(scratch, five),
            **{str(number): lambda number=number: asking.one_round(scratch, number, plan.asking_rounds)
               for number in (5, 1000)},
        },
        "replicated": {
            "product": lambda: replicated.product(scratch, five),
            "embedded": lambda: peers.product(scratch, five),
            "lonely": lambda: replicated.lonely(scratch, bets.file(1, plan.draw_bets), plan.lonely),
            "lonely-embedded": lambda: peers.load(scratch, bets.file(1, plan.draw_bets), 1, plan.lonely, window=1, rows=1,
                                                  results=False),
        },
        "idle": {"idle": lambda: peers.idle(scratch, plan.idle_seconds)},
    }


class Steady:
    """Half of what the bare topology stores, batch by batch at its time: what the slowest of them wait. How much that
    is is measured at the beginning of each round."""

    def __init__(self, plan, scratch, bets):
        self.plan, self.scratch, self.bets = plan, scratch, bets
        self.rate = None

    def runs(self):
        return {"bare-full": self.full, "product": self.product, "bare": self.bare}

    def full(self):
        figures = peers.bare(self.scratch, count=self.bets.batches(1, self.plan.bets, SIZES["small"]))
        self.rate = round(figures["batches_per_second"] / 2)
        return figures

    def product(self):
        rows = self.bets.file(1, self.plan.draw_bets)
        each = round(self.plan.draw_bets / self.bets.batches(1, self.plan.draw_bets, SIZES["small"]))
        return peers.load(self.scratch, rows, 5, self.count() * each, results=False, rate=self.rate)

    def bare(self):
        return peers.bare(self.scratch, count=self.count(), rate=self.rate)

    def count(self):
        """Batches of each of five."""
        return self.rate * self.plan.steady_seconds // 5


NAMES = ("throughput", "curve", "cpu", "steady", "roundtrip", "rows", "draw", "size", "agencies", "draws", "provable",
         "workers", "day", "restart", "asking", "replicated", "idle")


def measure(plan, scratch, bets, only, say, samples, missing):
    """Fills in all samples, by group and run: A B C A B C, so that what the machine does meanwhile hits all
    alike. What is not installed is told in place of samples."""
    for group, runs in groups(plan, scratch, bets).items():
        if group not in only:
            continue
        samples[group] = {name: [] for name in runs}
        for turn in range(plan.rounds):
            for name, run in runs.items():
                if name in missing.get(group, {}):
                    continue
                say(f"{group}: round {turn + 1} of {plan.rounds}, {name}")
                try:
                    samples[group][name].append(run())
                except peers.Missing as reason:
                    missing.setdefault(group, {})[name] = str(reason)
