"""Objects that the API server accepts and refuses, with the refusals word for word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]

LOOKED_UP: Spec = {"environmentName": "production", "useType": "SIGNATURE", "algorithm": "RS256"}
URL: Spec = {"sourceType": "URL", "url": "https://idp.example/jwks"}
PASTE: Spec = {"sourceType": "COPY_PASTE", "jwkStr": '{"kty":"oct"}'}
FROM: Spec = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
CERTIFICATE: Spec = {"sourceType": "CERTIFICATE", "certificateName": "c", **LOOKED_UP}
PUBLIC_KEY: Spec = {"sourceType": "PUBLIC_KEY", "keyName": "k", **LOOKED_UP}
PRIVATE_KEY: Spec = {"sourceType": "PRIVATE_KEY", "keyName": "k", **LOOKED_UP}
KEYSTORE: Spec = {"sourceType": "KEYSTORE", "keyStoreName": "s", "aliasName": "a", **LOOKED_UP}
RSA: Spec = {"type": "RSA", "rsa": {"keySize": 2048}}
GENERATE: Spec = {"sourceType": "GENERATE", "generate": RSA}

TOKEN: Spec = {"tokenSecretRef": {"name": "token"}}
CLIENT: Spec = {"clientCredentialsSecretRef": {"name": "client"}}
CONNECTION: Spec = {"baseUrl": "https://apinizer.example", "auth": TOKEN}
CLUSTER: Spec = {
    "baseUrl": "https://apinizer.example",
    "auth": {"tokenSecretRef": {"name": "token", "namespace": "apinizer"}},
    "allowedNamespaces": {"selector": {}},
}

# What the server adds when the schema itself, without rules, has been broken.
RULES_LEFT_OUT = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
    "existing errors to complete validation"
)

JWK = "JWK"
NAMESPACED = "ApinizerConnection"
CLUSTER_WIDE = "ClusterApinizerConnection"


@dataclass(frozen=True, slots=True)
class Case:
    """An object; `refusals` are the server's words, one line each, and none when it is accepted."""

    id: str
    kind: str
    spec: Spec
    refusals: tuple[str, ...] = ()


def without(spec: Spec, *names: str) -> Spec:
    """Return a spec without some fields."""
    return {name: value for name, value in spec.items() if name not in names}


def generate(key_type: str, option: str, options: Spec, **more: Any) -> Spec:
    """Return a spec that lets Apinizer make a key."""
    return {"sourceType": "GENERATE", "generate": {"type": key_type, option: options, **more}}


def _jwk(identity: str, spec: Spec, *refusals: str) -> Case:
    return Case(f"jwk-{identity}", JWK, spec, refusals)


def _both(identity: str, change: Spec, *refusals: str) -> tuple[Case, ...]:
    return (
        Case(f"connection-{identity}", NAMESPACED, {**CONNECTION, **change}, refusals),
        Case(f"cluster-{identity}", CLUSTER_WIDE, {**CLUSTER, **change}, refusals),
    )


EC_OPTION = {"curveType": "P256"}
OCT_OPTION = {"keySize": 256}
OKP_OPTION = {"curveType": "ED25519"}
NAMES = ("a/b c%20d", "Schlüssel ключ 鍵", "...", "a.b", "%2e%2e")

