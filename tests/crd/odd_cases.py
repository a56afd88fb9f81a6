"""Objects as people get them wrong: with wrong types, names, nulls, lengths and numbers, one fault or many at once.

What the API server says to them stands nowhere here: the offline verdict is compared with the real one.
"""

from __future__ import annotations

from typing import Any

from crd.case import JWK, Spec, without
from crd.cases import CLUSTER, CLUSTER_WIDE, CONNECTION, FROM, NAMESPACED, PASTE, URL
from crd.generate_cases import GENERATE
from crd.server import NAMESPACE, Object, resource

_LEFT_OUT = object()


def _object(kind: str, spec: Any, **fields: Any) -> Object:
    """Return an object with the given spec and other fields, each as it is or left out."""
    return {name: value for name, value in {**resource(kind, spec), **fields}.items() if value is not _LEFT_OUT}


def _named(**metadata: Any) -> Object:
    return _object(JWK, URL, metadata={"namespace": NAMESPACE, "name": "tested", **metadata})


def _set(spec: Spec, path: str, value: Any) -> Spec:
    """Return a spec with one value at a dotted path."""
    name, _, rest = path.partition(".")
    inner = _set(spec.get(name, {}), rest, value) if rest else value
    return {**spec, name: inner}


_ANY: dict[str, Any] = {
    "integer": 5,
    "float": 1.5,
    "whole-float": 5.0,
    "text": "text",
    "empty": "",
    "true": True,
    "null": None,
    "list": ["a"],
    "empty-list": [],
    "object": {},
    "nulls": [None, None],
}
_FIELDS: tuple[tuple[str, str, Spec], ...] = (
    (JWK, "url", URL),
    (JWK, "urlOptionConnectTimeout", URL),
    (JWK, "sourceType", URL),
    (JWK, "suspend", URL),
    (JWK, "requiredEnvironments", URL),
    (JWK, "connectionRef", URL),
    (JWK, "connectionRef.kind", URL),
    (JWK, "jwkStrFrom.secretKeyRef", FROM),
    (JWK, "generate.rsa.keySize", GENERATE),
    (JWK, "generate.type", GENERATE),
    (JWK, "generate.oct.passwordSaltLength", GENERATE),
    (JWK, "updatePolicy", URL),
    (JWK, "replacement.keepOldFor", URL),
    (NAMESPACED, "baseUrl", CONNECTION),
    (NAMESPACED, "auth", CONNECTION),
    (NAMESPACED, "auth.tokenSecretRef.name", CONNECTION),
    (NAMESPACED, "tls.caRef.kind", CONNECTION),
    (NAMESPACED, "burst", CONNECTION),
    (NAMESPACED, "resyncInterval", CONNECTION),
    (CLUSTER_WIDE, "allowedNamespaces", CLUSTER),
    (CLUSTER_WIDE, "allowedNamespaces.names", CLUSTER),
    (CLUSTER_WIDE, "allowedNamespaces.selector.matchLabels", CLUSTER),
    (CLUSTER_WIDE, "allowedNamespaces.selector.matchExpressions", CLUSTER),
)
_TYPES = {
    f"{kind}-{path}-{name}": _object(kind, _set(spec, path, value))
    for kind, path, spec in _FIELDS
    for name, value in _ANY.items()
}

_NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 600_000, 600_001, 600_000.0, 600_001.0, 0.0, -0.0, -1.0, 0.5, 1e6, 1e-7, 1e21, 1e30, -1e30, 2**53),
    *(2**63 - 1, 2**63, 10**30, 5.000000001, 5.0000000001, -5.0000000001, "5", "5ms", "1k", True),
)
_SIZES: tuple[Any, ...] = (2048.0, 2048.5, "2048", 1024, 2048.9999, -2048, 1e300, "", True)
_VALUES = {
    **{f"timeout-{value!r}": _object(JWK, {**URL, "urlOptionConnectTimeout": value}) for value in _NUMBERS},
    **{f"limit-{value!r}": _object(JWK, {**URL, "urlOptionSizeLimit": value}) for value in (1_073_741_825, 2e9, 1.5)},
    **{f"size-{value!r}": _object(JWK, _set(GENERATE, "generate.rsa.keySize", value)) for value in _SIZES},
    "long-url": _object(JWK, {**URL, "url": "https://h/" + "x" * 2048}),
    "longest-description": _object(JWK, {**URL, "description": "é" * 4096}),
    "long-description": _object(JWK, {**URL, "description": "é" * 4097}),
    "long-kid": _object(JWK, {**URL, "kid": "k" * 256}),
    "longest-kid-beyond-one-plane": _object(JWK, {**URL, "kid": "\U0001f511" * 255}),
    "long-jwk": _object(JWK, {**PASTE, "jwkStr": "x" * 262_145}),
    "long-algorithm-and-foreign": _object(JWK, {**URL, "algorithm": "R" * 65}),
    "quoted": _object(JWK, {**URL, "name": ' a"\\é\u200b\u2028\U0001f511\x7f\x01 '}),
    "replacement-character": _object(JWK, {**URL, "name": "\ufffd "}),
    "html": _object(JWK, {**URL, "requiredEnvironments": [["<a&b>"], ["<a&b>"]]}),
    "too-many-environments": _object(JWK, {**URL, "requiredEnvironments": [f"e{number}" for number in range(65)]}),
    "environments-thrice": _object(JWK, {**URL, "requiredEnvironments": ["a", "b", "a", "a", "b"]}),
    "environments-mixed": _object(JWK, {**URL, "requiredEnvironments": [1, 1, True, None, "", 1.0]}),
    "environments-of-lists": _object(JWK, {**URL, "requiredEnvironments": [["a"], ["a"], []]}),
    "names-twice": _object(CLUSTER_WIDE, _set(CLUSTER, "allowedNamespaces.names", ["a", "a", ""])),
    "labels-of-numbers": _object(CLUSTER_WIDE, _set(CLUSTER, "allowedNamespaces.selector.matchLabels", {"a": 1})),
    "expression-empty": _object(CLUSTER_WIDE, _set(CLUSTER, "allowedNamespaces.selector.matchExpressions", [{}])),
    "expressions": _object(
        CLUSTER_WIDE,
        _set(
            CLUSTER,
            "allowedNamespaces.selector.matchExpressions",
            [{"key": "", "operator": "Is"}, {"key": "a", "operator": "In", "values": [1, None]}, "text"],
        ),
    ),
    "expressions-break-rules": _object(
        CLUSTER_WIDE,
        _set(
            CLUSTER,
            "allowedNamespaces.selector.matchExpressions",
            [{"key": "a", "operator": "NotIn", "values": []}, {"key": "a", "operator": "Exists", "values": ["x"]}],
        ),
    ),
}

_URLS = (
    *("http://h", "https://h:", "https://h:x", "https://h:1:2", "//h", "https:///p", "https:h", "https://h/%zz", "*"),
    *("https://h/%20", "https://h h", "https://h/a b", "https://[::1]", "https://[::1", "https://::1", "https://[h]"),
    *("https://[::1]:80/p", "https://[fe80::1%25en0]", "https://[fe80::1%en0]", "https://[127.0.0.1]", "1https://h"),
    *("https://h%41/", "https://h%C3%A9/", "https://é/ü", "https://u:p@h", "https://u p@h", "https://@h", "https://@"),
    *("https://h\x7f", "https://h/\t", "HTTPS://H", "h+t.p-s://h", "https://h?a#b", "https://h#%zz", "https://h/#/%zz"),
    *("mailto:a@h", "https://h/?%zz", "https://h<>", 'https://"h"', "https://h|", "https://h^/", "https://h/^|", ":h"),
    *(
        "/apiops",
        "apiops",
        "https://h/apiops?",
        "https://h//apiops",
        "https://h/apio%70s",
        "https://h\\p",
        "https://[]",
    ),
    *(
        "https://[::ffff:1.2.3.4]",
        "https://[::1%25]",
        "https://h:80:90/",
        "ftp://h:1:2",
        "https://%",
        "https://h/\u00e9",
    ),
)
_ADDRESSES = {
    **{f"url-{number}": _object(JWK, {**URL, "url": url}) for number, url in enumerate(_URLS)},
    **{f"base-url-{number}": _object(NAMESPACED, {**CONNECTION, "baseUrl": url}) for number, url in enumerate(_URLS)},
}

