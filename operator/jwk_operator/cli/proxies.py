"""The option that has a command reach Apinizer through the proxy of the environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from jwk_operator.apinizer.environment_proxy import environment_proxy, no_proxy, unusable_variable
from jwk_operator.apinizer.transport import Proxy

Command = TypeVar("Command", bound=Callable[..., Any])
ProxyFor = Callable[[str], Proxy | None]
"""Says which proxy leads to an address."""


def proxy_option(command: Command) -> Command:
    """Add `proxy_for`, a `ProxyFor` by the variables of the environment or one that knows no proxy."""
    return click.option(
        "--proxy-from-environment",
        "proxy_for",
        is_flag=True,
        callback=_proxy_for,
        help="Reach Apinizer through the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, where a connection has no "
        "spec.proxyUrl, as an operator does that was started with this flag.",
    )(command)


def _proxy_for(_: click.Context, __: click.Parameter, wanted: bool) -> ProxyFor:
    if wanted:
        check_proxy_variables()
    return environment_proxy if wanted else no_proxy


def check_proxy_variables() -> None:
    """Raise `click.UsageError` where a proxy is to be that of a variable which holds none."""
    unusable = unusable_variable()
    if unusable is not None:
        raise click.UsageError(f"{unusable} holds no address of an HTTP proxy; write it as http://HOST:PORT")