GOOD: tuple[Case, ...] = (
    _jwk("url", URL),
    _jwk("url-options", {**URL, "urlOptionConnectTimeout": 1, "urlOptionReadTimeout": 2, "urlOptionSizeLimit": 3}),
    _jwk("url-kid", {**URL, "kid": "one", "url": "HTTP://[::1]:8080/jwks?x=y"}),
    _jwk("paste", PASTE),
    _jwk("paste-kid", {**PASTE, "kid": "one"}),
    _jwk("from", FROM),
    _jwk("certificate", CERTIFICATE),
    _jwk("public-key", PUBLIC_KEY),
    _jwk("private-key", PRIVATE_KEY),
    _jwk("keystore", KEYSTORE),
    _jwk("generate-rsa", GENERATE),
    _jwk("generate-ec", generate("EC", "ec", EC_OPTION, algorithm="ES256", keyUseType="SIGNATURE")),
    _jwk("generate-oct", generate("OCT", "oct", OCT_OPTION, algorithm="A256KW", keyUseType="ENCRYPTION")),
    _jwk("generate-okp", generate("OKP", "okp", OKP_OPTION, algorithm="EdDSA", keyIdType="NONE")),
    _jwk("generate-times", generate("RSA", "rsa", {"keySize": 4096}, notBeforeTime="2028-02-29T00:00:00Z")),
    _jwk(
        "generate-times-ordered",
        generate(
            "RSA",
            "rsa",
            {"keySize": 2048},
            notBeforeTime="2027-01-31T00:30:00+01:00",
            expirationTime="2027-01-31T00:00:00.5",
        ),
    ),
    _jwk("encryption", {**CERTIFICATE, "useType": "ENCRYPTION", "algorithm": "RSA-OAEP-256"}),
    _jwk("replace", {**URL, "updatePolicy": "Replace", "replacement": {"keepOldFor": "1h30m"}}),
    _jwk("defaulted-connection", {**URL, "connectionRef": {}}),
    _jwk("environments", {**URL, "requiredEnvironments": ["a", "b"]}),
    *(
        _jwk(f"adopt-{source.lower()}", {"sourceType": source, "adoptionPolicy": "IfMatching"})
        for source in ("URL", "COPY_PASTE", "CERTIFICATE", "PUBLIC_KEY", "PRIVATE_KEY", "KEYSTORE", "GENERATE")
    ),
    _jwk("adopt-algorithm", {**without(CERTIFICATE, "useType"), "algorithm": "ES256K", "adoptionPolicy": "IfMatching"}),
    *(_jwk(f"name-{number}", {**URL, "name": name, "projectName": name}) for number, name in enumerate(NAMES)),
    *_both("plain", {}),
    *(
        case
        for number, address in enumerate(
            ("http://h", "https://h:8443/", "https://h/apiops", "https://[::1]:8443/apiops/", "HTTPS://h")
        )
        for case in _both(f"url-{number}", {"baseUrl": address})
    ),
    *_both("limits", {"requestsPerSecond": 5, "burst": 10, "resyncInterval": "0s"}),
    *_both("proxy", {"proxyUrl": "http://user:password@proxy.example:3128"}),
    *_both("insecure", {"tls": {"insecureSkipVerify": True}}),
    Case("connection-client", NAMESPACED, {**CONNECTION, "auth": CLIENT}),
    Case("connection-ca", NAMESPACED, {**CONNECTION, "tls": {"caRef": {"name": "ca"}}}),
    Case("cluster-names", CLUSTER_WIDE, {**CLUSTER, "allowedNamespaces": {"names": ["a"]}}),
    Case(
        "cluster-selector",
        CLUSTER_WIDE,
        {
            **CLUSTER,
            "allowedNamespaces": {
                "selector": {
                    "matchLabels": {"team": "a"},
                    "matchExpressions": [
                        {"key": "stage", "operator": "In", "values": ["test"]},
                        {"key": "frozen", "operator": "DoesNotExist"},
                    ],
                }
            },
        },
    ),
)

FOUR = "CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY and KEYSTORE"


def _needed(name: str, spec: Spec, types: str, remedy: str) -> Case:
    refusal = f"spec.{name}: Required value: spec.{name} is needed for sourceType {types}: {remedy}"
    return _jwk(f"needed-{name}-{spec['sourceType']}", without(spec, name), refusal)


def _foreign(name: str, value: Any, spec: Spec, types: str) -> Case:
    refusal = f"spec.{name}: Forbidden: spec.{name} belongs to sourceType {types}; remove it or change spec.sourceType"
    return _jwk(f"foreign-{name}", {**spec, name: value}, refusal)