_TIMES = (
    *("", "yesterday", "2027", "2027-1-01T00:00:00Z", "2027-13-01T00:00:00Z", "2027-02-29T00:00:00Z", "2028-02-29"),
    *("2028-02-29T00:00:00Z", "2027-01-00T00:00:00Z", "2027-01-01t00:00:00z", "2027-01-01 00:00:00Z", "\u0662027"),
    *('\x01"\\\x7f', "2027-01-01T24:00:00Z", "2027-01-01T1:60:00Z", "2027-01-01T1:00:60Z", "2027-01-01T00:00:00.5Z"),
    *("2027-01-01T00:00:00", "2027-01-01T00:00:00+01:00", "2027-01-01T00:00:00+0100", "2027-01-01T00:00:00+99:00"),
    *("2027-01-01T00:00:00-01:99", "2027-01-01T00:00:00Zx", "2027-01-01T00:00:00,5Z", " 2027-01-01T00:00:00Z"),
    *("2027-01-01T00:00:0Z", "2027-01-01T1:00:00Z", "2027-01-01T00:00:00.Z", "0000-01-01T00:00:00Z"),
)
_METADATA = {
    "name-capital": _named(name="Tested"),
    "name-underscore": _named(name="a_b"),
    "name-empty": _named(name=""),
    "name-null": _named(name=None),
    "name-number": _named(name=5),
    "name-list": _named(name=["a"]),
    "name-long": _named(name="a" * 254),
    "name-long-and-wrong": _named(name="-" * 254),
    "name-dots": _named(name="a..b"),
    "name-line-break": _named(name="a\n"),
    "name-missing": _object(JWK, URL, metadata={"namespace": NAMESPACE}),
    "metadata-missing": _object(JWK, URL, metadata=_LEFT_OUT),
    "metadata-null": _object(JWK, URL, metadata=None),
    "metadata-list": _object(JWK, URL, metadata=[]),
    "metadata-text": _object(JWK, URL, metadata="tested"),
    "metadata-number": _object(JWK, URL, metadata=5),
    "metadata-empty": _object(JWK, URL, metadata={}),
    "generate-name": _object(JWK, URL, metadata={"generateName": "tested-"}),
    "generate-name-and-name": _named(generateName="a-"),
    "generate-name-bad-and-name": _named(generateName="A-"),
    "unknown": _named(foo=1, labelz={}, name="tested"),
    "labels": _named(labels={"a": "b", "example.com/A_b.c": "", "x": None}),
    "labels-bad": _named(labels={"a b": "c", "": "x", "x/y/z": "a", "a": "-", "/x": "y", "X_Y/z": "a", "a/": "b"}),
    "labels-long": _named(labels={"a" * 64: "b", "c": "d" * 64, f"{'e' * 254}/f": "g"}),
    "labels-number": _named(labels={"a": 5}),
    "labels-list": _named(labels=["a"]),
    "labels-null": _named(labels=None),
    "annotations-true": _named(annotations={"a": True}),
    "annotations-bad": _named(annotations={"A B": "c", "Upper/Case": "x", "ok": "any text\n"}),
    "annotations-large": _named(annotations={"a": "x" * 262_144}),
    "annotations-text": _named(annotations="a=b"),
    "finalizers": _named(finalizers=["example.com/a"]),
    "finalizers-bad": _named(finalizers=["a b", "", None]),
    "finalizers-text": _named(finalizers="a"),
    "finalizers-numbers": _named(finalizers=[1]),
    "owner-empty": _named(ownerReferences=[{}]),
    "owner-unknown": _named(ownerReferences=[{"x": 1, "name": "a"}]),
    "owner-number": _named(ownerReferences=[{"name": 1}]),
    "owner-text": _named(ownerReferences=["a"]),
    "owners-text": _named(ownerReferences="a"),
    "owner-controller-text": _named(ownerReferences=[{"controller": "yes"}]),
    "generation-text": _named(generation="1"),
    "generation-float": _named(generation=1.5),
    "generation": _named(generation=-1),
    "created-null": _named(creationTimestamp=None),
    "created": _named(creationTimestamp="2027-01-01T00:00:00Z"),
    "created-number": _named(creationTimestamp=5),
    **{f"created-{time}": _named(creationTimestamp=time) for time in _TIMES},
    "deleted-yesterday": _named(deletionTimestamp="yesterday"),
    "managed-yesterday": _named(managedFields=[{"manager": "a", "time": "yesterday"}]),
    "managed-number": _named(managedFields=[{"manager": "a", "time": 5}]),
    "several-wrong": _named(annotations={"a": 1}, labels={"a": 1}, name=3),
    "cluster-with-namespace": _object(CLUSTER_WIDE, CLUSTER, metadata={"name": "tested", "namespace": "any"}),
    "all-at-once": _object(
        JWK,
        {**URL, "url": "h", "kid": "", "requiredEnvironments": ["a", "a"], "name": " a\t"},
        metadata={"name": "A", "namespace": NAMESPACE, "labels": {"a b": "c d"}},
    ),
}

