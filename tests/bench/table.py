"""What the samples say, against the bars: medians, spread, ratios, and whether they are met."""

import dataclasses
import statistics


@dataclasses.dataclass
class Row:
    group: str
    text: str
    bar: float | None  # None: it is stated, nothing more
    aim: float | None
    at_least: bool  # whether more is better
    unit: str
    of: object  # function of the group's samples: a list, a value per round
    median: float | None = None
    spread: tuple | None = None
    note: str = ""

    @property
    def met(self):
        """True, False, or None where there is nothing to say."""
        if self.median is None or self.bar is None:
            return None
        return self.median >= self.bar if self.at_least else self.median <= self.bar


def ratio(above, below, key):
    """Of medians; the spread is that of the rounds' own ratios."""
    def of(samples):
        a, b = ([key(sample) for sample in samples[name]] for name in (above, below))
        return statistics.median(a) / statistics.median(b), [x / y for x, y in zip(a, b)]
    return of


def plain(name, key):
    def of(samples):
        values = [key(sample) for sample in samples[name]]
        return statistics.median(values), values
    return of


def field(name, key):
    return plain(name, lambda sample: sample[key])


def batches(sample):
    return sample["batches_per_second"]


def bets(sample):
    return sample["bets_per_second"]


def cpu(sample):
    return sum(sample["cpu_us_per_batch"].values())


def latency(percent):
    return lambda sample: sample["latency_us"][percent]


def draw_ratio(samples):
    """The draw against what it cannot do without: search, one sync, one round trip."""
    values = [sample["draw_ms"] * 1000 / (sample["scan"]["scan_us"]["p50"] + sample["scan"]["sync_us"]["p50"]
                                          + trip["latency_us"]["p50"])
              for sample, trip in zip(samples["product"], samples["bare-unsynced"])]
    return statistics.median(values), values


def provable_ratio(samples):
    """All agencies commit at nearly the same time, so that most of the roots are worked out behind the last of them."""
    values = [proven["draw_ms"] / (2 * other["draw_ms"] + roots_ms(proven))
              for proven, other in zip(samples["provable"], samples["plain"])]
    return statistics.median(values), values


def roots_ms(sample):
    return sample["scan"]["roots_us"]["p50"] / 1000


def size_ends(samples):
    """The largest day, and the one a tenth of it."""
    sizes = sorted(samples, key=int)
    return sizes[-1], sizes[-2]


def size_ratio(samples):
    return ratio(*size_ends(samples), bets)(samples)


def size_memory(samples):
    """The process that grows most."""
    large, small = (samples[name] for name in size_ends(samples))
    peaks = [{name: statistics.median(sample["memory_kib"][name] for sample in side) for name in side[0]["memory_kib"]}
             for side in (large, small)]
    value = max(peaks[0][name] / peaks[1][name] for name in peaks[0])
    return value, [value]


def agencies_ratio(samples):
    return ratio("1000", "5", bets)(samples)


def agencies_memory(samples):
    """KiB a further agency costs all of central together, less the window that may be under way."""
    central = {name: statistics.median(sum(sample["memory_kib"].values()) for sample in samples[name])
               for name in ("1000", "5")}
    sample = samples["1000"][0]
    window = min(16, sample["batches"] / 1000) * 8
    value = (central["1000"] - central["5"]) / 995 - window
    return value, [value]


def workers_ratio(samples):
    medians = {name: statistics.median(map(bets, samples[name])) for name in samples if name.isdigit()}
    best = max(medians, key=medians.get)
    return ratio("8", best, bets)(samples)


def within(name, key, other, other_key):
    """Of each sample, in it: what is done together with what it is compared with."""
    return plain(name, lambda sample: key(sample) / other_key(sample[other]))


def evenings_memory(samples):
    """The process and kind that grow most, from few archived draws to many."""
    values = [max(kib["many"][name][kind] / kib["few"][name][kind] for name in kib["few"] for kind in kib["few"][name])
              for kib in (sample["memory_kib"] for sample in samples["evenings-1"])]
    return statistics.median(values), values


