"""Files as banks export them, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

BANKS: dict[str, Export] = {
    "wise": Export(
        "wise.csv",
        '"TransferWise ID",Date,"Date Time",Amount,Currency,Description,"Payment Reference","Run'
        'ning Balance","Payer Name","Payee Name",Merchant\n'
        'CARD-1,01-05-2024,"01-05-2024 10:00:00.000",-12.50,EUR,x,,100.00,,,Shop\n'
        'TRANSFER-2,13-05-2024,"13-05-2024 10:00:01.000",7.00,EUR,y,rent,107.00,A,B,\n'
        'CARD-3,14-05-2024,"14-05-2024 10:00:01.000",1.00,EUR,y,,108.00,,,Shop\n',
        [
            {"event_time": "2024-05-01T10:00:00.000Z", "amount": "-12.5", "currency": "EUR"},
            {"event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
            {"amount": "1"},
        ],
    ),
    "revolut": Export(
        "rev.csv",
        "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
        "CARD_PAYMENT,Current,2024-05-01 10:00:00,2024-05-02 08:00:00,Shop,-12.50,0.00,EUR,COMPL"
        "ETED,100.00\n"
        "CARD_PAYMENT,Current,2024-05-13 10:00:01,,Shop,-7.00,0.00,EUR,PENDING,\n",
        [
            {"event_time": "2024-05-01T10:00:00.000Z", "amount": "-12.5"},
            {"event_time": "2024-05-13T10:00:01.000Z", "amount": "-7"},
        ],
    ),
    "n26": Export(
        "n26.csv",
        '"Date","Payee","Account number","Transaction type","Payment reference","Amount (EUR)","'
        'Amount (Foreign Currency)","Type Foreign Currency","Exchange Rate"\n'
        '"2024-05-01","Shop","","MasterCard Payment","","-12.5","-12.5","EUR","1.0"\n'
        '"2024-05-13","Bo","DE00","Outgoing Transfer","rent","-7.0","","",""\n'
        '"2024-05-13","Shop","","MasterCard Payment","","-3.0","-3.3","USD","1.1"\n',
        [
            {"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5"},
            {"event_time": "2024-05-13T00:00:00.000Z", "amount": "-7"},
            {"amount": "-3"},
        ],
    ),
    "camt csv": Export(
        "camt.csv",
        '"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Beguenst'
        'igter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";"Waehrung";"I'
        'nfo"\r\n'
        '"DE01";"01.05.24";"02.05.24";"KARTENZAHLUNG";"Müller & Co";"Müller";"DE02";"X";"-1.234,'
        '50";"EUR";"Umsatz gebucht"\r\n'
        '"DE01";"13.05.24";"13.05.24";"LASTSCHRIFT";"x";"Bäcker";"DE03";"X";"7,00";"EUR";"Umsatz'
        ' gebucht"\r\n',
        [
            {
                "user_id": "DE01",
                "event_time": "2024-05-01T00:00:00.000Z",
                "amount": "-1234.5",
                "currency": "EUR",
            },
            {"user_id": "DE01", "event_time": "2024-05-13T00:00:00.000Z", "amount": "7"},
        ],
        encoding="cp1252",
    ),
    "mt940 ing": Export(
        "ing.csv",
        '"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Code";"Af Bij";"Bedrag (EUR)"'
        ';"Mutatiesoort";"Mededelingen"\n'
        '"20240501";"Shop";"NL01";"";"BA";"Af";"12,50";"Betaalautomaat";"x"\n'
        '"20240513";"Bo";"NL01";"NL02";"GT";"Bij";"7,00";"Online bankieren";"y"\n',
        [
            {"user_id": "NL01", "event_time": "2024-05-01T00:00:00.000Z", "amount": "12.5"},
            {"user_id": "NL01", "event_time": "2024-05-13T00:00:00.000Z", "amount": "7"},
        ],
    ),
    "mt940 rabo": Export(
        "rabo.csv",
        '"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenre'
        'kening IBAN/BBAN","Naam tegenpartij"\n'
        '"NL01","EUR","RABO","000000000000000001","2024-05-01","2024-05-01","-12,50","+100,00","'
        'NL02","Shop"\n'
        '"NL01","EUR","RABO","000000000000000002","2024-05-13","2024-05-13","+7,00","+107,00","N'
        'L02","Shop"\n',
        [
            {
                "user_id": "NL01",
                "event_time": "2024-05-01T00:00:00.000Z",
                "amount": "-12.5",
                "currency": "EUR",
            },
            {"event_time": "2024-05-13T00:00:00.000Z", "amount": "7"},
        ],
    ),
    "pix csv": Export(
        "nubank.csv",
        "Data,Valor,Identificador,Descrição\n"
        "01/05/2024,-12.50,66312c1a-0001,Transferência enviada pelo Pix\n"
        "13/05/2024,7.00,66312c1a-0002,Transferência recebida pelo Pix\n",
        [
            {"event_id": "66312c1a-0001", "event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5"},
            {"event_id": "66312c1a-0002", "event_time": "2024-05-13T00:00:00.000Z", "amount": "7"},
        ],
    ),
    "pix api": Export(
        "pix.json",
        '{"parametros": {"inicio": "2024-05-01T00:00:00Z"}, "pix": [{"endToEndId": "E12345678202'
        '405010", "txid": "c0", "valor": "110.00", "horario": "2024-05-01T10:00:00.000Z", "pagad'
        'or": {"nome": "A", "cpf": "00000000000"}, "infoPagador": "x"}, {"endToEndId": "E1234567'
        '8202405011", "txid": "c1", "valor": "7.50", "horario": "2024-05-13T10:00:01.000Z", "pag'
        'ador": {"nome": "A", "cpf": "00000000000"}, "infoPagador": "x"}]}',
        [
            {"event_time": "2024-05-01T10:00:00.000Z", "amount": "110"},
            {"event_time": "2024-05-13T10:00:01.000Z", "amount": "7.5"},
        ],
    ),
    "pix brl": Export(
        "pix2.csv",
        "EndToEndId;DataHora;Valor;CPF Pagador\n"
        'E1;01/05/2024 10:00:00;"R$ 1.234,56";00000000191\n'
        'E2;13/05/2024 10:00:01;"R$ 7,00";00000000272\n',
        [
            {
                "event_id": "E1",
                "user_id": "00000000191",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "1234.56",
                "currency": "BRL",
            },
            {
                "event_id": "E2",
                "user_id": "00000000272",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
            },
        ],
    ),
}
