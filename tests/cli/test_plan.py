"""`jwk-operator plan`: what it announces is what then happens, and it writes nothing anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.planned import shown, write
from cli.tool import Tool
from harness.cluster import Cluster
from harness.keys import CERTIFICATE, ec, pasted, served
from harness.objects import Object
from harness.operator import OperatorProcess
from harness.simulator import TOKEN, SimulatorProcess
from harness.space import Space
from harness.waiting import until


def state(cluster: Cluster, space: Space) -> dict[str, str]:
    """Return the version of everything in a namespace."""
    kinds = ("JWK", "ApinizerConnection", "Secret", "ConfigMap")
    found = [raw for kind in kinds for raw in cluster.list(kind, space.name)]
    found += cluster.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    return {raw["metadata"]["uid"]: raw["metadata"]["resourceVersion"] for raw in found}


class Scene:
    """A namespace with JWKs in every state, and a folder with what they are to become. The operator is stopped."""

    def __init__(self, space: Space, simulator: SimulatorProcess, operator: OperatorProcess, folder: Path) -> None:
        self.space, self.simulator, self.operator, self.folder = space, simulator, operator, folder
        self.keys = {name: ec(private=True) for name in ("old", "new")}
        self.manifests: dict[str, Object] = {}

    def prepare(self, url: str) -> None:
        space, control = self.space, self.simulator.control
        old, new = (pasted(self.keys[name]) for name in ("old", "new"))
        linked = {"sourceType": "URL", "url": url}
        before: dict[str, Object] = {
            "described": {**linked, "description": "before"},
            "gone": old,
            "kept": {**old, "deletionPolicy": "Retain"},
            "refused": old,
            "replaced": {**old, "updatePolicy": "Replace"},
            "same": old,
            "suspended": {**old, "suspend": True},
            "taken-away": old,
        }
        for name, spec in before.items():
            space.jwk(name, spec)
        for name in before:
            space.wait(name, "Suspended" if name == "suspended" else "Deployed")
        control.fail_environment(space.project, "development", message="pod is down")
        space.jwk("failing", old)
        space.wait("failing", "DeploymentIncomplete")
        self.operator.stop()
        control.fail_environment(space.project, "development", failing=False)
        self.next_attempt("2099-01-01T00:00:00Z")
        for name in ("found", "foreign"):
            control.tamper("create", space.project, name, type="EC")
        control.tamper("delete", space.project, "taken-away")
        changed: dict[str, Object] = {
            "blocked": {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "missing", "key": "jwk"}}},
            "created": CERTIFICATE,
            "described": {**linked, "description": "after | with a pipe"},
            "foreign": old,
            "found": {"sourceType": "COPY_PASTE", "adoptionPolicy": "IfMatching"},
            "refused": new,
            "replaced": {**new, "updatePolicy": "Replace"},
        }
        wanted = {**before, "failing": old, **changed}
        del wanted["gone"], wanted["kept"]
        self.manifests = {name: space.object("JWK", name, spec) for name, spec in wanted.items()}
        write(self.folder, *self.manifests.values())

    def next_attempt(self, when: str | None) -> None:
        self.space.cluster.patch("JWK", self.space.name, "failing", {"status": {"nextAttemptAt": when}}, "/status")

    def apply(self) -> None:
        """Do what was planned, as GitOps tools do."""
        for name, manifest in self.manifests.items():
            if name != "refused":
                self.space.cluster.apply(manifest)
        for name in ("gone", "kept"):
            self.space.delete(name)
        self.space.annotate("taken-away", requested="now")  # what a check-up would find in some minutes

    def secrets(self) -> list[str]:
        return [TOKEN, *(key["d"] for key in self.keys.values())]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(ec("served")) as address:
        yield address


@pytest.fixture
def scene(
    space: Space, simulator: SimulatorProcess, operator: OperatorProcess, tmp_path: Path, url: str
) -> Iterator[Scene]:
    scene = Scene(space, simulator, operator, tmp_path / "deploy")
    scene.prepare(url)
    yield scene
    if not operator.running:
        operator.start()


TABLE = """\
ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY
blocked  NAMESPACE/blocked  PROJECT/blocked  CONNECTION  SecretNotFound: spec.jwkStrFrom: Secret NAMESPACE/missing \
does not exist; create it.
create  NAMESPACE/created  PROJECT/created  CONNECTION  POST  Made from CERTIFICATE.
update  NAMESPACE/described  PROJECT/described  CONNECTION  PUT  The description "before" becomes "after | with a \
pipe". The update cuts the link to its source, so that Apinizer no longer follows changes of that.
redeploy  NAMESPACE/failing  PROJECT/failing  CONNECTION  PUT  Not deployed to development (pod is down). It is \
deployed again with growing delays. Its next attempt is due at 2099-01-01T00:00:00Z.
conflict  NAMESPACE/foreign  PROJECT/foreign  CONNECTION  NameConflict: JWK "foreign" in project "PROJECT" exists \
already and was not created by this resource; set spec.adoptionPolicy to IfMatching to take it over, remove it in \
Apinizer, or create this resource anew with another spec.name
adopt  NAMESPACE/found  PROJECT/found  CONNECTION  The JWK exists and is taken over.
delete  NAMESPACE/gone  PROJECT/gone  CONNECTION  DELETE  It is undeployed everywhere and deleted, which cannot be \
undone.
release  NAMESPACE/kept  PROJECT/kept  CONNECTION  The JWK stays in Apinizer, as spec.deletionPolicy is Retain.
refused  NAMESPACE/refused  PROJECT/refused  CONNECTION  JWK.apiops.apinizer.com "refused" is invalid: spec.jwkStr: \
Forbidden: spec.jwkStr cannot change once the remote JWK exists: set spec.updatePolicy to Replace to have a new remote \
JWK take its place, or restore the old value
replace  NAMESPACE/replaced  PROJECT/replaced  CONNECTION  PUT, POST, DELETE  The old JWK is renamed to \
"replaced-replaced-HASH" until the new one is there.
nothing  NAMESPACE/same  PROJECT/same  CONNECTION  Deployed: Deployed to 2 environments.
nothing  NAMESPACE/suspended  PROJECT/suspended  CONNECTION  Suspended: Nothing is changed in Apinizer while \
spec.suspend is true.
create  NAMESPACE/taken-away  PROJECT/taken-away  CONNECTION  POST  JWK "taken-away" in project "PROJECT" is missing \
in Apinizer; it is created again. Made from COPY_PASTE.