_BELONGING = (
    _needed("url", URL, "URL", "set it to the address of the JWK or JWK Set"),
    _needed("certificateName", CERTIFICATE, "CERTIFICATE", "set it to the certificate's name in Apinizer"),
    _needed("keyName", PUBLIC_KEY, "PUBLIC_KEY and PRIVATE_KEY", "set it to the key's name in Apinizer"),
    _needed("keyName", PRIVATE_KEY, "PUBLIC_KEY and PRIVATE_KEY", "set it to the key's name in Apinizer"),
    _needed("keyStoreName", KEYSTORE, "KEYSTORE", "set it to the keystore's name in Apinizer"),
    _needed("aliasName", KEYSTORE, "KEYSTORE", "set it to the key's alias within the keystore"),
    _needed("generate", GENERATE, "GENERATE", "set it to the type and options of the key that Apinizer makes"),
    *(
        case
        for spec in (CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY, KEYSTORE)
        for case in (
            _needed("environmentName", spec, FOUR, "set it to the environment in which Apinizer looks the source up"),
            _needed("useType", spec, FOUR, "set it to SIGNATURE or ENCRYPTION"),
            _needed("algorithm", spec, FOUR, "set it to an algorithm that fits spec.useType, such as RS256"),
        )
    ),
    _foreign("url", "https://h/", PASTE, "URL"),
    _foreign("urlOptionConnectTimeout", 1, PASTE, "URL"),
    _foreign("urlOptionReadTimeout", 1, CERTIFICATE, "URL"),
    _foreign("urlOptionSizeLimit", 1, GENERATE, "URL"),
    _foreign("jwkStr", "{}", URL, "COPY_PASTE"),
    _foreign("jwkStrFrom", FROM["jwkStrFrom"], GENERATE, "COPY_PASTE"),
    _foreign("kid", "k", GENERATE, "URL and COPY_PASTE"),
    _foreign("certificateName", "c", PUBLIC_KEY, "CERTIFICATE"),
    _foreign("keyName", "k", CERTIFICATE, "PUBLIC_KEY and PRIVATE_KEY"),
    _foreign("keyStoreName", "s", CERTIFICATE, "KEYSTORE"),
    _foreign("aliasName", "a", PRIVATE_KEY, "KEYSTORE"),
    _foreign("environmentName", "e", URL, FOUR),
    _foreign("useType", "SIGNATURE", PASTE, FOUR),
    _foreign("algorithm", "RS256", GENERATE, FOUR),
    _foreign("generate", RSA, URL, "GENERATE"),
    _jwk(
        "paste-neither",
        without(PASTE, "jwkStr"),
        "spec.jwkStr: Required value: spec.jwkStr or spec.jwkStrFrom is needed for sourceType COPY_PASTE: "
        "set spec.jwkStr to the JWK or JWK Set, or spec.jwkStrFrom to the Secret that holds it",
    ),
    _jwk(
        "paste-both",
        {**PASTE, **FROM},
        "spec.jwkStr: Forbidden: spec.jwkStr and spec.jwkStrFrom exclude each other: keep one of them",
    ),
)

_BAD_URL = "must be an absolute http or https URL with a host: write it as"
_URLS = (
    *(
        _jwk(
            f"url-bad-{number}", {**URL, "url": url}, f"spec.url: Invalid value: spec.url {_BAD_URL} https://HOST/PATH"
        )
        for number, url in enumerate(("ftp://h/", "/jwks", "h/jwks", "https://", "https://:80/", "http://a b/"))
    ),
)

SIGNATURE = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, HS256, HS384, HS512, EdDSA"
ECDH = (
    "ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, ECDH-1PU, ECDH-1PU+A128KW, ECDH-1PU+A192KW, "
    "ECDH-1PU+A256KW"
)
OCT_WRAP = (
    "A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, DIR, PBES2-HS256+A128KW, PBES2-HS384+A192KW, "
    "PBES2-HS512+A256KW"
)
ENCRYPTION = f"RSA1_5, RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512, {ECDH}, {OCT_WRAP}"


def _algorithm(use: str | None, algorithm: str, text: str) -> Case:
    spec = {**CERTIFICATE, "algorithm": algorithm, "useType": use}
    if use is None:
        spec = {**without(spec, "useType"), "adoptionPolicy": "IfMatching"}
    return _jwk(f"algorithm-{use}-{algorithm}", spec, f"spec.algorithm: Invalid value: spec.algorithm{text}")


