"""The scheduler against other ways to keep models fresh, on simulated worlds in a virtual clock.

`python benchmarks/planner.py` plays every policy in the same worlds, of seeds that nothing was
tuned on, and writes tables, JSON and a plot. `--quick` plays a few worlds and `--tune` other seeds;
both only print. What incremental refreshes cost is an assumption; the sweeps play worlds without
them, with nothing else, and with the costs of `benchmarks/out/maintenance.json`, or of the JSON
that `--costs PATH` names.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import scoring
from measuring import OUT
from rivals import ALIGNED, BOUND, CRON, DEADLINE, OURS, POLICIES
from simulation import Simulation
from worlds import KINDS, Costs, Setting, world

if TYPE_CHECKING:
    from collections.abc import Sequence

DENSITIES = (0.5, 0.8, 0.95, 1.2, 2.4, 4.0)
SOME = (0.8, 1.2, 4.0)
"""The densities of the sweeps, and of the largest worlds."""
HOUR = 3600.0
SIZES = ((10, 1, 4 * HOUR, DENSITIES), (100, 4, 4 * HOUR, DENSITIES), (1000, 16, 2 * HOUR, SOME))
"""Models, slots, seconds, and densities."""
UNSEEN, TUNING = range(101, 106), range(1, 7)
RIVALS = (CRON, ALIGNED, DEADLINE, OURS, BOUND)
"""Those that the sweeps are played with."""


class Case(NamedTuple):
    """One policy in one world of one sweep."""

    sweep: str
    setting: Setting
    policy: str


def play(case: Case) -> dict:
    """What came of it; the relaxed bound has a slot for every model, and parents are free."""
    setting = case.setting
    models, slots = world(setting), setting.slots
    if case.policy == BOUND:
        models, slots = [replace(model, parents=()) for model in models], setting.count
    simulation = Simulation(models, slots, setting.end, setting.seed)
    result = simulation.play(POLICIES[case.policy](setting.slots))
    return {
        "sweep": case.sweep,
        "policy": case.policy,
        "seed": setting.seed,
        "kind": setting.kind,
        "models": setting.count,
        "slots": setting.slots,
        "density": setting.density,
        **result,
        "compute": simulation.worked / (setting.end * setting.slots),
    }


def measured(path: Path) -> dict[str, Costs]:
    """What incremental refreshes of a Ridge took of full ones, by the size of its table.

    Read from the rows `ridge, delta of N%` of a run of `maintenance.py`: a line through the
    smallest and the largest change.
    """
    if not path.exists():
        return {}
    found: dict[str, list[tuple[float, float]]] = {}
    for row in json.loads(path.read_text())["rows"]:
        what, _, percent = row["what"].partition(", delta of ")
        if what.startswith("ridge") and percent and row["peer"] == "own full refresh":
            part = float(percent.rstrip("%")) / 100
            found.setdefault(what, []).append((part, 1 / row["value"]))
    return {what: _line(sorted(points)) for what, points in found.items() if len(points) > 1}


def _line(points: Sequence[tuple[float, float]]) -> Costs:
    (part, least), (other, most) = points[0], points[-1]
    slope = (most - least) / (other - part)
    return Costs(least - slope * part, slope)


def settings(
    seeds: Sequence[int], sizes: Sequence[tuple], densities: Sequence[float]
) -> list[Setting]:
    """Every size at every density, the kinds of changes in turn."""
    return [
        Setting(seed, KINDS[seed % len(KINDS)], count, slots, end, density)
        for seed in seeds
        for count, slots, end, own in sizes
        for density in own
        if density in densities
    ]


def sweeps(base: Sequence[Setting], costs: dict[str, Costs]) -> dict[str, list[Setting]]:
    """The same worlds under other assumptions, by what is assumed."""
    found = {
        "no model can be refreshed incrementally": [replace(s, incremental=0.0) for s in base],
        "every model can be refreshed incrementally": [replace(s, incremental=1.0) for s in base],
        "a fifth with REFRESH WHEN, and of those read DOWNSTREAM": [
            replace(s, mixed=0.2) for s in base
        ],
    }
    for what, cost in costs.items():
        name = f"measured: {what}, {cost.fixed:.2f} + {cost.slope:.1f} x the changed fraction"
        found[name] = [replace(s, costs=cost) for s in base]
    return found


def played(cases: Sequence[Case]) -> list[dict]:
    """The results of all, the longest first so that no core waits in the end."""
    order = sorted(cases, key=lambda case: -case.setting.count)
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(play, order))


def main() -> None:
    """Play, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--costs", type=Path, default=OUT / "maintenance.json")
    given, _ = parser.parse_known_args()
    seeds = TUNING if given.tune else UNSEEN
    sizes = SIZES[:2] if given.quick else SIZES
    main_worlds = settings(seeds[:2] if given.quick else seeds, sizes, DENSITIES)
    other = {} if given.quick else sweeps(settings(seeds, SIZES[:2], SOME), measured(given.costs))
    cases = [Case("main", setting, policy) for setting in main_worlds for policy in POLICIES]
    cases += [
        Case(name, setting, policy)
        for name, among in other.items()
        for setting in among
        for policy in RIVALS
    ]
    rows = played(cases)
    usual = [row for row in rows if row["sweep"] == "main"]
    found = [*scoring.targets(usual), *scoring.speed()]
    text = _text(rows, usual, found, list(other))
    print(text)
    if not given.tune and not given.quick:
        OUT.mkdir(exist_ok=True)
        (OUT / "planner.md").write_text(f"# planner\n\n{text}\n")
        about = {"targets": [one._asdict() | {"met": one.met} for one in found], "rows": rows}
        about["costs"] = {name: asdict(cost) for name, cost in measured(given.costs).items()}
        (OUT / "planner.json").write_text(json.dumps(about) + "\n")
        scoring.plot([row for row in usual if row["models"] < 1000], OUT / "planner.png")


def _text(
    rows: Sequence[dict], usual: Sequence[dict], found: Sequence[scoring.Target], names: list[str]
) -> str:
    about = (
        f"{len(usual) // len(POLICIES)} worlds; in every cell the weighted time in violation in %, "
        "and the share of the slots' time that was used."
    )
    parts = [about]
    for count in sorted({row["models"] for row in usual}):
        among = [row for row in usual if row["models"] == count]
        parts.append(f"## {count} models on {among[0]['slots']} slots\n\n{scoring.table(among)}")
    for name in names:
        among = [row for row in rows if row["sweep"] == name]
        parts.append(f"## 10 and 100 models, {name}\n\n{scoring.table(among)}")
    parts.append(f"## Targets\n\n{scoring.outcome(found)}\n\n{scoring.limits(usual)}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
