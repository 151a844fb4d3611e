"""Which names people give to the fields of a payment: data, the likeliest first."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import product

from fraudctl.files.currencies import exponent

_NAMES = {
    "event_id": "eventid transactionid transid transnum transactionnumber txid txnid trxid"
    " tranid paymentid chargeid pspreference transferwiseid transactioncode transaktionscode"
    " transaktionsnummer transactionhash txhash bookingid endtoendid utr upirefno"
    " receiptno idtransaccion idtransacao nrtransakcji islemno номероперации"
    " 交易号 交易单号 交易流水号 流水号 交易编号 商户订单号 订单编号 支付单号 決済id 取引id"
    " 거래번호 paymentreference orderid orderno ordernumber ordernr bestellnummer belegnummer"
    " belegnr 订单号 注文番号"
    " transactionreference identificador messageid identifier reference uuid guid id",
    "user_id": "userid customerid cliente klient accountid clientid customer user customernumber customerno"
    " kundennummer kundennr ccnum nameorig sender senderid senderaccount payer payerid"
    " payeraccount fromaccount fromaccountid accountfrom originaccount"
    " sourceaccount buyerid buyer memberid walletid msisdn phonenumber account from fromid"
    " fromuser senderuserid customeremail email useremail buyeremail absenderemailadresse"
    " fromemailaddress shopperid shopper shopperreference shopperemail payervpa remitter cpfpagador"
    " pagadorcpf"
    " müşterino musterino hesapno клиент"
    " 用户id 用户编号 客户号 客户编号 会员号 付款人 付款方 付款账号"
    " 会員id 会員番号 顧客id 고객번호 회원번호 absender"
    " kunde debitor"
    " client cardholder iban auftragskonto konto kontonummer kontonr rekening ibanbban"
    " rachunek cuenta compte conto source origin",
    "event_time": "eventtime transdatetranstime transactiontime transactionstarttime"
    " transactiondate transactiondatetime timestamp datetime createdutc createdat created"
    " createdtime createdate paidat paymenttime paymentdate orderdate orderedat orderplaced"
    " purchasedate occurredat bookedat bookingdate initiatedat sentat requestedon datahora"
    " fechaoperacion dataoperazione kirjauspäivä bokföringsdag"
    " fechahora islemtarihi"
    " 交易时间 交易日期 交易创建时间 付款时间 支付时间 订单时间 下单时间 创建时间"
    " 決済日時 取引日時 거래일시 датаоперации"
    " timeutc time ts date datum zeitpunkt zeit buchungstag buchungsdatum belegdatum transdate horario"
    " fecha data"
    " dataoperacji dato tarih дата unixtime epoch at when step transactiondt dt",
    "amount": "amount amt transactionamount transactionamt transamt txnamount paymentamount"
    " amountusd amounteur orderamount ordertotal total totalamount gross brutto betrag montant"
    " importe valor value sum summe price preis netamount net netto amountcents amountminor"
    " importo montante määrä summa összeg částka castka objem suma iznos ποσό umsatz"
    " purchasevalue ordervalue transactionvalue purchaseamount grandtotal"
    " bedrag kwota belopp beloeb belob tutar islemtutari monto cantidad quantia сумма"
    " 金额 金额元 交易金额 支付金额 付款金额 订单金额 实付金额"
    " 金額 決済金額 取引金額 금액 거래금액 totalcollected grosssales",
    "label": "label isfraud fraud fraudlabel fraudflag fraudresult fraudulent isfraudulent"
    " class isfraudtx chargeback ischargeback ischargedback chargedback target y",
    "label_time": "labeltime chargebackdate chargebacktime chargebackat fraudreportedat"
    " reportedat frauddate disputedate disputedat",
    "currency": "currency currencycode currencyiso currencyisocode ccy waehrung waehrg hauswaehrung devise"
    " moneda"
    " moeda munt waluta valuta divisa pénznem měna valuutta parabirimi doviz"
    " валюта 币种 货币 通貨 통화 curr cur",
    "ip": "ip ipaddress ipaddr clientip customerip customeripaddress shopperip remoteip"
    " useripaddress ipv4 sourceip",
    "device_id": "deviceid device devicefingerprint fingerprint devicehash deviceuuid useragenthash",
    "card_id": "cardid cardfingerprint cardtoken cardhash card ccnum cardnumber pan cardno",
    "merchant_id": "merchantid merchant merchantname sellerid seller shopid shop storeid"
    " vendorid namedest receiver receiverid receiveraccount recipient recipientid payee"
    " payeeid beneficiary beneficiaryid toaccount toaccountid accountto to toid touser"
    " destination destinationaccount empfaenger empfangeremailadresse toemailaddress"
    " beguenstigterzahlungspflichtiger payeevpa tegenrekening 交易对方 商户名称 商户号 商户 가맹점 terminalid"
    " productid providerid",
    "country": "country countrycode merchantcountry billingcountry shoppercountry"
    " issuercountry cardcountry land pais pays paese",
    "channel": "channel channelid usechip entrymode paymentmethod paymentmethodtype",
    "lat": "lat latitude merchlat",
    "lon": "lon lng long longitude merchlong",
}
_WORDS = {
    "event_id": (
        {"transaction", "trans", "tx", "txn", "payment", "order", "charge"},
        {"id", "no", "number", "nr", "code", "ref"},
    ),
    "user_id": (
        {"user", "customer", "client", "account", "payer", "sender", "buyer", "member"},
        {"id", "no", "number", "nr", "email"},
    ),
    "event_time": ({"time", "date", "datetime", "timestamp", "created", "datum"},),
    "amount": ({"amount", "amt", "betrag", "montant", "umsatz", "importo"},),
    "label": ({"fraud", "fraudulent", "chargeback", "laundering"},),
    "currency": ({"currency"},),
}
"""Words of which a name of the field has one of each set."""
_OF_ELSE = {
    "event_id": "customer user client merchant buyer seller card device account payer payee sender receiver"
    " product store shop parent original batch session group",
    "event_time": "birth dob expiry expiration expires valid signup registered registration updated modified"
    " settlement settled due completed shipped delivered refund refunded dispute disputed opened issued"
    " customer user merchant card account",
    "amount": "discount tax vat fee fees tip refund refunded shipping balance limit avg average mean max min"
    " available credit",
    "currency": "fee tax settlement refund foreign original",
}
"""Words of names and paths that are likelier of something else: such columns come last."""
_NEVER = {
    "user_id": "to receiver recipient payee beneficiary dest destination merchant seller shop store"
    " counterparty",
    "label": "not non no legit score probability prob rule rules flagged predicted prediction suspected"
    " alert",
}
"""Words with which a name that has the words of a field is the contrary of it."""
_ELSE = 5_000
_WEAK = ("source", "origin")
"""Names that say where a payment comes from, which need not be who paid."""
PARTS_OF_TIME = (
    ("year", "month", "day", "time"),
    ("date", "time"),
    ("datum", "uhrzeit"),
    *product(
        ("buchungsdatum", "belegdatum", "erfassungsdatum", "buchdat", "buchungstag"),
        ("uhrzeit", "zeit", "erfassungszeit", "buchungszeit", "erfzeit"),
    ),
    *(
        ("datum", "zeit"),
        ("datum", "tijd"),
        ("datum", "tid"),
        ("dato", "tid"),
        ("datum", "čas"),
        ("dátum", "idő"),
    ),
    ("day", "time"),
    *(("fecha", "hora"), ("data", "hora"), ("data", "ora"), ("date", "heure"), ("data", "godzina")),
    *(("tarih", "saat"), ("дата", "время"), ("日付", "時刻"), ("日期", "时间"), ("날짜", "시간")),
    ("date", "hour", "minute"),
    ("dt", "hour", "minute"),
    ("date", "hour"),
    ("dt", "hour"),
)
"""Names of columns that are a time together."""
_SIDES = {
    "debit": "debit debits soll lastschrift belastung withdrawal withdrawals paidout moneyout outflow ausgabe"
    " ausgaben auszahlung ausgang withdrawn dr cargo cargos debe debito dare addebito debet af out",
    "credit": "credit credits haben gutschrift deposit deposits paidin moneyin inflow einnahme einnahmen"
    " einzahlung eingang cr abono abonos haber credito avere accredito bij in",
    "beside": "amount amt betrag importe montant value eur euro euros usd gbp chf of gross net",
}
"""Names of what goes out and of what comes in, and words that stand beside them."""
_DEBITS, _CREDITS, _BESIDE_A_SIDE = (frozenset(names.split()) for names in _SIDES.values())
_ZONE_NAMES = "zone timezone tz tzname timezonename timezoneid zeitzone fuseauhoraire zonahoraria utcoffset"
_ZONES = frozenset(_ZONE_NAMES.split())
UTC = re.compile(r"(?:\b|_)(utc|gmt)(?:\b|_)|(utc|gmt)$", re.IGNORECASE)
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
_DAYS, _MOMENTS = frozenset(("date", "day", "datum")), frozenset(("timestamp", "time", "datetime", "ts"))
_BY_PATH, _BY_WORDS = 1_000, 10_000
_EXPONENTS = frozenset(("exponent", "currencyexponent", "amountexponent", "minorunitexponent"))
_SPLIT = re.compile(r"[\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASIDE = re.compile(r"\s*[(\[\uff08][^()\[\]\uff08\uff09]*[)\]\uff09]")
"""What stands in brackets behind a name: a currency, a zone."""
_WITHOUT = re.compile(
    r"[(\[]\s*(?:after|before|without|incl|excl|inclusive|excluding)\b[^()\[\]]*[)\]]", re.I
)
"""What stands there of what is no part of an amount, or is in it: (after fees)."""
_LETTERS = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "ø": "oe", "æ": "ae", "đ": "d"})
"""Letters that are no others with a mark."""
_TYPES = ("S", "N", "B", "BOOL", "string", "double", "float", "long", "int", "boolean", "bytes", "value")
"""Names that say of which type a value is: in exports of DynamoDB and in Avro's JSON."""
_NO_CURRENCIES = ("all", "top", "try", "cup", "mad", "pen", "gel", "mop", "sos", "lak", "bam", "ang")
"""Codes of currencies that are words."""


