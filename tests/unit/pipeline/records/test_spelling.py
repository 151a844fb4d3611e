"""One spelling for addresses, codes and blanks, wherever a transaction enters."""

from __future__ import annotations

import json

import pytest

from pipeline.records.events import decode, encode
from pipeline.records.quantities import Refusal
from pipeline.records.spelling import address

HEAD = '"event_id":"e","user_id":"u","event_time":"2026-01-01T00:00:00.000Z","amount":1'


@pytest.mark.parametrize(
    ("sent", "spelt"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::", "::"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:0201", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
        ("192.0.2.01", "192.0.2.01"),
        ("192.0.2.256", "192.0.2.256"),
        ("unknown", "unknown"),
        ("12:34", "12:34"),
        ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"),
    ],
)
def test_an_address_has_one_spelling_and_what_is_none_stays(sent: str, spelt: str) -> None:
    assert (address(sent), address(spelt)) == (spelt, spelt)


def test_the_wire_keeps_an_address_as_it_was_sent_where_that_differs() -> None:
    read = decode(f'{{{HEAD},"ip":"2001:DB8::1","country":"de","currency":"Eur"}}'.encode())
    assert read.fields == {
        "ip": "2001:db8::1",
        "country": "DE",
        "currency": "EUR",
        "ip_as_sent": "2001:DB8::1",
    }
    assert decode(encode(read)) == read
    assert decode(f'{{{HEAD},"ip":"192.0.2.1"}}'.encode()).fields == {"ip": "192.0.2.1"}
    own = decode(f'{{{HEAD},"ip_as_sent":"mine","ip":"::ffff:1.2.3.4"}}'.encode())
    assert own.fields == {"ip_as_sent": "mine", "ip": "1.2.3.4"}


@pytest.mark.parametrize(
    ("sent", "spelt"),
    [("eur", "EUR"), (" eur\t", "EUR"), ("EUR ", "EUR"), (" \u20ac ", " \u20ac "), (" e u ", "E U")],
)
def test_a_code_is_in_capitals_without_blanks_around(sent: str, spelt: str) -> None:
    value = f'{{{HEAD},"currency":{json.dumps(sent)},"country":{json.dumps(sent)}}}'.encode()
    read = decode(value)
    assert (read.fields["currency"], read.fields["country"]) == (spelt, spelt)


@pytest.mark.parametrize(
    "sent",
    [
        *("203.0.113.7, 10.0.0.1", "203.0.113.7,10.0.0.1", "203.0.113.7,", ",", "unknown, 10.0.0.1"),
        *("203.0.113.7; 10.0.0.1", "203.0.113.7;10.0.0.1", "203.0.113.7;", "for=192.0.2.1;proto=http"),
        *("203.0.113.7 10.0.0.1", "203.0.113.7\t10.0.0.1", " 2001:DB8::1  [::1]:443\n", "unknown 10.0.0.1"),
        *("203.0.113.7 x", "x y ::ffff:10.0.0.1", "203.0.113.7 " + "x" * 200),
    ],
)
def test_a_list_of_addresses_is_refused_with_what_to_send(sent: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode(f'{{{HEAD},"ip":{json.dumps(sent)}}}'.encode())
    assert str(caught.value) == (
        f"bad_ip: {sent[:40]!r}: several addresses, as from proxies: send that of the client alone"
    )


@pytest.mark.parametrize("sent", ["not known", "host a b", "x\u00a0192.0.2.1", "1 2 3", "x " * 200])
def test_words_that_are_no_address_stay_as_they_are(sent: str) -> None:
    assert address(sent) == sent


@pytest.mark.parametrize("blank", ["", " ", "\t\r\n\x0b\x0c "])
def test_a_text_of_blanks_is_absent_and_no_id(blank: str) -> None:
    text = json.dumps(blank)
    read = decode(f'{{{HEAD},"device_id":{text},"ip":{text},"channel":{text},"note":{text}}}'.encode())
    assert read.fields == {"note": blank}
    for name in ("event_id", "user_id"):
        with pytest.raises(Refusal) as caught:
            decode(f"{{{HEAD}}}".replace(f'"{name}":"{name[0]}"', f'"{name}":{text}').encode())
        assert str(caught.value) == f"empty_id: {name}"
