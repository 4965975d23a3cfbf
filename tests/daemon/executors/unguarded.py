"""A program without a main guard that starts a worker; arguments: path, object id."""

import sys
from pathlib import Path

import mlview
from mlview.daemon.executors import ProcessPool, Work
from mlview.definitions import Name

sys.stdout.write("started\n")
sys.stdout.flush()
mlview.register("Faulty", "faulty:Faulty")
pool = ProcessPool(Path(sys.argv[1]), 1)
pool.start(Work(1, (Name("m"),), (int(sys.argv[2]),), None, "due", 0.1))
sys.stdout.write(f"{pool.finished(600.0)}\n")
