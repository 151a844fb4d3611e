"""Tables as databases export them, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

DATABASES: dict[str, Export] = {
    "snowflake ts": Export(
        "sf2.csv",
        "EVENT_ID,USER_ID,EVENT_TIME,AMOUNT,IS_FRAUD\n"
        'e1,u1,"Wed, 01 May 2024 10:00:00 +0000",12.50,\\N\n'
        'e2,u2,"Mon, 13 May 2024 10:00:01 +0000",7.00,1\n',
        [
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {
                "event_id": "e2",
                "user_id": "u2",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": True,
            },
        ],
    ),
    "redshift": Export(
        "rs_0000_part_00",
        "event_id|user_id|event_time|amount|is_fraud|note\n"
        "1|u1|2024-05-01 10:00:00|12.50|t|a\\|b\n"
        "2|u2|2024-05-13 10:00:01|7.00|f|c\n"
        "3|u2|2024-05-13 10:00:02|7.00|f|c\n"
        "4|u2|2024-05-13 10:00:03|7.00|f|c\n",
        [
            {
                "event_id": "2",
                "user_id": "u2",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": False,
            },
            {"event_id": "3", "amount": "7"},
            {"event_id": "4", "amount": "7"},
        ],
        refused=1,
    ),
    "hive csv both": Export(
        "country=DE/part-0.csv",
        "event_id,user_id,event_time,amount,country\n"
        "e0,u0,2024-05-01T10:00:00Z,12.5,FR\n"
        "e1,u1,2024-05-13T10:00:01Z,7,\n",
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "country": "FR",
            },
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "hive date time": Export(
        "date=2024-05-01/part-0.csv",
        "event_id,user_id,time,amount\ne0,u0,10:00:00,12.5\ne1,u1,10:00:01,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-01T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "soh delimited": Export(
        "hive.txt",
        "event_id\x01user_id\x01event_time\x01amount\n"
        "e0\x01u0\x012024-05-01T10:00:00Z\x0112.5\n"
        "e1\x01u1\x012024-05-13T10:00:01Z\x017\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "ascii table": Export(
        "mysql.txt",
        "+----------+---------+---------------------+--------+\n"
        "| event_id | user_id | event_time          | amount |\n"
        "+----------+---------+---------------------+--------+\n"
        "| e0       | u0      | 2024-05-01 10:00:00 |  12.50 |\n"
        "| e1       | u1      | 2024-05-13 10:00:01 |   7.00 |\n"
        "+----------+---------+---------------------+--------+\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        refused=2,
    ),
    "db2 time": Export(
        "db2.csv",
        "event_id,user_id,event_time,amount\n"
        "e0,u0,2024-05-01-10.00.00.000000,12.5\n"
        "e1,u1,2024-05-13-10.00.01.000000,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "c ctime": Export(
        "c.csv",
        "event_id,user_id,event_time,amount\n"
        "e0,u0,Wed May  1 10:00:00 2024,12.5\n"
        "e1,u1,Mon May 13 10:00:01 2024,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "clock first": Export(
        "cf.csv",
        "event_id,user_id,event_time,amount\ne0,u0,10:00:00 01/05/2024,12.5\ne1,u1,10:00:01 13/05/2024,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "pg bool label": Export(
        "pg.csv",
        "event_id,user_id,event_time,amount,is_fraud\n"
        "e0,u0,2024-05-01T10:00:00Z,12.5,t\n"
        "e1,u1,2024-05-13T10:00:01Z,7,f\n",
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "label": True,
            },
            {
                "event_id": "e1",
                "user_id": "u1",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": False,
            },
        ],
    ),
    "word label": Export(
        "wl.csv",
        "event_id,user_id,event_time,amount,label\n"
        "e0,u0,2024-05-01T10:00:00Z,12.5,Fraudulent\n"
        "e1,u1,2024-05-13T10:00:01Z,7,Legitimate\n",
        [
            {
                "event_id": "e0",
                "user_id": "u0",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "label": True,
            },
            {
                "event_id": "e1",
                "user_id": "u1",
                "event_time": "2024-05-13T10:00:01.000Z",
                "amount": "7",
                "label": False,
            },
        ],
    ),
    "two time columns zone diff": Export(
        "tz.csv",
        "event_id,user_id,created_local,created_utc,amount\n"
        "e0,u0,2024-05-01 12:00:00,2024-05-01 10:00:00,12.5\n"
        "e1,u1,2024-05-13 12:00:01,2024-05-13 10:00:01,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
}
