"""Plots of a run, drawn by gnuplot."""

import shutil
import statistics
import subprocess

from table import bets

STYLE = """set terminal svg size 640,400 font "sans,12" background "white"
set grid
set key top left
set yrange [0:*]
"""


def draw(samples, directory):
    """An SVG for each plot that there are samples for; their names."""
    if not shutil.which("gnuplot"):
        return []
    directory.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, plot in (("workers", workers), ("agencies", agencies), ("size", size), ("latency", latency)):
        commands = plot(samples)
        if commands:
            subprocess.run(["gnuplot"], input=f'{STYLE}set output "{directory / name}.svg"\n{commands}\n', text=True,
                           check=True)
            drawn.append(name)
    return drawn


def points(runs, scale=1e6):
    """x, median and spread of bets/s for each run whose name is a number."""
    lines = []
    for name in sorted(filter(str.isdigit, runs), key=int):
        values = [bets(sample) / scale for sample in runs[name]]
        if values:
            lines.append(f"{name} {statistics.median(values):.4f} {min(values):.4f} {max(values):.4f}")
    return "\n".join(lines)


def line_plot(data, xlabel, log):
    return f"""$data << EOD
{data}
EOD
set xlabel "{xlabel}"
set ylabel "million bets a second"
{'set logscale x' if log else ''}
set offsets graph 0.05, graph 0.05, graph 0.1, 0
plot $data using 1:2 with lines notitle lc 1, "" using 1:2:3:4 with yerrorbars pt 7 lc 1 title "median, least and most"
"""


def workers(samples):
    return line_plot(points(samples["workers"]), "workers, on 2 cores", False) if samples.get("workers") else ""


def agencies(samples):
    return line_plot(points(samples["agencies"]), "agencies, the same bets in all", True) if samples.get("agencies") else ""


def size(samples):
    return line_plot(points(samples["size"]), "bets of the day", True) if samples.get("size") else ""


def latency(samples):
    """The medians over the rounds of each percentile of a lonely round trip."""
    blocks, plots = [], []
    for index, (name, runs) in enumerate(samples.get("roundtrip", {}).items()):
        if not runs:
            continue
        percents = [percent for percent in runs[0]["latency_us"] if percent != "max"]
        data = "\n".join(f"{percent[1:]} {statistics.median(run['latency_us'][percent] for run in runs) / 1000:.4f}"
                         for percent in percents)
        blocks.append(f"${name} << EOD\n{data}\nEOD")
        title = {"bare": "bare, synced", "redis": "Redis, XADD"}.get(name, name)
        plots.append(f'${name} using (100/(100-$1)):2 with linespoints pt 7 lc {index + 1} title "{title}"')
    if not plots:
        return ""
    return "\n".join(blocks) + f"""
set logscale xy
set yrange [*:*]
set xlabel "percent of the round trips"
set ylabel "milliseconds, at most"
set xtics ("50" 2, "75" 4, "90" 10, "95" 20, "99" 100, "99.9" 1000)
plot {", ".join(plots)}
"""
