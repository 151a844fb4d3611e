"""The numbers of runs on AWS: of starts over the whole log, and of replays that are published.

Of two decisions for one event the one with the higher run holds in every store, so no number may be given
twice. The newest one taken lies in the bucket of code, which outlasts the pipeline's stack, and is changed
there only by whoever has seen it last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fraudctl.aws.account import Account, Refused
from fraudctl.errors import Failed

FOLDER: Final = "runs"
"""of the bucket of code; a deployment's number lies there under its name"""
_OVERTAKEN: Final = ("PreconditionFailed", "ConditionalRequestConflict")
_TIMES: Final = 20


def take(account: Account, bucket: str, known: int) -> int:
    """The next number: above every one taken before, and above `known`, that of the live job.

    Failed where what lies there is no number, or others are quicker again and again. Raises Refused.
    """
    return _changed(account, bucket, lambda newest: max(newest, known) + 1)


def note(account: Account, bucket: str, run: int) -> None:
    """That a run has this number, whoever gave it. Raises as `take`."""
    _changed(account, bucket, lambda newest: max(newest, run))


def _changed(account: Account, bucket: str, number_of: Callable[[int], int]) -> int:
    """What `number_of` makes of the newest number, which is the newest then."""
    for _ in range(_TIMES):
        newest, seen = _newest(account, bucket)
        number = number_of(newest)
        if number == newest or _is_put(account, bucket, number, seen):
            return number
    raise Failed("others take numbers of runs all the time", hint="try again", code="run_unknown")


def _newest(account: Account, bucket: str) -> tuple[int, str | None]:
    """The newest number, and what tells its object from a later one; 0 and None where there is none."""
    try:
        found = account.ask("s3", "get_object", Bucket=bucket, Key=_key(account))
    except Refused as error:
        if error.reason == "NoSuchKey":
            return 0, None
        raise
    text = account.called(found["Body"].read, "s3 get_object").decode(errors="replace").strip()
    if not text.isdecimal():
        raise Failed(
            f"s3://{bucket}/{_key(account)} is damaged: {text[:40]!r} is no number of a run",
            hint="write a number there that is not below any run's in the log",
            code="run_unknown",
        )
    return int(text), str(found["ETag"])


def _is_put(account: Account, bucket: str, number: int, seen: str | None) -> bool:
    """False where another has put one there since it was looked at."""
    condition = {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen}
    body = f"{number}\n".encode()
    try:
        account.ask("s3", "put_object", Bucket=bucket, Key=_key(account), Body=body, **condition)
    except Refused as error:
        if error.reason in _OVERTAKEN:
            return False
        raise
    return True


def _key(account: Account) -> str:
    return f"{FOLDER}/{account.name}"
