"""The scheduler against other ways to keep models fresh, on simulated worlds in a virtual clock.

`python benchmarks/planner.py` plays every policy in the same worlds (seeds that nothing was tuned
on) and writes a table, JSON and a plot; `--tune` plays other seeds and writes nothing. Shares of
incremental models other than a half show what the result owes to that assumption.
"""

from __future__ import annotations

import json
import math
import sys
import time
from abc import ABC, abstractmethod
from concurrent.futures import ProcessPoolExecutor
from statistics import mean

from measuring import OUT
from worlds import END, KINDS, TICK, Simulation, world

from mlview.definitions import Name
from mlview.planning.scheduling import Mode, ScheduledView, Scheduler

DENSITIES = (0.5, 0.8, 0.95, 1.2, 2.4, 4.0)
SIZES = ((10, 1), (60, 4))
UNSEEN, TUNING = range(101, 106), range(1, 7)
MODES = {"FULL": Mode.FULL, "INCREMENTAL": Mode.INCREMENTAL}


class Queue(ABC):
    """A policy that starts whatever is due, in an order; subclasses say when and which.

    Stale parents go first in the same slot, so that all inputs are of one snapshot.
    """

    choosing = False
    sharing = False

    @abstractmethod
    def due(self, sim: Simulation, place: int) -> float | None:
        """The sort key of a stale model that may start now; None if it may not."""

    def __call__(self, sim: Simulation) -> float:
        """Start what is due; when to look again."""
        asked = []
        for place in range(len(sim.models)):
            if sim.stale(place) and place not in sim.running:
                key = self.due(sim, place)
                if key is not None:
                    asked.append((key, place))
        for _, place in sorted(asked):
            if len(sim.runs) >= sim.slots:
                break
            self._start(sim, place)
        return (math.floor(sim.now / TICK) + 1) * TICK

    def _start(self, sim: Simulation, place: int) -> None:
        read_at = sim.now
        stale = [p for p in sim.models[place].parents if sim.stale(p)]
        places = [place]
        if stale:
            until = min(sim.first[p] for p in stale)
            floor = max(sim.read_at[p] for p in sim.models[place].parents)
            if self.sharing and sim.first[place] < until and floor < until:
                read_at = math.nextafter(until, 0)
            else:
                places = chain(sim, place)
        near = {p for at in places for p in sim.models[at].parents}
        blocked = sim.running & {*places, *near}
        readers = any(set(sim.models[at].parents) & set(places) for at in sim.running)
        if not blocked and not readers:
            sim.start(places, [self._mode(sim, at, read_at) for at in places], read_at)

    def _mode(self, sim: Simulation, place: int, read_at: float) -> str:
        modes = sim.models[place].seconds(sim.pending(place, read_at))
        return min(modes, key=modes.get) if self.choosing else "FULL"


def chain(sim: Simulation, place: int) -> list[int]:
    """A model and its stale ancestors, parents first."""
    wanted, open_ = {place}, [place]
    while open_:
        found = [p for p in sim.models[open_.pop()].parents if sim.stale(p) and p not in wanted]
        wanted.update(found)
        open_ += found
    return sorted(wanted)


class Cron(Queue):
    """Every `part` of its target; nothing is done where nothing changed."""

    def __init__(self, part: float) -> None:
        self.part = part
        self.last: dict[int, float] = {}

    def due(self, sim: Simulation, place: int) -> float | None:
        """The last time that its schedule has it."""
        period = self.part * sim.models[place].target
        phase = period * (place * 0.618 % 1)
        at = math.floor((sim.now - phase) / period) * period + phase
        return at if sim.published[place] < at and self.last.get(place) != at else None

    def _start(self, sim: Simulation, place: int) -> None:
        super()._start(sim, place)
        if place in sim.running:
            self.last[place] = self.due(sim, place) or 0.0


class EveryChange(Queue):
    """As soon as something changed."""

    def due(self, sim: Simulation, place: int) -> float | None:
        """At once."""
        return sim.first[place]


class Violated(Queue):
    """Once its target is broken, first come first served."""

    def due(self, sim: Simulation, place: int) -> float | None:
        """Only when it is too late."""
        at = sim.first[place] + sim.models[place].target
        return at if at <= sim.now else None


class Aligned(Queue):
    """At common moments, every 48 * 2^n seconds with the longest period that keeps its target."""

    choosing = sharing = True

    def due(self, sim: Simulation, place: int) -> float | None:
        """The last common moment of its period."""
        model = sim.models[place]
        period = 48.0 * 2 ** max(math.floor(math.log2((model.target - model.cost) / 48.0)), 0)
        at = math.floor(sim.now / period) * period
        return at if sim.read_at[place] < at and sim.first[place] <= at else None


