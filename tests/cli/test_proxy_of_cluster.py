"""Clusters that are reached through a proxy, which the kubeconfig names as `proxy-url`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.tool import Done, Tool
from harness.cluster import Cluster
from harness.keys import pasted
from harness.operator import OperatorProcess
from harness.space import Space
from harness.tunnel import tunnel

PASSWORD = "password-of-the-proxy"


def through(cluster: Cluster, path: Path, proxy: str) -> Path:
    """Write the administrator's kubeconfig with a proxy in it."""
    content = yaml.safe_load(cluster.plane.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["proxy-url"] = proxy
    path.write_text(yaml.safe_dump(content))
    return path


def context_of(path: Path) -> str:
    return str(yaml.safe_load(path.read_text())["current-context"])


def test_commands_take_the_way_that_the_kubeconfig_names(tool: Tool, cluster: Cluster, tmp_path: Path) -> None:
    with tunnel("user", PASSWORD) as proxy:
        path = through(cluster, tmp_path / "proxied", proxy.url)
        for options in ((), ("--context", context_of(path))):
            done = tool("status", "-A", "--kubeconfig", str(path), *options)
            assert (done.status, done.err) == (0, "")
            assert proxy.opened
            proxy.opened.clear()


@pytest.mark.parametrize("options", [(), ("--context",)])
def test_a_proxy_that_is_not_there_or_refuses(
    tool: Tool, cluster: Cluster, tmp_path: Path, options: tuple[str, ...]
) -> None:
    def status(proxy: str) -> Done:
        path = through(cluster, tmp_path / "proxied", proxy)
        names = (context_of(path),) if options else ()
        return tool("status", "--kubeconfig", str(path), *options, *names)

    server = f"no answer from the API server {cluster.plane.server}"
    with tunnel("user", "another") as proxy:
        refused = status(proxy.url.replace("another", PASSWORD))
    assert refused == Done(
        1,
        "",
        f"Error: {server}: the proxy on the way to it answers 407; "
        "check proxy-url in the kubeconfig, with user and password if it wants some\n",
    )
    assert status(f"http://user:{PASSWORD}@127.0.0.1:1") == Done(
        1, "", f"Error: {server}: the proxy on the way to it cannot be reached; check proxy-url in the kubeconfig\n"
    )
    done = status(f"socks5://user:{PASSWORD}@127.0.0.1:1")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: no access to ")
    assert "the proxy-url of the cluster is none of http:// or https://, which alone are known here; " in done.err
    assert PASSWORD not in done.err


def test_an_operator_outside_of_the_cluster(cluster: Cluster, space: Space, tmp_path: Path) -> None:
    with tunnel("user", PASSWORD) as proxy:
        path = through(cluster, tmp_path / "proxied", proxy.url)
        with OperatorProcess(path, tmp_path, ("--namespace", space.name)) as operator:
            space.jwk("one", pasted())
            space.wait("one")
        assert proxy.opened
    assert PASSWORD not in operator.text()