def evenings_start(key):
    """The start behind many archived draws against that behind few, in medians of a round's."""
    def of(samples):
        values = [ratio("many", "few", lambda start: start[key])(by_archive(sample["starts"]))[0]
                  for sample in samples["evenings-1"]]
        return statistics.median(values), values
    return of


def by_archive(starts):
    return {name: [start[name] for start in starts] for name in starts[0]}


def restart_sizes(samples):
    """The larger day, and the smaller one."""
    return size_ends([name for name in samples if name.isdigit()])


def restart_memory(samples):
    """After selling and after a start, at its largest and what is of its own: whichever grows most."""
    large, small = (samples[name] for name in restart_sizes(samples))
    kinds = [(when, what) for when in ("sold_kib", "started_kib") for what in ("VmHWM", "RssAnon")]
    values = [max(a[when][what] / b[when][what] for when, what in kinds) for a, b in zip(large, small)]
    return statistics.median(values), values


def rows():
    return [
        Row("throughput", "durable batches/s, 8 KiB, all checks ÷ bare with sync", 1.5, 1.8, True, "×",
            ratio("product", "bare", batches)),
        Row("throughput", "the same ÷ Redis Streams, appendfsync always", 1.2, 1.6, True, "×",
            ratio("product", "redis", batches)),
        Row("throughput", "64 KiB batches ÷ Redis Streams with 64 KiB blobs", 1.3, 1.6, True, "×",
            ratio("product-64", "redis-64", batches)),
        Row("throughput", "64 KiB batches ÷ 8 KiB batches (which travel in bundles), bets/s", None, None, True, "×",
            ratio("product-64", "product", bets)),
        Row("curve", "8 KiB over CURVE ÷ bare with CURVE", 1.4, 1.8, True, "×",
            ratio("product-curve", "bare-curve", batches)),
        Row("curve", "the same ÷ the product without", None, None, True, "×", ratio("product-curve", "product", batches)),
        Row("roundtrip", "a lonely bet's round trip, p50 ÷ Redis Streams' lonely XADD", 2.5, 2.0, False, "×",
            ratio("product", "redis", latency("p50"))),
        Row("roundtrip", "the same ÷ bare with sync", 1.3, 1.0, False, "×", ratio("product", "bare", latency("p50"))),
        Row("roundtrip", "likewise p99", 2.0, 1.0, False, "×", ratio("product", "bare", latency("p99"))),
        Row("cpu", "CPU a batch, all processes ÷ the commit before issue 11", 0.9, 0.75, False, "×",
            ratio("product", "before", cpu)),
        Row("steady", "p99.9 of a batch at half of bare's rate ÷ bare with sync at that rate", 1.5, 1.0, False, "×",
            ratio("product", "bare", latency("p99.9"))),
        Row("steady", "likewise p50", None, None, False, "×", ratio("product", "bare", latency("p50"))),
        Row("rows", "rows checked and encoded, one core", 5e6, 15e6, True, "rows/s",
            plain("rows", lambda sample: sample["rows_per_second"])),
        Row("draw", "grep -c over bets.csv ÷ the search for all winners, rows' hash checked", 4.0, 8.0, True, "×",
            plain("product", lambda sample: sample["grep_us"] / sample["scan"]["scan_us"]["p50"])),
        Row("draw", "last READY to last winners, 1 million bets ÷ (search + sync + trip)", 1.5, 1.1, False, "×",
            draw_ratio),
        Row("size", "a day ten times as long, bets/s", 0.9, 1.0, True, "×", size_ratio),
        Row("size", "likewise, memory of the process that grows most", 1.25, None, False, "×", size_memory),
        Row("agencies", "1,000 agencies ÷ 5, same bets in all, bets/s", 0.9, 1.0, True, "×", agencies_ratio),
        Row("agencies", "central's memory per agency beyond its window", 64, None, False, "KiB", agencies_memory),
        Row("draws", "20 open draws ÷ 1, same bets and agencies in all, bets/s", 0.9, 1.0, True, "×",
            ratio("20", "1", bets)),
        Row("draws", "the same, CPU a batch, all processes", None, None, False, "×", ratio("20", "1", cpu)),
        Row("draws", "1,000 draws (--quick: 200) of 1,000 bets, each opened, sold, closed, drawn, one by one", None, None,
            False, "s", field("evenings-1", "seconds")),
        Row("draws", "the same, draws/s", None, None, True, "draws/s", field("evenings-1", "draws_per_second")),
        Row("draws", "ten at a time, draws/s", None, None, True, "draws/s", field("evenings-10", "draws_per_second")),
        Row("draws", "memory of storage or state behind them ÷ behind 300 (--quick: 150)", 1.1, 1.0, False, "×",
            evenings_memory),
        Row("draws", "start of a central behind them ÷ behind 100 (--quick: 50)", 1.1, 1.0, False, "×",
            evenings_start("central_s")),
        Row("draws", "the same, storage alone", None, None, False, "×", evenings_start("storage_s")),
        Row("draws", "the same, storage's CPU time", 1.1, 1.0, False, "×", evenings_start("storage_cpu_s")),
        Row("provable", "selling in a provable draw ÷ in a plain one, bets/s", 0.97, 1.0, True, "×",
            ratio("provable", "plain", bets)),
        Row("provable", "roots over 1 million bets, one core", 1.0, 0.7, False, "s",
            plain("provable", lambda sample: sample["scan"]["roots_us"]["p50"] / 1e6)),
        Row("provable", "last READY to last winners ÷ (2 × in a plain draw + the roots)", 1.0, None, False, "×",
            provable_ratio),
        Row("provable", "last READY to last winners", None, None, False, "ms", field("provable", "draw_ms")),
        Row("provable", "the same, from the last root on", None, None, False, "ms", field("provable", "settled_ms")),
        Row("provable", "last READY to last winners in a plain draw", None, None, False, "ms", field("plain", "draw_ms")),
        Row("workers", "8 workers ÷ the best count, bets/s", 0.8, None, True, "×", workers_ratio),
        Row("day", "the reference's day (78,697 bets), cold start to last winners", None, 0.5, False, "s",
            plain("day", lambda sample: sample["seconds"])),
        Row("restart", "1 million stored bets: start of a central to its first STORED", 0.3, None, False, "s",
            field("1000000", "central_s")),
        Row("restart", "likewise 10 million (--quick: 2 million)", 0.3, None, False, "s",
            lambda samples: field(restart_sizes(samples)[0], "central_s")(samples)),
        Row("restart", "1 million, storage alone", 1.0, None, False, "s", field("1000000", "storage_s")),
        Row("restart", "likewise, the day not in the page cache", 1.0, None, False, "s",
            field("1000000", "cold_s")),
        Row("restart", "1 million bets in batches of one, a central", 1.0, None, False, "s",
            field("lonely", "central_s")),
        Row("restart", "storage's memory, a day ten times as long (--quick: twice)", 1.25, None, False, "×",
            restart_memory),
        Row("asking", "everything asked of every process each second ÷ nothing asked, batches/s", 0.99, 1.0, True, "×",
            ratio("asked", "product", batches)),
        Row("asking", "the same, CPU a batch, all processes", 1.01, 1.0, False, "×", ratio("asked", "product", cpu)),
        Row("asking", "CPU of a central to tell everything once, 5 agencies", None, None, False, "ms", field("5", "cpu_ms")),
        Row("asking", "likewise 1,000 agencies", 10, None, False, "ms", field("1000", "cpu_ms")),
        Row("replicated", "log on three PostgreSQL ÷ these alone with the same groups, batches/s", 0.8, 1.0, True, "×",
            within("product", batches, "alone", batches)),
        Row("replicated", "a lonely bet, p50: ÷ these alone with the same groups", None, None, False, "×",
            within("lonely", latency("p50"), "alone", latency("p50"))),
        Row("replicated", "log on three PostgreSQL ÷ in its own file, batches/s", None, None, True, "×",
            ratio("product", "embedded", batches)),
        Row("replicated", "a lonely bet, p50, likewise", None, None, False, "×",
            ratio("lonely", "lonely-embedded", latency("p50"))),
        Row("replicated", "a standby that follows from the beginning ÷ selling, batches/s", 2.0, None, True, "×",
            plain("product", lambda sample: sample["follow"]["batches_per_second"] / batches(sample))),
        Row("idle", "idle central, of one core", 0.5, None, False, "%", plain("idle", lambda sample: sample["percent"])),
    ]


