"""Four small news sites of our own, served on loopback: what the tests and the demo crawl.

`content/` holds the articles (everything in them is invented), `templates/` the pages' looks; `expected.py` says what
an archive of them must contain, and `lab.py` the odd pages that no home page links to.
"""
