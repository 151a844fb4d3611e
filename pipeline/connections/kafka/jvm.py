"""The properties of Kafka's clients in the JVM: those of the job, which Flink makes where its tasks run.

They travel with the job and are seen by whoever may ask Flink, so they hold no secret: only references such
as `${fraudctl:jaas:/path}`, which the kernel's `SecretFiles` reads when a client is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from pipeline.connections import tls
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.tls import TlsFiles

_MODULES = "org.apache.kafka.common.security"
_AWS = "software.amazon.msk.auth.iam"
PROVIDERS = {
    "config.providers": "fraudctl",
    "config.providers.fraudctl.class": "fraudctl.kernel.connection.SecretFiles",
}
"""What reads the files that references name."""


def properties(kafka: Kafka) -> dict[str, str]:
    """By Kafka's own names, without `bootstrap.servers`; empty for a cluster without security.

    Raises BadFile for what the JVM's client could not use, before a job is submitted that would only fail.
    """
    tls.check(kafka.tls_files)
    for file in kafka.secret_files:
        tls.secret(file)
    transport = "SSL" if kafka.is_encrypted else "PLAINTEXT"
    if not kafka.is_sasl and not kafka.is_encrypted:
        return {}
    found = dict(PROVIDERS)
    found["security.protocol"] = f"SASL_{transport}" if kafka.is_sasl else transport
    if kafka.is_encrypted:
        found |= tls_properties(kafka.tls_files)
    if kafka.is_sasl:
        found |= _SASL[kafka.security](kafka)
    return found


def tls_properties(files: TlsFiles) -> dict[str, str]:
    """Those of TLS alone; the references in them need `PROVIDERS`."""
    found: dict[str, str] = {}
    if files.ca_file:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(files.ca_file)}
    if files.cert_file and files.key_file:
        found["ssl.keystore.type"] = "PEM"
        found["ssl.keystore.certificate.chain"] = reference("text", files.cert_file)
        found["ssl.keystore.key"] = reference("key", files.key_file)
    if files.key_password_file:
        found["ssl.key.password"] = reference("line", files.key_password_file)
    return found


def _password(kafka: Kafka) -> dict[str, str]:
    is_plain = kafka.security == "plain"
    module = f"{_MODULES}.plain.PlainLoginModule" if is_plain else f"{_MODULES}.scram.ScramLoginModule"
    mechanism = "PLAIN" if is_plain else kafka.mechanism or "SCRAM-SHA-512"
    options = {"username": _quoted(kafka.username or ""), "password": _secret(kafka.password_file)}
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": _jaas(module, options)}


def _oauth(kafka: Kafka) -> dict[str, str]:
    options = {"clientId": _quoted(kafka.client_id or ""), "clientSecret": _secret(kafka.client_secret_file)}
    if kafka.scope:
        options["scope"] = _quoted(kafka.scope)
    if kafka.token_ca_file:
        options["ssl.truststore.type"] = "PEM"
        options["ssl.truststore.location"] = _quoted(str(kafka.token_ca_file))
    url = kafka.token_url or ""
    return {
        "config.providers.fraudctl.param.token.url": url,
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.token.endpoint.url": url,
        "sasl.login.callback.handler.class": f"{_MODULES}.oauthbearer.OAuthBearerLoginCallbackHandler",
        "sasl.jaas.config": _jaas(f"{_MODULES}.oauthbearer.OAuthBearerLoginModule", options),
    }


def _aws(kafka: Kafka) -> dict[str, str]:
    options = {"awsStsRegion": _quoted(kafka.region or "")}
    if kafka.role_arn:
        options["awsRoleArn"] = _quoted(kafka.role_arn)
    return {
        "config.providers.fraudctl.param.aws.region": kafka.region or "",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.login.callback.handler.class": f"{_AWS}.IAMOAuthBearerLoginCallbackHandler",
        "sasl.jaas.config": _jaas(f"{_MODULES}.oauthbearer.OAuthBearerLoginModule", options),
    }


_SASL: Mapping[str, Callable[[Kafka], dict[str, str]]] = {
    "scram": _password,
    "plain": _password,
    "oauth": _oauth,
    "aws_iam": _aws,
}


def _jaas(module: str, options: Mapping[str, str]) -> str:
    return f"{module} required {' '.join(f'{name}={value}' for name, value in options.items())};"


def _secret(path: Path | None) -> str:
    assert path is not None
    return f'"{reference("jaas", path)}"'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def reference(form: str, path: Path) -> str:
    """The content of a file, in that form; see `SecretFiles`. Its path is written as in a URL."""
    return f"${{fraudctl:{form}:{quote(str(path))}}}"
