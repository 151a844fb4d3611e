"""What the errors of Kafka's clients mean, those in Python and those in Flink, in words and with a mend.

A table of what librdkafka and Kafka's own client say, as they say it. Knows no client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.connections.kafka.description import Kafka


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong, and what to do about it. A final one does not pass by waiting."""

    message: str
    hint: str
    code: str
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    pattern: re.Pattern[str]
    message: str
    hint: str
    is_final: bool = True


def _row(code: str, pattern: str, message: str, hint: str, is_final: bool = True) -> _Row:
    return _Row(code, re.compile(pattern, re.IGNORECASE | re.DOTALL), message, hint, is_final)


_WHERE = "in servers.kafka.external"
_FROM_THE_START = (
    "what is gone cannot be decided; to go on with what is there: fraudctl job stop, "
    "fraudctl job reset-offsets --to earliest, fraudctl job submit"
)
_TABLE = (
    _row(
        "kafka_name",
        r"failed to resolve '(?P<what>[^']+)'|dns resolution failed for (?P<host>\S+)"
        r"|no resolvable bootstrap",
        "the name {what} cannot be resolved",
        f"see that bootstrap {_WHERE} is right, and that this machine's DNS knows it",
    ),
    _row(
        "kafka_token",
        r"failed to acquire sasl oauthbearer token|token endpoint|token retrieval|access token"
        r"|invalid_client|unauthorized_client|IAM.*token|unable to load credentials|NoCredentials",
        "no token was given: {detail}",
        f"see that token_url, client_id and client_secret_file {_WHERE} are right; "
        "for aws_iam: that AWS's tools find credentials here",
    ),
    _row(
        "kafka_certificate_ended",
        r"certificate has expired|certificate expired|CertificateExpired|certificate is not yet valid"
        r"|CertificateNotYetValid",
        "a certificate of the broker, or the one shown to it, is not valid now",
        f"renew it; whether it is our own shows: openssl x509 -enddate -noout -in CERT_FILE {_WHERE}",
    ),
    _row(
        "kafka_own_certificate",
        r"alert (certificate required|bad certificate|unknown ca|certificate unknown|handshake failure)"
        r"|fatal alert: (certificate_required|bad_certificate|unknown_ca|certificate_unknown)",
        "the broker does not accept the client's certificate",
        f"see that cert_file and key_file {_WHERE} are those that the broker's CA has signed",
    ),
    _row(
        "kafka_host_name",
        r"(hostname|ip address) mismatch|no subject alternative|no name matching",
        "the broker's certificate is for another name than the one it is reached by",
        f"name the broker in bootstrap {_WHERE} as its certificate does",
    ),
    _row(
        "kafka_ca",
        r"certificate verify failed|could not be verified|PKIX path|unable to find valid certification path"
        r"|signed certificate in certificate chain",
        "the broker's certificate is not one of a CA that is trusted here",
        f"name the file with the broker's CA as ca_file {_WHERE}",
    ),
    _row(
        "kafka_no_tls",
        r"wrong version number|PLAINTEXT broker listener|plaintext connection\?|not an SSL/TLS record",
        "the broker does not speak TLS there",
        f"see which listener the port {_WHERE} belongs to, and security there",
    ),
    _row(
        "kafka_mechanism",
        r"unsupported sasl mechanism|UnsupportedSaslMechanism|client mechanism|no worthy mech"
        r"|enabled mechanisms are",
        "the broker does not offer the mechanism of security {security}",
        f"see security and mechanism {_WHERE}, and the broker's sasl.enabled.mechanisms",
    ),
    _row(
        "kafka_password",
        r"authentication failed|invalid credentials|SaslAuthenticationException|authentication error",
        "the broker does not accept {who}",
        f"see that the user and what is in its file {_WHERE} are those that the broker knows",
    ),
    _row(
        "kafka_permission",
        r"not authorized to access (?P<what>[^:.]+: ?\[?[^\]\n]+)|(?P<kind>topic|group|cluster)[ _]"
        r"(authorization|access)[ _](failed|denied)|authorization failed",
        "{who} has no permission: {detail}",
        "give it the ACL on the broker: fraudctl grants kafka prints what this profile needs",
    ),
    _row(
        "kafka_copies",
        r"not enough (in-sync )?replicas|NotEnoughReplicas",
        "too few of the topic's copies are there to take a record",
        "see which brokers are down; writing goes on when min.insync.replicas copies are back",
        is_final=False,
    ),
    _row(
        "kafka_gap",
        r"Fetch position FetchPosition\{offset=(?P<what>\d+)\b.*? out of range for partition (?P<at>\S+)",
        "the log of {at} no longer holds what was to be read next, offset {what}",
        _FROM_THE_START,
    ),
    _row(
        "kafka_gap",
        r"the log of (?P<at>\S+) has the offsets from \d+ to before \d+, and (?P<what>\d+) was to be",
        "the log of {at} no longer holds what was to be read next, offset {what}",
        _FROM_THE_START,
    ),
    _row(
        "kafka_gap",
        r"the log of (?P<at>\S+) has been cut off and written anew before offset (?P<what>\d+)",
        "the log of {at} has been cut off and written anew before offset {what}: records have been lost",
        _FROM_THE_START,
    ),
    _row(
        "kafka_away",
        r"connection refused|connection could not be established|connection setup timed out",
        "nothing listens there",
        f"see that the brokers run, and that bootstrap {_WHERE} is right",
        is_final=False,
    ),
)
_SHOWN = 300


def explain(kafka: Kafka, text: str) -> Said | None:
    """What an error means; None for one that is not in the table. No secret is in any of these texts."""
    for row in _TABLE:
        if found := row.pattern.search(text):
            named = {name: value for name, value in found.groupdict().items() if value}
            what = named.get("what") or named.get("host") or str(kafka)
            parts = {"what": what, "at": named.get("at"), "detail": _short(text), "who": _who(kafka)}
            said = row.message.format(security=kafka.security, **parts)
            return Said(said, row.hint, row.code, row.is_final)
    return None


def _who(kafka: Kafka) -> str:
    """Whom the broker takes a client of this description for."""
    name = kafka.username or kafka.client_id or kafka.role_arn
    if name:
        return f"{name!r} with what is in its file" if kafka.is_sasl else repr(name)
    return "this client" if kafka.cert_file is None else f"the client of {kafka.cert_file}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
