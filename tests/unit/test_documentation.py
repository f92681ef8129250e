"""Tests that hold the documentation to the code."""

import re
from collections.abc import Callable

import click
import pytest
import redis
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import tokenpulse
from tests.support.documentation import GENERATED, PACKAGES, ROOT, keyspace_patterns, with_part
from tokenpulse_reader.cli import main
from tokenpulse_shared.keyspace import Keyspace

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]


def read(path: str) -> str:
    """Return the text of a page of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def test_public_names_are_fixed() -> None:
    """What `tokenpulse` exports is these names, each of them there."""
    assert sorted(tokenpulse.__all__) == ["Recorder", "RedisMetrics", "TokenPulseMiddleware", "annotate"]
    assert all(hasattr(tokenpulse, name) for name in tokenpulse.__all__)


@pytest.mark.parametrize(("page", "name", "write"), GENERATED)
def test_generated_part_is_what_the_code_says(page: str, name: str, write: Callable[[], str]) -> None:
    """The tables that repeat the code are up to date; `make docs` writes them."""
    text = read(page)

    assert with_part(text, name, write()) == text


def test_keyspace_page_holds_every_key() -> None:
    """The page has one row per method of the keyspace, with the key that the method builds."""
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)`", read("docs/keyspace.md"), re.MULTILINE))

    assert rows == keyspace_patterns()


def test_paths_in_the_documentation_exist() -> None:
    """Every path of the repository that a page names is there."""
    for page in PAGES:
        named = re.findall(
            r"`((?:shared|middleware|reader|tests|docs|deploy|\.ci)/[\w./-]*)`", page.read_text("utf-8")
        )
        missing = [path for path in named if not (ROOT / path).exists()]

        assert missing == [], page.name


def test_files_named_in_the_architecture_exist() -> None:
    """Every file that architecture.md names by the end of its path is in one of the packages."""
    files = [path.as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.*")]
    named = set(re.findall(r"`([\w/]+\.(?:py|lua))`", read("docs/architecture.md")))

    assert [name for name in named if not any(path.endswith(f"/{name}") for path in files)] == []


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of a page names a file of the repository."""
    for page in PAGES:
        links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
        missing = [link for link in links if not (page.parent / link).exists()]

        assert missing == [], page.name


def test_commands_in_readme_have_the_flags_they_show() -> None:
    """Each `tokenpulse …` line of the README names a subcommand, with flags that it has."""
    lines = re.findall(r"^tokenpulse (\w+)(.*)$", read("README.md"), re.MULTILINE)

    assert {"demo", "reader", "run"} <= {name for name, _ in lines}
    for name, rest in lines:
        command = main.commands[name]
        known = {
            flag for option in command.params if isinstance(option, click.Option) for flag in option.opts
        }

        assert set(re.findall(r"--[\w-]+", rest)) <= known, name


def test_make_targets_in_readme_exist() -> None:
    """Each `make …` the README names is a target of the Makefile."""
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", read("README.md"), re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))

    assert {"demo", "test", "check"} <= named <= targets


def test_prometheus_example_in_readme_is_the_deployed_one() -> None:
    """The README's scrape configuration is the file in deploy/."""
    assert read("deploy/prometheus/prometheus.yml") in read("README.md")


def test_snippets_of_the_dialects_page_run() -> None:
    """Every Python snippet of docs/dialects.md runs as it stands."""
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(ROOT / "docs/dialects.md")
    examples = list(document.examples())
    for example in examples:
        example.evaluate()

    assert len(examples) == 2


def test_readme_snippets_run(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python snippet of the README runs as it stands; what they record is in Redis."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(ROOT / "README.md")
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    key = Keyspace().totals("groq", "llama-3.3-70b")

    assert len(examples) >= 3
    assert redis_client.hget(key, "total_requests") == b"1"
    assert redis_client.hget(key, "tokens_output") == b"180"
