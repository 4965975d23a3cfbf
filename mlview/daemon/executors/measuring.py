"""What the system says about the memory of processes, on Linux; elsewhere nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def own_memory(pid: int) -> int:
    """Bytes that are a process's own: resident and not shared with files."""
    with suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        return (int(text[1]) - int(text[2])) * os.sysconf("SC_PAGE_SIZE")
    return 0


def oom_kills() -> int:
    """How many processes this system has killed so far because memory ran out."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
