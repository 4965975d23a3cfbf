"""What every benchmark here shares: child processes, paired runs, a table and JSON."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out"


def child(script: str, *arguments: str) -> dict[str, Any]:
    """Run one measurement in a process of its own; what it reports, as a dictionary.

    The script prints one line of JSON last.
    """
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{script} {' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def report(**values: Any) -> None:
    """What a child says: its values, its peak memory in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**values, "peak_mib": peak}))


def timed(call: Any, *arguments: Any) -> tuple[float, Any]:
    """Seconds a call took, and what it returned."""
    started = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - started, result


def median(values: list[float]) -> float:
    """The median."""
    return statistics.median(values)


def row(
    what: str, ours: list[float], peer: list[float], *, target: float, unit: str, peer_is: str
) -> dict[str, Any]:
    """One line of a benchmark's table: medians, and the median ratio of the paired runs."""
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    return {
        "what": what,
        "peer": peer_is,
        "unit": unit,
        "ours": median(ours),
        "peer_value": median(peer),
        "ratio": median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "target": target,
        "met": median(ratios) <= target,
        "runs": len(ours),
    }


def publish(name: str, rows: list[dict[str, Any]]) -> None:
    """Print the table and write it as Markdown and JSON."""
    OUT.mkdir(exist_ok=True)
    lines = [
        "| what | ours | peer | ratio (min to max) | target | met |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['what']} | {r['ours']:.4g} {r['unit']} | {r['peer_value']:.4g} {r['unit']} "
        f"({r['peer']}) | {r['ratio']:.3f} ({r['ratio_min']:.3f} to {r['ratio_max']:.3f}, "
        f"{r['runs']} runs) | <= {r['target']} | {'yes' if r['met'] else 'no'} |"
        for r in rows
    ]
    table = "\n".join(lines)
    about = {
        "benchmark": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rows": rows,
    }
    (OUT / f"{name}.md").write_text(f"# {name}\n\n{table}\n")
    (OUT / f"{name}.json").write_text(json.dumps(about, indent=1) + "\n")
    print(f"\n{name}\n{table}")
