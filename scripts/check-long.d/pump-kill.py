#!/usr/bin/env python3
"""Kill -9 a crawl 20 times at random moments, let it end, and check that nothing was lost or asked again in vain.

Usage: scripts/check-long.d/pump-kill.py [KILLS] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from pump_server import CountingServer  # noqa: E402 - the path comes first
from test_pump_proof import kill_runs  # noqa: E402 - the path comes first


def main() -> None:
    """Run it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"{kills} kills, seed {seed}")
    with tempfile.TemporaryDirectory() as folder, CountingServer(latency=0.01) as server:
        print(kill_runs(Path(folder), server, kills=kills, seed=seed, hosts=20, pages=15 * kills))


if __name__ == "__main__":
    main()
