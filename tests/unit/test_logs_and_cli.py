"""Log lines, and the command line."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from jwk_operator.api.crd import render_crds
from jwk_operator.cli.main import main
from jwk_operator.cli.run import run
from jwk_operator.kube.session import Access, AccessError
from jwk_operator.runtime.logs import JsonFormatter, TextFormatter, fields, set_up_logs
from jwk_operator.runtime.settings import LeaseSettings, Settings, Shard

RUN = importlib.import_module("jwk_operator.cli.run")  # the package's attribute of that name is the command
SECRET = "hunter2-hunter2"


def a_record(message: str = "done", *, broken: bool = False, **told: object) -> logging.LogRecord:
    caught = None
    if broken:
        try:
            int(SECRET)
        except ValueError:
            caught = sys.exc_info()
    record = logging.LogRecord("jwk_operator.x", logging.INFO, "x.py", 1, message, (), caught)
    record.created = 1_800_000_000.5
    record.__dict__.update(fields(**told))
    return record


def test_a_line_of_json() -> None:
    line = JsonFormatter().format(a_record("line\none ş", namespace="team", reason="", again=None, failures=0))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.500Z",
        "level": "info",
        "logger": "jwk_operator.x",
        "message": "line\none ş",
        "namespace": "team",
        "failures": 0,
    }


def test_a_line_of_text() -> None:
    line = TextFormatter().format(a_record(namespace="team", name="signing", reason=""))
    assert line == "2027-01-15T08:00:00.500Z info    done  namespace=team name=signing"
    assert TextFormatter().format(a_record()) == "2027-01-15T08:00:00.500Z info    done"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()], ids=["json", "text"])
def test_an_exception_is_told_by_type_and_place(formatter: logging.Formatter) -> None:
    line = formatter.format(a_record(broken=True))
    assert SECRET not in line
    assert "ValueError" in line
    assert "a_record" in line


@pytest.fixture
def loggers() -> Iterator[None]:
    """Put the loggers back as they were."""
    root = logging.getLogger()
    names = ("", "jwk_operator", "kopf", "aiohttp", "httpx", "httpcore", "kubernetes", "urllib3", "asyncio")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = root.handlers[:]
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("loggers")
def test_others_are_silent_even_when_we_are_not() -> None:
    set_up_logs("debug", "json")
    assert logging.getLogger("jwk_operator.any").isEnabledFor(logging.DEBUG)
    for name in ("kopf.objects", "httpx", "aiohttp.client", "kubernetes.client.rest"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


OPTIONS = [option for option in run.params if isinstance(option, click.Option)]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: str(option.name))
def test_every_flag_has_a_variable_and_help(option: click.Option) -> None:
    assert isinstance(option.envvar, str)
    assert option.envvar == f"JWK_OPERATOR_{max(option.opts, key=len).removeprefix('--').replace('-', '_').upper()}" + (
        "S" if option.multiple else ""
    )
    assert option.help
    assert option.help.endswith(".")
    assert option.show_envvar


def test_help_shows_every_variable() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"]).output
    assert [option.envvar for option in OPTIONS if str(option.envvar) not in shown.replace("\n", "")] == []


LEASE: dict[str, Any] = {"namespace": "home", "name": "jwk-operator", "duration": 15.0}
EITHER = "give either --all-namespaces or --namespace NAME (repeatable)"


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ([], {}, EITHER),
        (["--all-namespaces", "--namespace", "a"], {}, EITHER),
        (["-A"], {"JWK_OPERATOR_NAMESPACES": "a"}, EITHER),
        (["--namespace", " , "], {}, "is empty; give the name of a namespace"),
        (["-A", "--metrics-port", "65536"], {}, "65536 is not in the range 0<=x<=65535"),
        (["-A", "--probe-port", "http"], {}, "'http' is not a valid integer"),
        (["-A", "--log-level", "trace"], {}, "'trace' is not one of 'debug', 'info', 'warning', 'error'"),
        (["-A", "--log-format", "xml"], {}, "'xml' is not one of 'text', 'json'"),
        (["-A", "--grace-period", "-1"], {}, "-1"),
        (["-A", "-l", "a b"], {}, "is no requirement of a label selector, such as a=b, a in (b, c) or !a"),
        (["-A", "-l", "a=b,"], {}, "it is empty or ends with a comma"),
        (["-A", "more"], {}, "unexpected extra argument"),
        (["-A", "--nonsense"], {}, "--nonsense"),
    ],
)
def test_usage_errors(arguments: list[str], environment: dict[str, str], says: str) -> None:
    result = CliRunner().invoke(main, ["run", *arguments], env=environment)
    assert result.exit_code == 64
    assert says in result.output


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize(
    ("arguments", "environment", "settings"),
    [
        (["-A"], {}, Settings()),
        (["-A", "--proxy-from-environment"], {"HTTPS_PROXY": "http://p"}, Settings(proxy_from_environment=True)),
        (["-n", "a", "-n", "b", "-n", "a"], {}, Settings(namespaces=("a", "b"))),
        ([], {"JWK_OPERATOR_NAMESPACES": "a, b,"}, Settings(namespaces=("a", "b"))),
        (
            [],
            {
                "JWK_OPERATOR_ALL_NAMESPACES": "true",
                "JWK_OPERATOR_METRICS_PORT": "8080",
                "JWK_OPERATOR_PROBE_PORT": "8081",
                "JWK_OPERATOR_BIND_ADDRESS": "0.0.0.0",  # noqa: S104 - only read, nothing listens
                "JWK_OPERATOR_GRACE_PERIOD": "5",
            },
            Settings(metrics_port=8080, probe_port=8081, bind_address="0.0.0.0", grace_period=5.0),  # noqa: S104
        ),
        (["-A", "--leader-elect"], {"POD_NAMESPACE": "home"}, Settings(lease=LeaseSettings(**LEASE))),
        (
            ["-A", "-l", "shard=a", "--leader-elect"],
            {"POD_NAMESPACE": "home"},
            Settings(
                shard=Shard("shard=a"),
                lease=LeaseSettings(**{**LEASE, "name": f"jwk-operator-{Shard('shard in (a)').name}"}),
            ),
        ),
        (
            ["-A", "--leader-elect"],
            {"JWK_OPERATOR_SELECTOR": "shard=a", "JWK_OPERATOR_LEASE_NAME": "own", "POD_NAMESPACE": "home"},
            Settings(shard=Shard("shard=a"), lease=LeaseSettings(**{**LEASE, "name": "own"})),
        ),
    ],
    ids=["cluster", "proxy", "namespaces", "variable", "variables", "lease", "lease of a shard", "lease by name"],
)
def test_settings(
    arguments: list[str], environment: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    async def serve(_: Access | None, given: Settings) -> None:
        seen.append(given)

    monkeypatch.setattr(RUN, "find_access", lambda: None)
    monkeypatch.setattr(RUN, "run_process", serve)
    result = CliRunner().invoke(main, ["run", *arguments], env=environment)
    assert (result.exit_code, result.output, seen) == (0, "", [settings])


def test_a_proxy_of_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"socks5://me:{SECRET}@proxy.example:1080")
    result = CliRunner().invoke(main, ["run", "-A", "--proxy-from-environment"])
    assert result.exit_code == 64
    assert "HTTPS_PROXY holds no address of an HTTP proxy; write it as http://HOST:PORT" in result.output
    assert SECRET not in result.output


@pytest.mark.usefixtures("loggers")
def test_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> Access:
        raise AccessError("no access to a cluster: set KUBECONFIG to a file that works")

    monkeypatch.setattr(RUN, "find_access", find)
    result = CliRunner().invoke(main, ["run", "-A"])
    assert result.exit_code == 1
    assert result.output == "Error: no access to a cluster: set KUBECONFIG to a file that works\n"


def test_crds_are_printed() -> None:
    assert CliRunner().invoke(main, ["crds"]).output == "---\n".join(render_crds().values())
