"""`jwk-operator import`: its files and its output, whole."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.importing import imported, written
from cli.tool import Done, Tool
from harness.simulator import CLIENTS, READER, SimulatorProcess
from harness.space import Space
from harness.tls import make_authority

JWKS: dict[str, dict[str, Any]] = {
    "Partner Key 2024": {
        "sourceType": "URL",
        "sourceUrl": "https://login.example.com/jwks?a=b",
        "kid": "2024",
        "description": "Of old: made by hand",
    },
    "pasted": {"sourceType": "COPY_PASTE", "kid": "k1"},
    "gateway": {"sourceType": "CERTIFICATE", "type": "RSA"},
    "Gateway": {"sourceType": "PUBLIC_KEY", "type": "OCT"},
    "signing": {"sourceType": "PRIVATE_KEY", "type": "OKP", "description": "İmza\nanahtar"},
    "store": {"sourceType": "KEYSTORE", "type": "OCT"},
    "made": {"sourceType": "GENERATE", "type": "OCT", "kid": "1764154000"},
}
FILES = Path(__file__).parent / "imported"
"""What is made of them, with URL and PROJECT in the place of both."""
COUNTS = """\
SOURCE TYPE  JWKS  GAPS
CERTIFICATE  1     4
COPY_PASTE   1     1
GENERATE     1     1
KEYSTORE     1     5
PRIVATE_KEY  1     4
PUBLIC_KEY   1     4
URL          1     3
all          7     22
"""
NEXT = """\
Next: make what the connection refers to, where it is missing, and apply. Nothing changes in Apinizer.
  kubectl create secret generic apinizer --from-file=token=FILE
  kubectl apply -k imported
Gaps matter only if a JWK has to be created anew. Each says how to fill it:
  grep -rn '# GAP:' imported
"""


@pytest.fixture
def project(simulator: SimulatorProcess) -> str:
    """A project with a JWK of each source type."""
    project = simulator.take_project()
    for name, fields in JWKS.items():
        simulator.control.tamper("create", project, name, **fields)
    return project


def test_files_and_output(offline: Tool, simulator: SimulatorProcess, project: str) -> None:
    done = imported(offline, simulator.url, project, JWK_OPERATOR_TOKEN=READER)
    about = 'Project "PROJECT" at URL: 7 JWKs.\n'
    assert done == Done(0, f"{about}\n{COUNTS}\nimported: 9 files written, 0 as they were.\n\n{NEXT}", "")
    assert written(offline, simulator.url, project) == {path.name: path.read_text() for path in FILES.iterdir()}
    assert [record["call"] for record in simulator.requests(project)] == ["list"]
    before = {path: path.stat().st_mtime_ns for path in (offline.folder / "imported").iterdir()}
    done = imported(offline, simulator.url, project, JWK_OPERATOR_TOKEN=READER)
    assert done == Done(0, f"{about}\n{COUNTS}\nimported: nothing to write, 9 files as they were.\n\n{NEXT}", "")
    assert {path: path.stat().st_mtime_ns for path in (offline.folder / "imported").iterdir()} == before


def test_what_people_have_changed_stays(offline: Tool, simulator: SimulatorProcess, project: str) -> None:
    imported(offline, simulator.url, project, JWK_OPERATOR_TOKEN=READER)
    folder = offline.folder / "imported"
    filled = (folder / "pasted.yaml").read_text().replace("# GAP: jwkStrFrom", "jwkStrFrom: {secretKeyRef: {}} #")
    (folder / "pasted.yaml").write_text(filled)
    (folder / "store.yaml").rename(folder / "stores.yaml")
    kustomization = (folder / "kustomization.yaml").read_text().replace("- store.yaml", "- stores.yaml # ours")
    (folder / "kustomization.yaml").write_text(kustomization + "labels: []\n")
    simulator.control.tamper("delete", project, "made")
    simulator.control.tamper("create", project, "Made")
    simulator.control.tamper("create", project, "new", sourceType="GENERATE")
    done = imported(offline, simulator.url, project, JWK_OPERATOR_TOKEN=READER)
    told = """\
Project "PROJECT" at URL: 8 JWKs.

SOURCE TYPE  JWKS  GAPS
CERTIFICATE  1     4
COPY_PASTE   2     1
GENERATE     1     1
KEYSTORE     1     0
PRIVATE_KEY  1     4
PUBLIC_KEY   1     4
URL          1     3
all          8     17

imported: 3 files written, 5 as they were.

Kept, as they differ from what would be written (--force overwrites them):
  pasted.yaml

Left to files of another name, which import does not touch:
  stores.yaml ("store")

Not in Apinizer any more; remove these files, and their lines in the kustomization, if that is meant:
  made.yaml ("made")

