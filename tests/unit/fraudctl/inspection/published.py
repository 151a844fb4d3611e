"""Files as their owners publish them, cut to a few rows, and the mapping that reads them."""

from __future__ import annotations

from typing import Any

SHAPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "generated cards": (
        "train.csv",
        ",trans_date_trans_time,cc_num,merchant,category,amt,first,zip,lat,long,trans_num,unix_time,merch_lat,"
        "merch_long,is_fraud\n"
        '0,2019-01-01 00:00:18,4000000000000011,"Alpha, Beta",misc,4.97,A,02865,36.1,-81.2,t1,1325376018,'
        "36.0,-82.0,0\n"
        "1,2019-01-01 00:00:44,4000000000000029,Gamma,food,107.23,C,99160,48.9,-118.2,t2,1325376044,49.2,"
        "-118.2,1\n",
        {
            "map": {
                "event_id": "trans_num",
                "event_time": "trans_date_trans_time",
                "amount": "amt",
                "user_id": "cc_num",
                "card_id": "cc_num",
                "merchant_id": "merchant",
                "lon": "long",
            },
            "label": "is_fraud",
            "zone": "UTC",
        },
    ),
    "time in columns": (
        "cards.csv",
        "User,Card,Year,Month,Day,Time,Amount,Use Chip,Merchant Name,Zip,MCC,Errors?,Is Fraud?\n"
        "0,0,2012,9,1,06:21,$134.09,Swipe,3527213246127876953,91750.0,5300,,No\n"
        '0,1,2012,9,2,6:22,$-120.34,Online,-727612092139916043,,5411,"Bad CVV,",Yes\n',
        {
            "map": {
                "event_time": "Year+Month+Day+Time",
                "amount": "Amount",
                "user_id": "User",
                "card_id": "Card",
                "merchant_id": "Merchant Name",
                "channel": "Use Chip",
            },
            "label": "Is Fraud?",
            "id": "row",
            "zone": "UTC",
        },
    ),
    "hours from a start": (
        "paysim.csv",
        "step,type,amount,nameOrig,oldbalanceOrg,nameDest,oldbalanceDest,isFraud,isFlaggedFraud\n"
        "1,PAYMENT,9839.64,C1231006815,170136.0,M1979787155,0.0,0,0\n"
        "743,TRANSFER,181.0,C1305486145,181.0,C553264065,0.0,1,0\n",
        {
            "map": {"event_time": "step", "user_id": "nameOrig", "merchant_id": "nameDest"},
            "label": "isFraud",
            "id": "row",
            "time_unit": "h",
            "time_start": "2020-01-01T00:00:00Z",
        },
    ),
    "seconds from a start": (
        "creditcard.csv",
        '"Time","V1","V2","Amount","Class"\n0,-1.3598071336738,-7.27811733098497e-02,149.62,"0"\n'
        '1.0,1.19185711131486,0.26615071205963,2.69,"0"\n172792,-0.533412522,0.189733337,217,"1"\n',
        {
            "map": {"event_time": "Time", "amount": "Amount"},
            "label": "Class",
            "id": "row",
            "user_from": "row",
            "time_unit": "s",
            "time_start": "2020-01-01T00:00:00Z",
        },
    ),
    "epoch seconds without ids": (
        "epoch.csv",
        "user_id,device_id,ip,amount,timestamp\n101,ANDROID,192.0.2.10,5000,1700000001\n"
        "102,IOS,198.51.100.7,20000,1700000100\n",
        {"map": {"event_time": "timestamp"}, "id": "row"},
    ),
    "from person to person": (
        "p2p.csv",
        "transaction_id,sender_id,receiver_id,amount,currency,created_at,status\n"
        "T1,A,B,10.50,EUR,2024-05-01 10:00:00,ok\nT2,B,A,5,EUR,2024-05-01T10:00:01.250,ok\n",
        {
            "map": {
                "event_id": "transaction_id",
                "event_time": "created_at",
                "user_id": "sender_id",
                "merchant_id": "receiver_id",
            },
            "zone": "UTC",
        },
    ),
    "three forms of date": (
        "orders.csv",
        "Order No;Customer No;Order Date;Total;Currency\n1;7;2024-05-01 10:00;10,50;eur\n"
        "2;7;02.05.2024 11:00;1.200,00;eur\n3;8;05/13/2024 09:30 PM;3,00;eur\n"
        "4;9;05/04/2024 01:00 PM;3,99;eur\n",
        {
            "map": {
                "event_id": "Order No",
                "event_time": "Order Date",
                "amount": "Total",
                "user_id": "Customer No",
                "currency": "Currency",
            },
            "zone": "UTC",
            "time_format": ["%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%d %H:%M"],
            "decimal": ",",
        },
    ),
    "a provider's export": (
        "charges.csv",
        "id,Created (UTC),Amount,Amount Refunded,Currency,Customer ID,Card Fingerprint,Status,Disputed\n"
        "ch_1,2024-05-01 10:00,10.50,0.00,usd,cus_1,f1,Paid,false\n"
        "ch_2,2024-05-01 10:01,7.00,7.00,usd,cus_2,f2,Refunded,true\n",
        {
            "map": {
                "event_id": "id",
                "event_time": "Created (UTC)",
                "amount": "Amount",
                "user_id": "Customer ID",
                "currency": "Currency",
                "card_id": "Card Fingerprint",
            },
            "zone": "UTC",
        },
    ),
    "a wallet's export": (
        "wallet.csv",
        '"Datum","Uhrzeit","Zeitzone","Name","Währung","Brutto","Absender E-Mail-Adresse",'
        '"Transaktionscode"\n'
        '"01.05.2024","10:00:01","CEST","Anna","EUR","-12,50","a@example.org","AB1"\n'
        '"13.05.2024","23:59:59","CEST","Bo","EUR","1.234,00","b@example.org","AB2"\n',
        {
            "map": {
                "event_id": "Transaktionscode",
                "event_time": "Datum+Uhrzeit+Zeitzone",
                "amount": "Brutto",
                "user_id": "Absender E-Mail-Adresse",
                "currency": "Währung",
            },
            "time_format": ["%d.%m.%Y %H:%M:%S %Z"],
            "decimal": ",",
        },
    ),
    "accounts of a wallet": (
        "training.csv",
        "TransactionId,BatchId,AccountId,CustomerId,CurrencyCode,CountryCode,ProviderId,ProductId,ChannelId,"
        "Amount,Value,TransactionStartTime,PricingStrategy,FraudResult\n"
        "T1,B1,A1,C1,UGX,256,P6,Pr10,Ch3,1000.0,1000,2018-11-15T02:18:49Z,2,0\n"
        "T2,B2,A2,C2,UGX,256,P4,Pr6,Ch2,-20.0,20,2018-11-15T02:19:08Z,2,1\n",
        {
            "map": {
                "event_id": "TransactionId",
                "event_time": "TransactionStartTime",
                "amount": "Amount",
                "user_id": "CustomerId",
                "currency": "CurrencyCode",
                "merchant_id": "ProductId",
                "channel": "ChannelId",
            },
            "label": "FraudResult",
        },
    ),
    "nested objects": (
        "events.jsonl",
        '{"id":"e1","data":{"object":{"customer":1001,"amount":"10.5","created":1714557600}}}\n'
        '{"id":"e2","data":{"object":{"customer":1002,"amount":"7","created":1714557601}},"score":3}\n',
        {
            "map": {
                "event_id": "id",
                "event_time": "data.object.created",
                "amount": "data.object.amount",
                "user_id": "data.object.customer",
            },
            "kind": {"user_id": "text", "amount": "number"},
            "drop": ["score"],
        },
    ),
}
