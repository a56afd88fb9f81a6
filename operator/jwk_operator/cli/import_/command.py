"""`jwk-operator import`: the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jwk_operator.api.jwk import ConnectionKind, ConnectionRef
from jwk_operator.apinizer.credentials import ClientCredentials, Credential, StaticToken
from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import carry_out, cluster_options, open_cluster
from jwk_operator.cli.import_.folder import read_folder, write_folder
from jwk_operator.cli.import_.source import Direct, Project, by_address, by_connection
from jwk_operator.cli.import_.summary import tell
from jwk_operator.cli.inputs import TOKEN_VARIABLE, read_option, read_secret
from jwk_operator.kube.secrets import SourceKeyNotFoundError, text_of, token_of
from jwk_operator.manifests.importing import FolderError, plan_import
from jwk_operator.manifests.writing import Place, connection_text

_CLIENT_SECRET = "JWK_OPERATOR_CLIENT_SECRET"  # noqa: S105


@click.command("import", context_settings={"show_default": True})
@click.option(
    "--into",
    "folder",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the files; made if missing.",
)
@click.option(
    "--connection",
    "name",
    metavar="NAME",
    default="default",
    help="The connection in the cluster to read the project by; with --url, the name of the one that is written.",
)
@click.option(
    "--connection-kind",
    "kind",
    type=click.Choice([kind.value for kind in ConnectionKind]),
    default=ConnectionKind.NAMESPACED.value,
    help="Kind of the connection.",
)
@click.option(
    "--namespace",
    "-n",
    metavar="NAME",
    help="Namespace of the connection and of the manifests; without it that of the context, and none in the manifests.",
)
@cluster_options
@click.option("--project", metavar="NAME", help="Project in Apinizer; needed where the connection names none.")
@click.option("--url", metavar="URL", help="The manager's address, to do without a connection in a cluster.")
@click.option(
    "--token-file",
    metavar="FILE",
    help=f"With --url: holds the token; `-` is standard input. Without it the token is that of {TOKEN_VARIABLE}.",
)
@click.option("--client-id", metavar="ID", help="With --url: log in with client credentials instead of a token.")
@click.option(
    "--client-secret-file",
    metavar="FILE",
    help=f"With --client-id: holds the client secret; `-` is standard input. Without it that is {_CLIENT_SECRET}.",
)
@click.option("--ca-file", metavar="FILE", help="With --url: certificate authorities to trust, in PEM form.")
@click.option("--insecure-skip-verify", is_flag=True, help="With --url: accept any certificate.")
@click.option("--proxy-url", metavar="URL", help="With --url: HTTP proxy on the way to the manager.")
@click.option(
    "--secret", metavar="NAME", default="apinizer", help="With --url: the Secret that the connection is to refer to."
)
@click.option("--force", is_flag=True, help="Overwrite files that differ from what is written.")
def import_(
    folder: Path,
    name: str,
    kind: str,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    project: str | None,
    url: str | None,
    secret: str,
    force: bool,
    **direct: Any,
) -> None:
    """Write manifests for a project that exists in Apinizer.

    They bring it under the operator: the folder gets a connection, a JWK for each one in the project, and a
    kustomization. Applied, each JWK is adopted as it is: nothing changes in Apinizer, also when the resources are
    deleted again. What the project's list does not show is marked as a gap in the files. Only the list is read, never
    key material, and nothing is written to the cluster. Files that differ from what would be written are kept.

    Exit status: 0 when every JWK has a manifest, 1 when some were left out or something failed.

    \b
    Examples:
      jwk-operator import --into existing --namespace NAMESPACE
      JWK_OPERATOR_TOKEN=YOUR_TOKEN jwk-operator import --into new \\
        --url https://apinizer.example.com --project MyProject
    """
    reference = ConnectionRef(kind=ConnectionKind(kind), name=name)
    if url is None:
        _refuse_without_url(direct)
        read = _by_connection(kubeconfig, context, namespace, reference, project)
    else:
        if not project or reference.kind is not ConnectionKind.NAMESPACED:
            raise click.UsageError("--url needs --project, and makes an ApinizerConnection")
        credential, credential_from = _credential(direct)
        manager = Direct(
            url=url,
            project=project,
            credential=credential,
            credential_from=credential_from,
            ca_pem=_certificates(direct["ca_file"]),
            insecure_skip_verify=direct["insecure_skip_verify"],
            proxy_url=direct["proxy_url"],
        )
        read = by_address(manager, reference, secret, namespace)
    found = carry_out(read)
    _write(found, folder, namespace, force=force)


async def _by_connection(
    kubeconfig: str | None, context: str | None, namespace: str | None, reference: ConnectionRef, project: str | None
) -> Project:
    async with open_cluster(kubeconfig, context, namespace, may_write=lambda: False) as cluster:
        return await by_connection(cluster, reference, project, namespace)


def _write(found: Project, folder: Path, namespace: str | None, *, force: bool) -> None:
    place = Place(found.reference, None if "projectName" in found.connection else found.name, namespace)
    connection = connection_text(found.reference, namespace, found.connection, found.needs)
    try:
        outcome = plan_import(found.entries, place, connection, read_folder(folder), force=force)
    except FolderError as error:
        raise click.ClickException(f"in {folder}, {error}") from error
    with terminal.progress(f"Writing to {folder}", len(outcome.write)) as step:
        write_folder(folder, outcome.write, step)
    tell(found, outcome, folder, namespace)
    if outcome.refused:
        raise click.exceptions.Exit(1)


# --- what --url takes ---------------------------------------------------------------------------------------------


def _refuse_without_url(direct: dict[str, Any]) -> None:
    given = next((option for option, value in direct.items() if value), None)
    if given is not None:
        raise click.UsageError(f"--{given.replace('_', '-')} goes with --url; a connection in a cluster has its own")


def _credential(direct: dict[str, Any]) -> tuple[Credential, str]:
    """Return what to log in with, and where it is from, for messages."""
    try:
        if direct["client_id"]:
            value, source = _secret(direct["client_secret_file"], "--client-secret-file", _CLIENT_SECRET)
            return ClientCredentials(text_of(direct["client_id"], "--client-id"), text_of(value, source)), source
        value, source = _secret(direct["token_file"], "--token-file", TOKEN_VARIABLE)
        return StaticToken(token_of(value, source)), source
    except SourceKeyNotFoundError as error:
        raise click.ClickException(str(error)) from error


def _secret(file: str | None, option: str, variable: str) -> tuple[str, str]:
    found = read_secret(file, option, variable)
    if found is None:
        raise click.UsageError(f"--url needs {option} or the variable {variable}")
    return found


def _certificates(file: str | None) -> str | None:
    if file is None:
        return None
    text = read_option(file, "--ca-file")
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise click.ClickException(f"--ca-file {file} holds no certificate in PEM form")
    return text
