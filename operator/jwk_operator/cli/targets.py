"""The JWKs that a command is about: by name, by labels, or all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import click

from jwk_operator.api.base import parse_duration
from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import Cluster, cluster_options, namespace_options
from jwk_operator.kube.client import JWKS, ApiError, Raw


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options of such a command say."""

    names: tuple[str, ...]
    everything: bool
    selector: str | None
    namespace: str | None
    all_namespaces: bool
    kubeconfig: str | None
    context: str | None
    wait: bool
    timeout: timedelta

    def __post_init__(self) -> None:
        if sum(map(bool, (self.names, self.everything, self.selector))) != 1:
            raise click.UsageError("give names of JWKs, or --all, or --selector; one of the three")
        if self.names and self.all_namespaces:
            raise click.UsageError("a name is one in a namespace; with --all-namespaces give --all or --selector")


class _Duration(click.ParamType[timedelta]):
    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            found = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not isinstance(found, timedelta) or not found:
            self.fail("must be a duration such as 30s or 10m, and not none at all", param, ctx)
        return found


def target_options(command: Callable[[Choice], None]) -> Callable[..., None]:
    """Add names, the options that kubectl has for a choice of objects, and those for waiting."""

    @functools.wraps(command)
    def collected(**options: Any) -> None:
        command(Choice(**options))

    found: Callable[..., None] = collected
    for option in (
        click.option("--timeout", type=_Duration(), default="60s", help="How long to wait, such as 90s or 5m."),
        click.option("--wait", is_flag=True, help="Wait until the operator has done it, and print what came of it."),
        click.option("--selector", "-l", metavar="LABELS", help="JWKs with these labels, such as team=shop."),
        click.option("--all", "everything", is_flag=True, help="All JWKs of the namespace."),
        click.argument("names", nargs=-1, metavar="[NAME]..."),
    ):
        found = option(found)
    return cluster_options(namespace_options(found))


async def find_targets(cluster: Cluster, choice: Choice) -> tuple[list[Raw], list[str]]:
    """Return the JWKs that are meant, by namespace and name, and what is wrong with those that cannot be had."""
    if choice.names:
        with terminal.progress("looking for the JWKs", len(choice.names)) as step:
            return await _by_name(cluster, choice.names, step)
    namespace, found = None if choice.all_namespaces else cluster.namespace, list[Raw]()
    with terminal.progress("looking for the JWKs"):
        async for items, _ in cluster.client.list(JWKS, namespace, selector=choice.selector):
            found.extend(items)
    found.sort(key=lambda raw: (raw["metadata"]["namespace"], raw["metadata"]["name"]))
    where = f"namespace {namespace}" if namespace else "the cluster"
    such = f" with labels {choice.selector}" if choice.selector else ""
    if not found:
        click.echo(f"There are no JWKs{such} in {where}.", err=True)
    return found, []


async def _by_name(cluster: Cluster, names: Iterable[str], step: Callable[[], None]) -> tuple[list[Raw], list[str]]:
    found, problems = list[Raw](), list[str]()
    for name in dict.fromkeys(name.removeprefix("jwk/") for name in names):
        try:
            found.append(await cluster.client.get(JWKS, cluster.namespace, name))
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED or not error.reason:
                raise  # it holds for every name: no login, or no such kind
            problems.append(f"{cluster.namespace}/{name}: {error}")
        step()
    return found, problems


def label(raw: Raw) -> str:
    """Return how a JWK is called in what is printed."""
    return f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
