"""`jwk-operator run`: serve JWKs until told to stop."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
from collections.abc import Callable

import click

from jwk_operator.cli.proxies import check_proxy_variables
from jwk_operator.kube.session import AccessError, find_access, own_namespace
from jwk_operator.runtime.http import PortError
from jwk_operator.runtime.logs import set_up_logs
from jwk_operator.runtime.process import run as run_process
from jwk_operator.runtime.settings import LeaseSettings, Settings, Shard

_PREFIX = "JWK_OPERATOR"
_LEASE = "jwk-operator"
_PORT = click.IntRange(0, 65535)


class _Names(click.ParamType[tuple[str, ...]]):
    """A namespace, or several with commas between them, as an environment variable has to give them."""

    name = "NAMESPACE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        if not names:
            self.fail("is empty; give the name of a namespace", param, ctx)
        return names


@click.command(context_settings={"show_default": True})
@click.option(
    "--all-namespaces",
    "-A",
    is_flag=True,
    envvar=f"{_PREFIX}_ALL_NAMESPACES",
    show_envvar=True,
    help="Serve JWKs of the whole cluster.",
)
@click.option(
    "--namespace",
    "-n",
    "namespaces",
    multiple=True,
    type=_Names(),
    envvar=f"{_PREFIX}_NAMESPACES",
    show_envvar=True,
    help="Serve JWKs of this namespace; may be given several times, in the variable with commas between the names. "
    "ClusterApinizerConnections are not available then.",
)
@click.option(
    "--selector",
    "-l",
    envvar=f"{_PREFIX}_SELECTOR",
    show_envvar=True,
    help="Serve JWKs with these labels alone, where one operator is not enough. Selectors must not overlap."
    " The status of a connection is written by the operator that serves its own labels.",
)
@click.option(
    "--metrics-port",
    type=_PORT,
    default=0,
    envvar=f"{_PREFIX}_METRICS_PORT",
    show_envvar=True,
    help="TCP port of /metrics in Prometheus' format; 0 is none.",
)
@click.option(
    "--probe-port",
    type=_PORT,
    default=0,
    envvar=f"{_PREFIX}_PROBE_PORT",
    show_envvar=True,
    help="TCP port of /healthz (is anything stuck) and /readyz (is start-up done); 0 is none.",
)
@click.option(
    "--bind-address",
    default="127.0.0.1",
    envvar=f"{_PREFIX}_BIND_ADDRESS",
    show_envvar=True,
    help="Address on which both ports listen; 0.0.0.0 in a container.",
)
@click.option(
    "--grace-period",
    type=click.FloatRange(0),
    default=25.0,
    envvar=f"{_PREFIX}_GRACE_PERIOD",
    show_envvar=True,
    help="Seconds that calls under way may take to end after SIGTERM.",
)
@click.option(
    "--proxy-from-environment",
    is_flag=True,
    envvar=f"{_PREFIX}_PROXY_FROM_ENVIRONMENT",
    show_envvar=True,
    help="Reach Apinizer through the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, where a connection has no "
    "spec.proxyUrl.",
)
@click.option(
    "--leader-elect",
    is_flag=True,
    envvar=f"{_PREFIX}_LEADER_ELECT",
    show_envvar=True,
    help="Act only while holding a Lease, so that of several operators exactly one acts.",
)
@click.option(
    "--lease-name",
    envvar=f"{_PREFIX}_LEASE_NAME",
    show_envvar=True,
    help="Name of the Lease; the default is `jwk-operator`, with --selector `jwk-operator-` and a hash of it.",
)
@click.option(
    "--lease-namespace",
    envvar=f"{_PREFIX}_LEASE_NAMESPACE",
    show_envvar=True,
    help="Namespace of the Lease; in a pod the default is its own, elsewhere `default`.",
)
@click.option(
    "--lease-duration",
    type=click.FloatRange(1),
    default=15.0,
    envvar=f"{_PREFIX}_LEASE_DURATION",
    show_envvar=True,
    help="Seconds after which another operator takes over from one that does not renew, which stops after two thirds.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    envvar=f"{_PREFIX}_LOG_LEVEL",
    show_envvar=True,
    help="Least severe level that is logged.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"], case_sensitive=False),
    default="text",
    envvar=f"{_PREFIX}_LOG_FORMAT",
    show_envvar=True,
    help="One line of text or one JSON object for each entry, on standard error.",
)
def run(
    all_namespaces: bool,
    namespaces: tuple[tuple[str, ...], ...],
    selector: str | None,
    metrics_port: int,
    probe_port: int,
    bind_address: str,
    grace_period: float,
    proxy_from_environment: bool,
    leader_elect: bool,
    lease_name: str | None,
    lease_namespace: str | None,
    lease_duration: float,
    log_level: str,
    log_format: str,
) -> None:
    """Serve JWKs until SIGTERM.

    The cluster is that of KUBECONFIG when it is set, else the one that the pod runs in, else that of ~/.kube/config.

    Exit status: 0 when it was told to stop; 1 when there is no cluster to be found, or a port is taken.

    \b
    Examples:
      jwk-operator run --all-namespaces
      jwk-operator run --namespace team-a --namespace team-b --metrics-port 8080 --probe-port 8081
    """
    names = tuple(dict.fromkeys(name for group in namespaces for name in group))
    if all_namespaces == bool(names):
        raise click.UsageError("give either --all-namespaces or --namespace NAME (repeatable)")
    if proxy_from_environment:
        check_proxy_variables()
    shard = _shard(selector)
    set_up_logs(log_level, log_format)
    lease = LeaseSettings(
        namespace=lease_namespace or own_namespace() or "default",
        name=lease_name or (f"{_LEASE}-{shard.name}" if shard else _LEASE),
        duration=lease_duration,
    )
    settings = Settings(
        lease=lease if leader_elect else None,
        namespaces=names or None,
        shard=shard,
        metrics_port=metrics_port,
        probe_port=probe_port,
        bind_address=bind_address,
        grace_period=grace_period,
        proxy_from_environment=proxy_from_environment,
    )
    _spare_collector()
    try:
        access = find_access()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run_process(access, settings))
    except (AccessError, PortError) as error:
        raise click.ClickException(str(error)) from error


def _shard(selector: str | None) -> Shard | None:
    if selector is None:
        return None
    shard = Shard(selector)
    try:
        _ = shard.name
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--selector") from error
    return shard


def _spare_collector() -> None:
    """Leave what was imported to itself, and look for cycles less often: a pass leaves hardly any behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: half the CPU of the standard loop; None is the standard one."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop
