"""The picture: AUC over the days, live against never retrained, and the lag beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.demo.replay import NIGHTLY, midnight_after
from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from mlview.demo.replay import Day

WINDOW = 7
_LIVE, _NEVER, _VIEW, _GREY = "#0b6e99", "#c8553d", "#5a8f3c", "#6b7280"
_STYLE: Any = {
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _GREY,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "legend.frameon": False,
}


def draw(days: Sequence[Day], *, model: str, view: str, target_hours: float, file: Path) -> None:
    """Write the picture of one model, and of a view that it reads, as a PNG.

    Args:
        days: in order, at least one.
        model: whose scores and lag are drawn.
        view: whose lag is drawn beside it.
        target_hours: the model's target lag.
        file: where the PNG goes.

    Raises:
        UsageProblem: matplotlib is not installed.
    """
    try:
        # Slow to load, and needed at the end only.
        from matplotlib import dates, rc_context  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as problem:
        raise UsageProblem(
            "the plot needs matplotlib, which is not installed", hint="pip install 'mlview[demo]'"
        ) from problem
    with rc_context(_STYLE):
        figure = Figure(figsize=(10, 6.6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _auc(above, days, model)
        _lag(below, days, model, view, target_hours)
        locator: Any = dates.AutoDateLocator(minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
        below.xaxis.set_major_locator(locator)
        below.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        figure.savefig(file, dpi=150)


def _auc(axes: Any, days: Sequence[Day], model: str) -> None:
    """Each day's score as a dot, their trailing mean as a line."""
    moments = [midnight_after(day.date) for day in days]
    live = [day.scores[model].live for day in days]
    never = [day.scores[model].never for day in days]
    smooth = trailing_mean(never), trailing_mean(live)
    for values, line, colour, what in (
        (never, smooth[0], _NEVER, "never retrained"),
        (live, smooth[1], _LIVE, "refreshed within its target lag"),
    ):
        axes.plot(moments, values, ".", color=colour, alpha=0.35, markersize=6)
        axes.plot(moments, line, color=colour, linewidth=2.4, label=what)
    axes.fill_between(moments, *smooth, color=_LIVE, alpha=0.1, linewidth=0)
    _mark_refreshes(axes, days)
    what = f"dots: single days, lines: mean of the last {WINDOW}"
    axes.set_title(
        f"{model}: AUC on each day's flights before learning from them ({what})\n", pad=6
    )
    axes.set_ylabel("ROC AUC (0.5 is guessing)")
    _legend(axes)
    axes.grid(axis="y", alpha=0.25)


def _lag(axes: Any, days: Sequence[Day], model: str, view: str, target_hours: float) -> None:
    """Lag grows with each day that arrived and falls with each refresh."""
    for name, colour in ((model, _LIVE), (view, _VIEW)):
        moments, lags = sawtooth(days, name)
        axes.plot(moments, lags, color=colour, linewidth=1.8, label=name)
        axes.fill_between(moments, lags, color=colour, alpha=0.12, linewidth=0)
    _mark_refreshes(axes, days)
    target = target_hours / 24
    what = f"target lag of {model}: {target:g} days"
    axes.axhline(target, color=_GREY, linestyle="--", linewidth=1.1, label=what)
    axes.set_ylim(0, target * 1.15)
    axes.set_title("Lag: time since the first change that the live version has not seen\n", pad=6)
    axes.set_ylabel("lag (days)")
    axes.set_xlabel("time (a day's flights arrive at the midnight that ends it, in New York)")
    _legend(axes)
    axes.grid(axis="y", alpha=0.25)


def _legend(axes: Any) -> None:
    """Between the title and the lines, where it hides nothing."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=4, borderpad=0.1, columnspacing=1.6
    )


def _mark_refreshes(axes: Any, days: Sequence[Day]) -> None:
    marks = [midnight_after(day.date) + NIGHTLY for day in days if day.retrained]
    for number, moment in enumerate(marks):
        label = "model refreshed" if number == 0 else None
        axes.axvline(moment, color=_GREY, linewidth=0.9, linestyle=":", label=label)


def trailing_mean(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """The mean of each value and those before it, of at most `window` values.

    >>> trailing_mean([1.0, 3.0, 5.0], window=2)
    [1.0, 2.0, 4.0]
    """
    means = []
    for end in range(1, len(values) + 1):
        recent = values[max(end - window, 0) : end]
        means.append(sum(recent) / len(recent))
    return means


def sawtooth(days: Sequence[Day], name: str) -> tuple[list[datetime], list[float]]:
    """Moments and lag in days of one view: at each arrival, at each nightly job, and after it."""
    moments: list[datetime] = []
    lags: list[float] = []
    waited = NIGHTLY.total_seconds() / 3600
    for day in days:
        arrival, lag = midnight_after(day.date), day.views[name].lag_hours
        points = [(arrival, max(lag - waited, 0.0)), (arrival + NIGHTLY, lag)]
        if name in day.refreshed:
            points.append((arrival + NIGHTLY, 0.0))
        moments += [moment for moment, _ in points]
        lags += [hours / 24 for _, hours in points]
    return moments, lags
