"""Objects that the API server accepts and refuses, with the refusals word for word."""

from __future__ import annotations

from typing import Any

from crd.case import Case, Spec, jwk, without
from crd.generate_cases import ECDH, GENERATE, GENERATE_BAD, GENERATE_GOOD, OCT_WRAP, RSA

LOOKED_UP: Spec = {"environmentName": "production", "useType": "SIGNATURE", "algorithm": "RS256"}
URL: Spec = {"sourceType": "URL", "url": "https://idp.example/jwks"}
PASTE: Spec = {"sourceType": "COPY_PASTE", "jwkStr": '{"kty":"oct"}'}
FROM: Spec = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
CERTIFICATE: Spec = {"sourceType": "CERTIFICATE", "certificateName": "c", **LOOKED_UP}
PUBLIC_KEY: Spec = {"sourceType": "PUBLIC_KEY", "keyName": "k", **LOOKED_UP}
PRIVATE_KEY: Spec = {"sourceType": "PRIVATE_KEY", "keyName": "k", **LOOKED_UP}
KEYSTORE: Spec = {"sourceType": "KEYSTORE", "keyStoreName": "s", "aliasName": "a", **LOOKED_UP}

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

NAMESPACED = "ApinizerConnection"
CLUSTER_WIDE = "ClusterApinizerConnection"


def _both(identity: str, change: Spec, *refusals: str) -> tuple[Case, ...]:
    return (
        Case(f"connection-{identity}", NAMESPACED, {**CONNECTION, **change}, refusals),
        Case(f"cluster-{identity}", CLUSTER_WIDE, {**CLUSTER, **change}, refusals),
    )


NAMES = ("a/b c%20d", "Schlüssel ключ 鍵", "...", "a.b", "%2e%2e")

GOOD: tuple[Case, ...] = (
    jwk("url", URL),
    jwk("url-options", {**URL, "urlOptionConnectTimeout": 1, "urlOptionReadTimeout": 2, "urlOptionSizeLimit": 3}),
    jwk("url-kid", {**URL, "kid": "one", "url": "HTTP://[::1]:8080/jwks?x=y"}),
    jwk("paste", PASTE),
    jwk("paste-kid", {**PASTE, "kid": "one"}),
    jwk("from", FROM),
    jwk("certificate", CERTIFICATE),
    jwk("public-key", PUBLIC_KEY),
    jwk("private-key", PRIVATE_KEY),
    jwk("keystore", KEYSTORE),
    *GENERATE_GOOD,
    jwk("encryption", {**CERTIFICATE, "useType": "ENCRYPTION", "algorithm": "RSA-OAEP-256"}),
    jwk("replace", {**URL, "updatePolicy": "Replace", "replacement": {"keepOldFor": "1h30m"}}),
    jwk("defaulted-connection", {**URL, "connectionRef": {}}),
    jwk("environments", {**URL, "requiredEnvironments": ["a", "b"]}),
    *(
        jwk(f"adopt-{source.lower()}", {"sourceType": source, "adoptionPolicy": "IfMatching"})
        for source in ("URL", "COPY_PASTE", "CERTIFICATE", "PUBLIC_KEY", "PRIVATE_KEY", "KEYSTORE", "GENERATE")
    ),
    jwk("adopt-algorithm", {**without(CERTIFICATE, "useType"), "algorithm": "ES256K", "adoptionPolicy": "IfMatching"}),
    *(jwk(f"name-{number}", {**URL, "name": name, "projectName": name}) for number, name in enumerate(NAMES)),
    *_both("plain", {}),
    *(
        case
        for number, address in enumerate(
            ("http://h", "https://h:8443/", "https://h/apiops", "https://[::1]:8443/apiops/", "HTTPS://h")
        )
        for case in _both(f"url-{number}", {"baseUrl": address})
    ),
    *_both("limits", {"requestsPerSecond": 5, "burst": 10, "resyncInterval": "0s"}),
    *_both("proxy", {"proxyUrl": "http://proxy.example:3128"}),
    Case(
        "connection-proxy-auth",
        NAMESPACED,
        {**CONNECTION, "proxyUrl": "https://proxy.example", "proxyAuthSecretRef": {"name": "proxy"}},
    ),
    Case(
        "cluster-proxy-auth",
        CLUSTER_WIDE,
        {**CLUSTER, "proxyUrl": "http://h", "proxyAuthSecretRef": {"name": "proxy", "namespace": "n"}},
    ),
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
    return jwk(f"needed-{name}-{spec['sourceType']}", without(spec, name), refusal)


def _foreign(name: str, value: Any, spec: Spec, types: str) -> Case:
    refusal = f"spec.{name}: Forbidden: spec.{name} belongs to sourceType {types}; remove it or change spec.sourceType"
    return jwk(f"foreign-{name}", {**spec, name: value}, refusal)


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
    jwk(
        "paste-neither",
        without(PASTE, "jwkStr"),
        "spec.jwkStr: Required value: spec.jwkStr or spec.jwkStrFrom is needed for sourceType COPY_PASTE: "
        "set spec.jwkStr to the JWK or JWK Set, or spec.jwkStrFrom to the Secret that holds it",
    ),
    jwk(
        "paste-both",
        {**PASTE, **FROM},
        "spec.jwkStr: Forbidden: spec.jwkStr and spec.jwkStrFrom exclude each other: keep one of them",
    ),
)

