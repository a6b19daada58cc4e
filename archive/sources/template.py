"""The sources.toml that `morgue init` writes."""

SOURCES_TEMPLATE = """\
# What this archive keeps. `morgue sources add https://paper.example/` writes entries here; edit them as you like.

# Who runs this crawler: sent with every request, so that a site's owner can reach you. Without it nobody is asked.
# contact = "mailto:you@example.org"

# How much one exchange may take; what is longer is kept as far as it came, marked as cut. These are the defaults.
# Bytes on the wire and of all headers; seconds for the connection, until an answer begins, and in all.
# limits = { body = 16777216, head = 65536, connect = 10, first_byte = 30, total = 30 }

# One entry per site. Only name and url are needed: feeds and sitemaps are found at the first crawl.
#
# [[source]]
# name = "paper.example"
# url = "https://paper.example/"
# feeds = ["https://paper.example/rss.xml"]     # beside those that are found, as the next two
# sitemaps = ["/news-sitemap.xml"]              # a path is one on this site
# sections = ["/politics/"]                     # listings worth watching
# delay = 5                                     # seconds between two requests
# include = ['/news/']                          # regular expressions: only such addresses …
# exclude = ['/sport/', '\\?print=']             # … and none of these
# language = "en"                               # of pages that do not say theirs
# headers = { Cookie = "subscriber=1" }         # your own subscription or consent; kept nowhere else
# user_agent = "OurLibrary/1.0 (+https://library.example/crawler)"
# politeness_key = "publisher"                  # sources with one key are asked one request at a time
# pages_per_day = 500                           # at most, of one politeness key; 10,000 if nothing is said
# selectors = { text = "div.story", remove = ".promo" }   # try them first: morgue sources try NAME --text div.story
# opt_out = "record"                            # what noarchive means: record, skip or ignore; see docs/sources.md
# assets = "page"                               # also keep style sheets, fonts and images of its pages
# render = true                                 # let a browser make its pages: for sites whose scripts bring the text
# enabled = false                               # keep the entry, but do not crawl

# Questions that are asked again and again: `morgue alerts` tells what is new, `morgue serve` has a page and a feed of each.
#
# [[search]]
# name = "ferries"
# words = 'ferry OR "harbour master"'           # as `morgue search` takes them; none: everything
# language = "en"                               # filters: source, language, author, kind, since, until; all = true: each copy
"""
