"""A central that is only played: parts that answer STATUS with an evening of a provincial lottery, an hour of it in
some minutes. For pictures; nothing is proved with it."""

import math
import random
import time

import wire
from played_parts import Parts

SPEED = 25                        # of its clock, and of the loteria-web that looks at it (faketime)
STARTS = 1_796_166_600            # 2026-12-01 23:10:00 UTC, 20:10 there
CLOSES = STARTS + 95 * 60
ZONE = "<-03>3"
PAGE = 30000                      # bytes of a page of METRICS
PAST = [("tarde", 1_204_511, 313, 161), ("mediodia", 920_133, 4409, 95), ("noche-30", 1_502_202, 8120, 170),
        ("tarde-30", 1_180_214, 42, 102), ("mediodia-30", 871_920, 9907, 88)]


class Played(Parts):
    """`with Played(agencies=240) as central:`"""

    def __init__(self, agencies=240, seed=30):
        super().__init__("broker", "storage", "state")
        self.dice, self.began, self.phase = random.Random(seed), time.monotonic(), 1
        self.shares = [self.dice.lognormvariate(0, 0.8) for _ in range(agencies)]
        self.asks = {agency: self.dice.uniform(0.45, 1.1) for agency in range(agencies)}  # when it has sold, in parts of the sale
        self.sums = [704_000.0]
        for piece in range(2000):
            self.sums.append(self.sums[-1] + 10 * self.rate(STARTS + 10 * piece))
        self.away = set(self.dice.sample(range(agencies), 9))

    def now(self):
        return STARTS + (time.monotonic() - self.began) * SPEED

    def answer(self, part, asked):
        if asked.name == "STATUS" and asked.subject == 0:
            text = "".join(f"{line}\n" for line in getattr(self, f"{part}_lines")()).encode()
            return self.report(text, getattr(asked, "from"))
        if asked.name == "STATUS":
            text = self.refusals() if getattr(asked, "from") == 0 else b""
            return wire.simple("REPORT", 0, 2, 0, 8, 0, rest=text)
        if asked.name == "LOOKUP":
            number = self.names().index(asked.draw_name.decode()) + 1
            return wire.simple("DRAW", 0, 0, 1, 3, ord("R"), 1, 1, 0, 1, 0, 9999, 1, 0, 1, 1, rest=asked.draw_name, draw=number)
        if asked.name == "RESULTS":
            winners = [187, *(won for *_, won in PAST)][asked.draw - 1]
            return wire.simple("WINNERS", asked.agency, 0, 0, 1, winners, 1, bytes(32), rest=b"1\n" * winners, draw=asked.draw)
        return None

    @staticmethod
    def report(text, start):
        """A page: whole lines from `start` on."""
        end = text.rfind(b"\n", start, start + PAGE) + 1
        more = end < len(text)
        return wire.simple("REPORT", 0, 0, more, end if more else 0, 0, rest=text[start:end])

    def names(self):
        return ["noche", *(name for name, *_ in PAST)]

    def rate(self, t):
        """Bets a second: more towards the close, with lulls."""
        x = (t - STARTS) / 3600
        return max(0.0, 260 + 190 * x + 60 * math.sin(9 * x + 1) + 34 * math.sin(41 * x) + 22 * math.sin(97 * x + 2))

    def sold(self, t):
        """The sum of it, by pieces of ten seconds, and what was sold before."""
        whole, rest = divmod(t - STARTS, 10)
        return self.sums[int(whole)] + rest * self.rate(STARTS + 10 * whole)

    def agency_rows(self):
        """(number, bets, state, last word) of each."""
        now, weight, whole = self.now(), sum(self.shares), CLOSES - STARTS + 3600
        for index, share in enumerate(self.shares):
            asks = STARTS - 3600 + self.asks[index] * whole
            total = self.sold(min(now, asks, CLOSES)) if asks > STARTS else self.sold(STARTS)
            state = 3 if self.phase == 3 else 2 if index == 41 else 1 if asks < now or self.phase > 1 else 0
            yield index + 1, int(total * share / weight), state, now - self.dice.uniform(0.2, 9)

    def common(self, memory, cpu):
        return ['loteria_build_info{version="0.1.0"} 1', f"process_start_time_seconds {STARTS - 9 * 3600}",
                f"process_cpu_seconds_total {cpu * (self.now() - STARTS + 30000):.3f}", f"process_resident_memory_bytes {memory}",
                "process_open_fds 84", "process_max_fds 20000"]

    def storage_lines(self):
        rows, now = list(self.agency_rows()), self.now()
        draws = [("noche", sum(row[1] for row in rows)), *((name, bets) for name, bets, *_ in PAST)]
        for name, bets in draws:
            yield f'loteria_bets_total{{draw="{name}"}} {bets}'
            yield f'loteria_batches_total{{draw="{name}"}} {bets // 83}'
            yield f'loteria_bets_cancelled_total{{draw="{name}"}} {bets // 4401}'
        for number, bets, state, word in rows:
            yield f'loteria_agency_bets{{draw="noche",agency="{number}"}} {bets}'
            yield f'loteria_agency_cancelled{{draw="noche",agency="{number}"}} {bets // 4400}'
            yield f'loteria_agency_last_batch_timestamp_seconds{{draw="noche",agency="{number}"}} {word:.3f}'
        groups = int(400 * (now - STARTS + 100))
        yield from (f"loteria_log_groups_total {groups}", "loteria_log_size_bytes 67108864", "loteria_log_segments 4",
                    f"loteria_log_checkpoint_lag_bytes {int(now * 40000) % 16777216}", "loteria_conflicts_total 0",
                    "loteria_disk_free_bytes 412300000000", "loteria_disk_size_bytes 960200000000")
        for le, part in (("0.000512", 0.1), ("0.001024", 0.55), ("0.002048", 0.93), ("0.004096", 0.985), ("0.008192", 0.998), ("+Inf", 1)):
            yield f'loteria_log_sync_seconds_bucket{{le="{le}"}} {int(groups * part)}'
        yield from (f"loteria_log_sync_seconds_sum {groups * 0.0011:.3f}", f"loteria_log_sync_seconds_count {groups}",
                    *self.common(38_200_000, 0.11))

    def state_lines(self):
        rows = list(self.agency_rows())
        yield from ('loteria_draw_info{draw="noche",source="random",closes="clock"} 1', f'loteria_draw_phase{{draw="noche"}} {self.phase}',
                    f'loteria_draw_agencies{{draw="noche"}} {len(rows)}',
                    f'loteria_draw_agencies_ready{{draw="noche"}} {sum(row[2] in (1, 3) for row in rows)}',
                    f'loteria_draw_agencies_excused{{draw="noche"}} {sum(row[2] == 2 for row in rows)}',
                    f'loteria_draw_agencies_served{{draw="noche"}} {sum(row[2] == 3 for row in rows)}',
                    'loteria_draw_highest{draw="noche"} 9999', f'loteria_draw_opened_timestamp_seconds{{draw="noche"}} {STARTS - 8 * 3600}',
                    f'loteria_draw_closes_timestamp_seconds{{draw="noche"}} {CLOSES}')
        if self.phase == 3:
            yield from ('loteria_draw_number{draw="noche"} 7574', f'loteria_draw_closed_timestamp_seconds{{draw="noche"}} {self.now() - 90:.3f}',
                        f'loteria_draw_drawn_timestamp_seconds{{draw="noche"}} {STARTS + 3600}')
        for index, (name, _, number, _) in enumerate(PAST):
            drawn = STARTS - 3600 * (5 + 7 * index)
            yield from (f'loteria_draw_info{{draw="{name}",source="random",closes="clock"}} 1', f'loteria_draw_phase{{draw="{name}"}} 3',
                        f'loteria_draw_agencies{{draw="{name}"}} {len(rows)}', f'loteria_draw_agencies_ready{{draw="{name}"}} {len(rows)}',
                        f'loteria_draw_agencies_excused{{draw="{name}"}} 0', f'loteria_draw_agencies_served{{draw="{name}"}} {len(rows) - index % 3}',
                        f'loteria_draw_highest{{draw="{name}"}} 9999', f'loteria_draw_number{{draw="{name}"}} {number}',
                        f'loteria_draw_opened_timestamp_seconds{{draw="{name}"}} {drawn - 20000}',
                        f'loteria_draw_closed_timestamp_seconds{{draw="{name}"}} {drawn - 30}',
                        f'loteria_draw_drawn_timestamp_seconds{{draw="{name}"}} {drawn}')
        for number, _, state, _ in rows:
            yield f'loteria_agency_state{{draw="noche",agency="{number}"}} {state}'
        yield from self.common(21_400_000, 0.01)

    def broker_lines(self):
        rows, now = list(self.agency_rows()), self.now()
        for number, _, _, word in rows:
            if number - 1 not in self.away:
                yield f'loteria_agency_connected{{agency="{number}",address="10.{number // 24}.{number % 24}.2",key="{number:03}dK#+]="}} 1'
                yield f'loteria_agency_last_word_timestamp_seconds{{agency="{number}"}} {word:.3f}'
        for index in range(4):
            name, bets = f"central/{2211 + index}", int(self.sold(now) / 4) + 901 * index
            yield from (f'loteria_worker_up{{worker="{name}"}} 1', f'loteria_worker_in_flight{{worker="{name}"}} {self.dice.randrange(2, 23)}',
                        f'loteria_worker_credit{{worker="{name}"}} 64', f'loteria_worker_answered_total{{worker="{name}"}} {bets // 80}',
                        f'loteria_worker_batches_total{{worker="{name}"}} {bets // 80}', f'loteria_worker_bets_total{{worker="{name}"}} {bets}',
                        f'loteria_worker_refused_total{{worker="{name}"}} {index}', f'loteria_worker_memory_bytes{{worker="{name}"}} 9400000',
                        f'loteria_worker_cpu_seconds_total{{worker="{name}"}} {0.04 * (now - STARTS) + index:.3f}',
                        f'loteria_worker_last_word_timestamp_seconds{{worker="{name}"}} {now - 0.3:.3f}')
        yield from ('loteria_part_up{part="storage"} 1', 'loteria_part_up{part="state"} 1', 'loteria_part_up{part="worker"} 1',
                    'loteria_refused_total{code="DATE"} 5', 'loteria_refused_total{code="NUMBER"} 2', 'loteria_refused_total{code="BLANK"} 1',
                    "loteria_queue_requests 7", f"loteria_connections {len(rows) - len(self.away)}", *self.common(29_800_000, 0.07))

    def refusals(self):
        told = [(7, "DATE", 12, 4, 800, "the birthdate is no date of the calendar"), (112, "NUMBER", 3, 5, 12040, "the number has a letter in it"),
                (7, "DATE", 12, 4, 800, "the birthdate is no date of the calendar"), (55, "BLANK", 40, 1, 96, "a blank at the end of the first name"),
                (203, "DATE", 9, 4, 3310, "the birthdate is in the future"), (31, "NUMBER", 77, 5, 6020, "the number is no number"),
                (18, "DATE", 1, 4, 0, "the birthdate is before 1900"), (7, "DATE", 2, 4, 812, "the birthdate is no date of the calendar")]
        return "".join(f"{(STARTS + 300 * i + 11) * 1000:.0f} agency: {agency} | draw: noche | code: {code} | command: BATCH | row: {row} | "
                       f"field: {field} | offset: {offset} | address: 10.{agency // 24}.{agency % 24}.2 | reason: {reason}\n"
                       for i, (agency, code, row, field, offset, reason) in enumerate(told)).encode()
