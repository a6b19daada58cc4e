"""The crawler's part of `morgue doctor`: libcurl, the browser, what starts crawls, what became of the last ones."""
