"""Data sets about fraud as they are published, and statements of further banks, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

DATASETS: dict[str, Export] = {
    "seconds as R writes them": Export(
        "creditcard.csv",
        '"Time","V1","Amount","Class"\n99999,-1.35,149.62,"0"\n1e+05,1.19,2.69,"0"\n100001,-0.5,1e+05,"1"\n',
        [
            {"event_time": "2020-01-02T03:46:39.000Z", "amount": "149.62", "label": False},
            {"event_time": "2020-01-02T03:46:40.000Z", "amount": "2.69"},
            {"event_time": "2020-01-02T03:46:41.000Z", "amount": "100000", "label": True},
        ],
    ),
    "milliseconds and ids as Java writes doubles": Export(
        "java.csv",
        "event_id,user_id,event_time,amount\n"
        "1.0000001E7,1.2345678E7,1.7145576E12,12.5\n"
        "9999999.0,1234567.0,1.714557601E12,7\n",
        [
            {"event_id": "10000001", "user_id": "12345678", "event_time": "2024-05-01T10:00:00.000Z"},
            {"event_id": "9999999", "user_id": "1234567", "event_time": "2024-05-01T10:00:01.000Z"},
        ],
    ),
    "transactions of terminals": Export(
        "tx.csv",
        ",TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,"
        "TX_FRAUD_SCENARIO\n"
        "0,0,2018-04-01 00:00:31,596,3156,57.16,31,0,0,0\n"
        "1,1,2018-04-01 00:02:10,4961,3412,81.51,130,0,1,2\n",
        [
            {
                "event_id": "0",
                "user_id": "596",
                "merchant_id": "3156",
                "event_time": "2018-04-01T00:00:31.000Z",
                "amount": "57.16",
                "label": False,
            },
            {"event_id": "1", "event_time": "2018-04-01T00:02:10.000Z", "label": True},
        ],
    ),
    "purchases after a signup": Export(
        "Fraud_Data.csv",
        "user_id,signup_time,purchase_time,purchase_value,device_id,source,browser,sex,age,ip_address,class\n"
        "22058,2015-02-24 22:55:49,2015-04-18 02:47:11,34,QVPS,SEO,Chrome,M,39,732758368.79972,0\n"
        "333320,2015-06-07 20:39:50,2015-06-08 01:38:54,16,EOGF,Ads,Chrome,F,53,350311387.865908,1\n",
        [
            {
                "user_id": "22058",
                "event_time": "2015-04-18T02:47:11.000Z",
                "amount": "34",
                "device_id": "QVPS",
                "channel": "SEO",
                "ip": None,
                "label": False,
            },
            {"user_id": "333320", "label": True},
        ],
    ),
    "laundering between banks": Export(
        "HI-Small_Trans.csv",
        "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
        "Payment Currency,Payment Format,Is Laundering\n"
        "2022/09/01 00:20,010,8000EBD30,010,8000EBD31,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0\n"
        "2022/09/01 00:21,03208,8000F4580,001,8000F5340,0.01,US Dollar,0.01,US Dollar,Cheque,1\n",
        [
            {"event_time": "2022-09-01T00:20:00.000Z", "amount": "3697.34", "label": False},
            {"event_time": "2022-09-01T00:21:00.000Z", "amount": "0.01", "label": True},
        ],
    ),
    "laundering between accounts": Export(
        "SAML-D.csv",
        "Time,Date,Sender_account,Receiver_account,Amount,Payment_currency,Received_currency,Payment_type,"
        "Is_laundering,Laundering_type\n"
        "10:35:19,2022-10-07,8724731955,2769355426,1459.15,UK pounds,UK pounds,Cash,0,Normal_Cash\n"
        "10:35:20,2022-10-07,1491989064,8401255335,6019.64,UK pounds,Dirham,Cross-border,1,Fan_Out\n",
        [
            {
                "event_time": "2022-10-07T10:35:19.000Z",
                "user_id": "8724731955",
                "merchant_id": "2769355426",
                "amount": "1459.15",
                "label": False,
            },
            {"event_time": "2022-10-07T10:35:20.000Z", "label": True},
        ],
    ),
    "a day and its clock by one word more": Export(
        "bank.csv",
        "Customer_ID,Transaction_ID,Transaction_Date,Transaction_Time,Transaction_Amount,Merchant_ID,"
        "Account_Balance,Is_Fraud,Transaction_Currency\n"
        "C1,T1,23-01-2025,16:04:07,32415.45,M1,74557.27,0,INR\n"
        "C2,T2,11-01-2025,17:14:53,43622.6,M2,74622.66,1,INR\n",
        [
            {
                "event_id": "T1",
                "user_id": "C1",
                "event_time": "2025-01-23T16:04:07.000Z",
                "amount": "32415.45",
                "currency": "INR",
                "label": False,
            },
            {"event_time": "2025-01-11T17:14:53.000Z", "label": True},
        ],
    ),
    "a statement of mobile money": Export(
        "mobile.csv",
        "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance\n"
        "QE1,2024-05-01 10:00:00,Pay Bill,Completed,,-1000.00,500.00\n"
        "QE2,2024-05-01 10:00:01,Received,Completed,250.00,,750.00\n",
        [
            {"event_id": "QE1", "event_time": "2024-05-01T10:00:00.000Z", "amount": "-1000"},
            {"event_id": "QE2", "amount": "250"},
        ],
    ),
    "turnover in euros": Export(
        "umsatz.csv",
        "Buchungstag;Valuta;Vorgang;Buchungstext;Umsatz in EUR\n"
        "01.05.2024;02.05.2024;Lastschrift;x;-12,50\n"
        "13.05.2024;13.05.2024;Karte;y;1.007,00\n",
        [
            {"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5", "currency": "EUR"},
            {"event_time": "2024-05-13T00:00:00.000Z", "amount": "1007"},
        ],
    ),
    "euros in two columns": Export(
        "operations.csv",
        "Date;Libellé;Débit euros;Crédit euros\n01/05/2024;CB;12,50;\n13/05/2024;VIR;;7,00\n",
        [{"event_time": "2024-05-01T00:00:00.000Z", "amount": "12.5"}, {"amount": "-7"}],
        encoding="cp1252",
    ),
    "a day and its clock in german": Export(
        "zahlungen.csv",
        "Datum;Zeit;Betrag;Währung;Transaktions-ID\n"
        "01.05.2024;10:00:00;1'234.50;CHF;T1\n"
        "13.05.2024;10:00:01;7.00;CHF;T2\n",
        [
            {"event_time": "2024-05-01T10:00:00.000Z", "amount": "1234.5", "currency": "CHF"},
            {"event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "days that end with a point": Export(
        "nap.csv",
        "event_id,user_id,event_time,amount\ne0,u0,2024.05.01. 10:00:00,12.5\ne1,u1,2024.05.13. 10:00:01,7\n",
        [{"event_time": "2024-05-01T10:00:00.000Z"}, {"event_time": "2024-05-13T10:00:01.000Z"}],
    ),
    "italian": Export(
        "it.csv",
        "Data operazione;Causale;Importo;Divisa\n01/05/2024;POS;-12,50;EUR\n13/05/2024;BON;1.007,00;EUR\n",
        [
            {"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5", "currency": "EUR"},
            {"amount": "1007"},
        ],
    ),
    "finnish": Export(
        "fi.csv",
        "Kirjauspäivä;Saaja;Määrä\n01.05.2024;K;-12,50\n13.05.2024;S;1 007,00\n",
        [{"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5"}, {"amount": "1007"}],
    ),
    "czech": Export(
        "cz.csv",
        "Datum;Objem;Měna;Protiúčet\n01.05.2024;-12,50;CZK;1\n13.05.2024;1 007,00;CZK;2\n",
        [{"amount": "-12.5", "currency": "CZK"}, {"amount": "1007"}],
    ),
    "hungarian": Export(
        "hu.csv",
        "Dátum;Összeg;Pénznem\n2024.05.01;-12 500;HUF\n2024.05.13;1 007 000;HUF\n",
        [
            {"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12500", "currency": "HUF"},
            {"amount": "1007000"},
        ],
    ),
    "swedish": Export(
        "se.csv",
        "Bokföringsdag;Referens;Belopp;Valuta\n2024-05-01;x;-12,50;SEK\n2024-05-13;y;1 007,00;SEK\n",
        [
            {"event_time": "2024-05-01T00:00:00.000Z", "amount": "-12.5", "currency": "SEK"},
            {"amount": "1007"},
        ],
        encoding="cp1252",
    ),
}
