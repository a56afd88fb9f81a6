"""The manager, as its answers show it: clock, token, rights, projects, environments. Nothing but reads is sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer, EnvironmentEntry, Verdict
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import ClientCredentials, Credential
from jwk_operator.apinizer.transport import Endpoint
from jwk_operator.cli.doctor.clocks import Dated, judge_clock
from jwk_operator.cli.doctor.findings import Finding, advice, failed, ok, skipped, some, warning
from jwk_operator.cli.wording import count

CHECKS = ("clock", "token", "list", "environments")
_SOON = timedelta(days=7)
_SHORT = timedelta(seconds=120)
_ACCEPTING = (200, 400, 403, 404)
"""HTTP statuses of answers to one whose token is accepted."""
_MOST_PROJECTS = 20
"""How many projects are asked for, of a connection whose JWKs name their own."""


@dataclass(slots=True)
class Asked:
    """What the manager answered. Lists and environments are by project; seconds are of the answered list."""

    issued: bool
    """Whether the token is from a token call."""
    dated: Dated | None = None
    expires: datetime | None = None
    statuses: list[tuple[str, int]] = field(default_factory=list)
    """Every call by its name with the HTTP status, 0 for no answer."""
    lists: dict[str, Answer | dict[str, RemoteEntry]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    environments: dict[str, Answer | tuple[EnvironmentEntry, ...]] = field(default_factory=dict)
    left_out: int = 0
    """Projects that were not asked for."""

    @property
    def token_refused(self) -> Answer | None:
        """Return the answer that says there is no token to be had, or that it is not accepted."""
        for answer in (*self.lists.values(), *self.environments.values()):
            if isinstance(answer, Answer) and (answer.verdict is Verdict.UNAUTHORIZED or self._is_of_token_call()):
                return answer
        return None

    def _is_of_token_call(self) -> bool:
        return self.statuses[-1:] != [] and self.statuses[-1][0] == "token" and self.statuses[-1][1] != 200


async def ask(endpoint: Endpoint, credential: Credential, projects: Iterable[str]) -> Asked:
    """List JWKs and environments of projects. Raises ssl.SSLError when the endpoint's `ca_pem` is none."""
    asked = Asked(isinstance(credential, ClientCredentials))

    def called(call: str, method: str, status: int, seconds: float) -> None:  # noqa: ARG001 - as a CallObserver is
        asked.statuses.append((call, status))

    def answered(response: httpx.Response) -> None:
        asked.dated = Dated(response.headers.get("Date"), datetime.now(UTC))

    client = ManagementClient(endpoint, credential, called)
    client.on_response = answered
    wanted = sorted(set(projects))
    asked.left_out = len(wanted[_MOST_PROJECTS:])
    try:
        for project in wanted[:_MOST_PROJECTS]:
            started = time.monotonic()
            asked.lists[project] = await client.list_jwks(project)
            asked.seconds[project] = time.monotonic() - started
            if asked.token_refused is not None:
                break
            if not isinstance(asked.lists[project], Answer):
                asked.environments[project] = await client.environments(project)
        asked.expires = client.token_expires_at
    finally:
        await client.aclose()
    return asked


def judge_manager(asked: Asked, source: str, now: datetime) -> list[Finding]:
    """Say what the answers mean; `source` is the Secret with the credential."""
    clock = judge_clock(asked.dated, "the manager", "tokens end earlier or later there than is thought here")
    refused = asked.token_refused
    found = [clock, _token(asked, refused, source, now)]
    if refused is not None:
        return [*found, *(skipped(check, "not checked, because token failed") for check in CHECKS[2:])]
    if not asked.lists:
        told = "set spec.projectName, or have a JWK name its project"
        return [*found, *(skipped(check, "not checked, as nobody names a project", told) for check in CHECKS[2:])]
    for project, answer in asked.lists.items():
        found.append(_list(project, answer, asked.seconds[project], source))
        found.append(_environments(project, asked.environments.get(project), source))
    if asked.left_out:
        told = "choose a namespace with -n"
        found.append(skipped("list", f"{count(asked.left_out, 'more project')} not checked", told))
    return found


