package fraudctl.kernel;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.internals.RecordHeader;

/** A decision as a Kafka record; the run that made it travels as a header. */
final class DecisionWriting implements KafkaRecordSerializationSchema<Decisions.Decision> {
    private static final long serialVersionUID = 1L;

    private final String topic;
    private final long run;
    private transient List<Header> headers;

    DecisionWriting(String topic, long run) {
        this.topic = topic;
        this.run = run;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            Decisions.Decision decision, KafkaSinkContext context, Long timestamp) {
        if (headers == null) {
            headers = List.of(new RecordHeader("run", Long.toString(run).getBytes(StandardCharsets.UTF_8)));
        }
        return new ProducerRecord<>(topic, decision.partition(), null, decision.key(), decision.value(), headers);
    }
}
