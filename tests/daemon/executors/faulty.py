"""A learner that meets the fault which a file names; without the file it is a Ridge."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
from sklearn.linear_model import Ridge

from mlview.engines.allotment import allotted


class Faulty(Ridge):
    def __init__(self, place="", alpha=1.0):
        super().__init__(alpha=alpha)
        self.place = place

    def fit(self, X, y, sample_weight=None):  # noqa: N803 - as scikit-learn names it
        fault = Path(self.place, "fault")
        if self.place and fault.exists():
            FAULTS[fault.read_text()](self.place)
        return super().fit(X, y, sample_weight)


def tell(place, pid=None):
    """Tell the test which process has met its fault."""
    with Path(place, "told").open("w") as told:
        told.write(f"{pid or os.getpid()}\n")


def hang(place):
    tell(place)
    threading.Event().wait()


def hang_in_native_code(place):
    told = Path(place, "told")
    script = f"echo {os.getpid()} > '{told}'; exec tail -f /dev/null"
    ctypes.PyDLL(None).system(script.encode())  # with the lock that all threads of Python need


def allocate_without_bound(place):
    kept = []
    try:
        while True:
            kept.append(b"x" * (8 << 20))
    except MemoryError:
        threading.Event().wait()


def leave_a_child_and_die(place):
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    tell(place, child.pid)
    os.kill(os.getpid(), signal.SIGKILL)


def tell_limits(place):
    told = {
        "lake": allotted().config(),
        "arrow": pa.cpu_count(),
        "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"],
        "bounded": resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY,
        "interruptible": signal.getsignal(signal.SIGINT) is not signal.SIG_IGN,
        "session": os.getsid(0) == os.getpid(),
    }
    Path(place, "limits").write_text(json.dumps(told))


FAULTS = {
    "tell limits": tell_limits,
    "killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda _: ctypes.string_at(0),
    "exit 3": lambda _: os._exit(3),
    "exit 0": lambda _: os._exit(0),
    "hang": hang,
    "hang in native code": hang_in_native_code,
    "memory": allocate_without_bound,
    "leave a child": leave_a_child_and_die,
}
