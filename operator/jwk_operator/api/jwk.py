"""The spec of a JWK: the create request's own fields, flat, and how this operator is to treat them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from jwk_operator.api.algorithms import UseType
from jwk_operator.api.base import LIST_SET, ApiModel, Duration


class SourceType(StrEnum):
    """Where the key comes from: the create call's `sourceType`, and GENERATE for the generate call."""

    URL = "URL"
    COPY_PASTE = "COPY_PASTE"
    CERTIFICATE = "CERTIFICATE"
    PUBLIC_KEY = "PUBLIC_KEY"
    PRIVATE_KEY = "PRIVATE_KEY"
    KEYSTORE = "KEYSTORE"
    GENERATE = "GENERATE"

    @property
    def linked(self) -> bool:
        """Whether Apinizer keeps a link to the source, which every update call cuts."""
        return self not in (SourceType.COPY_PASTE, SourceType.GENERATE)


class ConnectionKind(StrEnum):
    """The two kinds of connection."""

    NAMESPACED = "ApinizerConnection"
    CLUSTER = "ClusterApinizerConnection"


class UpdatePolicy(StrEnum):
    """What a change of the key's source does."""

    IMMUTABLE = "Immutable"
    REPLACE = "Replace"


class DeletionPolicy(StrEnum):
    """What happens remotely when the resource goes."""

    DELETE = "Delete"
    RETAIN = "Retain"


class AdoptionPolicy(StrEnum):
    """What a remote JWK of that name, made by somebody else, means."""

    NEVER = "Never"
    IF_MATCHING = "IfMatching"


class RedeployPolicy(StrEnum):
    """Whether environments that failed are repaired."""

    AUTO = "Auto"
    ALWAYS = "Always"
    NEVER = "Never"


EnvironmentName = Annotated[str, Field(min_length=1, max_length=253)]


class ConnectionRef(ApiModel):
    """Which connection a JWK uses."""

    kind: ConnectionKind = Field(ConnectionKind.NAMESPACED, description="Kind of the connection.")
    name: str = Field("default", min_length=1, max_length=253, description="Name of the connection.")


class SecretKeyRef(ApiModel):
    """One key of a Secret in the namespace of the resource that refers to it."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    key: str = Field(min_length=1, max_length=253, description="Key within the Secret's data.")


class JwkStrSource(ApiModel):
    """Where the JWK string is read from instead of `jwkStr`."""

    secret_key_ref: SecretKeyRef = Field(description="A key of a Secret in the same namespace as the JWK.")


class KeyIdType(StrEnum):
    """How Apinizer makes the key ID of a generated key."""

    TIMESTAMP = "TIMESTAMP"
    SHA256 = "SHA256"
    SHA1 = "SHA1"
    ISO_DATE = "ISO_DATE"
    NONE = "NONE"


class GenerateRsa(ApiModel):
    """Options of a generated RSA key."""

    key_size: Literal[2048, 3072, 4096] = Field(description="Size of the key in bits: 2048, 3072 or 4096.")


class GenerateEc(ApiModel):
    """Options of a generated EC key."""

    curve_type: Literal["P256", "P384", "P521", "SECP256K1"] = Field(description="Curve of the key.")


class GenerateOct(ApiModel):
    """Options of a generated symmetric key."""

    key_size: Literal[128, 192, 256] = Field(description="Size of the key in bits: 128, 192 or 256.")
    password_salt_length: int | None = Field(
        None, ge=1, le=1024, description="Length of the salt in bytes; Apinizer's default is 8."
    )
    password_iteration_count: int | None = Field(
        None, ge=1, le=10_000_000, description="Number of iterations; Apinizer's default is 1000."
    )


class GenerateOkp(ApiModel):
    """Options of a generated OKP key."""

    curve_type: Literal["ED25519", "X25519"] = Field(description="Curve of the key.")


class Generate(ApiModel):
    """The generate call's options: Apinizer makes the key, so that it is neither in Git nor in the cluster."""

    type: Literal["RSA", "EC", "OCT", "OKP"] = Field(
        description="Key type; the object of the same name gives its options."
    )
    kid: str | None = Field(None, min_length=1, max_length=255, description="Key ID; without it `keyIdType` decides.")
    rsa: GenerateRsa | None = Field(None, description="Options of an RSA key.")
    ec: GenerateEc | None = Field(None, description="Options of an EC key.")
    oct: GenerateOct | None = Field(None, description="Options of a symmetric key.")
    okp: GenerateOkp | None = Field(None, description="Options of an OKP key.")
    key_use_type: UseType | None = Field(None, description="What the key is for; Apinizer's default is SIGNATURE.")
    algorithm: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Algorithm in the spelling of the generate call, e.g. RSA256 or ECDH_ES_A128KW.",
    )
    key_id_type: KeyIdType | None = Field(None, description="How the key ID is made; Apinizer's default is TIMESTAMP.")
    not_before_time: str | None = Field(
        None, max_length=64, description="Start of validity, ISO 8601, e.g. 2027-01-31T00:00:00Z; default now."
    )
    expiration_time: str | None = Field(
        None, max_length=64, description="End of validity, ISO 8601, e.g. 2028-01-31T00:00:00Z; default one year on."
    )


