"""Which columns could be a field: by their name, and by whether what they hold fits."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import islice

from fraudctl.files.currencies import code_of
from fraudctl.files.truths import VERDICTS
from fraudctl.inspection import amounts, names, places, times
from fraudctl.inspection.columns import Column
from pipeline.records.networks import number
from pipeline.records.quantities import Refusal
from pipeline.records.spelling import address

_TESTED = 500
_A_FEW = 20
_LIKE_A_TIME = re.compile(r"[0-9]:[0-9]{2}|[0-9][-/. ]\w{1,10}[-/. ,]+[0-9]")
"""What may be one; other texts need not be tried in all forms."""
_BRANDS = (
    "visa mastercard master mc amex american_express discover maestro jcb unionpay diners electron elo rupay"
    " mir credit debit prepaid charge mobile desktop tablet phone web pos app ios android windows mac macos"
    " linux iphone ipad pc atm other unknown"
)
_SAID = ("american express", "diners club", "credit card", "debit card", "n/a", "")
_KINDS = frozenset((*_BRANDS.split(), *_SAID))
"""What cards and devices are, in small letters, where a column does not tell one from another."""
_NEEDED = ("event_id", "user_id", "event_time", "amount")
_OWN = ("event_time", "label_time", "amount")
"""Names of the fields themselves: there a cell that is none is a bad row, not another column."""
_COUNTED = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?")
_CLOCK = re.compile(
    r":|[0-9]h[0-9]{2}|[0-9]T[0-9]{4}|-[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.|[0-9] ?[AP]\.? ?M\b", re.IGNORECASE
)
_CENTS = re.compile(r"-?[0-9]+[.,](?!0+$)[0-9]{2}")
_MIDNIGHT = re.compile(r"[T ](?:00:00(?::00(?:[.,]0+)?)?|12:00(?::00)? AM)$", re.IGNORECASE)
_EXPONENT = re.compile(r"-?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+")


def candidates(field: str, columns: Iterable[Column], taken: Iterable[str] = ()) -> list[Column]:
    """Columns that could be the field, the likeliest first, without those that are another already."""
    out = frozenset(taken)
    ranked = [(names.rank(field, one.name), one) for one in columns if one.name not in out]
    fitting = [(rank, one) for rank, one in ranked if rank is not None and fits(field, one)]
    return [one for _, one in sorted(fitting, key=lambda pair: (is_sparse(field, pair[1]), pair[0]))]


def is_sparse(field: str, column: Column) -> bool:
    """Whether most rows would be refused that lack what is in the column, other than the field's own."""
    return field in _NEEDED and column.name != field and column.empty_share > 0.5


def utc_first(times: Sequence[Column]) -> list[Column]:
    """The same, but of one time in two zones the column that says it is in UTC before the local one."""
    utc = [one for one in times if any(names.are_of_one_time(first.name, one.name) for first in times[:1])]
    return [*utc, *(one for one in times if one not in utc)]


def moments_first(times: Sequence[Column]) -> list[Column]:
    """The same, but of one time in two columns the one that has a clock before the day alone."""
    if not times or has_clock(times[0]) or is_counted(times[0]):
        return list(times)
    some = [
        one
        for one in times[1:]
        if names.are_of_one_moment(times[0].name, one.name) and (has_clock(one) or is_counted(one))
    ]
    return [*some, *(one for one in times if one not in some)]


def fits(field: str, column: Column) -> bool:
    """Whether what a column holds can be the field."""
    if column.kind in ("empty", "nested"):
        return False
    test = _TESTS.get(field)
    return column.kind != "bool" if test is None else test(column)


def named(columns: Iterable[str]) -> str:
    """The names of columns as a note can show them."""
    return ", ".join(filter(None, columns))[:300]


def nothing_like(field: str, what: str, columns: Iterable[Column], left_out: Container[str] = ()) -> str:
    """That no column looks like a field, with what one of its name holds, if there is such."""
    some = [one for one in columns if one.name not in left_out]
    own = next((one for one in some if names.is_named(field, one.name) and one.examples), None)
    if own is None:
        return f"no column looks like {what} among {named(one.name for one in some)}"
    other = amounts.first_other(tested(own)) if field == "amount" else None
    return f"{own.name} holds {(other or own.examples[0])[:40]!r}, which is not read as {what}"


def day_beside(clock: Column, columns: Iterable[Column]) -> Column | None:
    """The column of days whose clock a column of numbers may be by their names."""
    days = {parts[0] for parts in names.PARTS_OF_TIME if parts[1:] == (names.plain(clock.name),)}
    return next((one for one in columns if names.plain(one.name) in days and one.examples), None)


def option(field: str, column: str) -> str:
    """What says on the command line that a field is that column, whatever a stranger's file calls it."""
    name = "--label" if field == "label" else "--map"
    return f"{name} {shlex.quote(column if field == 'label' else f'{field}={column}')}"


def tested(column: Column) -> list[str]:
    """Some of the cells, of every shape."""
    return [cell for cells in column.shapes.values() for cell in islice(cells, _TESTED)]


def other_part(amount: Column, columns: Container[str]) -> str | None:
    """The column with the rest of amounts that are in units and billionths, as Google writes them."""
    place, dot, name = amount.name.rpartition(".")
    other = f"{place}{dot}nanos"
    return other if name in ("units", "nanos") and other in columns else None


def is_time(column: Column) -> bool:
    """Whether most of the different cells are times, or numbers that count from somewhere."""
    cells = tested(column)
    if is_counted(column):
        return True
    found = times.written(cells)
    return found.read > 0 if column.name in _OWN else bool(cells) and found.read * 3 >= len(cells) * 2


