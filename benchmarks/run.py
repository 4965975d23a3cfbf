"""Every benchmark, one after the other; tables and JSON go to benchmarks/out."""

from __future__ import annotations

import create_model
import drift
import idle
import maintenance
import opening
import planner
import retraining
import upkeep

if __name__ == "__main__":
    opening.main()
    create_model.main()
    maintenance.main()
    drift.main()
    planner.main()
    retraining.main()
    idle.main()
    upkeep.main()