def _token(asked: Asked, refused: Answer | None, source: str, now: datetime) -> Finding:
    ended = asked.expires is not None and asked.expires <= now
    if refused is not None:
        return _refused_token(asked, refused, source, ended=ended)
    kind = "issued by the token call" if asked.issued else f"from {source}"
    if any(call != "token" and status in _ACCEPTING for call, status in asked.statuses):
        return _accepted_token(f"{kind}, accepted", asked, now, ended=ended)
    if ended:
        return failed("token", f"{kind}; it ended at {_shown(asked.expires)}", "put a new token into the Secret")
    return skipped("token", f"{kind}; the manager has not said whether it accepts it", "see to the other lines first")


def _shown(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "no known time"


def _refused_token(asked: Asked, answer: Answer, source: str, *, ended: bool) -> Finding:
    if answer.verdict is not Verdict.UNAUTHORIZED:
        return _failure("token", answer, source)
    what = "client ID and client secret" if asked.issued else "a token"
    said = f"{source}: {answer.text} ({answer.http_status})"
    since = f"; it ended at {_shown(asked.expires)}" if ended else ""
    return failed("token", f"{said}{since}", f"put {what} that the manager accepts into {source}")


def _accepted_token(kind: str, asked: Asked, now: datetime, *, ended: bool) -> Finding:
    if asked.expires is None:
        return ok("token", f"{kind}; when it ends is not in it")
    when = _shown(asked.expires)
    if ended:
        return warning("token", f"{kind}, although it ended at {when}", "put a new token into the Secret")
    left = asked.expires - now
    if asked.issued and left < _SHORT:
        return warning("token", f"{kind}, for less than two minutes", "have the manager issue tokens for longer")
    if not asked.issued and left < _SOON:
        return warning("token", f"{kind}; it ends at {when}", "put a new token into the Secret before that")
    return ok("token", f"{kind}, until {when}")


def _list(project: str, answer: Answer | dict[str, RemoteEntry], seconds: float, source: str) -> Finding:
    if isinstance(answer, Answer):
        return _failure("list", answer, source, project)
    return ok("list", f'project "{project}" has {count(len(answer), "JWK")}, listed in {round(seconds * 1000)} ms')


def _environments(project: str, answer: Answer | tuple[EnvironmentEntry, ...] | None, source: str) -> Finding:
    if answer is None:
        return skipped("environments", "not checked, because list failed")
    if isinstance(answer, Answer):
        return _failure("environments", answer, source, project)
    if not answer:
        told = "add an environment to the project, or let the token's account see them"
        return warning("environments", f'project "{project}" has none, so nothing can be deployed', told)
    return ok("environments", f'project "{project}" has {some((entry.name for entry in answer), 10)}')


def _failure(check: str, answer: Answer, source: str, project: str = "") -> Finding:
    """Say what an answer is that came instead of what was asked for."""
    status = f" ({answer.http_status})" if answer.http_status else ""
    match answer.verdict:
        case Verdict.FORBIDDEN:
            told = f'give the account of the token in {source} SECRETS + MANAGE in project "{project}"'
            return failed(check, f'project "{project}": {answer.text}{status}', told)
        case Verdict.PROJECT_MISSING:
            told = "correct spec.projectName, or let the account of the token into the project"
            return failed(check, f'project "{project}": {answer.text}{status}', told)
        case Verdict.RATE_LIMITED:
            wait = round(answer.retry_after or 0)
            told = f"run doctor again in {wait} s; set spec.requestsPerSecond if it happens often"
            return warning(check, f"Apinizer asks to slow down (429), for {wait} s", told)
        case Verdict.UNREACHABLE:
            said, advised = advice(answer.text)
            return failed(check, said, advised or "see that the manager runs; the operator goes on by itself then")
        case _:
            told = "look at the manager's log, and at what is on the way to it; the operator tries again by itself"
            return failed(check, f"{answer.text.rstrip('.')}{status}", told)
