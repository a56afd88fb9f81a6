"""What an import tells: how many JWKs of which source type, what was done to which file, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.import_.source import Project
from jwk_operator.cli.wording import count
from jwk_operator.manifests.importing import Outcome
from jwk_operator.manifests.yaml_text import quoted


def tell(project: Project, outcome: Outcome, folder: Path, namespace: str | None) -> None:
    """Print the result, and on standard error each JWK that no manifest can stand for."""
    for name, why in outcome.refused.items():
        click.echo(f"JWK {quoted(name)} is left out: {why}", err=True)
    total = sum(outcome.jwks.values())
    click.echo(f"Project {quoted(project.name)} at {project.address}: {count(len(project.entries), 'JWK')}.\n")
    table = terminal.table("SOURCE TYPE", "JWKS", "GAPS")
    for source_type in sorted(outcome.jwks):
        table.add_row(source_type.value, str(outcome.jwks[source_type]), str(outcome.gaps[source_type]))
    table.add_row("all", str(total), str(sum(outcome.gaps.values())))
    terminal.show(table)
    click.echo("\n" + "\n".join(_about_files(outcome, folder)))
    click.echo("\n" + "\n".join(_next_steps(project, outcome, folder, namespace)))


def _about_files(outcome: Outcome, folder: Path) -> Iterator[str]:
    if outcome.write:
        yield f"{folder}: {count(len(outcome.write), 'file')} written, {len(outcome.same)} as they were."
    else:
        yield f"{folder}: nothing to write, {count(len(outcome.same), 'file')} as they were."
    if outcome.kept:
        yield "\nKept, as they differ from what would be written (--force overwrites them):"
        yield from _indented(outcome.kept)
    if outcome.elsewhere:
        yield "\nLeft to files of another name, which import does not touch:"
        yield from _indented(f"{file} ({quoted(name)})" for name, file in outcome.elsewhere.items())
    if outcome.gone:
        yield "\nNot in Apinizer any more; remove these files, and their lines in the kustomization, if that is meant:"
        yield from _indented(f"{file} ({quoted(name)})" for name, file in outcome.gone.items())
    if outcome.refused:
        yield f"\n{count(len(outcome.refused), 'JWK')} left out; standard error says why."


def _next_steps(project: Project, outcome: Outcome, folder: Path, namespace: str | None) -> Iterator[str]:
    where = f" -n {namespace}" if namespace else ""
    yield "Next: make what the connection refers to, where it is missing, and apply. Nothing changes in Apinizer."
    yield from _indented((*project.needs, f"kubectl apply{where} -k {folder}"))
    if sum(outcome.gaps.values()):
        yield "Gaps matter only if a JWK has to be created anew. Each says how to fill it:"
        yield from _indented([f"grep -rn '# GAP:' {folder}"])
    if project.connection.get("readOnly"):
        yield "The connection has readOnly: true: until that is removed, each status only says what would be done."


def _indented(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)
