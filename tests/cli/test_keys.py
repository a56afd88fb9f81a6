"""`jwk-operator keys new` and `keys inspect`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from cli.tool import Done, Tool
from harness.simulator import SimulatorProcess
from harness.space import Space
from install.support import kubectl
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS
from unit.keys import EC_7517

EC_PUBLIC = {name: value for name, value in EC_7517.items() if name != "kid"}
FORMS: dict[str, tuple[str, ...]] = {
    "rsa": ("--type", "RSA", "--size", "2048", "--alg", "PS256"),
    "rsa-encryption": ("--type", "rsa", "--size", "2048", "--alg", "RSA-OAEP-256"),
    "p-256": ("--type", "EC"),
    "p-384": ("--type", "EC", "--alg", "ES384"),
    "p-521": ("--type", "EC", "--curve", "P-521"),
    "secp256k1": ("--type", "EC", "--curve", "secp256k1"),
    "agreement": ("--type", "EC", "--alg", "ECDH-ES+A256KW"),
    "ed25519": ("--type", "OKP"),
    "ed448": ("--type", "OKP", "--curve", "Ed448"),
    "x25519": ("--type", "OKP", "--use", "enc"),
    "x448": ("--type", "OKP", "--curve", "X448"),
    "hmac": ("--type", "oct", "--alg", "HS512"),
    "aes": ("--type", "oct", "--alg", "A128KW"),
}


def stable(done: Done) -> Done:
    """With KID for each thumbprint, and RANDOM for each random key ID."""

    def marked(text: str) -> str:
        return re.sub(r"(?<=kid )[\w-]{22}(?![\w-])", "RANDOM", re.sub(r"(?<![\w-])[\w-]{43}(?![\w-])", "KID", text))

    return Done(done.status, marked(done.out), marked(done.err))


def private_values(text: str) -> list[str]:
    """Every value of a private member in a JWK, a JWK Set or a Secret's manifest that was printed."""
    document = yaml.safe_load(text)
    for inner in (document.get("stringData") or {}).values():
        document = json.loads(inner)
    keys = document.get("keys", [document])
    return [value for key in keys for name, value in key.items() if name in PRIVATE_MEMBERS]


def test_a_secret_as_it_is_printed(offline: Tool) -> None:
    done = offline("keys", "new", "--type", "EC", "--name", "signing-key", "--namespace", "team-a")
    hidden = re.sub(r'"(x|y|d)": "[A-Za-z0-9_-]{43}"', r'"\1": "\1"', done.out)
    assert stable(Done(done.status, hidden, done.err)) == Done(
        0,
        "apiVersion: v1\n"
        "kind: Secret\n"
        "metadata:\n"
        "  name: signing-key\n"
        "  namespace: team-a\n"
        "type: Opaque\n"
        "stringData:\n"
        '  jwk.json: \'{"kty": "EC", "kid": "KID", "use": "sig", "alg": "ES256", "crv": "P-256", "x": "x", "y": "y",'
        ' "d": "d"}\'\n',
        "Made: EC key, P-256, use sig, alg ES256, kid KID, which is its thumbprint\n",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("--type", "RSA", "--size", "2048", "--alg", "RSA1_5", "--kid", "2027-01"),
            (
                "Made: RSA key, 2048 bits, use enc, alg RSA1_5, kid 2027-01, thumbprint KID\n"
                "Warning: RSA1_5 is deprecated; RSA-OAEP-256 takes its place.\n"
            ),
        ),
        (("--type", "OCT"), "Made: oct key, 256 bits, use sig, alg HS256, kid RANDOM\n"),
        (
            ("--type", "OKP", "--count", "2"),
            (
                "Made: OKP key, Ed25519, use sig, alg EdDSA, kid KID, which is its thumbprint\n"
                "Made: OKP key, Ed25519, use sig, alg EdDSA, kid KID, which is its thumbprint\n"
                "It is in a JWK Set: spec.kid of the JWK says which key of it.\n"
            ),
        ),
        (
            ("--type", "OKP", "--set", "--kid", "a"),
            (
                "Made: OKP key, Ed25519, use sig, alg EdDSA, kid a, thumbprint KID\n"
                "It is in a JWK Set: spec.kid of the JWK says which key of it.\n"
            ),
        ),
    ],
)
def test_what_is_told_of_a_new_key(offline: Tool, arguments: tuple[str, ...], says: str) -> None:
    done = offline("keys", "new", *arguments, "--output", "jwk")
    assert (done.status, stable(done).err) == (0, says)
    assert not [value for value in private_values(done.out) if value in done.err]
    document = json.loads(done.out)
    kids = [key["kid"] for key in document.get("keys", [document])]
    assert len(set(kids)) == len(kids) == says.count("Made: ")
    assert all(kid in done.err for kid in kids)