class Deadline(Queue):
    """Just in time with room for a retry, earliest deadline first."""

    def __init__(self, *, better: bool = False) -> None:
        self.choosing = self.sharing = better

    def due(self, sim: Simulation, place: int) -> float | None:
        """Its deadline, shortly before it."""
        model = sim.models[place]
        modes = model.seconds(sim.pending(place, sim.now))
        cost = min(modes.values()) if self.choosing else model.cost
        at = sim.first[place] + model.target
        return at if sim.now >= at - 1.8 * cost - 2 * TICK else None


class Ours:
    """The scheduler itself."""

    def __init__(self, slots: int) -> None:
        self.scheduler = Scheduler(slots, TICK)

    def __call__(self, sim: Simulation) -> float | None:
        """Do what it decides; when to look again."""
        views = [self._view(sim, place) for place in range(len(sim.models))]
        decision = self.scheduler.decide(views, sim.now, running=[run.until for run in sim.runs])
        for start in decision.starts:
            before = start.snapshot_before
            read_at = sim.now if before is None else math.nextafter(before, 0)
            sim.start(list(start.object_ids), [str(step.mode) for step in start.steps], read_at)
        return decision.wake_at

    def _view(self, sim: Simulation, place: int) -> ScheduledView:
        model, stale = sim.models[place], sim.stale(place)
        seconds = model.seconds(sim.pending(place, sim.now)) if stale else {}
        return ScheduledView(
            place,
            NAMES[place],
            parents=model.parents,
            target_lag=model.target,
            weight=model.weight,
            stale_since=sim.first[place] if stale else None,
            changed_at=sim.now if stale else None,
            read_at=sim.read_at[place],
            predicted={MODES[mode]: value for mode, value in seconds.items()},
            running=place in sim.running,
            failures=sim.failures[place],
            last_failed_at=sim.failed_at[place] if sim.failures[place] else None,
            gap=model.gap,
        )


NAMES = [Name(f"m{place}") for place in range(10_000)]


class Alone(Deadline):
    """The relaxed bound: each model has a slot for itself, and its parents are free."""

    def __init__(self) -> None:
        super().__init__(better=True)

    def due(self, sim: Simulation, place: int) -> float | None:
        """At the last moment."""
        model = sim.models[place]
        cost = min(model.seconds(sim.pending(place, sim.now)).values())
        return 0.0 if sim.now >= sim.first[place] + model.target - 1.1 * cost - TICK else None


POLICIES = {
    "cron at the target": lambda _: Cron(1.0),
    "cron at half the target": lambda _: Cron(0.5),
    "every change": lambda _: EveryChange(),
    "first come once violated": lambda _: Violated(),
    "aligned 2^n, shared, incremental": lambda _: Aligned(),
    "deadline": lambda _: Deadline(),
    "deadline, sharing, modes": lambda _: Deadline(better=True),
    "mlview": Ours,
    "relaxed bound": lambda _: Alone(),
}


def play(case: tuple[int, str, int, int, float, float, str]) -> dict:
    """One policy in one world."""
    seed, kind, count, slots, density, share, policy = case
    models = world(seed, kind, count, slots, density, share)
    if policy == "relaxed bound":
        for model in models:
            model.parents = ()
    simulation = Simulation(models, count if policy == "relaxed bound" else slots, seed)
    result = simulation.play(POLICIES[policy](slots))
    result["compute"] = simulation.worked / (END * slots)
    return {
        "seed": seed,
        "kind": kind,
        "models": count,
        "slots": slots,
        "density": density,
        "incremental": share,
        "policy": policy,
        **result,
    }


def average(rows: list[dict], value: str, **where: object) -> float:
    """The mean over all worlds that match."""
    found = [row[value] for row in rows if all(row[k] in v for k, v in where.items())]
    return mean(found)


def decision_milliseconds(count: int, times: int = 7) -> float:
    """Milliseconds of one decision, best of several, with a third of the models stale."""
    models = world(7, "poisson", 50, 8, 0.8, 0.5)
    views = []
    for place in range(count):
        model, stale = models[place % 50], place % 3 == 0
        views.append(
            ScheduledView(
                place,
                NAMES[place],
                parents=(place - 1,) if place % 7 == 1 else (),
                target_lag=model.target,
                weight=model.weight,
                stale_since=float(-(place % 250)) if stale else None,
                changed_at=0.0 if stale else None,
                read_at=-300.0,
                predicted={Mode.FULL: 0.02 * model.cost, Mode.INCREMENTAL: 0.005 * model.cost},
                gap=model.gap,
            )
        )
    scheduler, best = Scheduler(8, TICK), math.inf
    for _ in range(times):
        started = time.perf_counter()
        scheduler.decide(views, 0.0)
        best = min(best, time.perf_counter() - started)
    return 1000 * best