def plain(name: str) -> str:
    """The name in lower case, without accents, blanks and marks."""
    return "".join(words(name))


def is_named(field: str, name: str) -> bool:
    """Whether a column's name is one of those of the field, and has not only words of them."""
    found = rank(field, name)
    return found is not None and found < _BY_WORDS


def is_known(name: str) -> bool:
    """Whether a column of that name is likely some field, in letters that not every encoding has alike."""
    bare = plain(name)
    return not name.isascii() and any(bare in known for known in _RANKS.values())


def is_debit(name: str) -> bool:
    """Whether a column of that name has what goes out."""
    return _is_of(name, _DEBITS)


def is_credit(name: str) -> bool:
    """Whether a column of that name has what comes in."""
    return _is_of(name, _CREDITS)


def _is_of(name: str, known: frozenset[str]) -> bool:
    left = [word for word in words(_ASIDE.sub("", name)) if word not in _BESIDE_A_SIDE]
    return plain(name) in known or "".join(left) in known


def is_net(name: str) -> bool:
    """Whether a name says that fees are off already, where another column has the whole."""
    return "net" in words(name)


def is_exponent(name: str) -> bool:
    """Whether a column of that name says how many of an amount's digits are behind the point."""
    return plain(name) in _EXPONENTS


def is_zone(name: str) -> bool:
    """Whether a column of that name says in which zone a time is."""
    return plain(name) in _ZONES or plain(name).endswith("timezone")


