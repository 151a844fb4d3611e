"""Which names people give to the fields of a payment: data, the likeliest first."""

from __future__ import annotations

import re
import unicodedata

_NAMES = {
    "event_id": "eventid transactionid transid transnum transactionnumber txid txnid trxid tranid"
    " paymentid chargeid transactioncode transaktionscode transactionhash txhash bookingid"
    " paymentreference orderid orderno ordernumber ordernr bestellnummer reference uuid guid id",
    "user_id": "userid customerid accountid clientid customer user customernumber customerno kundennummer"
    " kundennr ccnum nameorig sender senderid senderaccount payer payerid payeraccount fromaccount"
    " fromaccountid accountfrom origin originaccount source sourceaccount buyerid buyer memberid walletid"
    " msisdn phonenumber account from fromid fromuser senderuserid customeremail email useremail"
    " buyeremail absenderemailadresse fromemailaddress absender kunde client cardholder iban konto"
    " kontonummer kontonr",
    "event_time": "eventtime transdatetranstime transactiontime transactionstarttime transactiondate"
    " transactiondatetime timestamp datetime createdutc createdat created createdtime createdate"
    " paidat paymenttime paymentdate orderdate orderedat orderplaced purchasedate occurredat bookedat"
    " bookingdate initiatedat sentat timeutc time ts date datum zeitpunkt zeit buchungstag transdate"
    " unixtime epoch at when step",
    "amount": "amount amt transactionamount transactionamt transamt txnamount paymentamount amountusd"
    " amounteur orderamount ordertotal total totalamount gross brutto betrag montant importe valor value"
    " sum summe price preis netamount net netto amountcents amountminor",
    "label": "label isfraud fraud fraudlabel fraudflag fraudresult fraudulent isfraudulent class isfraudtx"
    " chargeback ischargeback ischargedback chargedback target y",
    "label_time": "labeltime chargebackdate chargebacktime chargebackat fraudreportedat reportedat"
    " frauddate disputedate disputedat",
    "currency": "currency currencycode currencyiso ccy waehrung devise moneda curr cur",
    "ip": "ip ipaddress ipaddr clientip customerip remoteip useripaddress ipv4 sourceip",
    "device_id": "deviceid device devicefingerprint fingerprint devicehash deviceuuid useragenthash",
    "card_id": "cardid cardfingerprint cardtoken cardhash card ccnum cardnumber pan cardno",
    "merchant_id": "merchantid merchant merchantname sellerid seller shopid shop storeid vendorid namedest"
    " receiver receiverid receiveraccount recipient recipientid payee payeeid beneficiary beneficiaryid"
    " toaccount toaccountid accountto to toid touser destination destinationaccount empfaenger"
    " empfangeremailadresse toemailaddress productid providerid",
    "country": "country countrycode merchantcountry billingcountry cardcountry land",
    "channel": "channel channelid usechip entrymode paymentmethod paymentmethodtype",
    "lat": "lat latitude merchlat",
    "lon": "lon lng long longitude merchlong",
}
_RANKS = {field: {name: n for n, name in enumerate(names.split())} for field, names in _NAMES.items()}
_WORDS = {
    "event_id": (
        {"transaction", "trans", "tx", "txn", "payment", "order", "charge"},
        {"id", "no", "number", "nr", "code", "ref"},
    ),
    "user_id": (
        {"user", "customer", "client", "account", "payer", "sender", "buyer", "member"},
        {"id", "no", "number", "nr", "email"},
    ),
    "event_time": ({"time", "date", "timestamp", "created", "datum"},),
    "amount": ({"amount", "amt", "betrag", "montant"},),
    "label": ({"fraud", "fraudulent", "chargeback"},),
    "currency": ({"currency"},),
}
"""Words of which a name of the field has one of each set."""
PARTS_OF_TIME = (
    ("year", "month", "day", "time"),
    ("date", "time"),
    ("datum", "uhrzeit"),
    ("day", "time"),
    ("date", "hour"),
)
"""Names of columns that are a time together."""
_SIDES = {
    "debit": "debit debits soll lastschrift belastung withdrawal withdrawals paidout moneyout outflow ausgabe"
    " ausgaben auszahlung ausgang dr cargo cargos debe debito dare addebito debet af out",
    "credit": "credit credits haben gutschrift deposit deposits paidin moneyin inflow einnahme einnahmen"
    " einzahlung eingang cr abono abonos haber credito avere accredito bij in",
    "beside": "amount amt betrag importe montant value eur usd gbp chf of",
}
"""Names of what goes out and of what comes in, and words that stand beside them."""
_DEBITS, _CREDITS, _BESIDE_A_SIDE = (frozenset(names.split()) for names in _SIDES.values())
_ZONE_NAMES = "zone timezone tz tzname timezonename timezoneid zeitzone fuseauhoraire zonahoraria utcoffset"
_ZONES = frozenset(_ZONE_NAMES.split())
UTC = re.compile(r"\b(utc|gmt)\b|_utc$|utc$", re.IGNORECASE)
CENTS = re.compile(r"cents|minor|pence", re.IGNORECASE)
UNITS_OF_STEPS = {
    "step": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "minute": "m",
    "minutes": "m",
}
"""What a column counts from a start, by its name; else seconds."""
_BY_WORDS = 10_000
_SPLIT = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain(name: str) -> str:
    """The name in lower case, without accents, blanks and marks."""
    return "".join(words(name))


def is_named(field: str, name: str) -> bool:
    """Whether a column's name is one of those of the field, and has not only words of them."""
    found = rank(field, name)
    return found is not None and found < _BY_WORDS


def is_debit(name: str) -> bool:
    """Whether a column of that name has what goes out."""
    return _is_of(name, _DEBITS)


def is_credit(name: str) -> bool:
    """Whether a column of that name has what comes in."""
    return _is_of(name, _CREDITS)


def _is_of(name: str, known: frozenset[str]) -> bool:
    left = [word for word in words(name) if word not in _BESIDE_A_SIDE]
    return plain(name) in known or "".join(left) in known


def is_zone(name: str) -> bool:
    """Whether a column of that name says in which zone a time is."""
    return plain(name) in _ZONES


def words(name: str) -> list[str]:
    """The words of a name: of TransactionID as of transaction_id."""
    bare = unicodedata.normalize("NFKD", _HUMP.sub(" ", name.replace("ß", "ss")))
    bare = bare.replace("\u0308", "e").encode("ascii", "ignore").decode().lower()
    return [word for word in _SPLIT.split(bare) if word]


def rank(field: str, name: str) -> int | None:
    """How likely a column of that name is the field: the lower the likelier, None for not at all.

    Of a path into nested objects the whole counts most, then its last two names, then the last.
    """
    if name == field:
        return -1
    parts = [part for part in name.split(".") if not part.startswith("$")] or [name]
    for step, tail in enumerate((name, ".".join(parts[-2:]), parts[-1])):
        if (found := _RANKS[field].get(plain(tail))) is not None:
            return found + 1_000 * step
    said = set(words(name))
    sets = _WORDS.get(field)
    return _BY_WORDS + len(said) if sets and all(said & one for one in sets) else None