"""
    assert done == Done(0, told + NEXT, "")
    assert (folder / "pasted.yaml").read_text() == filled
    assert written(offline, simulator.url, project)["kustomization.yaml"] == textwrap.dedent("""\
        # What jwk-operator import found in Apinizer. A later run adds what is new there to the resources.
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
        - connection.yaml
        - gateway-41ed5292.yaml
        - gateway.yaml
        - made-45a5300c.yaml
        - made.yaml
        - new.yaml
        - partner-key-2024.yaml
        - pasted.yaml
        - signing.yaml
        - stores.yaml # ours
        labels: []
        """)
    done = imported(offline, simulator.url, project, "--force", JWK_OPERATOR_TOKEN=READER)
    assert "imported: 1 file written, 8 as they were.\n" in done.out
    assert "jwkStrFrom: {" not in (folder / "pasted.yaml").read_text()


def test_jwks_that_no_resource_can_stand_for(offline: Tool, simulator: SimulatorProcess) -> None:
    project = simulator.take_project()
    for name in ("good", "line\nbreak", " outer", "..", "no\uffffcharacter", "\x1b[31mred"):
        simulator.control.tamper("create", project, name)
    simulator.control.tamper("create", project, "unknown", sourceType="HSM")
    done = imported(offline, simulator.url, project, "--token-file", "-", stdin=f"{READER}\n")
    out = f"""\
Project "PROJECT" at URL: 7 JWKs.

SOURCE TYPE  JWKS  GAPS
COPY_PASTE   1     1
all          1     1

imported: 3 files written, 0 as they were.

6 JWKs left out; standard error says why.

{NEXT}"""
    err = r"""
JWK "\e[31mred" is left out: spec.name: Invalid value: "\x1b[31mred": spec.name cannot contain control characters such \
as line breaks and tabs: remove them
JWK " outer" is left out: spec.name: Invalid value: " outer": spec.name cannot begin or end with whitespace: remove it
JWK ".." is left out: spec.name: Invalid value: "..": spec.name cannot be . or .., which have a meaning of their own \
in a URL: choose another name
JWK "line\nbreak" is left out: spec.name: Invalid value: "line\nbreak": spec.name cannot contain control characters \
such as line breaks and tabs: remove them
JWK "no\uFFFFcharacter" is left out: its name holds a character that kubectl cannot carry; rename it in Apinizer
JWK "unknown" is left out: spec.sourceType: Unsupported value: "HSM": supported values: "URL", "COPY_PASTE", \
"CERTIFICATE", "PUBLIC_KEY", "PRIVATE_KEY", "KEYSTORE", "GENERATE"
"""
    assert done == Done(1, out, err.replace("\\\n", "").lstrip("\n"))


def test_by_a_connection_of_the_cluster(tool: Tool, space: Space, simulator: SimulatorProcess) -> None:
    simulator.control.tamper("create", space.project, "one")
    space.connection(readOnly=True, resyncInterval="1h")
    before = space.cluster.find("ApinizerConnection", space.name, "default")
    done = tool("import", "--into", "imported", "--namespace", space.name)
    steps = f"""\
Next: make what the connection refers to, where it is missing, and apply. Nothing changes in Apinizer.
  kubectl create secret generic default -n {space.name} --from-file=token=FILE
  kubectl apply -n {space.name} -k imported
Gaps matter only if a JWK has to be created anew. Each says how to fill it:
  grep -rn '# GAP:' imported
