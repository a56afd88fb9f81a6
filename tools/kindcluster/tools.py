"""The programs that it takes, and what to do about those that are missing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

_ANSWERS_WITHIN = 60.0
_GET_ENGINE = (
    "get Docker from https://docs.docker.com/engine/install/ or podman from https://podman.io/docs/installation"
)
_GET = {
    "kind": "go install sigs.k8s.io/kind@v0.33.0, or see https://kind.sigs.k8s.io",
    "kubectl": "see https://kubernetes.io/docs/tasks/tools/",
}
_ASK = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "podman": ("podman", "info"),
}


class MissingError(Exception):
    """Something is not at hand; the text has a line for each, with how to get it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The container engine, and the variables by which kind takes it."""

    name: str
    variables: dict[str, str]


def find_engine() -> Engine:
    """Return an engine that works, after a look at everything else that is needed. Raises `MissingError`."""
    lines = [f"{name} is not installed: {remedy}" for name, remedy in _GET.items() if shutil.which(name) is None]
    problems = {name: _problem(name) for name in _ASK}
    usable = next((name for name, problem in problems.items() if problem is None), None)
    if usable is None:
        told = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        lines.insert(0, f"no container engine: {told}: {_GET_ENGINE}")
    if usable is None or lines:
        raise MissingError("\n".join(lines))
    return Engine(usable, {} if usable == "docker" else {"KIND_EXPERIMENTAL_PROVIDER": usable})


def _problem(name: str) -> str | None:
    """Say why an engine cannot be used, or None."""
    if shutil.which(name) is None:
        return "is not installed"
    try:
        done = subprocess.run(_ASK[name], capture_output=True, text=True, check=False, timeout=_ANSWERS_WITHIN)
    except subprocess.TimeoutExpired:
        return f"does not answer within {_ANSWERS_WITHIN:.0f} s"
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines() or ["nothing"]
    return f"is installed, but does not work ({said[-1]})"
