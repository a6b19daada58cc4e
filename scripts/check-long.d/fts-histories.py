"""Long random histories of articles, the full-text index checked after every step (short form: tests/test_fts.py)."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from fts_machine import FtsMachine
from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("MORGUE_CHECK_EXAMPLES", "3000"))


def main() -> int:
    """Run the histories; 0 if the index was right after every step."""
    case = FtsMachine.TestCase
    case.settings = settings(
        max_examples=EXAMPLES, stateful_step_count=80, deadline=None, suppress_health_check=list(HealthCheck)
    )
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    print(f"fts-histories: {EXAMPLES} histories of up to 80 steps: {'right' if result.wasSuccessful() else 'WRONG'}")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
