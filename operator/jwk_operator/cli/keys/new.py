"""`jwk-operator keys new`: a key, or several, on the way into a Secret."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from jwk_operator.api.algorithms import DEPRECATED
from jwk_operator.cli import terminal
from jwk_operator.cli.keys.making import Members, as_text, kids, make, public_part
from jwk_operator.cli.keys.reading import NothingReadError, from_file, keys_of
from jwk_operator.cli.keys.recipes import TYPES, Recipe, RecipeError, choose
from jwk_operator.cli.keys.sealing import CertificateError
from jwk_operator.cli.keys.target import Target, matching, target_options
from jwk_operator.reconcile.keymaterial import check_key

_LONGEST_KID = 255
_KID = re.compile(r"[ -~]*[!-~][ -~]*")


@click.command(context_settings={"show_default": True})
@click.option("--type", "kty", type=click.Choice(TYPES, case_sensitive=False), required=True, help="Key type.")
@click.option("--size", type=int, help="Size in bits: RSA 2048, 3072 (default) or 4096; oct 128 to 4096, default 256.")
@click.option("--curve", help="Curve: EC P-256 (default), P-384, P-521, secp256k1; OKP Ed25519, Ed448, X25519, X448.")
@click.option("--use", type=click.Choice(["sig", "enc"]), help="What it is for; the default follows --alg or --curve.")
@click.option("--alg", help="Algorithm, such as ES256; the default is the only one that fits, if there is just one.")
@click.option(
    "--kid",
    callback=matching(_KID, f"1 to {_LONGEST_KID} printable characters", _LONGEST_KID),
    help="Key ID; the default is the thumbprint (RFC 7638), and a random one for oct.",
)
@click.option("--set", "as_set", is_flag=True, help="Make a JWK Set, even of one key.")
@click.option("--count", type=click.IntRange(1, 100), default=1, help="How many keys; several make a JWK Set.")
@click.option(
    "--add-to",
    metavar="FILE",
    help="Add to the keys in FILE (- is standard input), which makes a JWK Set: a JWK, a JWK Set, or the manifest of a "
    "Secret, whose name, namespace and key are the defaults then.",
)
@target_options
@click.option(
    "--public",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the public part to this file as well, for those who verify or encrypt.",
)
@click.option("--show", is_flag=True, help="Print a private key even to a terminal.")
def new(
    kty: str,
    size: int | None,
    curve: str | None,
    use: str | None,
    alg: str | None,
    kid: str | None,
    as_set: bool,
    count: int,
    add_to: str | None,
    public: Path | None,
    show: bool,
    **target: str,
) -> None:
    """Make a key, and print the manifest of a Secret with it.

    That is for spec.jwkStrFrom, ready for kubectl or for sealing. The key is made on this machine from the operating
    system's randomness, and stands in standard output alone. What was made is told on standard error: type, kid and
    thumbprint.

    Exit status: 0 when the key was printed; 1 when a file cannot be read or written, or a certificate does not do.

    \b
    Examples:
      jwk-operator keys new --type EC --name billing-key -n NAMESPACE | kubectl apply -f -
      jwk-operator keys new --type RSA --size 4096 --alg PS256 --kid 2027-01 --name partner-key > partner-key.yaml
      jwk-operator keys new --type OKP --curve Ed25519 --output jwk --public public.json > private.json
    """
    try:
        recipe = choose(kty, size, curve, use, alg)
    except RecipeError as error:
        raise click.BadParameter(str(error), param_hint=f"'{error.option}'") from None
    wanted = Target(**target)  # type: ignore[arg-type]  # click has seen to it
    _check(recipe, kid, count, public)
    if wanted.plain and sys.stdout.isatty() and not show:
        raise click.UsageError(
            "standard output is a terminal, where a private key would stay to be seen; pipe it, for example into"
            " `kubectl apply -f -`, or say --show"
        )
    try:
        former, wanted = _former(add_to, wanted)
        if kid is not None and kid in kids(former):
            raise click.BadParameter("a key of the set has it already; give another", param_hint="'--kid'")
        render = wanted.renderer(datetime.now(UTC))
        made = _make(recipe, kid, count)
        as_set = as_set or count > 1 or add_to is not None
        if public is not None:
            shared = [public_part(key) for key in (*former, *made) if key.get("kty") != "oct"]
            _ = public.write_text(as_text(shared, as_set) + "\n")
    except (NothingReadError, CertificateError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    click.echo(render(as_text([*former, *made], as_set)), nl=False)
    _tell(recipe, made, as_set)
    if None in kids(former):
        click.echo("Warning: a key that was there has no kid, so that spec.kid cannot choose it.", err=True)


def _check(recipe: Recipe, kid: str | None, count: int, public: Path | None) -> None:
    if kid is not None and count > 1:
        raise click.UsageError("--kid names one key; leave it out with --count, so that each has one of its own")
    if public is not None and recipe.kty == "oct":
        raise click.BadParameter("a symmetric key has no public part", param_hint="'--public'")


def _former(add_to: str | None, target: Target) -> tuple[list[Members], Target]:
    """Return the keys that are there already, and the target with their place as its default."""
    if add_to is None:
        return [], target
    found = [item for item in from_file(add_to) if item.key is None or target.key in (None, item.key)]
    if len(found) != 1:
        names = ", ".join(str(item.key) for item in found)
        raise NothingReadError(f"{add_to} has {names or 'no such key'}; say by --key where the keys are")
    return keys_of(found[0]), target.like(found[0])


def _make(recipe: Recipe, kid: str | None, count: int) -> list[Members]:
    with terminal.progress(f"Making a key: {recipe}", count) as advance:
        made = list[Members]()
        for _ in range(count):
            made.append(make(recipe, kid))
            advance()
    return made


def _tell(recipe: Recipe, made: list[Members], as_set: bool) -> None:
    for key in made:
        thumbprint = check_key(key).thumbprint
        told = f", thumbprint {thumbprint}" if thumbprint not in (None, key["kid"]) else ""
        named = f"kid {key['kid']}" + (", which is its thumbprint" if thumbprint == key["kid"] else told)
        click.echo(f"Made: {recipe}, {named}", err=True)
    if as_set:
        click.echo("It is in a JWK Set: spec.kid of the JWK says which key of it.", err=True)
    if recipe.alg in DEPRECATED:
        click.echo(f"Warning: {recipe.alg} is deprecated; RSA-OAEP-256 takes its place.", err=True)
