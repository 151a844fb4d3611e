"""What a home on this machine keeps of a stack on AWS: its name, where it is, of what it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fraudctl.aws.account import Account
from fraudctl.errors import FileProblems, NotRunning
from fraudctl.home import typed_files
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.stack import Paths
from pipeline.settings.document import DocumentError, read_file

_MEND: Final = "run: fraudctl up --engine aws --values FILE, which writes it anew"

REGION_BY: Final = "region in the file of --values"

_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Values:
    """What no profile says of a stack on AWS; the content of the file of `--values`."""

    __pydantic_config__ = _STRICT

    image: str
    """the programs' image in ECR, with its tag or digest"""
    tell: str
    """the e-mail address of alarms"""
    name: str = "fraudctl"
    region: str | None = None
    """None: the one that AWS' own tools would use"""
    notify_secret: str | None = None
    """the ARN of the secret with what the profile's channels need"""
    budget_usd: int = 2_000
    """what a month may cost; above, a mail comes"""
    hops: tuple[str, ...] = ()
    """keys by which the job has steps beside those of the profile's rule set, for later ones"""

    @property
    def account(self) -> Account:
        return Account(self.name, self.region, REGION_BY)


class BadValues(FileProblems):
    """Values that no stack on AWS can be made of."""

    code = "values"
    advice = "see docs/aws.md for all there is"


_KIND: Final = TypeAdapter(Values)


def read(path: Path) -> Values:
    """A file of values. Raises BadValues."""
    try:
        return _KIND.validate_python(read_file(path).content)
    except DocumentError as error:
        raise BadValues(str(path), [error]) from None
    except ValidationError as error:
        said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise BadValues(str(path), said) from None


def values(home: Path) -> Values | None:
    """Those of the last `up`; None where there never was one. Damaged, Newer."""
    return typed_files.read(_file(home), _KIND, _MEND)


def account(home: Path) -> Account:
    """Where the stack of this home is. NotRunning where there is none."""
    found = values(home)
    if found is None:
        raise NotRunning(f"no stack has been started in {home}")
    return found.account


def keep(home: Path, found: Values) -> None:
    make_folder(Paths(home).run)
    write_atomically(_file(home), json.dumps(asdict(found), indent=2) + "\n")


def _file(home: Path) -> Path:
    return Paths(home).run / "aws.json"