def is_counted(column: Column) -> bool:
    """Whether a column of times holds numbers, of however many digits."""
    cells = tested(column)
    return bool(cells) and (column.is_number or all(map(_COUNTED.fullmatch, cells)))


def with_exponent(column: Column) -> str | None:
    """A number among ids that has an exponent, as spreadsheets write long ones: 4.2E+15."""
    return next((cell for cell in tested(column) if _EXPONENT.fullmatch(cell)), None)


def _is_id(column: Column) -> bool:
    is_id = column.kind != "bool" and column.is_nearly_unique and not is_sparse("event_id", column)
    return column.name == "event_id" or is_id


def _is_amount(column: Column) -> bool:
    cells = tested(column)
    least = 0.0 if column.name in _OWN else 0.9
    return column.kind != "bool" and amounts.are_amounts(cells, amounts.decimal_of(cells)[0], least)


def _is_label(column: Column) -> bool:
    return {one.strip().lower() for one in column.distinct} <= VERDICTS.keys()


def _is_code(least: int, most: int) -> Callable[[Column], bool]:
    def is_code(column: Column) -> bool:
        cells = column.cells()
        return bool(cells) and all(one.isalpha() and least <= len(one) <= most for one in cells)

    return is_code


def _is_currency(column: Column) -> bool:
    cells = column.cells()
    return _is_code(3, 3)(column) or (bool(cells) and all(code_of(cell.strip()).isalpha() for cell in cells))


def _is_country(column: Column) -> bool:
    return _is_code(2, 3)(column) or places.are_countries(tested(column))


def _is_key(column: Column) -> bool:
    """Not which kind of card or device it was."""
    kinds = {cell.strip().lower() for cell in column.distinct}
    return column.kind != "bool" and not kinds <= _KINDS


def _is_card(column: Column) -> bool:
    """Not how much was paid by card, as cash registers have it, nor whose it is by an address of mail."""
    cells = tested(column)
    is_paid = bool(amounts.signs_of(cells)) and amounts.are_amounts(cells, amounts.decimal_of(cells)[0])
    is_mail = sum("@" in cell for cell in cells) * 2 > len(cells)
    return _is_key(column) and not is_paid and not is_mail


def _is_user(column: Column) -> bool:
    """Not a time, nor an amount with cents."""
    cells = tested(column)[:_A_FEW]
    if column.name == "user_id" or not cells:
        return True
    has_cents = all(map(_CENTS.fullmatch, cells))
    is_time = all(map(_LIKE_A_TIME.search, cells)) and times.written(cells).read * 3 >= len(cells) * 2
    return column.kind != "bool" and not has_cents and not is_time


def _is_ip(column: Column) -> bool:
    cells = tested(column)
    return bool(cells) and sum(map(is_address, cells)) * 10 >= len(cells) * 8


def is_address(text: str) -> bool:
    """Whether a text is an address, in any of the spellings that are brought to one."""
    try:
        return number(address(text)) is not None
    except Refusal:
        return False


def _is_number(column: Column) -> bool:
    return column.kind == "number"


def _is_clock(column: Column) -> bool:
    return not is_counted(column) and is_time(column)


_TESTS: dict[str, Callable[[Column], bool]] = {
    "event_id": _is_id,
    "user_id": _is_user,
    "event_time": is_time,
    "amount": _is_amount,
    "label": _is_label,
    "label_time": is_time,
    "currency": _is_currency,
    "card_id": _is_card,
    "device_id": _is_key,
    "country": _is_country,
    "ip": _is_ip,
    "lat": _is_number,
    "lon": _is_number,
}


def time_parts(columns: Sequence[Column]) -> list[Column]:
    """Columns that are a time together: year, month, day and time, or a date without a clock and a time."""
    by_name = {names.plain(one.name): one for one in reversed(columns)}
    for parts in names.PARTS_OF_TIME:
        plain = [names.plain(part) for part in parts]
        found = [by_name[part] for part in plain if part in by_name and by_name[part].examples]
        if len(found) != len(parts):
            continue
        joined = " ".join(one.examples[0] for one in found)
        if len(parts) == 2 and _has_lost_zeros(found[1]):
            continue
        if times.written([joined]).read and not (len(parts) == 2 and has_clock(found[0])):
            return found
    return []


def clock_of(day: Column, columns: Iterable[Column]) -> Column | None:
    """The column of clocks that is named as a column of days, but for that word: Transaction_Time beside
    Transaction_Date."""
    said = names.words(day.name)
    pairs = [tuple(map(names.plain, parts)) for parts in names.PARTS_OF_TIME if len(parts) == 2]
    wanted = {
        "".join(clock if word == date else word for word in said) for date, clock in pairs if date in said
    }
    some = (one for one in columns if one is not day and names.plain(one.name) in wanted and one.examples)
    found = next((one for one in some if not _has_lost_zeros(one)), None)
    if found is None or has_clock(day):
        return None
    return found if times.written([f"{day.examples[0]} {found.examples[0]}"]).read else None


def _has_lost_zeros(clock: Column) -> bool:
    """Whether clocks are numbers of different lengths: 93000 and 100000."""
    cells = tested(clock)
    return all(map(str.isdigit, cells)) and len({*map(len, cells)} - {1, 2}) > 1


def only_time(columns: Iterable[Column], taken: Iterable[str]) -> Column | None:
    """The one column of times with a clock, whatever its name; None where there are none or several."""
    out = frozenset(taken)
    free = (one for one in columns if one.name not in out and names.rank("label_time", one.name) is None)
    found = [one for one in free if fits("event_time", one) and _is_clock(one) and has_clock(one)]
    return found[0] if len(found) == 1 else None


def has_clock(column: Column) -> bool:
    """Whether any of the times is another than midnight."""
    return any(_CLOCK.search(cell) and not _MIDNIGHT.search(cell) for cell in tested(column))
