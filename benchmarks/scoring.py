"""What came out of the simulated worlds: averages, the targets, tables and the plot."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from deciding import decision_milliseconds, pass_milliseconds, views_of
from rivals import ALIGNED, BOUND, CRON, DEADLINE, OURS, POLICIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CALM = 1.2
"""The density up to which most targets are for; above it is overload."""


class Target(NamedTuple):
    """What was aimed for, what came out, and the limit."""

    what: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is within the limit."""
        return self.value <= self.limit


def average(rows: Sequence[dict], value: str, **where: object) -> float:
    """The mean over all rows that match; not a number if none does."""
    found = [row[value] for row in rows if all(row[k] == v for k, v in where.items())]
    return mean(found) if found else float("nan")


def targets(rows: Sequence[dict]) -> list[Target]:
    """The targets; a ratio is of the means over all worlds, whatever their size."""
    calm = [row for row in rows if row["density"] <= CALM]
    over = [row for row in rows if row["density"] > CALM]
    ours = [row for row in rows if row["policy"] == OURS]

    def ratio(among: Sequence[dict], value: str, peer: str) -> float:
        found = average(among, value, policy=OURS)
        return found / max(average(among, value, policy=peer), 1e-9)

    few = average(calm, "violation", policy=OURS, models=10)
    return [
        Target("violation / cron at the target, U <= 1.2", ratio(calm, "violation", CRON), 0.05),
        Target("compute / cron at the target, U <= 1.2", ratio(calm, "compute", CRON), 0.33),
        Target("violation / aligned, U <= 1.2", ratio(calm, "violation", ALIGNED), 0.15),
        Target("compute / aligned, U <= 1.2", ratio(calm, "compute", ALIGNED), 0.75),
        Target("compute / relaxed bound, U <= 1.2", ratio(calm, "compute", BOUND), 1.15),
        Target(
            "violation at weight 10 / deadline ..., U > 1.2", ratio(over, "heavy", DEADLINE), 0.1
        ),
        Target("largest age / target, all U", max(row["stretch"] for row in ours), 10.0),
        Target("10 models on 1 slot, violation %, U <= 1.2", few, 1.0),
        Target("invariants broken", float(sum(row["broken"] for row in ours)), 0.0),
    ]


def limits(rows: Sequence[dict]) -> str:
    """What the relaxed bound says of the targets: what no policy can be better than here."""
    calm = [row for row in rows if row["density"] <= CALM]
    compute = {peer: average(calm, "compute", policy=peer) for peer in (BOUND, CRON, ALIGNED)}
    return (
        f"The relaxed bound takes {compute[BOUND] / compute[CRON]:.2f} of the compute of cron at "
        f"the target and {compute[BOUND] / compute[ALIGNED]:.2f} of that of the aligned policy for "
        f"U <= 1.2, so no plan can take less in these worlds."
    )


def speed() -> list[Target]:
    """Milliseconds of one decision, by how many views there are and how they stand."""
    cases = [(1_000, 3, 0.02, 2.0), (1_000, 1, 6.0, 2.0), (10_000, 3, 0.02, 20.0),
             (10_000, 1, 0.02, 20.0), (10_000, 1, 6.0, 20.0)]  # fmt: skip
    found = []
    for count, stale_of, scale, limit in cases:
        views = views_of(count, stale_of=stale_of, scale=scale)
        once = decision_milliseconds(views)
        share = "all" if stale_of == 1 else "a third"
        load = "overloaded" if scale > 1 else "cheap"
        times = once / pass_milliseconds(views)
        what = f"one decision, ms: {count:,} models, {share} stale, {load} ({times:.0f} x a pass)"
        found.append(Target(what, once, limit))
    return found


def table(rows: Sequence[dict]) -> str:
    """Violation % and share of the slots' time, by policy and density."""
    densities = sorted({row["density"] for row in rows})
    policies = [policy for policy in POLICIES if any(row["policy"] == policy for row in rows)]
    lines = ["| policy | " + " | ".join(f"U={d:g}" for d in densities) + " |"]
    lines.append("|---" * (len(densities) + 1) + "|")
    for policy in policies:
        pairs = [
            [average(rows, value, policy=policy, density=d) for value in ("violation", "compute")]
            for d in densities
        ]
        cells = [f"{violation:.2f}/{compute:.2f}" for violation, compute in pairs]
        lines.append(f"| {policy} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def outcome(found: Sequence[Target]) -> str:
    """The targets as a table, those that were missed included."""
    lines = ["| target | came out | limit | met |", "|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.value:.3g} | {one.limit:g} | {'yes' if one.met else 'no'} |"
        for one in found
    ]
    return "\n".join(lines)


def plot(rows: Sequence[dict], path: Path) -> None:
    """Violation over density, by policy."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    densities = sorted({row["density"] for row in rows})
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for policy in POLICIES:
        values = [average(rows, "violation", policy=policy, density=d) for d in densities]
        axes.plot(densities, values, marker="o", linewidth=3 if policy == OURS else 1, label=policy)
    axes.set(xlabel="density U of full refreshes", ylabel="weighted time in violation, %")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
