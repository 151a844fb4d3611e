package fraudctl.kernel.wire;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** A refused record as a record of the dead-letter topic: where it was and why in headers, its bytes as value. */
public final class RefusalWriting implements KafkaRecordSerializationSchema<RefusedRecord> {
    private static final long serialVersionUID = 1L;

    private final String sourceTopic;
    private final String topic;

    public RefusalWriting(String sourceTopic, String topic) {
        this.sourceTopic = sourceTopic;
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(RefusedRecord refused, KafkaSinkContext context, Long timestamp) {
        List<Header> headers = List.of(
                header("topic", sourceTopic),
                header("partition", refused.partition),
                header("offset", refused.offset),
                header("length", refused.length),
                header("reason", refused.reason));
        return new ProducerRecord<>(topic, null, null, null, refused.value, headers);
    }

    private static Header header(String name, Object value) {
        return new RecordHeader(name, value.toString().getBytes(StandardCharsets.UTF_8));
    }
}
