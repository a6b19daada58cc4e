"""The extraction bench: other extractors in environments of their own, asked page by page beside ours."""