_PROXY_AUTH_ALONE = (
    "spec.proxyAuthSecretRef: Forbidden: spec.proxyAuthSecretRef needs spec.proxyUrl: set proxyUrl or remove "
    "proxyAuthSecretRef"
)
_PROXY_NAMESPACE = (
    "spec.proxyAuthSecretRef.namespace: Forbidden: spec.proxyAuthSecretRef.namespace belongs to "
    "ClusterApinizerConnection only; remove it"
)
_PROXY_NAMESPACE_NEEDED = (
    "spec.proxyAuthSecretRef.namespace: Required value: spec.proxyAuthSecretRef.namespace is needed in a "
    "ClusterApinizerConnection: set it to the namespace of the Secret"
)
_BAD_URL = "must be an absolute http or https URL with a host: write it as"
_NO_URLS = (
    *("ftp://h/", "/jwks", "h/jwks", "https://", "https://:80/", "http://a b/"),
    # these can be read as request targets, and not as URLs
    *("//u:p@h:x", "//%41", "https://u:p@h/?a#%zz"),
)
_URLS = (
    *(
        jwk(f"url-bad-{number}", {**URL, "url": url}, f"spec.url: Invalid value: spec.url {_BAD_URL} https://HOST/PATH")
        for number, url in enumerate(_NO_URLS)
    ),
)

SIGNATURE = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, HS256, HS384, HS512, EdDSA"
ENCRYPTION = f"RSA1_5, RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512, {ECDH}, {OCT_WRAP}"


def _algorithm(use: str | None, algorithm: str, text: str) -> Case:
    spec = {**CERTIFICATE, "algorithm": algorithm, "useType": use}
    if use is None:
        spec = {**without(spec, "useType"), "adoptionPolicy": "IfMatching"}
    return jwk(f"algorithm-{use}-{algorithm}", spec, f"spec.algorithm: Invalid value: spec.algorithm{text}")


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
        jwk(f"bad-name-{number}", {**URL, "name": value}, _name_refusal("spec.name", value, fault)),
        jwk(f"bad-project-{number}", {**URL, "projectName": value}, _name_refusal("spec.projectName", value, fault)),
        *_both(f"bad-project-{number}", {"projectName": value}, _name_refusal("spec.projectName", value, fault)),
    )
)

_OTHER = (
    jwk(
        "replacement",
        {**URL, "replacement": {"keepOldFor": "24h"}},
        "spec.replacement: Forbidden: spec.replacement belongs to updatePolicy Replace; remove it or "
        "set spec.updatePolicy to Replace",
    ),
    jwk(
        "keep-old-for",
        {**URL, "updatePolicy": "Replace", "replacement": {"keepOldFor": "1d"}},
        'spec.replacement.keepOldFor: Invalid value: "1d": spec.replacement.keepOldFor must be a duration: write it '
        "as 30s, 10m or 1h30m",
    ),
    jwk(
        "connection-kind",
        {**URL, "connectionRef": {"kind": "Connection"}},
        'spec.connectionRef.kind: Unsupported value: "Connection": supported values: "ApinizerConnection", '
        '"ClusterApinizerConnection"',
        RULES_LEFT_OUT,
    ),
    jwk(
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
        {"proxyUrl": "socks5://h"},
        f"spec.proxyUrl: Invalid value: spec.proxyUrl {_BAD_URL} http://HOST:PORT",
    ),
    *_both(
        "proxy-user",
        {"proxyUrl": "http://user:password@proxy.example:3128"},
        "spec.proxyUrl: Forbidden: spec.proxyUrl cannot hold a user name or password: remove them and set "
        "spec.proxyAuthSecretRef",
    ),
    Case(
        "connection-proxy-auth-alone",
        NAMESPACED,
        {**CONNECTION, "proxyAuthSecretRef": {"name": "proxy"}},
        (_PROXY_AUTH_ALONE,),
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
        "cluster-proxy-auth-alone",
        CLUSTER_WIDE,
        {**CLUSTER, "proxyAuthSecretRef": {"name": "proxy", "namespace": "n"}},
        (_PROXY_AUTH_ALONE,),
    ),
    Case(
        "connection-proxy-auth-namespace",
        NAMESPACED,
        {**CONNECTION, "proxyUrl": "http://h", "proxyAuthSecretRef": {"name": "proxy", "namespace": "n"}},
        (_PROXY_NAMESPACE,),
    ),
    Case(
        "cluster-proxy-auth-namespace",
        CLUSTER_WIDE,
        {**CLUSTER, "proxyUrl": "http://h", "proxyAuthSecretRef": {"name": "proxy"}},
        (_PROXY_NAMESPACE_NEEDED,),
    ),
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

BAD: tuple[Case, ...] = (*_BELONGING, *_URLS, *_ALGORITHMS, *GENERATE_BAD, *_NAMES, *_OTHER, *_CONNECTIONS, *_CLUSTER)