class Replacement(ApiModel):
    """How a replacement under `updatePolicy: Replace` treats the old key."""

    keep_old_for: Duration | None = Field(
        None,
        description="How long the old key stays under another name, e.g. `24h`; without it the old key goes at once.",
    )


class JWKSpec(ApiModel):
    """What is wished for remotely. Fields up to `algorithm` are those of Apinizer's create request."""

    name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Name of the JWK in Apinizer, unique within the project; default is metadata.name.",
    )
    description: str | None = Field(None, max_length=4096, description="Description of the JWK in Apinizer.")
    source_type: SourceType = Field(description="Where the key comes from.")
    url: str | None = Field(
        None, min_length=1, max_length=2048, description="Where Apinizer fetches the JWK or JWK Set. Needed for URL."
    )
    url_option_connect_timeout: int | None = Field(
        None,
        ge=1,
        le=600_000,
        description="Connect time-out of Apinizer's fetch in milliseconds; its default is 5000. URL only.",
    )
    url_option_read_timeout: int | None = Field(
        None,
        ge=1,
        le=600_000,
        description="Read time-out of Apinizer's fetch in milliseconds; its default is 10000. URL only.",
    )
    url_option_size_limit: int | None = Field(
        None,
        ge=1,
        le=1_073_741_824,
        description="Largest answer that Apinizer's fetch accepts in bytes; its default is 1048576. URL only.",
    )
    jwk_str: str | None = Field(
        None,
        min_length=1,
        max_length=262_144,
        description="A JWK or JWK Set as a JSON string. COPY_PASTE only; prefer `jwkStrFrom` for a key with private "
        "members.",
    )
    jwk_str_from: JwkStrSource | None = Field(
        None, description="Reads the JWK string from a Secret instead of `jwkStr`. COPY_PASTE only."
    )
    kid: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Which key of a JWK Set. URL and COPY_PASTE only; needed for a set.",
    )
    certificate_name: str | None = Field(
        None, min_length=1, max_length=255, description="Name of the certificate in Apinizer. Needed for CERTIFICATE."
    )
    key_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Name of the key in Apinizer. Needed for PUBLIC_KEY and PRIVATE_KEY.",
    )
    key_store_name: str | None = Field(
        None, min_length=1, max_length=255, description="Name of the keystore in Apinizer. Needed for KEYSTORE."
    )
    alias_name: str | None = Field(
        None, min_length=1, max_length=255, description="Alias within the keystore. Needed for KEYSTORE."
    )
    environment_name: EnvironmentName | None = Field(
        None,
        description="Environment in which the certificate, key or keystore is looked up. Needed for CERTIFICATE, "
        "PUBLIC_KEY, PRIVATE_KEY and KEYSTORE.",
    )
    use_type: UseType | None = Field(
        None, description="What the key is for. Needed for CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY and KEYSTORE."
    )
    algorithm: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Name of an algorithm that fits `useType`, e.g. RS256; never a key type such as RSA. Needed for "
        "CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY and KEYSTORE.",
    )
    connection_ref: ConnectionRef = Field(
        default_factory=lambda: ConnectionRef(),
        description="Which connection to use. Immutable.",
        json_schema_extra={"default": {}},
    )
    project_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Project in Apinizer; needed exactly when the connection names none. Immutable.",
    )
    generate: Generate | None = Field(
        None, description="Lets Apinizer make the key. Needed for GENERATE, and only allowed there."
    )
    update_policy: UpdatePolicy = Field(
        UpdatePolicy.IMMUTABLE,
        description="What a change of the key's source does: Immutable refuses it, Replace makes a new remote JWK and "
        "removes the old.",
    )
    replacement: Replacement | None = Field(None, description="Options of `updatePolicy: Replace`.")
    deletion_policy: DeletionPolicy = Field(
        DeletionPolicy.DELETE,
        description="What happens to the remote JWK when this resource is deleted: Delete or Retain it.",
    )
    adoption_policy: AdoptionPolicy = Field(
        AdoptionPolicy.NEVER,
        description="An existing remote JWK of that name: Never makes it a conflict, IfMatching takes it over when "
        "what the project's list shows matches.",
    )
    redeploy_policy: RedeployPolicy = Field(
        RedeployPolicy.AUTO,
        description="Repair of environments that failed: Auto redeploys where that does not detach the JWK from its "
        "source, Always regardless, Never only reports.",
    )
    required_environments: list[EnvironmentName] | None = Field(
        None,
        max_length=64,
        description="Environments that decide Ready; default is every environment that Apinizer reported.",
        json_schema_extra=LIST_SET,
    )
    suspend: bool = Field(
        False,
        description="No remote change while true. Deleted meanwhile, the resource lets go without deleting the remote "
        "JWK.",
    )