def evaluate(samples, missing):
    """The rows of the groups that were measured."""
    found = []
    for row in rows():
        if row.group not in samples:
            continue
        try:
            row.median, values = row.of(samples[row.group])
            row.spread = (min(values), max(values))
        except (KeyError, IndexError, statistics.StatisticsError):
            row.note = "missing: " + ("; ".join(dict.fromkeys(missing.get(row.group, {}).values())) or "not measured")
        found.append(row)
    return found


def number(value, unit):
    if value is None:
        return ""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.1f} M"
    if unit == "×":
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def cells(row):
    sign = "≥" if row.at_least else "≤"
    unit = "" if row.unit == "×" else f" {row.unit}"
    bar = f"{sign} {number(row.bar, row.unit)}{unit}" if row.bar is not None else "stated"
    aim = f"{number(row.aim, row.unit)}{unit}" if row.aim is not None else ""
    if row.median is None:
        return [row.text, row.note, "", bar, aim, ""]
    spread = f"{number(row.spread[0], row.unit)} .. {number(row.spread[1], row.unit)}"
    verdict = {True: "met", False: "NOT met", None: ""}[row.met]
    if row.aim is not None and (row.median >= row.aim if row.at_least else row.median <= row.aim):
        verdict = "aim met"
    return [row.text, number(row.median, row.unit) + unit, spread, bar, aim, verdict]


