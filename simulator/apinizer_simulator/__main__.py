"""The command ``apinizer-simulator``."""

import argparse
import asyncio
import signal
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .config import Client, Config, ConfigError, Environment, Project, Token
from .seed import load_seed
from .server import serve


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("apinizer-simulator", description="A stand-in for the Apinizer Management API")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free port")
    add("--port-file", type=Path, help="where to write the port once the server listens")
    add("--state", type=Path, help="SQLite file; without it nothing survives the process")
    add("--seed", type=Path, help="JSON file with projects, tokens and clients")
    add("--project", action="append", default=[], metavar="NAME[=ENV,ENV...]")
    add("--token", action="append", default=[], help="a Bearer token that may do everything")
    add("--client", action="append", default=[], metavar="ID=SECRET")
    add("--tls-cert", type=Path)
    add("--tls-key", type=Path)
    add("--latency-ms", type=int, default=0)
    add("--token-lifetime", type=int, default=3600, metavar="SECONDS")
    add("--case-insensitive", action="store_true", help="names that differ in case alone are one name")
    add("--duplicate-status", type=int, choices=(400, 409), default=400)
    add("--missing-status", type=int, choices=(400, 404), default=400)
    add("--detached-source", choices=("COPY_PASTE", "KEEP"), default="COPY_PASTE", help="sourceType after an update")
    add("--delete-keeps-failed", action="store_true", help="a delete that fails in an environment keeps the JWK")
    add("--empty-update-ignored", action="store_true", help="an update with an empty body deploys nothing")
    add("--control-anywhere", action="store_true", help="answer /_simulator/ beyond loopback, without authentication")
    add("--verbose", action="store_true", help="one line for each request on standard error")
    return parser


def configure(arguments: Sequence[str] | None = None) -> Config:
    """The configuration that the command line asks for; raises ConfigError."""
    options = _parser().parse_args(arguments)
    config = Config(
        projects=tuple(_project(text) for text in options.project),
        tokens=tuple(Token(text) for text in options.token),
        clients=tuple(_client(text) for text in options.client),
        host=options.host,
        port=options.port,
        state=options.state,
        port_file=options.port_file,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        latency_ms=options.latency_ms,
        token_lifetime=options.token_lifetime,
        case_insensitive=options.case_insensitive,
        duplicate_status=options.duplicate_status,
        missing_status=options.missing_status,
        detached_source=options.detached_source,
        delete_keeps_failed=options.delete_keeps_failed,
        empty_update_deploys=not options.empty_update_ignored,
        control_anywhere=options.control_anywhere,
        verbose=options.verbose,
    )
    if options.seed:
        config = load_seed(options.seed, config)
    if not config.projects:
        raise ConfigError("no project: give --project or --seed")
    return config


def _project(text: str) -> Project:
    name, given, rest = text.partition("=")
    if not name or (given and not all(rest.split(","))):
        raise ConfigError(f"--project {text}: wanted NAME or NAME=ENV,ENV...")
    return replace(Project(name), environments=tuple(map(Environment, rest.split(",")))) if given else Project(name)


def _client(text: str) -> Client:
    identity, given, secret = text.partition("=")
    if not identity or not given or not secret:
        raise ConfigError("--client: wanted ID=SECRET")
    return Client(identity, secret)


async def _run(config: Config) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, stop, lambda url: print(f"apinizer-simulator listens on {url}", flush=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator until SIGTERM or SIGINT."""
    try:
        asyncio.run(_run(configure(arguments)))
    except (ConfigError, OSError, sqlite3.Error) as error:
        print(f"apinizer-simulator: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
