"""Clients of AWS services and of what stands in for them, built in one place: proxies, credentials, roles.

A credentials file is looked at again for each request, so a new key is taken up by itself; the credentials of
a role are fetched anew before they run out.
"""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.connections.proxies import on_loopback
from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.trouble import Trouble

if TYPE_CHECKING:
    from botocore.config import Config

ROLE: Final = ("the ARN of a role", "arn:[a-z-]+:iam::[0-9]{12}:role/.+")
"""what a role is called, and the form of it"""

_NOT_WHO = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "AuthFailure",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
_NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_FORM: Final = (
    "the credentials file needs ACCESS_KEY_ID:SECRET_ACCESS_KEY, or a section with"
    " aws_access_key_id and aws_secret_access_key"
)


@dataclass(frozen=True, slots=True)
class Access:
    """As whom: with these credentials, else as AWS tools find them, in a role if one is named.

    `ca_file` has the authorities of the endpoint's certificate, if not those of this machine.
    """

    secret: Secret = None
    role: str | None = None
    ca_file: Path | None = None


class Keys(NamedTuple):
    """Credentials as AWS calls them."""

    access_key: str
    secret_key: str
    token: str | None = None


def client(service: str, settings: Config, access: Access | None = None, **options: Any) -> Any:
    """A client of that service, safe for many threads; what is on loopback it asks past every proxy.

    `options` are those of boto3. Where they name no region, AWS_REGION may, which AWS' own command takes and
    boto3 does not. Where they name no endpoint, the environment and the files of AWS tools may,
    so the client itself is asked where it leads. Raises what boto3 raises, OSError, and ValueError for
    credentials of another form.
    """
    # Profiles are read by what a sink can be told, and that shall not cost boto3's quarter of a second.
    import boto3
    from botocore.config import Config

    access = access or Access()
    options["region_name"] = options.get("region_name") or os.environ.get("AWS_REGION") or None
    if access.ca_file is not None:
        options["verify"] = str(access.ca_file)
    of_botocore = _session(access, options["region_name"])
    session = boto3.session.Session(botocore_session=of_botocore)
    places = of_botocore.get_component("data_loader").search_paths
    places[:] = dict.fromkeys(places)  # each session of boto3 adds its own
    direct = settings.merge(Config(proxies={}))
    if on_loopback(options.get("endpoint_url") or ""):
        return session.client(service, config=direct, **options)
    made = session.client(service, config=settings, **options)
    if not on_loopback(made.meta.endpoint_url):
        return made
    made.close()
    return session.client(service, config=direct, **options)


def keys_of(text: str) -> Keys:
    """From `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, or a file as AWS tools have it. Raises ValueError."""
    key, colon, secret_key = text.strip().partition(":")
    if colon and not key.startswith("["):
        return Keys(key, secret_key)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
        section = parser[parser.sections()[0]]
        names = ("aws_access_key_id", "aws_secret_access_key")
        access_key, secret_key = (section[name] for name in names)
        return Keys(access_key, secret_key, section.get("aws_session_token"))
    except (configparser.Error, IndexError, KeyError):
        raise ValueError(_FORM) from None


def of_role(role: str, region: str) -> Any:
    """botocore's provider of a role's credentials, asked for in that region with those that AWS tools find.

    Raises what botocore raises.
    """
    from botocore.credentials import CredentialProvider

    found = _session(Access(role=role), region).get_credentials()
    return type("CredentialsOfARole", (CredentialProvider,), {"load": lambda _: found})()


def trouble_of(error: BaseException) -> Trouble | None:
    """What a service says of us; None leaves it to what is told of every error."""
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Trouble.PASSWORD
    code = str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))
    if code in _NOT_WHO or "security token" in str(error):
        return Trouble.PASSWORD
    return Trouble.PERMISSION if code in _NOT_ALLOWED else None


def _session(access: Access, region: str | None) -> Any:
    """botocore's session, with credentials that are not its own to find where there are some."""
    from botocore import session as botocore_session

    made = botocore_session.Session()
    made.register_component("data_loader", _services(made.get_config_variable("data_path")))
    if access.secret is not None:
        made._credentials = _given(access.secret)
    if access.role is not None:
        made._credentials = _of_role(made, access, region)
    return made


@cache
def _services(place: str | None) -> Any:
    """What botocore has on file of every service, read once in a process: most of what a client takes."""
    from botocore.loaders import create_loader

    return create_loader(place)


def _given(secret: Secret) -> Any:
    """Credentials that are read when they are asked for. Raises OSError, ValueError."""
    from botocore.credentials import Credentials, ReadOnlyCredentials

    def read() -> Keys:
        return keys_of(text_of(secret) or "")

    asked = {"get_frozen_credentials": lambda _: ReadOnlyCredentials(*read())}
    return type("CredentialsOfAFile", (Credentials,), asked)(*read())


def _of_role(session: Any, access: Access, region: str | None) -> Any:
    """Credentials of a role, fetched when they are first asked for, and again before they run out."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    def service(name: str, **given: Any) -> Any:
        return session.create_client(name, region_name=region, **given)

    own = {"RoleSessionName": "fraudctl"}
    fetcher = AssumeRoleCredentialFetcher(service, session.get_credentials(), access.role, extra_args=own)
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
