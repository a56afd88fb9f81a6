"""`jwk-operator keys`: the group of its commands."""

from __future__ import annotations

import click

from jwk_operator.cli.keys.inspect import inspect
from jwk_operator.cli.keys.new import new


@click.group()
def keys() -> None:
    """Make keys, and tell what keys are without showing them."""


keys.add_command(inspect)
keys.add_command(new)
