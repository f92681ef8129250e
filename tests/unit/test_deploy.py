"""Hold what is in deploy/ to the code, and to what a container has to be."""

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.support.documentation import ROOT
from tokenpulse_reader.cli import main
from tokenpulse_reader.http.serving import GRACE_SECONDS
from tokenpulse_shared.settings import ENVIRONMENT_PREFIX, Settings

DEPLOY = ROOT / "deploy"
VARIABLES = {f"{ENVIRONMENT_PREFIX}{item.name.upper()}" for item in fields(Settings)}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*")


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in order, continued lines joined, comments left out."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = lines.replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def arguments_of(name: str) -> list[str]:
    return [arguments for instruction, arguments in instructions() if instruction == name]


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return parsed


def check_command(command: list[str]) -> None:
    """Check that the command line has this subcommand with these flags."""
    name, *rest = command
    known = {
        flag
        for option in main.commands[name].params
        if isinstance(option, click.Option)
        for flag in option.opts
    }

    assert {word for word in rest if word.startswith("--")} <= known


def test_the_image_is_built_in_two_stages_from_a_pinned_base() -> None:
    """What builds is left behind; both stages start from the same version."""
    (default,) = arguments_of("ARG")
    name, _, image = default.partition("=")

    assert PINNED.fullmatch(image)
    assert arguments_of("FROM") == [f"${{{name}}} AS build", f"${{{name}}}"]
    assert not arguments_of("ADD")


def test_the_image_runs_as_nobody_in_particular() -> None:
    """A user by number, after everything that writes; nothing is written at run time."""
    last = [index for index, (name, _) in enumerate(instructions()) if name in ("RUN", "COPY")][-1]
    at = next(index for index, (name, _) in enumerate(instructions()) if name == "USER")
    (user,) = arguments_of("USER")

    assert at > last
    assert all(int(number) >= 1000 for number in user.split(":"))
    assert "PYTHONDONTWRITEBYTECODE=1" in arguments_of("ENV")[0]


def test_the_image_starts_the_reader() -> None:
    """In exec form, so that signals reach it; settings in its environment are settings."""
    (entrypoint,), (command,), (environment,) = map(arguments_of, ("ENTRYPOINT", "CMD", "ENV"))
    given = dict(pair.split("=", 1) for pair in shlex.split(environment))
    named = {name: value for name, value in given.items() if name.startswith(ENVIRONMENT_PREFIX)}

    assert yaml.safe_load(entrypoint) == ["tokenpulse"]
    check_command(yaml.safe_load(command))
    assert named.keys() <= VARIABLES
    assert arguments_of("EXPOSE") == [named["TOKENPULSE_PORT"]]
    assert arguments_of("STOPSIGNAL") == ["SIGTERM"]


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    """Every source exists; the ignore file lets it through, and nothing else."""
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    sources = {
        source
        for arguments in arguments_of("COPY")
        if not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    }

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sources == let_through
    assert ignored[1] == "*"


def test_the_wheel_can_be_built_from_what_is_copied() -> None:
    """The packages, the readme and the license that pyproject.toml names are among the sources."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {Path(each).parts[0] for each in packages}
    needed |= {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}

    assert needed <= {word for arguments in arguments_of("COPY") for word in arguments.split()}


def test_the_health_check_runs_by_python_alone() -> None:
    """Isolated, without `site`: nothing in the environment changes what it does."""
    (check,) = arguments_of("HEALTHCHECK")

    assert yaml.safe_load(check.partition("CMD ")[2]) == [
        "python", "-I", "-S", "/opt/tokenpulse/healthcheck.py",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["redis", "reader", "demo"])
def test_every_service_is_hardened(name: str) -> None:
    """No writable root, no capabilities, no new privileges, bounds on memory and processes, a pinned image."""
    service = compose()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert service["mem_limit"].endswith("m")
    assert "privileged" not in service
    assert PINNED.fullmatch(service["image"]) or service["image"] == "tokenpulse"


def test_the_services_fit_each_other() -> None:
    """Only the reader is reached from outside, from this machine alone, with a token that must be chosen."""
    services = compose()["services"]
    reader, demo = services["reader"], services["demo"]
    environment = reader["environment"]

    assert {name for name, service in services.items() if "ports" in service} == {"reader"}
    assert reader["ports"] == ["127.0.0.1:9100:9100"]
    assert environment.keys() <= VARIABLES
    assert environment["TOKENPULSE_API_TOKEN"].startswith("${TOKENPULSE_API_TOKEN:?")
    assert environment["TOKENPULSE_REDIS_URL"] in demo["command"]
    check_command(demo["command"])
    assert compose()["networks"]["inside"] == {"internal": True}
    assert [service["networks"] for service in services.values()].count(["inside"]) == 2
    assert reader["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert services["redis"]["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]


def test_the_grace_is_long_enough() -> None:
    """A container is not killed while open answers may still go on."""
    services = compose()["services"]

    assert all(
        int(services[name]["stop_grace_period"].rstrip("s")) > 2 * GRACE_SECONDS
        for name in ("reader", "demo")
    )


def test_the_build_is_of_the_repository() -> None:
    """The context is the repository, the file is this Dockerfile."""
    build = compose()["services"]["reader"]["build"]

    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
