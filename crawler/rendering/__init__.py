"""Rendering: what a browser makes of a page that was fetched, for sources that say `render = true`.

The main document is fetched as every page is; the browser is given those bytes. What its scripts ask for goes out through our
own transfers or not at all: the browser itself has no way to the network. Playwright is imported here only, inside functions,
and need not be installed.
"""