SUMMARY
"""

MARKDOWN = """\
**SUMMARY**

| Action | JWK | In Apinizer | Connection | Why |
|---|---|---|---|---|
| **blocked** | `NAMESPACE/blocked` | `PROJECT/blocked` | `CONNECTION` | SecretNotFound: spec.jwkStrFrom: Secret \
NAMESPACE/missing does not exist; create it. |
| **create** | `NAMESPACE/created` | `PROJECT/created` | `CONNECTION` | Made from CERTIFICATE. |
| **update** | `NAMESPACE/described` | `PROJECT/described` | `CONNECTION` | The description "before" becomes \
"after \\| with a pipe". The update cuts the link to its source, so that Apinizer no longer follows changes of that. |
| **redeploy** | `NAMESPACE/failing` | `PROJECT/failing` | `CONNECTION` | Not deployed to development (pod is down). \
It is deployed again with growing delays. Its next attempt is due at 2099-01-01T00:00:00Z. |
| **conflict** | `NAMESPACE/foreign` | `PROJECT/foreign` | `CONNECTION` | NameConflict: JWK "foreign" in project \
"PROJECT" exists already and was not created by this resource; set spec.adoptionPolicy to IfMatching to take it over, \
remove it in Apinizer, or create this resource anew with another spec.name |
| **adopt** | `NAMESPACE/found` | `PROJECT/found` | `CONNECTION` | The JWK exists and is taken over. |
| **delete** | `NAMESPACE/gone` | `PROJECT/gone` | `CONNECTION` | It is undeployed everywhere and deleted, which \
cannot be undone. |
| **release** | `NAMESPACE/kept` | `PROJECT/kept` | `CONNECTION` | The JWK stays in Apinizer, as spec.deletionPolicy \
is Retain. |
| **refused** | `NAMESPACE/refused` | `PROJECT/refused` | `CONNECTION` | JWK.apiops.apinizer.com "refused" is invalid: \
spec.jwkStr: Forbidden: spec.jwkStr cannot change once the remote JWK exists: set spec.updatePolicy to Replace to have \
a new remote JWK take its place, or restore the old value |
| **replace** | `NAMESPACE/replaced` | `PROJECT/replaced` | `CONNECTION` | The old JWK is renamed to \
"replaced-replaced-HASH" until the new one is there. |
| **create** | `NAMESPACE/taken-away` | `PROJECT/taken-away` | `CONNECTION` | JWK "taken-away" in project "PROJECT" \
is missing in Apinizer; it is created again. Made from COPY\\_PASTE. |

<details>
<summary>2 unchanged</summary>