def targets(rows: list[dict]) -> list[tuple[str, float, float]]:
    """What was aimed for, what came out, and the limit; a ratio is of the means over worlds."""
    usual = [row for row in rows if row["incremental"] == 0.5]
    calm, over = DENSITIES[:4], DENSITIES[4:]

    def ratio(value: str, peer: str, density: tuple[float, ...]) -> float:
        ours = average(usual, value, policy=("mlview",), density=density)
        return ours / max(average(usual, value, policy=(peer,), density=density), 1e-9)

    cron, aligned = "cron at the target", "aligned 2^n, shared, incremental"
    better = "deadline, sharing, modes"
    small = average(usual, "violation", policy=("mlview",), models=(10,), density=calm)
    ours = [row for row in rows if row["policy"] == "mlview"]
    stretch = max(row["stretch"] for row in ours if row["incremental"] == 0.5)
    return [
        ("violation / cron at the target, U <= 1.2", ratio("violation", cron, calm), 0.05),
        ("compute / cron at the target, U <= 1.2", ratio("compute", cron, calm), 0.33),
        ("violation / aligned, U <= 1.2", ratio("violation", aligned, calm), 0.15),
        ("compute / aligned, U <= 1.2", ratio("compute", aligned, calm), 0.75),
        ("compute / relaxed bound, U <= 1.2", ratio("compute", "relaxed bound", calm), 1.15),
        ("violation at weight 10 / deadline ..., U >= 2.4", ratio("heavy", better, over), 0.10),
        ("largest age / target, all U", stretch, 10.0),
        ("10 models on 1 slot, violation %, U <= 1.2", small, 1.0),
        ("invariants broken", float(sum(row["broken"] for row in ours)), 0.0),
        ("one decision for 1,000 models, ms", decision_milliseconds(1_000), 2.0),
        ("one decision for 10,000 models, ms", decision_milliseconds(10_000), 20.0),
    ]


def table(rows: list[dict], share: float) -> str:
    """Violation % and share of the slots' time, by policy and density."""
    lines = ["| policy | " + " | ".join(f"U={d:g}" for d in DENSITIES) + " |"]
    lines.append("|---" * (len(DENSITIES) + 1) + "|")
    for policy in POLICIES:
        cells = []
        for density in DENSITIES:
            where = {"policy": (policy,), "density": (density,), "incremental": (share,)}
            violation, compute = (average(rows, v, **where) for v in ("violation", "compute"))
            cells.append(f"{violation:.2f}/{compute:.2f}")
        lines.append(f"| {policy} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(rows: list[dict]) -> None:
    """Violation over density, by policy."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for policy in POLICIES:
        values = [
            average(rows, "violation", policy=(policy,), density=(d,), incremental=(0.5,))
            for d in DENSITIES
        ]
        width = 3 if policy == "mlview" else 1
        axes.plot(DENSITIES, values, marker="o", linewidth=width, label=policy)
    axes.set(xlabel="density U of full refreshes", ylabel="weighted time in violation, %")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(OUT / "planner.png", dpi=120)


def main() -> None:
    tuning = "--tune" in sys.argv
    seeds, shares = (TUNING, (0.5,)) if tuning else (UNSEEN, (0.5, 0.0))
    cases = [
        (seed, KINDS[seed % 3], count, slots, density, share, policy)
        for seed in seeds
        for count, slots in SIZES
        for density in DENSITIES
        for share in shares
        for policy in POLICIES
    ]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(play, cases, chunksize=4))
    parts = [f"Incremental possible for {s:.0%} of the models\n\n{table(rows, s)}" for s in shares]
    found = targets(rows)
    parts.append(
        "| target | came out | limit | met |\n|---|---|---|---|\n"
        + "\n".join(f"| {w} | {v:.3g} | {t:g} | {'yes' if v <= t else 'no'} |" for w, v, t in found)
    )
    text = "\n\n".join(parts)
    print(text)
    if not tuning:
        OUT.mkdir(exist_ok=True)
        about = (
            f"{len(cases) // len(POLICIES)} worlds of {END / 3600:g} hours; violation % / compute"
        )
        (OUT / "planner.md").write_text(f"# planner\n\n{about}\n\n{text}\n")
        (OUT / "planner.json").write_text(json.dumps({"targets": found, "rows": rows}) + "\n")
        plot(rows)


if __name__ == "__main__":
    main()