_ALGORITHMS = (
    *(
        _algorithm("SIGNATURE", key_type, f": {key_type} is a key type; did you mean {meant}?")
        for key_type, meant in {"RSA": "RS256", "EC": "ES256", "OCT": "HS256", "OKP": "EdDSA"}.items()
    ),
    *(
        _algorithm("ENCRYPTION", key_type, f": {key_type} is a key type; did you mean {meant}?")
        for key_type, meant in {
            "RSA": "RSA-OAEP-256",
            "EC": "ECDH-ES+A256KW",
            "OCT": "A256KW",
            "OKP": "ECDH-ES+A256KW",
        }.items()
    ),
    _algorithm(None, "RSA", ": RSA is a key type; did you mean RS256?"),
    _algorithm("SIGNATURE", "RSA-OAEP", f" must fit useType SIGNATURE: use one of {SIGNATURE}"),
    _algorithm("SIGNATURE", "RSA256", f" must fit useType SIGNATURE: use one of {SIGNATURE}"),
    _algorithm("ENCRYPTION", "RS256", f" must fit useType ENCRYPTION: use one of {ENCRYPTION}"),
    _algorithm(None, "none", f" must be the name of an algorithm: use one of {SIGNATURE}, {ENCRYPTION}"),
)

_OPTIONS: dict[str, tuple[str, Spec, str]] = {
    "RSA": ("rsa", {"keySize": 2048}, "keySize: 2048"),
    "EC": ("ec", EC_OPTION, "curveType: P256"),
    "OCT": ("oct", OCT_OPTION, "keySize: 256"),
    "OKP": ("okp", OKP_OPTION, "curveType: ED25519"),
}
_ECDH_GENERATE = ECDH.replace("-", "_").replace("+", "_")
_FITTING = {
    ("RSA", "SIGNATURE"): "one of RSA256, RSA384, RSA512, PS256, PS384, PS512",
    ("EC", "SIGNATURE"): "one of ES256, ES384, ES512, ES256K",
    ("OCT", "SIGNATURE"): "one of HS256, HS384, HS512",
    ("OKP", "SIGNATURE"): "EdDSA",
    ("RSA", "ENCRYPTION"): "one of RSA1_5, RSA_OAEP, RSA_OAEP_256, RSA_OAEP_384, RSA_OAEP_512",
    ("EC", "ENCRYPTION"): f"one of {_ECDH_GENERATE}",
    ("OCT", "ENCRYPTION"): f"one of {OCT_WRAP.replace('-', '_').replace('+', '_')}",
    ("OKP", "ENCRYPTION"): f"one of {_ECDH_GENERATE}",
}


def _time(name: str, value: str) -> Case:
    return _jwk(
        f"generate-{name}-{value}",
        {"sourceType": "GENERATE", "generate": {**RSA, name: value}},
        f'spec.generate.{name}: Invalid value: "{value}": spec.generate.{name} must be an ISO 8601 time: write it as '
        "2027-01-31T00:00:00Z",
    )


_GENERATE = (
    *(
        _jwk(
            f"generate-needs-{option}",
            {"sourceType": "GENERATE", "generate": {"type": key_type}},
            f"spec.generate.{option}: Required value: spec.generate.{option} is needed for type {key_type}: set it "
            f"to the key's options, such as {example}",
        )
        for key_type, (option, _, example) in _OPTIONS.items()
    ),
    *(
        _jwk(
            f"generate-foreign-{option}",
            {"sourceType": "GENERATE", "generate": {**base, option: options}},
            f"spec.generate.{option}: Forbidden: spec.generate.{option} belongs to type {key_type}; remove it "
            "or change spec.generate.type",
        )
        for key_type, (option, options, _) in _OPTIONS.items()
        for base in ({"type": "EC", "ec": EC_OPTION} if key_type == "RSA" else RSA,)
    ),
    *(
        _jwk(
            f"generate-algorithm-{key_type}-{use}",
            generate(key_type, _OPTIONS[key_type][0], _OPTIONS[key_type][1], keyUseType=use, algorithm="RS256"),
            f"spec.generate.algorithm: Invalid value: spec.generate.algorithm must fit type {key_type} and "
            f"keyUseType {use}: use {fitting}",
        )
        for (key_type, use), fitting in _FITTING.items()
    ),
    *(
        _time("notBeforeTime", value)
        for value in ("tomorrow", "2027-01-31", "2027-02-29T00:00:00Z", "2027-04-31T00:00:00Z", "2027-01-31T24:00:00Z")
    ),
    _time("expirationTime", "2027-01-31 00:00:00"),
    _jwk(
        "generate-times-reversed",
        {
            "sourceType": "GENERATE",
            "generate": {
                **RSA,
                "notBeforeTime": "2027-01-31T00:00:00",
                "expirationTime": "2027-01-31T01:00:00+02:00",
            },
        },
        "spec.generate.expirationTime: Invalid value: spec.generate.expirationTime must be after "
        "spec.generate.notBeforeTime: set a later expirationTime",
    ),
)


