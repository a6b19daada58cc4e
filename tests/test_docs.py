"""The words are true: what the documents name exists, and what exists is documented."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from archive.query import match_expression
from archive.schema import open_archive
from archive.sources import SOURCES_TEMPLATE, Source, parse_sources
from archive.web.metadata import metadata
from crawler.cli import group

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = sorted([*(ROOT / "archive").rglob("*.py"), *(ROOT / "crawler").rglob("*.py")])
OPTIONS = {"-h", "--help"}


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands(group, "morgue"))


def wrong(line: str) -> str | None:
    """Return what is wrong with a command line that begins with morgue, None if nothing is."""
    line = re.split(r"\s\|\|?\s|\s&&\s|;|\s#", line)[0].replace("…", "")
    try:
        words = shlex.split(line)
    except ValueError as error:
        return str(error)
    command: click.Command = group
    known = set(OPTIONS)
    for word in words[1:]:
        known |= {name for p in command.params if isinstance(p, click.Option) for name in p.opts}
        if command.name == "search" and re.match(r"-\w\w", word):
            continue  # a word to leave out
        if word.startswith("-") and word != "-":  # that is standard output
            if word.split("=")[0] not in known:
                return f"{command.name} has no option {word}"
        elif isinstance(command, click.Group) and not word.isupper():
            found = command.commands.get(word.rstrip(",."))
            if found is None and (default := getattr(command, "default", None)):
                found = command.commands[default]  # `morgue story ID`
            if found is not None:
                command = found
            elif command is not group or not _is_value(words, word):
                return f"{command.name} has no command {word}"
    return None


def _is_value(words: list[str], word: str) -> bool:
    return words[words.index(word) - 1] in {"-a", "--archive"}


def named_in(text: str) -> list[str]:
    """Return the command lines that a text names: in backticks, or as indented lines of a Markdown page."""
    text = re.sub(r"(?m)^#+ `[^`]+`$", "", text)  # headings
    found = [" ".join(m.split()) for m in re.findall(r"(?<!#)`(morgue [^`]+)`", text)]
    return found + [m.strip() for m in re.findall(r"(?m)^ {4}(morgue .+)$", text) if "[OPTIONS]" not in m]


def messages(path: Path) -> list[str]:
    """Return the texts of a module, its docstrings among them; what is computed in them becomes the word X."""

    def text_of(node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else ""
        if isinstance(node, ast.JoinedStr):
            return "".join(text_of(part) if isinstance(part, ast.Constant) else "X" for part in node.values)
        return ""

    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [text for node in ast.walk(tree) if isinstance(node, ast.expr) and "`morgue " in (text := text_of(node))]


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_command_in_a_document_exists(path: Path) -> None:
    assert {line: why for line in named_in(path.read_text(encoding="utf-8")) if (why := wrong(line))} == {}


def test_every_command_in_a_message_exists() -> None:
    named = [(path.name, line) for path in CODE for text in messages(path) for line in named_in(text)]
    assert len(named) > 30  # the search finds them
    assert [(name, line, why) for name, line in named if (why := wrong(line))] == []


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("morgue crawl --budget 9m --quiet || test $? = 75", False),  # what follows is the shell's
        ("morgue -a my-archive sources add --delay 2 https://paper.example/", False),
        ("morgue fetch", True),  # no such command
        ("morgue sources export list.opml", True),  # no such subcommand
        ("morgue crawl --fast", True),  # no such option
    ],
)
def test_a_wrong_command_line_is_seen(line: str, bad: bool) -> None:
    assert (wrong(line) is not None) is bad


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_works_and_a_short_help(path: str) -> None:
    command = COMMANDS[path]
    examples = re.findall(r"Example: ((?:.+\n?)+)", command.help or "")
    assert len(examples) == 1
    line = " ".join(examples[0].split())
    assert line.startswith(path)
    assert wrong(line) is None
    assert path == "morgue" or 10 < len(command.short_help or "") <= 60  # fits a terminal of 80 uncut
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"{path} {option.opts}"


def test_the_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs-cli"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


KEYS = [field.name for field in fields(Source)] + ["contact"]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_sources_is_documented_and_in_the_template(key: str) -> None:
    rows = re.findall(rf"(?m)^\| `{key}` \|.*\| `(.+)` \|$", (ROOT / "docs" / "sources.md").read_text(encoding="utf-8"))
    assert len(rows) == 1
    needed = "" if key in {"contact", "name"} else 'name = "a"\n'
    needed += "" if key in {"contact", "url"} else 'url = "https://paper.example/"\n'
    parse_sources(rows[0] if key == "contact" else f"[[source]]\n{needed}{rows[0]}")
    assert re.search(rf"(?m)^# {key} = ", SOURCES_TEMPLATE)


def test_the_template_with_its_examples_switched_on_can_be_read() -> None:
    lines = [re.sub(r"^# (?=\w+ = |\[\[)", "", line) for line in SOURCES_TEMPLATE.splitlines()]
    read = parse_sources("\n".join(lines))
    assert len(read.sources) == 1
    assert read.contact


def test_every_environment_variable_is_documented() -> None:
    places = [*CODE, *(ROOT / "scripts").rglob("*"), *(ROOT / "tests").glob("*.py"), *(ROOT / ".ci").iterdir()]
    code = "\n".join(
        p.read_text(encoding="utf-8") for p in places if p.is_file() and p.suffix in {".py", ".example", ""}
    )
    used = set(re.findall(r"MORGUE_[A-Z_]*[A-Z]", code))
    told = set(re.findall(r"MORGUE_[A-Z_]*[A-Z]", (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")))
    assert used == told


def test_tables_columns_and_ready_questions_are_true(tmp_path: Path) -> None:
    db = open_archive(tmp_path / "archive.db", create=True)
    db.conn.create_function("morgue_match", 1, lambda words: match_expression(words) or '""')
    told = metadata("archive")["databases"]["archive"]
    try:
        there = {row[0] for row in db.conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        inner = {name for name in there if name.startswith(("articles_fts", "sqlite_", "articles_live"))}
        assert set(told["tables"]) == there - inner
        for name, table in told["tables"].items():
            columns = [row[1] for row in db.conn.execute(f"PRAGMA table_info({name})").fetchall()]
            if not table.get("hidden"):
                assert sorted(table["columns"]) == sorted(columns), name
        for name, query in told["queries"].items():
            assert db.conn.execute(query["sql"], {"words": 'covid-19 "u.s.', "source": "A"}).fetchall() == [], name
    finally:
        db.conn.close()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_and_links_in_a_document_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    linked = [path.parent / name.split("#")[0] for name in re.findall(r"\]\(([^)#:]+(?:#[^)]*)?)\)", text)]
    named = [ROOT / name for name in re.findall(r"`((?:archive|crawler|scripts|tests|docs)/[\w./-]+)`", text)]
    assert [str(place) for place in linked + named if not place.exists()] == []


def test_no_trace_of_a_person_or_a_real_site() -> None:
    for path in PAGES:
        hosts = re.findall(r"https?://([\w.-]+)", path.read_text(encoding="utf-8"))
        own = {"127.0.0.1", "keepachangelog.com", "snowballstem.org"}
        assert [host for host in hosts if not host.endswith(".example") and host not in own] == [], path.name


IF_INSTALLED = {"playwright", "fsspec", "aiohttp", "botocore", "distributed", "pyarrow"}
IMPORTED_AS = {"PyStemmer": "Stemmer", "backports.zstd": "backports"}
ONLY_FOR_OTHERS = {"lxml_html_clean"}  # trafilatura cannot be imported without it


def test_dependencies_are_what_is_imported_and_have_their_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[<>=\[ ]", line)[0] for line in project["dependencies"]}
    imported: set[str] = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
                imported |= {str(arg.value).split(".")[0] for arg in node.args if isinstance(arg, ast.Constant)}
    own = {"archive", "crawler", "compression"}  # the last is Python's from 3.14 on
    foreign = {name for name in imported if name not in sys.stdlib_module_names} - own - IF_INSTALLED
    assert {IMPORTED_AS.get(name, name.replace("-", "_")) for name in named - ONLY_FOR_OTHERS} == foreign
    reasons = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert [name for name in named if not re.search(rf"(?m)^\|[^|]*\b{name}\b", reasons)] == []


def test_the_pins_are_what_is_installed_and_cover_every_extra() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {norm(name): version for name, _, version in (line.partition("==") for line in lines if "==" in line[:60])}
    wanted = ["newsmorgue[dev]"]
    seen: set[str] = set()
    wrong_pins = []
    while wanted:
        name, _, extra = wanted.pop().partition("[")
        if norm(name) in seen | {"pip", "setuptools"}:  # what installs is not what is installed
            continue
        seen.add(norm(name))
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed
        if norm(name) != "newsmorgue" and pins.get(norm(name)) != found.version:
            wrong_pins.append((name, found.version, pins.get(norm(name))))
        for line in found.requires or ():
            need, _, marker = line.partition(";")
            if "extra" not in marker or (extra and f'"{extra[:-1]}"' in marker.replace("'", '"')):
                wanted.append(re.split(r"[<>=!~\[( ]", need.strip())[0])
    assert wrong_pins == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [re.split(r"[<>=\[ ]", line)[0] for lines in project["optional-dependencies"].values() for line in lines]
    assert [name for name in extras if norm(name) not in pins] == []


def norm(name: str) -> str:
    """Return a package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_archive_room_never_imports_the_crawler() -> None:
    found = []
    for path in (ROOT / "archive").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(path.name, name) for name in names if name.split(".")[0] in {"crawler", "scrapy", "twisted"}]
    assert found == []