_SPECS: dict[str, Any] = {"null": None, "list": [], "text": "x", "number": 5, "true": True, "empty": {}}
_WHOLE = {
    **{f"spec-{name}": _object(JWK, spec) for name, spec in _SPECS.items()},
    "spec-missing": _object(JWK, _LEFT_OUT),
    "spec-missing-connection": _object(NAMESPACED, _LEFT_OUT),
    "spec-empty-connection": _object(NAMESPACED, {}),
    "spec-empty-cluster": _object(CLUSTER_WIDE, {}),
    "status": _object(JWK, URL, status={"observedGeneration": "x", "remote": 5}),
    "status-number": _object(JWK, URL, status=5),
    "status-null": _object(JWK, URL, status=None),
    "status-unknown": _object(JWK, URL, status={"x": 1}),
    "unknown-at-the-top": _object(JWK, URL, specs={}, data={"a": "b"}),
    "unknown-everywhere": _object(
        JWK,
        {**GENERATE, "urls": "x", "generate": {"type": "RSA", "rsa": {"keysize": 1, "b": 2}, "Type": "RSA"}},
        metadata={"name": "tested", "namespace": NAMESPACE, "lables": {}},
        x=1,
    ),
    "unknown-below-a-text": _object(JWK, {**URL, "url": {"a": {"b": 1}}}),
    "unknown-in-a-list": _object(JWK, {**URL, "requiredEnvironments": [{"name": "a"}, [{"b": 1}]]}),
    "unknown-in-an-expression": _object(
        CLUSTER_WIDE,
        _set(CLUSTER, "allowedNamespaces.selector.matchExpressions", [{"key": "a", "operator": "In", "value": "b"}]),
    ),
    "unknown-null": _object(JWK, {**URL, "urls": None}),
    "capitals": _object(JWK, {"SourceType": "URL", "URL": "https://h"}),
    "several": _object(JWK, {**without(URL, "sourceType"), "kid": "", "suspend": "no", "connectionRef": {"kind": "x"}}),
    "several-rules": _object(JWK, {**URL, "jwkStr": "x", "algorithm": "RSA", "generate": {"type": "EC"}, "name": ".."}),
    "several-of-a-connection": _object(
        NAMESPACED,
        {"baseUrl": "h?a#b", "auth": {}, "burst": 1, "resyncInterval": "1", "proxyUrl": "h", "projectName": "."},
    ),
    "deep-types": _object(
        NAMESPACED,
        {"baseUrl": 1, "auth": {"tokenSecretRef": [], "clientCredentialsSecretRef": "x"}, "tls": {"caRef": True}},
    ),
    "deep-missing": _object(CLUSTER_WIDE, {**CLUSTER, "auth": {"tokenSecretRef": {}}, "tls": {"caRef": {}}}),
    "defaults-from-nulls": _object(JWK, {**URL, "connectionRef": {"kind": None, "name": None}, "updatePolicy": None}),
    "times": _object(
        JWK, _set(_set(GENERATE, "generate.notBeforeTime", ""), "generate.expirationTime", "2027-01-31T00:00:00Z")
    ),
}

ODD: dict[str, Object] = {**_TYPES, **_VALUES, **_ADDRESSES, **_METADATA, **_WHOLE}