def _shown(value: str) -> str:
    return value.replace("\t", "\\t").replace("\n", "\\n").replace("\x00", "\\x00")


_NAME_FAULTS = {
    ".": "cannot be . or .., which have a meaning of their own in a URL: choose another name",
    "..": "cannot be . or .., which have a meaning of their own in a URL: choose another name",
    " a": "cannot begin or end with whitespace: remove it",
    "a\u2003": "cannot begin or end with whitespace: remove it",
    "a\tb": "cannot contain control characters such as line breaks and tabs: remove them",
}


def _name_refusal(path: str, value: str, fault: str) -> str:
    shown = _shown(value).replace("\u2003", "\\u2003")
    return f'{path}: Invalid value: "{shown}": {path} {fault}'


_NAMES = tuple(
    case
    for number, (value, fault) in enumerate(_NAME_FAULTS.items())
    for case in (
        _jwk(f"bad-name-{number}", {**URL, "name": value}, _name_refusal("spec.name", value, fault)),
        _jwk(f"bad-project-{number}", {**URL, "projectName": value}, _name_refusal("spec.projectName", value, fault)),
        *_both(f"bad-project-{number}", {"projectName": value}, _name_refusal("spec.projectName", value, fault)),
    )
)

_OTHER = (
    _jwk(
        "replacement",
        {**URL, "replacement": {"keepOldFor": "24h"}},
        "spec.replacement: Forbidden: spec.replacement belongs to updatePolicy Replace; remove it or "
        "set spec.updatePolicy to Replace",
    ),
    _jwk(
        "keep-old-for",
        {**URL, "updatePolicy": "Replace", "replacement": {"keepOldFor": "1d"}},
        'spec.replacement.keepOldFor: Invalid value: "1d": spec.replacement.keepOldFor must be a duration: write it '
        "as 30s, 10m or 1h30m",
    ),
    _jwk(
        "connection-kind",
        {**URL, "connectionRef": {"kind": "Connection"}},
        'spec.connectionRef.kind: Unsupported value: "Connection": supported values: "ApinizerConnection", '
        '"ClusterApinizerConnection"',
        RULES_LEFT_OUT,
    ),
    _jwk(
        "environment-twice",
        {**URL, "requiredEnvironments": ["a", "a"]},
        'spec.requiredEnvironments[1]: Duplicate value: "a"',
    ),
)

_PATH = "spec.baseUrl can have no path but /apiops, and that may be left out: remove the path after the host and port"
_AUTH = (
    "spec.auth: Invalid value: spec.auth needs exactly one way to log in: set either spec.auth.tokenSecretRef or "
    "spec.auth.clientCredentialsSecretRef"
)
_CONNECTIONS = (
    *(
        case
        for number, url in enumerate(("ftp://h", "h", "https://", "/apiops"))
        for case in _both(
            f"bad-url-{number}",
            {"baseUrl": url},
            f"spec.baseUrl: Invalid value: spec.baseUrl {_BAD_URL} https://HOST or https://HOST:PORT",
            *((f'spec.baseUrl: Invalid value: "{url}": {_PATH}',) if url.startswith("https") and url[8:] else ()),
        )
    ),
    *_both(
        "user",
        {"baseUrl": "https://user:password@h"},
        "spec.baseUrl: Forbidden: spec.baseUrl cannot hold a user name or password: remove them and set spec.auth",
    ),
    *_both(
        "query",
        {"baseUrl": "https://h/?a=b"},
        "spec.baseUrl: Forbidden: spec.baseUrl cannot have a query: remove everything from the ? on",
    ),
    *_both(
        "fragment",
        {"baseUrl": "https://h/#a"},
        "spec.baseUrl: Forbidden: spec.baseUrl cannot have a fragment: remove everything from the # on",
    ),
    *_both("path", {"baseUrl": "https://h/api"}, f'spec.baseUrl: Invalid value: "https://h/api": {_PATH}'),
    *_both(
        "proxy",
        {"proxyUrl": "socks5://user:password@h"},
        f"spec.proxyUrl: Invalid value: spec.proxyUrl {_BAD_URL} http://HOST:PORT",
    ),
    *_both(
        "auth",
        {"auth": {}},
        _AUTH,
    ),
    Case(
        "connection-auth-both",
        NAMESPACED,
        {**CONNECTION, "auth": {**TOKEN, **CLIENT}},
        (_AUTH,),
    ),
    *_both(
        "burst",
        {"burst": 1},
        "spec.burst: Forbidden: spec.burst needs spec.requestsPerSecond: set requestsPerSecond or remove burst",
    ),
    *_both(
        "resync",
        {"resyncInterval": "ten minutes"},
        'spec.resyncInterval: Invalid value: "ten minutes": spec.resyncInterval must be a duration: write it as 30s, '
        "10m or 1h30m",
    ),
)