The connection has readOnly: true: until that is removed, each status only says what would be done.
"""
    counts = "SOURCE TYPE  JWKS  GAPS\nCOPY_PASTE   1     1\nall          1     1\n"
    about = f'Project "{space.project}" at {space.url}: 1 JWK.\n'
    assert done == Done(0, f"{about}\n{counts}\nimported: 3 files written, 0 as they were.\n\n{steps}", "")
    files = written(tool, space.url, space.project)
    assert files["connection.yaml"] == textwrap.dedent(f"""\
        # What this refers to is not here, as tokens belong in no file under version control. To make it where it is
        # missing, from a file for each value:
        #   kubectl create secret generic default -n {space.name} --from-file=token=FILE
        apiVersion: apiops.apinizer.com/v1alpha1
        kind: ApinizerConnection
        metadata:
          name: default
          namespace: {space.name}
        spec:
          baseUrl: "URL"
          projectName: PROJECT
          auth:
            tokenSecretRef:
              name: default
          resyncInterval: "1h"
          readOnly: true
        """)
    assert f"  name: one\n  namespace: {space.name}\nspec:\n  sourceType: COPY_PASTE\n" in files["one.yaml"]
    assert space.cluster.find("ApinizerConnection", space.name, "default") == before
    assert [record["call"] for record in simulator.requests(space.project)] == ["list"]


def test_a_connection_for_every_project(tool: Tool, space: Space, simulator: SimulatorProcess) -> None:
    simulator.control.tamper("create", space.project, "one")
    space.connection("open", projectName=None, auth={"tokenSecretRef": {"name": "default"}})
    arguments = ("import", "--into", "imported", "-n", space.name, "--connection", "open")
    assert tool(*arguments).err == "Error: ApinizerConnection open names no project; give it with --project\n"
    assert tool(*arguments, "--project", space.project).status == 0
    policies = "  adoptionPolicy: IfMatching\n  deletionPolicy: Retain\n"
    files = written(tool, space.url, space.project)
    assert files["one.yaml"].endswith(f"  connectionRef:\n    name: open\n  projectName: PROJECT\n{policies}")
    assert "projectName" not in files["connection.yaml"]
    other = simulator.take_project()
    simulator.control.tamper("create", other, "one")
    assert "2 files written, 1 as they were." in tool(*arguments, "--project", other).out
    assert sorted(written(tool, space.url, space.project)) == [
        "connection.yaml",
        "kustomization.yaml",
        "one-7692c3ad.yaml",
        "one.yaml",
    ]


def test_client_credentials_and_an_authority_of_its_own(tmp_path: Path, offline: Tool) -> None:
    authority = make_authority(tmp_path, "authority")
    server = (authority.certificate, authority.key)
    client, secret = next(iter(CLIENTS.items()))
    (tmp_path / "client-secret").write_text(f"{secret}\n")
    with SimulatorProcess(tmp_path, projects=("P",), tls=server, ca=authority.ca) as manager:
        manager.control.tamper("create", "P", "one")
        arguments = ("--client-id", client, "--client-secret-file", "client-secret")
        done = imported(offline, manager.url, "P", *arguments)
        assert done.err.startswith("Error: No answer from Apinizer: the token call failed: the TLS certificate of URL")
        assert done.err.endswith("; check --ca-file.\n")
        done = imported(offline, manager.url, "P", *arguments, "--ca-file", str(authority.ca))
        assert (done.status, done.err) == (0, "")
        spec = (offline.folder / "imported" / "connection.yaml").read_text().partition("spec:\n")[2]
        assert spec == textwrap.dedent(f"""\
            baseUrl: "{manager.url}"
            projectName: P
            auth:
              clientCredentialsSecretRef:
                name: apinizer
            tls:
              caRef:
                name: apinizer
            """).replace("\n", "\n  ").rstrip(" ").join(("  ", ""))
        assert secret not in done.out
        command = "kubectl create secret generic apinizer --from-file=ca.crt=FILE --from-file=client_id=FILE"
        assert f"  {command} --from-file=client_secret=FILE\n" in done.out
        assert imported(offline, manager.url, "P", *arguments, "--insecure-skip-verify", "--into", "other").status == 0


def test_on_a_terminal(offline: Tool, simulator: SimulatorProcess, project: str) -> None:
    command = ("import", "--into", "imported", "--url", simulator.url, "--project", project)
    status, shown = offline.on_terminal(*command, JWK_OPERATOR_TOKEN=READER)
    assert status == 0
    assert "Listing the project" in shown
    assert "\x1b[1mSOURCE TYPE" in shown
    assert "imported: 9 files written, 0 as they were." in shown


def test_a_cluster_wide_connection(tool: Tool, space: Space, simulator: SimulatorProcess, tmp_path: Path) -> None:
    simulator.control.tamper("create", space.project, "one")
    client, secret = next(iter(CLIENTS.items()))
    space.secret("client", client_id=client, key=secret)
    space.config_map("authority", ca_crt=make_authority(tmp_path, "authority").ca.read_text())
    place = {"namespace": space.name}
    spec = {
        "baseUrl": space.url,
        "projectName": space.project,
        "auth": {
            "clientCredentialsSecretRef": {
                "name": "client",
                "clientIdKey": "client.id",
                "clientSecretKey": "key",
                **place,
            }
        },
        "tls": {"caRef": {"kind": "ConfigMap", "name": "authority", **place}},
        "allowedNamespaces": {"selector": {}},
    }
    manifest = space.object("ClusterApinizerConnection", space.name, spec)
    del manifest["metadata"]["namespace"]
    space.cluster.apply(manifest)
    try:
        kind = ("--connection-kind", "ClusterApinizerConnection", "--connection", space.name)
        done = tool("import", "--into", "imported", *kind, "-n", "elsewhere")
    finally:
        space.cluster.delete("ClusterApinizerConnection", None, space.name)
    assert (done.status, done.err) == (0, "")
    needs = [
        f"kubectl create configmap authority -n {space.name} --from-file=ca.crt=FILE",
        f"kubectl create secret generic client -n {space.name} --from-file=client.id=FILE --from-file=key=FILE",
    ]
    steps = "".join(f"  {command}\n" for command in (*needs, "kubectl apply -n elsewhere -k imported"))
    assert steps in done.out
    files = {name: list(yaml.safe_load_all(text)) for name, text in written(tool, space.url, space.project).items()}
    assert files["connection.yaml"] == [{**manifest, "spec": {**spec, "baseUrl": "URL", "projectName": "PROJECT"}}]
    (jwk,) = files["one.yaml"]
    assert jwk["metadata"] == {"name": "one", "namespace": "elsewhere"}
    assert jwk["spec"]["connectionRef"] == {"kind": "ClusterApinizerConnection", "name": space.name}
