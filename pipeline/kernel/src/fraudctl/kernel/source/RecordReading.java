package fraudctl.kernel.source;

import fraudctl.kernel.event.InChain;
import fraudctl.kernel.wire.Record;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.flink.util.Collector;

/** Kafka's records as {@link Record}s; tells the control records by their headers. */
public final class RecordReading implements KafkaRecordDeserializationSchema<Record> {
    private static final long serialVersionUID = 1L;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> from, Collector<Record> out) {
        Record record = new Record();
        record.partition = from.partition();
        record.offset = from.offset();
        record.appendMs = from.timestamp();
        record.value = from.value();
        if (record.value == null) {
            readControl(from, record);
        }
        out.collect(record);
    }

    private static void readControl(ConsumerRecord<byte[], byte[]> from, Record record) {
        Header tick = from.headers().lastHeader("tick");
        Header close = from.headers().lastHeader("close");
        if (tick != null) {
            Header limit = from.headers().lastHeader("limit");
            record.tick(text(tick), limit == null ? null : text(limit));
        } else if (close != null) {
            record.close(text(close));
        }
    }

    private static String text(Header header) {
        return header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    @Override
    public TypeInformation<Record> getProducedType() {
        return new InChain<>(Record.class);
    }
}
