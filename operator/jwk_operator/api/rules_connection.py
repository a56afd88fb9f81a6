"""Validation rules of the two kinds of connection."""

from __future__ import annotations

from collections.abc import Iterator

from jwk_operator.api.rules import FORBIDDEN, REQUIRED, Rule, duration_rule, http_url_rule, remote_name_rules

_URL = "spec.baseUrl"

_BASE_URL_RULES = (
    http_url_rule("spec", "baseUrl", "https://HOST or https://HOST:PORT"),
    Rule(
        _URL,
        "!self.matches('^[^/]*//[^/?#]*@')",
        "spec.baseUrl cannot hold a user name or password: remove them and set spec.auth",
        reason=FORBIDDEN,
    ),
    Rule(
        _URL,
        "!self.contains('?')",
        "spec.baseUrl cannot have a query: remove everything from the ? on",
        reason=FORBIDDEN,
    ),
    Rule(
        _URL,
        "!self.contains('#')",
        "spec.baseUrl cannot have a fragment: remove everything from the # on",
        reason=FORBIDDEN,
    ),
    # this refusal repeats the URL to show its path: the rules above have their say first where it may hold credentials
    Rule(
        _URL,
        "!isURL(self) || self.matches('^/|[@?#]') || url(self).getEscapedPath() in ['', '/', '/apiops', '/apiops/']",
        "spec.baseUrl can have no path but /apiops, and that may be left out: remove the path after the host and port",
    ),
)

_COMMON_RULES = (
    *_BASE_URL_RULES,
    *remote_name_rules("spec.projectName"),
    Rule(
        "spec.auth",
        "has(self.tokenSecretRef) != has(self.clientCredentialsSecretRef)",
        "spec.auth needs exactly one way to log in: set either spec.auth.tokenSecretRef or "
        "spec.auth.clientCredentialsSecretRef",
    ),
    Rule(
        "spec.tls",
        "!has(self.caRef) || !self.insecureSkipVerify",
        "spec.tls.insecureSkipVerify and spec.tls.caRef exclude each other: remove insecureSkipVerify to have "
        "certificates checked against caRef",
        ".insecureSkipVerify",
        FORBIDDEN,
    ),
    http_url_rule("spec", "proxyUrl", "http://HOST:PORT"),
    Rule(
        "spec",
        "!has(self.proxyUrl) || !self.proxyUrl.matches('^[^/]*//[^/?#]*@')",
        "spec.proxyUrl cannot hold a user name or password: remove them and set spec.proxyAuthSecretRef",
        ".proxyUrl",
        FORBIDDEN,
    ),
    Rule(
        "spec",
        "!has(self.proxyAuthSecretRef) || has(self.proxyUrl)",
        "spec.proxyAuthSecretRef needs spec.proxyUrl: set proxyUrl or remove proxyAuthSecretRef",
        ".proxyAuthSecretRef",
        FORBIDDEN,
    ),
    Rule(
        "spec",
        "!has(self.burst) || has(self.requestsPerSecond)",
        "spec.burst needs spec.requestsPerSecond: set requestsPerSecond or remove burst",
        ".burst",
        FORBIDDEN,
    ),
    duration_rule("spec.resyncInterval"),
)

# `namespace` is a reserved word in CEL and is written with underscores there.
_NAMESPACE = "__namespace__"
_REFS = (
    ("spec.auth.tokenSecretRef", "Secret"),
    ("spec.auth.clientCredentialsSecretRef", "Secret"),
    ("spec.tls.caRef", "Secret or ConfigMap"),
    ("spec.proxyAuthSecretRef", "Secret"),
)


def _namespace_refused() -> Iterator[Rule]:
    for path, _ in _REFS:
        yield Rule(
            path,
            f"!has(self.{_NAMESPACE})",
            f"{path}.namespace belongs to ClusterApinizerConnection only; remove it",
            ".namespace",
            FORBIDDEN,
        )


def _namespace_needed() -> Iterator[Rule]:
    for path, kind in _REFS:
        yield Rule(
            path,
            f"has(self.{_NAMESPACE})",
            f"{path}.namespace is needed in a ClusterApinizerConnection: set it to the namespace of the {kind}",
            ".namespace",
            REQUIRED,
        )


_ALLOWED = "spec.allowedNamespaces"
_REQUIREMENT = f"{_ALLOWED}.selector.matchExpressions[]"
_ALLOWED_RULES = (
    Rule(
        _ALLOWED,
        "has(self.selector) || (has(self.names) && size(self.names) > 0)",
        "spec.allowedNamespaces needs names or selector: list namespaces in names, or set selector to {} for "
        "every namespace",
        reason=REQUIRED,
    ),
    Rule(
        _REQUIREMENT,
        "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
        "spec.allowedNamespaces.selector: operator In and NotIn need values: list at least one",
        ".values",
        REQUIRED,
    ),
    Rule(
        _REQUIREMENT,
        "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
        "spec.allowedNamespaces.selector: operator Exists and DoesNotExist take no values: remove them",
        ".values",
        FORBIDDEN,
    ),
)

CONNECTION_RULES: tuple[Rule, ...] = (*_COMMON_RULES, *_namespace_refused())
CLUSTER_CONNECTION_RULES: tuple[Rule, ...] = (*_COMMON_RULES, *_namespace_needed(), *_ALLOWED_RULES)
