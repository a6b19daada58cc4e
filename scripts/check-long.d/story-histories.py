"""Long random histories of stories with splits and joins, settled and made again (short form: tests/test_stories.py)."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from hypothesis import HealthCheck, settings
from story_machine import ArchiveStoryMachine, StoryMachine

EXAMPLES = int(os.environ.get("MORGUE_CHECK_EXAMPLES", "2000"))


def main() -> int:
    """Run the histories with a scripted deduper and with that of the archive; 0 if all was right."""
    right = True
    for machine in (StoryMachine, ArchiveStoryMachine):
        case = machine.TestCase
        case.settings = settings(
            max_examples=EXAMPLES, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        )
        result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(case))
        right &= result.wasSuccessful()
        verdict = "right" if result.wasSuccessful() else "WRONG"
        print(f"story-histories: {machine.__name__}: {EXAMPLES} histories of up to 50 steps: {verdict}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
