"""One step for each of several JWKs, a line about each, and the wait for what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import Cluster, carry_out, open_cluster
from jwk_operator.cli.settling import GONE, Outcome, Wish
from jwk_operator.cli.targets import Choice, find_targets, label
from jwk_operator.cli.wording import count
from jwk_operator.kube.client import JWKS, ApiError, ApiUnavailableError, KubeClient, Raw
from jwk_operator.kube.observing import observe

FIELD_MANAGER = "jwk-operator-cli"
"""What the commands write has an owner of its own: tools that apply from Git do not take it for theirs."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a step did to a JWK, what a person should know besides, and whether there is anything to wait for."""

    raw: Raw
    told: str
    warning: str = ""
    waits: bool = True


class RefusedError(Exception):
    """The step makes no sense for this JWK; the text says why and what helps."""


Step = Callable[[KubeClient, Raw], Awaitable[Done]]


def perform(choice: Choice, step: Step, wish: Wish) -> None:
    """Do a step for every JWK of a choice, and wait for what is wished if that was asked for.

    Exits with 1 when anything went otherwise.
    """
    if not carry_out(_perform(choice, step, wish)):
        raise click.exceptions.Exit(1)


async def _perform(choice: Choice, step: Step, wish: Wish) -> bool:
    async with open_cluster(choice.kubeconfig, choice.context, choice.namespace) as cluster:
        found, problems = await find_targets(cluster, choice)
        for problem in problems:
            click.echo(f"Error: {problem}", err=True)
        done = await _each(cluster.client, found, step)
        for raw, result in done:
            _tell(raw, result, waits=choice.wait)
        fine = not problems and not any(isinstance(result, Exception) for _, result in done)
        waiting = [result.raw for _, result in done if isinstance(result, Done) and result.waits]
        taken = {raw["metadata"]["uid"]: raw for raw in waiting}
        if choice.wait and taken:
            return await _wait(cluster, choice, taken, wish) and fine
        return fine


async def _each(client: KubeClient, raws: list[Raw], step: Step) -> list[tuple[Raw, Done | Exception]]:
    """Do the step for each; the client sees to it that there are not too many requests at once."""
    with terminal.progress("Asking the API server", len(raws)) as advance:

        async def one(raw: Raw) -> tuple[Raw, Done | Exception]:
            try:
                return raw, await step(client, raw)
            except (ApiError, ApiUnavailableError, RefusedError) as error:
                return raw, error
            finally:
                advance()

        return await asyncio.gather(*map(one, raws))


def _tell(raw: Raw, result: Done | Exception, *, waits: bool) -> None:
    if isinstance(result, Exception):
        click.echo(f"Error: {label(raw)}: {result}", err=True)
        return
    if result.warning:
        click.echo(f"Warning: {label(raw)}: {result.warning}", err=True)
    if not (waits and result.waits):
        click.echo(f"{label(raw)}: {result.told}")


async def _wait(cluster: Cluster, choice: Choice, waiting: dict[str, Raw], wish: Wish) -> bool:
    fine, seconds = True, choice.timeout.total_seconds()
    try:
        async with asyncio.timeout(seconds), aclosing(_settled(cluster, choice, waiting, wish)) as settled:
            while waiting:
                with terminal.progress(f"Waiting for {count(len(waiting), 'JWK')}"):
                    raw, outcome = await anext(settled)
                _show(label(raw), outcome)
                fine = fine and outcome.fine
    except TimeoutError:
        for raw in waiting.values():
            _show(label(raw), Outcome(False, f"timed out after {seconds:g} s, {wish.missing(raw)}"))
        return False
    return fine


async def _settled(
    cluster: Cluster, choice: Choice, waiting: dict[str, Raw], wish: Wish
) -> AsyncGenerator[tuple[Raw, Outcome]]:
    """Yield each JWK with what came of it, and take it out of those that are waited for."""
    namespace = None if choice.all_namespaces else cluster.namespace
    name = next(iter(waiting.values()))["metadata"]["name"] if len(waiting) == 1 and namespace else None
    async with aclosing(observe(cluster.client, JWKS, namespace, name)) as changes:
        async for raw, there in changes:
            uid = raw["metadata"]["uid"]
            if uid not in waiting:
                continue
            waiting[uid] = raw
            outcome = wish.outcome(raw) if there else GONE
            if outcome is not None:
                del waiting[uid]
                yield raw, outcome


def _show(name: str, outcome: Outcome) -> None:
    from rich.text import Text

    terminal.show(Text.assemble((name, "green" if outcome.fine else "red"), f": {outcome.text}"))