_TLS = (
    "spec.tls.insecureSkipVerify: Forbidden: spec.tls.insecureSkipVerify and spec.tls.caRef exclude each other: remove "
    "insecureSkipVerify to have certificates checked against caRef"
)


def _reference(path: str, change: Spec, of: str) -> tuple[Case, ...]:
    """Return a reference with a namespace in the namespaced kind, and one without in the cluster-wide kind."""
    group, name = path.split(".")
    namespace = f"spec.{path}.namespace"
    needed = f"{namespace} is needed in a ClusterApinizerConnection:"
    with_namespace = {group: {name: {**change[group][name], "namespace": "n"}}}
    return (
        Case(
            f"connection-namespace-{name}",
            NAMESPACED,
            {**CONNECTION, **with_namespace},
            (f"{namespace}: Forbidden: {namespace} belongs to ClusterApinizerConnection only; remove it",),
        ),
        Case(
            f"cluster-namespace-{name}",
            CLUSTER_WIDE,
            {**CLUSTER, **change},
            (f"{namespace}: Required value: {needed} set it to the namespace of the {of}",),
        ),
    )


def _allowed(identity: str, allowed: Spec, refusal: str) -> Case:
    return Case(f"cluster-allowed-{identity}", CLUSTER_WIDE, {**CLUSTER, "allowedNamespaces": allowed}, (refusal,))


def _expression(identity: str, expression: Spec, refusal: str) -> Case:
    path = "spec.allowedNamespaces.selector.matchExpressions[0].values"
    return _allowed(
        identity,
        {"selector": {"matchExpressions": [{"key": "k", **expression}]}},
        f"{path}: {refusal}",
    )


_NO_ONE = (
    "spec.allowedNamespaces: Required value: spec.allowedNamespaces needs names or selector: list namespaces in "
    "names, or set selector to {} for every namespace"
)
_CLUSTER = (
    Case(
        "connection-tls",
        NAMESPACED,
        {**CONNECTION, "tls": {"insecureSkipVerify": True, "caRef": {"name": "ca"}}},
        (_TLS,),
    ),
    Case(
        "cluster-tls",
        CLUSTER_WIDE,
        {**CLUSTER, "tls": {"insecureSkipVerify": True, "caRef": {"name": "ca", "namespace": "n"}}},
        (_TLS,),
    ),
    *_reference("auth.tokenSecretRef", {"auth": TOKEN}, "Secret"),
    *_reference("auth.clientCredentialsSecretRef", {"auth": CLIENT}, "Secret"),
    *_reference("tls.caRef", {"tls": {"caRef": {"name": "ca"}}}, "Secret or ConfigMap"),
    Case(
        "cluster-allowed-missing",
        CLUSTER_WIDE,
        without(CLUSTER, "allowedNamespaces"),
        ("spec.allowedNamespaces: Required value", RULES_LEFT_OUT),
    ),
    _allowed("nobody", {}, _NO_ONE),
    _allowed("empty", {"names": []}, _NO_ONE),
    _expression(
        "values-needed",
        {"operator": "In"},
        "Required value: spec.allowedNamespaces.selector: operator In and NotIn need values: list at least one",
    ),
    _expression(
        "values-foreign",
        {"operator": "Exists", "values": ["a"]},
        "Forbidden: spec.allowedNamespaces.selector: operator Exists and DoesNotExist take no values: remove them",
    ),
)

BAD: tuple[Case, ...] = (*_BELONGING, *_URLS, *_ALGORITHMS, *_GENERATE, *_NAMES, *_OTHER, *_CONNECTIONS, *_CLUSTER)
