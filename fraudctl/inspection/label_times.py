"""Whether a column that looks like the time at which labels became known can be read beside event times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fraudctl.files.mapping import Said
from fraudctl.inspection import times
from fraudctl.inspection.notes import How, Proposal


def propose(name: str, cells: Sequence[str], proposal: Proposal) -> bool:
    """Add the options that such a column needs and that read event times as before; False without any."""
    for said in _options(cells, proposal.said):
        if times.are_known(cells, said.over(proposal.said).options()):
            proposal.said = said.over(proposal.said)
            if said.zone is not None:
                proposal.note(How.assumed, f"{name} has no zone: taken as UTC", "--zone Europe/Berlin")
            return True
    text = f"{name} is not written as event times are: when labels became known is not read"
    proposal.note(How.assumed, text, "--time-format FORMAT")
    return False


def _options(cells: Sequence[str], said: Said) -> Iterator[Said]:
    zone = "UTC" if said.zone is None else None
    yield Said()
    yield Said(zone=zone)
    if said.time_format:
        more = [form for form in times.written(cells).formats if form not in said.time_format]
        yield Said(time_format=(*said.time_format, *more))
        yield Said(time_format=(*said.time_format, *more), zone=zone)
