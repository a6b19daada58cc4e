"""A process of its own for tests/test_render.py: `morgue` whose patience with a page is short, in seconds, first argument."""

from __future__ import annotations

import sys
from dataclasses import replace

from crawler.cli import main
from crawler.rendering import renderer
from crawler.rendering.rules import Limits

if __name__ == "__main__":
    short = replace(Limits(), settle=float(sys.argv.pop(1)), quiet=0.4, silent=2.0, patience=2.0)
    renderer.Limits = lambda: short  # type: ignore[assignment,misc]
    sys.argv[0] = "morgue"
    main()