| Action | JWK | In Apinizer | Connection | Why |
|---|---|---|---|---|
| nothing | `NAMESPACE/same` | `PROJECT/same` | `CONNECTION` | Deployed: Deployed to 2 environments. |
| nothing | `NAMESPACE/suspended` | `PROJECT/suspended` | `CONNECTION` | Suspended: Nothing is changed in Apinizer \
while spec.suspend is true. |

</details>

<details>
<summary>Calls to Apinizer, in their order for each JWK</summary>

- `NAMESPACE/created`: `POST JWKS/`
- `NAMESPACE/described`: `PUT JWKS/described/ {"description": "after | with a pipe"}`
- `NAMESPACE/failing`: `PUT JWKS/failing/ {"description": ""}`
- `NAMESPACE/gone`: `DELETE JWKS/gone/`
- `NAMESPACE/replaced`: `PUT JWKS/replaced/ {"name": "replaced-replaced-HASH", "description": ""}`, `POST JWKS/`, \
`DELETE JWKS/replaced-replaced-HASH/`
- `NAMESPACE/taken-away`: `POST JWKS/`

</details>
"""

SUMMARY = (
    "Plan: 2 to create, 1 to update, 1 to deploy again, 1 to replace, 1 to adopt, 1 to delete, 1 to release, "
    "1 conflict, 1 refused, 1 blocked, 2 unchanged."
)


def test_what_is_announced_happens(scene: Scene, tool: Tool, cluster: Cluster, simulator: SimulatorProcess) -> None:
    space = scene.space
    before, asked = state(cluster, space), simulator.control.requests()[-1]["sequence"]
    outputs = {
        name: tool("plan", "--prune", "-n", space.name, "-o", name, "deploy") for name in ("text", "json", "markdown")
    }
    assert state(cluster, space) == before
    calls = [record["call"] for record in simulator.control.requests(asked) if record["project"] == space.project]
    assert sorted(calls) == ["environments"] * 3 + ["list"] * 3
    for name, done in outputs.items():
        assert (done.status, done.err) == (2, ""), name
        assert not [secret for secret in scene.secrets() if secret in done.out], name
    assert shown(outputs["text"].out, space) == TABLE.replace("SUMMARY", SUMMARY)
    assert shown(outputs["markdown"].out, space) == MARKDOWN.replace("SUMMARY", SUMMARY)
    plan = json.loads(outputs["json"].out)
    assert (plan["summary"], plan["changes"]) == (SUMMARY, True)
    assert rows_of(plan["rows"], space) == ROWS

    scene.next_attempt(None)
    scene.operator.start()
    scene.apply()
    for name, call in (("created", 1), ("described", 1), ("gone", 1), ("replaced", 3), ("taken-away", 1)):
        until(lambda name=name, call=call: len(sent(simulator, space, asked, name)) == call, f"calls about {name}")  # type: ignore[misc]
    space.wait("failing")
    for row in plan["rows"]:
        told = [(call["method"], call["path"], call.get("body")) for call in row["calls"]]
        assert sent(simulator, space, asked, row["name"]) == told, row["name"]


def rows_of(rows: list[Any], space: Space) -> list[tuple[str, str, str, int]]:
    """Return action, name, reason and number of calls of each row, all of which speak of the namespace."""
    assert {row["namespace"] for row in rows} == {space.name}
    assert {row["connection"] for row in rows} == {f"ApinizerConnection/{space.name}/default"}
    assert [row["remote"] for row in rows] == [{"project": space.project, "name": row["name"]} for row in rows]
    return [(row["action"], row["name"], row["reason"], len(row["calls"])) for row in rows]


ROWS = [
    ("blocked", "blocked", "SecretNotFound", 0),
    ("create", "created", "Deployed", 1),
    ("update", "described", "Deployed", 1),
    ("redeploy", "failing", "Deployed", 1),
    ("conflict", "foreign", "NameConflict", 0),
    ("adopt", "found", "Adopted", 0),
    ("delete", "gone", "", 1),
    ("release", "kept", "", 0),
    ("refused", "refused", "", 0),
    ("replace", "replaced", "Deployed", 3),
    ("nothing", "same", "Deployed", 0),
    ("nothing", "suspended", "Suspended", 0),
    ("create", "taken-away", "Deployed", 1),
]


def sent(simulator: SimulatorProcess, space: Space, since: int, name: str) -> list[tuple[str, str, Any]]:
    """Return the calls about a JWK that could change something, with the body of an update call."""
    found = [
        record
        for record in simulator.control.requests(since)
        if record["project"] == space.project and record["method"] != "GET"
    ]
    own = [record for record in found if re.sub(r"-replaced-[0-9a-f]{8}$", "", record["name"]) == name]
    return [
        (record["method"], record["raw_path"], record["body"] if record["method"] == "PUT" else None) for record in own
    ]