@pytest.mark.usefixtures("operator")
def test_every_kind_of_key_becomes_ready(space: Space, tool: Tool, simulator: SimulatorProcess) -> None:
    made = [tool("keys", "new", *form, "--name", name, "-n", space.name) for name, form in FORMS.items()]
    manifests = "---\n".join(done.out for done in made)
    kubectl("apply", "-f", "-", stdin=manifests, kubeconfig=space.cluster.plane.kubeconfig)
    for name in FORMS:
        source = {"secretKeyRef": {"name": name, "key": "jwk.json"}}
        space.jwk(name, {"sourceType": "COPY_PASTE", "jwkStrFrom": source})
    jwks = space.wait_all(FORMS)
    secrets = kubectl("get", "secret", "-n", space.name, "-o", "yaml", kubeconfig=space.cluster.plane.kubeconfig)
    told = tool("keys", "inspect", "-", "-o", "json", stdin=secrets.stdout)
    assert (told.status, told.err) == (0, "")
    keys = json.loads(told.out)["keys"]
    assert [key["where"] for key in keys] == [f"standard input, secret/{name}, key jwk.json" for name in sorted(FORMS)]
    for name, key in zip(sorted(FORMS), keys, strict=True):
        remote = jwks[name].status["remote"]
        assert (remote["type"], remote["kid"]) == (key["type"].upper(), key["kid"])
        assert remote.get("thumbprint") == key["thumbprint"]
        assert key["private"]
        assert key["valid"]
    assert sorted(simulator.writes(space.project)) == [("create", name) for name in sorted(FORMS)]


@pytest.mark.usefixtures("operator")
def test_a_key_is_rotated_within_a_set(space: Space, tool: Tool, simulator: SimulatorProcess, tmp_path: Path) -> None:
    kubeconfig = space.cluster.plane.kubeconfig
    made = tool("keys", "new", "--type", "EC", "--kid", "old", "--name", "partner", "-n", space.name)
    kubectl("apply", "-f", "-", stdin=made.out, kubeconfig=kubeconfig)
    source = {"secretKeyRef": {"name": "partner", "key": "jwk.json"}}
    space.jwk("partner", {"sourceType": "COPY_PASTE", "jwkStrFrom": source, "kid": "old", "updatePolicy": "Replace"})
    space.wait("partner")
    there = kubectl("get", "secret", "partner", "-n", space.name, "-o", "yaml", kubeconfig=kubeconfig).stdout
    public = tmp_path / "public.json"
    more = tool("keys", "new", "--type", "OKP", "--kid", "new", "--add-to", "-", "--public", str(public), stdin=there)
    assert stable(more).err == (
        "Made: OKP key, Ed25519, use sig, alg EdDSA, kid new, thumbprint KID\n"
        "It is in a JWK Set: spec.kid of the JWK says which key of it.\n"
    )
    kubectl("apply", "-f", "-", stdin=more.out, kubeconfig=kubeconfig)
    assert space.handled("partner", "now").reason == "Deployed"
    assert simulator.writes(space.project) == [("create", "partner")]
    space.patch("partner", kid="new")
    jwk = space.wait_for("partner", lambda jwk: jwk.status["remote"]["kid"] == "new", "the new key")
    shared = json.loads(public.read_text())["keys"]
    assert [key["kid"] for key in shared] == ["old", "new"]
    assert not [name for key in shared for name in key if name in PRIVATE_MEMBERS]
    assert jwk.status["remote"]["type"] == "OKP"
    assert stable(tool("keys", "inspect", "jwk/partner", "-n", space.name)).out == (
        "secret/partner, key jwk.json, 1 of 2\n"
        "  type        EC, P-256\n"
        "  kid         old\n"
        "  use         sig\n"
        "  alg         ES256\n"
        "  thumbprint  KID (SHA-256)\n"
        "  holds       a private key (d)\n"
        "\n"
        "secret/partner, key jwk.json, 2 of 2\n"
        "  type        OKP, Ed25519\n"
        "  kid         new\n"
        "  use         sig\n"
        "  alg         EdDSA\n"
        "  thumbprint  KID (SHA-256)\n"
        "  holds       a private key (d)\n"
        "  chosen      by spec.kid\n"
    )


