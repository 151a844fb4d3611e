"""Files as payment services, shops and data sets have them, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

SERVICES: dict[str, Export] = {
    "ieee cis": Export(
        "train_transaction.csv",
        "TransactionID,isFraud,TransactionDT,TransactionAmt,ProductCD,card1,card4,addr1,P_emaild"
        "omain,D1,M1\n"
        "2987000,0,86400,68.5,W,13926,discover,315.0,,14.0,T\n"
        "2987001,1,86401,29.0,W,2755,mastercard,325.0,gmail.com,0.0,\n",
        [
            {
                "event_id": "2987000",
                "event_time": "2020-01-02T00:00:00.000Z",
                "amount": "68.5",
                "label": False,
            },
            {"event_id": "2987001", "event_time": "2020-01-02T00:00:01.000Z", "amount": "29", "label": True},
        ],
    ),
    "banksim": Export(
        "bs.csv",
        "step,customer,age,gender,zipcodeOri,merchant,zipMerchant,category,amount,fraud\n"
        "0,'C1093826151','4','M','28007','M348934600','28007','es_transportation',4.55,0\n"
        "1,'C352968107','2','F','28007','M348934600','28007','es_transportation',39.68,1\n",
        [
            {
                "user_id": "C1093826151",
                "amount": "4.55",
                "gender": "M",
                "merchant_id": "M348934600",
                "category": "es_transportation",
            },
            {"user_id": "C352968107", "amount": "39.68", "label": True},
        ],
    ),
    "adyen": Export(
        "received_payments.csv",
        "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creati"
        "on Date,TimeZone,Currency,Amount,Type,Risk Scoring,Shopper Reference,Shopper IP,Shopper"
        " Country\n"
        "C,M,883000000001,o-1,visa,2024-05-01 12:00:00,CEST,EUR,12.50,Authorised,0,s1,192.0.2.1,"
        "DE\n"
        "C,M,883000000002,o-2,mc,2024-05-13 12:00:01,CEST,EUR,7.00,Refused,55,s2,192.0.2.2,FR\n",
        [
            {
                "event_id": "883000000001",
                "user_id": "s1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "ip": "192.0.2.1",
                "country": "DE",
                "currency": "EUR",
            },
            {
                "event_id": "883000000002",
                "user_id": "s2",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
            },
        ],
    ),
    "braintree": Export(
        "bt.csv",
        "Transaction ID,Transaction Type,Transaction Status,Created Datetime,Created Timezone,Se"
        "ttlement Date,Merchant Account,Amount Authorized,Currency ISO Code,Customer ID,Card Typ"
        "e\n"
        "ab1,sale,settled,05/01/2024 05:00:00,CDT,05/02/2024,m,12.50,USD,c1,Visa\n"
        "ab2,sale,settled,05/13/2024 05:00:01,CDT,05/14/2024,m,7.00,USD,c2,Visa\n",
        [
            {
                "event_id": "ab1",
                "user_id": "c1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "USD",
            },
            {"event_id": "ab2", "user_id": "c2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "shopify": Export(
        "orders_export.csv",
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Taxes,Total,Created at,Lineitem q"
        "uantity,Lineitem price,Billing Country,Payment Method,Id,Risk Level,Source\n"
        "#1001,a@example.org,paid,2024-05-01 06:00:05 -0400,USD,10.00,2.50,12.50,2024-05-01 06:0"
        "0:00 -0400,1,5.00,US,Shopify Payments,5001,Low,web\n"
        "#1001,a@example.org,,,,,,,2024-05-01 06:00:00 -0400,1,5.00,,,,,\n"
        "#1002,b@example.org,paid,2024-05-13 06:00:02 -0400,USD,7.00,0.00,7.00,2024-05-13 06:00:"
        "01 -0400,1,7.00,CA,Shopify Payments,5002,High,web\n",
        [
            {
                "user_id": "a@example.org",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "country": "US",
            },
            {"user_id": "b@example.org", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        refused=1,
    ),
    "woocommerce": Export(
        "orders.json",
        '[{"id": 727, "number": "727", "status": "processing", "currency": "USD", "date_created"'
        ': "2024-05-01T07:00:00", "date_created_gmt": "2024-05-01T10:00:00", "total": "12.50", "'
        'customer_id": 25, "customer_ip_address": "192.0.2.7", "billing": {"country": "US", "ema'
        'il": "x@example.org"}, "line_items": [{"id": 1, "total": "6.00", "price": 3}]}, {"id": '
        '728, "number": "728", "status": "processing", "currency": "USD", "date_created": "2024-'
        '05-13T07:00:01", "date_created_gmt": "2024-05-13T10:00:01", "total": "7.00", "customer_'
        'id": 26, "customer_ip_address": "192.0.2.7", "billing": {"country": "US", "email": "x@e'
        'xample.org"}, "line_items": [{"id": 1, "total": "6.00", "price": 3}]}]',
        [
            {
                "event_id": "727",
                "user_id": "25",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "USD",
                "ip": "192.0.2.7",
                "country": "US",
            },
            {"event_id": "728", "user_id": "26", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "checkout": Export(
        "co.csv",
        "Entity Name,Payment ID,Reference,Action Type,Processing Currency,Processing Currency Am"
        "ount,Requested On,Customer ID,Issuer Country\n"
        "E,pay_1,r1,Authorization,EUR,12.50,2024-05-01T10:00:00Z,cus_1,DE\n"
        "E,pay_2,r2,Authorization,EUR,7.00,2024-05-13T10:00:01Z,cus_2,FR\n",
        [
            {
                "event_id": "pay_1",
                "user_id": "cus_1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
            },
            {
                "event_id": "pay_2",
                "user_id": "cus_2",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
            },
        ],
    ),
    "mollie": Export(
        "mollie.json",
        '{"count": 2, "_embedded": {"payments": [{"resource": "payment", "id": "tr_0", "mode": "'
        'live", "createdAt": "2024-05-01T10:00:00+00:00", "amount": {"value": "12.50", "currency'
        '": "EUR"}, "settlementAmount": {"value": "1.00", "currency": "GBP"}, "customerId": "cst'
        '_0", "countryCode": "NL"}, {"resource": "payment", "id": "tr_1", "mode": "live", "creat'
        'edAt": "2024-05-13T10:00:01+00:00", "amount": {"value": "7.00", "currency": "EUR"}, "se'
        'ttlementAmount": {"value": "1.00", "currency": "GBP"}, "customerId": "cst_1", "countryC'
        'ode": "NL"}]}, "_links": {"self": {"href": "x"}}}',
        [
            {
                "event_id": "tr_0",
                "user_id": "cst_0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
                "country": "NL",
            },
            {"event_id": "tr_1", "user_id": "cst_1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "upi": Export(
        "upi.csv",
        "transaction id,timestamp,transaction type,merchant_category,amount (INR),transaction_st"
        "atus,sender_age_group,sender_bank,fraud_flag,hour_of_day,day_of_week,is_weekend\n"
        "TXN1,2024-05-01 10:00:00,P2P,Other,868,SUCCESS,26-35,Axis,0,15,Tuesday,0\n"
        "TXN2,2024-05-13 10:00:01,P2M,Grocery,1011,SUCCESS,26-35,ICICI,1,6,Monday,0\n",
        [
            {
                "event_id": "TXN1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "868",
                "label": False,
                "currency": "INR",
            },
            {"event_id": "TXN2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "1011", "label": True},
        ],
    ),
    "upi vpa": Export(
        "upi2.csv",
        "UPI Ref No,Date,Time,Payer VPA,Payee VPA,Amount\n"
        '412300000001,01-05-2024,10:00:00,a@upi,shop@upi,"₹1,23,456.50"\n'
        "412300000002,13-05-2024,10:00:01,b@upi,shop@upi,₹7.00\n",
        [
            {
                "event_id": "412300000001",
                "user_id": "a@upi",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "123456.5",
                "currency": "INR",
            },
            {
                "event_id": "412300000002",
                "user_id": "b@upi",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
            },
        ],
    ),
}