def is_date(name: str) -> bool:
    """Whether a name says that a column holds days."""
    return bool(_DAYS & set(words(name))) or plain(name).endswith(("datum", "tag"))


def are_of_one_moment(day: str, moment: str) -> bool:
    """Whether the second is named like the first, but for that it is no day alone: `charged_date` and
    `charged_timestamp`."""
    return {*words(day)} - _DAYS == {*words(moment)} - _MOMENTS != {*words(moment)}


def are_of_one_time(local: str, utc: str) -> bool:
    """Whether the second is named like the first and says that it is in UTC."""
    words_left = [word for word in words(local) if word != "local"]
    return {*words(utc)} - {*words_left} in ({"utc"}, {"gmt"}) and {*words_left} <= {*words(utc)}


def currency_in(name: str) -> str | None:
    """The currency that a name says its amounts are in: `Amount (EUR)`, `amount_usd`."""
    found = {word.upper() for word in words(name) if exponent(word.upper()) is not None}
    found = {code for code in found if code.lower() not in _NO_CURRENCIES}
    return found.pop() if len(found) == 1 else None


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in any script: of TransactionID as of transaction_id."""
    return (_known_words if len(name) <= _USUAL else _words)(name)


def _words(name: str) -> tuple[str, ...]:
    bare = unicodedata.normalize("NFKD", _HUMP.sub(" ", name).translate(_LETTERS)).replace("\u0308", "e")
    letters = "".join(mark for mark in bare if not unicodedata.combining(mark)).lower()
    return tuple(word for word in _SPLIT.split(letters.translate(_LETTERS)) if word)


_USUAL = 100
_known_words = lru_cache(maxsize=4_096)(_words)
"""Of a name up to that long: it is set beside those of every field, and by its words each time."""


def rank(field: str, name: str) -> int | None:
    """How likely a column of that name is the field: the lower the likelier, None for not at all.

    Of a path into nested objects the whole counts most, then its last two names, then the last; what only
    says of which type a value is does not count.
    """
    if name == field:
        return -1
    parts = [part for part in name.split(".") if not part.startswith("$")] or [name]
    ways = [(name, parts)]
    if len(parts) > 1 and parts[-1] in _TYPES:
        ways.append((".".join(parts[:-1]), parts[:-1]))
    found = [known for whole, way in ways if (known := _known(field, whole, way)) is not None]
    said = set(words(name))
    own = said - {word for aside in _WITHOUT.findall(name) for word in words(aside)}
    of_else = _ELSE if own & set(_OF_ELSE.get(field, "").split()) else 0
    if found:
        return min(found) + (of_else if min(found) >= _BY_PATH else 0)
    sets = _WORDS.get(field)
    is_it = sets and all(said & one for one in sets) and not said & set(_NEVER.get(field, "").split())
    return _BY_WORDS + of_else + len(said) if is_it else None


def _known(field: str, whole: str, parts: list[str]) -> int | None:
    """The place of a name among those of the field: as it is, and without what stands in brackets."""
    for step, tail in enumerate((whole, ".".join(parts[-2:]), parts[-1])):
        for aside, text in enumerate((tail, _ASIDE.sub("", tail))):
            if (found := _RANKS[field].get(plain(text))) is not None:
                return found + 1_000 * step + 500 * aside + (_ELSE if plain(text) in _WEAK else 0)
    return None


_RANKS = {field: {plain(name): n for n, name in enumerate(names.split())} for field, names in _NAMES.items()}