SET = "--kid names one key; leave it out with --count, so that each has one of its own"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--type", "DSA"), "Invalid value for '--type': 'DSA' is not one of 'rsa', 'ec', 'oct', 'okp'."),
        (("--type", "EC", "--size", "256"), "Invalid value for '--size': --type EC has no sizes; give --curve"),
        (("--type", "EC"), "give --name, the name of the Secret, or --output jwk for the key alone"),
        (("--type", "EC", "--kid", "a", "--count", "2"), SET),
        (("--type", "EC", "--kid", " "), "Invalid value for '--kid': must be 1 to 255 printable characters"),
        (
            ("--type", "EC", "--name", "A"),
            "Invalid value for '--name': must be a name as Kubernetes has them, such as signing-key",
        ),
        (
            ("--type", "EC", "--key", "a/b"),
            "Invalid value for '--key': must be at most 253 letters, digits, -, _ and .",
        ),
        (("--type", "oct", "--public", "x"), "Invalid value for '--public': a symmetric key has no public part"),
        (("--type", "EC", "--cert", "x"), "--cert is for --output sealed"),
        (
            ("--type", "EC", "-o", "sealed"),
            "--output sealed needs --cert, the controller's certificate: kubeseal --fetch-cert",
        ),
        (
            ("--type", "EC", "-o", "sealed", "--cert", "x", "--name", "a"),
            "give --namespace, which is sealed with the key, or --scope cluster-wide",
        ),
    ],
)
def test_new_written_wrongly(offline: Tool, arguments: tuple[str, ...], says: str) -> None:
    done = offline("keys", "new", *arguments)
    assert (done.status, done.out) == (64, "")
    assert done.err.endswith(f"Error: {says}\n")


def test_a_private_key_is_not_printed_to_a_terminal_by_accident(offline: Tool) -> None:
    status, text = offline.on_terminal("keys", "new", "--type", "EC", "--name", "a")
    assert (status, text.splitlines()[-1]) == (
        64,
        (
            "Error: standard output is a terminal, where a private key would stay to be seen; pipe it, for example into"
            " `kubectl apply -f -`, or say --show"
        ),
    )
    status, text = offline.on_terminal("keys", "new", "--type", "EC", "--name", "a", "--show")
    assert status == 0
    assert '"d": "' in text


def test_keys_to_add_to(offline: Tool, tmp_path: Path) -> None:
    one = offline("keys", "new", "--type", "EC", "--kid", "1", "-o", "jwk").out
    two = offline("keys", "new", "--type", "oct", "--kid", "2", "-o", "jwk", "--add-to", "-", stdin=one).out
    path = tmp_path / "keys.json"
    path.write_text(two)
    public = tmp_path / "public.json"
    arguments = ("keys", "new", "--type", "EC", "--add-to", "keys.json", "-o", "jwk")
    three = offline(*arguments, "--kid", "3", "--public", str(public))
    assert [key["kid"] for key in json.loads(three.out)["keys"]] == ["1", "2", "3"]
    assert json.loads(three.out)["keys"][:2] == [json.loads(one), json.loads(two)["keys"][1]]
    assert [key["kid"] for key in json.loads(public.read_text())["keys"]] == ["1", "3"]
    again = offline(*arguments, "--kid", "2")
    assert (again.status, again.out) == (64, "")
    assert again.err.endswith("Error: Invalid value for '--kid': a key of the set has it already; give another\n")


def test_a_key_without_a_kid_is_warned_of(offline: Tool) -> None:
    done = offline("keys", "new", "--type", "EC", "--add-to", "-", "-o", "jwk", stdin=json.dumps(EC_PUBLIC))
    assert stable(done).err == (
        "Made: EC key, P-256, use sig, alg ES256, kid KID, which is its thumbprint\n"
        "It is in a JWK Set: spec.kid of the JWK says which key of it.\n"
        "Warning: a key that was there has no kid, so that spec.kid cannot choose it.\n"
    )


SECRET_OF_TWO = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "two"},
        "stringData": {"a": "{}", "b": "{}", "note": "hello"},
    }
)


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (("--add-to", "none.json"), "", "none.json cannot be read: No such file or directory"),
        (
            ("--add-to", "-"),
            "{",
            "standard input: the key is not valid JSON at line 1, column 2; give a JWK or JWK Set",
        ),
        (("--add-to", "-"), SECRET_OF_TWO, "- has a, b; say by --key where the keys are"),
        (("--add-to", "-", "--key", "c"), SECRET_OF_TWO, "- has no such key; say by --key where the keys are"),
        (("-o", "sealed", "-n", "a", "--cert", "none.pem"), "", "none.pem: No such file or directory"),
        (("-o", "sealed", "-n", "a", "--cert", "/dev/null"), "", "/dev/null is no certificate as PEM; fetch it anew"),
        (("--public", "none/public.json"), "", "none/public.json: No such file or directory"),
    ],
)
def test_files_that_do_not_do(offline: Tool, arguments: tuple[str, ...], stdin: str, says: str) -> None:
    done = offline("keys", "new", "--type", "EC", "--name", "a", *arguments, stdin=stdin)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {says}")
    assert done.err.count("\n") == 1