HEAD = ["row", "median", "spread", "bar", "aim", ""]


def as_text(found):
    lines = [HEAD, *map(cells, found)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def as_markdown(head, lines):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def details(samples):
    """Medians of what is behind the rows: [run, batches/s, bets/s, spread] and CPU by stage."""
    speeds, stages = [], []
    for group, runs in samples.items():
        for name, taken in runs.items():
            if not taken or "batches_per_second" not in taken[0] or group in ("roundtrip", "steady"):
                continue
            values = [batches(sample) for sample in taken]
            speed = [f"{group} {name}", f"{statistics.median(values):,.0f}", f"{min(values):,.0f} .. {max(values):,.0f}",
                     f"{statistics.median(map(bets, taken)) / 1e6:.2f} M" if "bets_per_second" in taken[0] else ""]
            speeds.append(speed)
            if group in ("throughput", "curve", "cpu", "draws") and "cpu_us_per_batch" in taken[0]:
                stages.append([f"{group} {name}", *(f"{statistics.median(part):.1f}" for part in stages_of(taken))])
    return speeds, stages


STAGES = ("clients", "broker", "workers", "storage")


def stages_of(taken):
    """Microseconds of CPU per batch, as bare and the product have them in common."""
    for stage in STAGES:
        name = {"clients": "agency", "workers": "worker"}.get(stage, stage)
        yield [next((spent[key] for key in (stage, f"loteria-{name}", name) if key in spent), 0)
               for spent in (sample["cpu_us_per_batch"] for sample in taken)]


def latencies(samples):
    """[who, p50, p90, p99, p99.9], medians of the rounds, in microseconds."""
    taken = {**{f"lonely {name}": runs for name, runs in samples.get("roundtrip", {}).items()},
             **{f"lonely {name}": runs for name, runs in samples.get("draw", {}).items() if name == "bare-unsynced"},
             **{f"half rate {name}": runs for name, runs in samples.get("steady", {}).items() if name != "bare-full"}}
    return [[name, *(f"{statistics.median(latency(percent)(sample) for sample in runs):,.0f}"
                     for percent in ("p50", "p90", "p99", "p99.9"))] for name, runs in taken.items() if runs]
