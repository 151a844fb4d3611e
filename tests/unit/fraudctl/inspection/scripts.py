"""Files in the letters of many scripts, and what is right."""

from __future__ import annotations

from tests.unit.fraudctl.inspection.asked import Export

SCRIPTS: dict[str, Export] = {
    "shift jis yen": Export(
        "kessai2.csv",
        "決済ID,決済日時,会員ID,決済金額\n"
        "K1,2024/05/01 10:00:00,10001,￥1234567\n"
        "K2,2024/05/13 10:00:01,10002,￥500\n",
        [
            {
                "event_id": "K1",
                "user_id": "10001",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "1234567",
            },
            {"event_id": "K2", "user_id": "10002", "event_time": "2024-05-13T10:00:01.000Z", "amount": "500"},
        ],
        encoding="cp932",
    ),
    "gb18030 wallet": Export(
        "alipay.csv",
        "支付宝交易记录明细查询\n"
        "账号:[a@example.org]\n"
        "起始日期:[2024-05-01 00:00:00]    终止日期:[2024-05-31 00:00:00]\n"
        "---------------------------------交易记录明细列表------------------------------------\n"
        "交易号                  ,商家订单号               ,交易创建时间              ,付款时间 "
        "               ,交易对方            ,金额（元）   ,收/支     ,交易状态    \n"
        "20240501001\t,o1\t,2024-05-01 10:00:00 ,2024-05-01 10:00:05 ,商店 ,12.50   ,支出      ,"
        "交易成功    \n"
        "20240513002\t,o2\t,2024-05-13 10:00:01 ,2024-05-13 10:00:06 ,商店 ,7.00   ,支出      ,交"
        "易成功    \n"
        "------------------------------------------------------------------------------------\n"
        "共2笔记录\n",
        [
            {
                "event_id": "20240501001",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12.5",
                "merchant_id": "商店",
            },
            {"event_id": "20240513002", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        refused=2,
        encoding="gb18030",
    ),
    "wechat": Export(
        "wechat.csv",
        "微信支付账单明细\n"
        "\n"
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号\n"
        '2024-05-01 10:00:00,商户消费,店,"x",支出,¥12.50,零钱,支付成功,"1000039501"\n'
        '2024-05-13 10:00:01,商户消费,店,"x",支出,¥7.00,零钱,支付成功,"1000039502"\n',
        [
            {"event_id": "1000039501", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "1000039502", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "korean": Export(
        "kr.csv",
        "거래번호,거래일시,고객번호,거래금액\n"
        '1,2024-05-01 10:00:00,C1,"12,000원"\n'
        '2,2024-05-13 10:00:01,C2,"1,234,500원"\n',
        [
            {
                "event_id": "1",
                "user_id": "C1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "12000",
                "currency": "KRW",
            },
            {"event_id": "2", "user_id": "C2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "1234500"},
        ],
        encoding="cp949",
    ),
    "turkish": Export(
        "tr.csv",
        "İşlem No;Tarih;Müşteri No;Tutar;Açıklama\n"
        "1;01.05.2024 10:00:00;M1;1.234,56 TL;ödeme\n"
        "2;13.05.2024 10:00:01;M2;7,00 TL;iade\n",
        [
            {
                "event_id": "1",
                "user_id": "M1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "1234.56",
                "currency": "TRY",
            },
            {"event_id": "2", "user_id": "M2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        encoding="cp1254",
    ),
    "cyrillic": Export(
        "ru.csv",
        "Номер операции;Дата операции;Клиент;Сумма;Валюта\n"
        "1;01.05.2024 10:00:00;К1;1 234,56;RUB\n"
        "2;13.05.2024 10:00:01;К2;7,00;RUB\n",
        [
            {
                "event_id": "1",
                "user_id": "К1",
                "event_time": "2024-05-01T10:00:00.000Z",
                "amount": "1234.56",
                "currency": "RUB",
            },
            {"event_id": "2", "user_id": "К2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        encoding="cp1251",
    ),
    "polish": Export(
        "pl.csv",
        "Data operacji;Rachunek;Kwota;Waluta;Opis\n"
        "2024-05-01;PL01;-1 234,56;PLN;Żabka\n"
        "2024-05-13;PL01;7,00;PLN;Łódź\n",
        [
            {
                "user_id": "PL01",
                "event_time": "2024-05-01T00:00:00.000Z",
                "amount": "-1234.56",
                "currency": "PLN",
            },
            {"user_id": "PL01", "event_time": "2024-05-13T00:00:00.000Z", "amount": "7"},
        ],
        encoding="cp1250",
    ),
    "sep bom crlf": Export(
        "xl.csv",
        "\ufeffsep=;\r\n"
        "event_id;user_id;event_time;amount;online\r\n"
        "e1;u1;01.05.2024 10:00:00;1.234,50;WAHR\r\n"
        "e2;u2;13.05.2024 10:00:01;7;FALSCH\r\n",
        [
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-01T10:00:00.000Z", "amount": "1234.5"},
            {"event_id": "e2", "user_id": "u2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "chinese date": Export(
        "cn.csv",
        "event_id,user_id,event_time,amount\n"
        "e0,u0,2024年5月1日 10:00:00,12.5\n"
        "e1,u1,2024年5月13日 10:00:01,7\n",
        [
            {"event_id": "e0", "user_id": "u0", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e1", "user_id": "u1", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
    ),
    "utf16 be tab": Export(
        "unicode.txt",
        "\ufeffevent_id\tuser_id\tevent_time\tamount\r\n"
        "e1\tü1\t2024-05-01T10:00:00Z\t12.50\r\n"
        "e2\tü2\t2024-05-13T10:00:01Z\t7\r\n",
        [
            {"event_id": "e1", "user_id": "ü1", "event_time": "2024-05-01T10:00:00.000Z", "amount": "12.5"},
            {"event_id": "e2", "user_id": "ü2", "event_time": "2024-05-13T10:00:01.000Z", "amount": "7"},
        ],
        encoding="utf-16-be",
    ),
}
