"""Objects of JSON as databases and logs of changes export them, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

DOCUMENTS: dict[str, Export] = {
    "bigquery": Export(
        "bq-000000000000.json",
        '{"event_id":"e1","user_id":"101","event_time":"2024-05-01 10:00:00 UTC","amount":"12.5"'
        ',"is_fraud":true,"n":"5"}\n'
        '{"event_id":"e2","user_id":"102","event_time":"2024-05-13 10:00:01.123456 UTC","amount"'
        ':"7","is_fraud":false,"n":"6"}\n',
        [
            {
                "event_id": "e1",
                "user_id": "101",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "label": True,
            },
            {
                "event_id": "e2",
                "user_id": "102",
                "event_time": "2024-05-13T10:00:01.123Z",
                "amount": "7",
                "label": False,
            },
        ],
    ),
    "snowflake": Export(
        "sf.json",
        '{"AMOUNT":12.500000,"EVENT_ID":"e1","EVENT_TIME":"2024-05-01 03:00:00.000 -0700","IS_FR'
        'AUD":0,"USER_ID":101}\n'
        '{"AMOUNT":7.000000,"EVENT_ID":"e2","EVENT_TIME":"2024-05-13 03:00:01.000 -0700","IS_FRA'
        'UD":1,"USER_ID":102}\n',
        [
            {
                "event_id": "e1",
                "user_id": "101",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "label": False,
            },
            {
                "event_id": "e2",
                "user_id": "102",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": True,
            },
        ],
    ),
    "debezium": Export(
        "deb.jsonl",
        '{"before": null, "after": {"id": 1001, "customer_id": 5, "amount": "12.50", "created_at'
        '": 1714557600000000}, "source": {"version": "2.5", "connector": "postgresql", "ts_ms": '
        '1714557600100, "db": "pay", "table": "orders"}, "op": "c", "ts_ms": 1714557600123}\n'
        '{"before": null, "after": {"id": 1002, "customer_id": 6, "amount": "7.00", "created_at"'
        ': 1715594401000000}, "source": {"version": "2.5", "connector": "postgresql", "ts_ms": 1'
        '714557600100, "db": "pay", "table": "orders"}, "op": "c", "ts_ms": 1714557600123}',
        [
            {"event_id": "1001", "user_id": "5", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "1002", "user_id": "6", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "debezium updates": Export(
        "deb2.jsonl",
        '{"before": {"id": 1001, "customer_id": 5, "amount": "99.00", "created_at": 171455000000'
        '0000}, "after": {"id": 1001, "customer_id": 5, "amount": "12.50", "created_at": 1714557'
        '600000000}, "source": {"version": "2.5", "connector": "postgresql", "ts_ms": 1714557600'
        '100, "db": "pay", "table": "orders"}, "op": "u", "ts_ms": 1714557600123}\n'
        '{"before": {"id": 1002, "customer_id": 6, "amount": "99.00", "created_at": 171455000000'
        '0000}, "after": {"id": 1002, "customer_id": 6, "amount": "7.00", "created_at": 17155944'
        '01000000}, "source": {"version": "2.5", "connector": "postgresql", "ts_ms": 17145576001'
        '00, "db": "pay", "table": "orders"}, "op": "u", "ts_ms": 1714557600123}',
        [
            {"event_id": "1001", "user_id": "5", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "1002", "user_id": "6", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "debezium schema": Export(
        "deb3.jsonl",
        '{"schema": {"type": "struct", "fields": [{"field": "before", "type": "struct", "fields"'
        ': [{"type": "int64", "field": "id"}]}]}, "payload": {"before": null, "after": {"id": 10'
        '01, "customer_id": 5, "amount": "12.50", "created_at": 1714557600000000}, "source": {"v'
        'ersion": "2.5", "connector": "postgresql", "ts_ms": 1714557600100, "db": "pay", "table"'
        ': "orders"}, "op": "c", "ts_ms": 1714557600123}}\n'
        '{"schema": {"type": "struct", "fields": [{"field": "before", "type": "struct", "fields"'
        ': [{"type": "int64", "field": "id"}]}]}, "payload": {"before": null, "after": {"id": 10'
        '02, "customer_id": 6, "amount": "7.00", "created_at": 1715594401000000}, "source": {"ve'
        'rsion": "2.5", "connector": "postgresql", "ts_ms": 1714557600100, "db": "pay", "table":'
        ' "orders"}, "op": "c", "ts_ms": 1714557600123}}',
        [
            {"event_id": "1001", "user_id": "5", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "1002", "user_id": "6", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "avro json": Export(
        "avro.jsonl",
        '{"event_id": "e0", "user_id": {"string": "u0"}, "amount": {"double": 12.5}, "event_time'
        '": {"long": 1714557600000}, "currency": {"string": "EUR"}, "mcc": {"string": "0742"}}\n'
        '{"event_id": "e1", "user_id": {"string": "u1"}, "amount": {"double": 7}, "event_time": '
        '{"long": 1715594401000}, "currency": null, "mcc": {"string": "0742"}}',
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
            },
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "connect": Export(
        "conn.jsonl",
        '{"schema": {"type": "struct", "fields": [{"type": "string", "field": "event_id"}], "opt'
        'ional": false}, "payload": {"event_id": "e0", "user_id": "u0", "amount": 12.5, "event_t'
        'ime": 1714557600000}}\n'
        '{"schema": {"type": "struct", "fields": [{"type": "string", "field": "event_id"}], "opt'
        'ional": false}, "payload": {"event_id": "e1", "user_id": "u1", "amount": 7, "event_time'
        '": 1715594401000}}',
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "mongo canonical": Export(
        "mongo.json",
        '{"_id": {"$oid": "660"}, "userId": {"$numberLong": "41"}, "amount": {"$numberDecimal": '
        '"12.50"}, "createdAt": {"$date": {"$numberLong": "1714557600000"}}, "currency": "EUR", '
        '"fraud": false}\n'
        '{"_id": {"$oid": "661"}, "userId": {"$numberLong": "42"}, "amount": {"$numberDecimal": '
        '"7.00"}, "createdAt": {"$date": {"$numberLong": "1715594401000"}}, "currency": "EUR", "'
        'fraud": true}',
        [
            {
                "event_id": "660",
                "user_id": "41",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
                "label": False,
            },
            {
                "event_id": "661",
                "user_id": "42",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": True,
            },
        ],
    ),
    "dynamo export": Export(
        "dyn.json",
        '{"Item": {"event_id": {"S": "e0"}, "user_id": {"S": "u0"}, "amount": {"N": "12.5"}, "ev'
        'ent_time": {"N": "1714557600"}, "is_new": {"BOOL": true}, "currency": {"S": "EUR"}}}\n'
        '{"Item": {"event_id": {"S": "e1"}, "user_id": {"S": "u1"}, "amount": {"N": "7"}, "event'
        '_time": {"N": "1715594401"}, "is_new": {"BOOL": true}, "currency": {"S": "EUR"}}}',
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
            },
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "dynamo scan": Export(
        "dyn2.json",
        '{"Items": [{"event_id": {"S": "e0"}, "user_id": {"S": "u0"}, "amount": {"N": "12.5"}, "'
        'event_time": {"S": "2024-05-01T10:00:00Z"}}, {"event_id": {"S": "e1"}, "user_id": {"S":'
        ' "u1"}, "amount": {"N": "7"}, "event_time": {"S": "2024-05-13T10:00:01Z"}}], "Count": 2'
        ', "ScannedCount": 2}',
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "elastic hits": Export(
        "hits.json",
        '{"took": 5, "timed_out": false, "_shards": {"total": 1}, "hits": {"total": {"value": 2,'
        ' "relation": "eq"}, "max_score": 1.0, "hits": [{"_index": "pay", "_id": "e0", "_score":'
        ' 1.0, "_source": {"user_id": "u0", "amount": 12.5, "@timestamp": "2024-05-01T10:00:00.0'
        '00Z", "currency": "EUR"}}, {"_index": "pay", "_id": "e1", "_score": 1.0, "_source": {"u'
        'ser_id": "u1", "amount": 7, "@timestamp": "2024-05-13T10:00:01.000Z", "currency": "EUR"'
        "}}]}}",
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "currency": "EUR",
            },
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "elasticdump": Export(
        "dump.jsonl",
        '{"_index": "pay", "_id": "e0", "_score": 1, "_source": {"user": {"id": "u0"}, "amount":'
        ' 12.5, "@timestamp": "2024-05-01T10:00:00.000Z", "source": "web"}}\n'
        '{"_index": "pay", "_id": "e1", "_score": 1, "_source": {"user": {"id": "u1"}, "amount":'
        ' 7, "@timestamp": "2024-05-13T10:00:01.000Z", "source": "web"}}',
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "hive json country": Export(
        "country=DE/part-0.jsonl",
        '{"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00Z", "amount": 12.'
        "5}\n"
        '{"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01Z", "amount": 7}',
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "country": "DE",
            },
            {
                "event_id": "e1",
                "user_id": "u1",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "country": "DE",
            },
        ],
    ),
    "rs separated": Export(
        "seq.json",
        '\x1e{"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00Z", "amount":'
        " 12.5}\n"
        '\x1e{"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01Z", "amount":'
        " 7}\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "dotnet date": Export(
        "net.json",
        '[{"Id": "e0", "CustomerId": 1, "Amount": 12.5, "Created": "/Date(1714557600000)/"}, {"I'
        'd": "e1", "CustomerId": 2, "Amount": 7, "Created": "/Date(1715594401000)/"}]',
        [
            {"event_id": "e0", "user_id": "1", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
}
