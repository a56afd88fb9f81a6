"""What a new key is printed as: a Secret's manifest, a sealed one, or the JWK alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from jwk_operator.cli.keys import sealing
from jwk_operator.cli.keys.manifests import sealed_secret, secret
from jwk_operator.cli.keys.reading import Material
from jwk_operator.manifests.fields import text

_KEY = "jwk.json"
_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_LONGEST = 253


@dataclass(frozen=True, slots=True)
class Target:
    """What the options say of it."""

    output: str
    name: str | None
    namespace: str | None
    key: str | None
    cert: Path | None
    scope: str

    def __post_init__(self) -> None:
        if self.output != "sealed" and self.cert is not None:
            raise click.UsageError("--cert is for --output sealed")
        if self.output == "sealed" and self.cert is None:
            raise click.UsageError("--output sealed needs --cert, the controller's certificate: kubeseal --fetch-cert")

    @property
    def plain(self) -> bool:
        """Whether whoever sees it has the key."""
        return self.output != "sealed"

    def like(self, old: Material) -> Target:
        """Return it with the place of old keys for what was left out."""
        place = old.secret or {}
        name, namespace = self.name or text(place, "name"), self.namespace or text(place, "namespace")
        return replace(self, name=name or None, namespace=namespace or None, key=self.key or old.key)

    def renderer(self, now: datetime) -> Callable[[str], str]:
        """Return what makes the output of a JWK's text. Raises `CertificateError` and OSError."""
        if self.output == "jwk":
            return lambda text: text + "\n"
        name, namespace, key = self.name, self.namespace, self.key or _KEY
        if name is None:
            raise click.UsageError("give --name, the name of the Secret, or --output jwk for the key alone")
        if self.cert is None:
            return lambda text: secret(name, namespace, key, text)
        if namespace is None and self.scope != sealing.CLUSTER_WIDE:
            raise click.UsageError("give --namespace, which is sealed with the key, or --scope cluster-wide")
        try:
            public = sealing.public_key(self.cert.read_bytes(), now)
        except sealing.CertificateError as error:
            raise sealing.CertificateError(f"{self.cert} {error}") from None
        return lambda text: sealed_secret(
            name, namespace, self.scope, key, sealing.seal(public, text, self.scope, namespace, name)
        )


def matching(pattern: re.Pattern[str], what: str, longest: int) -> Callable[..., str | None]:
    """Return a callback for an option that takes only such texts."""

    def check(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
        if value is not None and not (pattern.fullmatch(value) and len(value) <= longest):
            raise click.BadParameter(f"must be {what}")
        return value

    return check


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for all of this."""
    name = matching(_OBJECT_NAME, "a name as Kubernetes has them, such as signing-key", _LONGEST)
    key = matching(_SECRET_KEY, f"at most {_LONGEST} letters, digits, -, _ and .", _LONGEST)
    for option in (
        click.option(
            "--scope",
            type=click.Choice(sealing.SCOPES),
            default=sealing.STRICT,
            help="With --output sealed: whether name and namespace are bound, the namespace alone, or neither.",
        ),
        click.option(
            "--cert",
            type=click.Path(dir_okay=False, path_type=Path),
            help="With --output sealed: the controller's certificate, from `kubeseal --fetch-cert`.",
        ),
        click.option(
            "--key",
            callback=key,
            help=f"Key within the Secret, as in spec.jwkStrFrom.secretKeyRef.key; the default is {_KEY}.",
        ),
        click.option("--namespace", "-n", metavar="NAME", callback=name, help="Namespace of the Secret."),
        click.option("--name", callback=name, help="Name of the Secret; needed for a manifest."),
        click.option(
            "--output",
            "-o",
            type=click.Choice(["secret", "sealed", "jwk"]),
            default="secret",
            help="The manifest of a Secret or of a SealedSecret, or the JWK alone.",
        ),
    ):
        command = option(command)
    return command
