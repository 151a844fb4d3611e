package fraudctl.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** One line of a scored batch as a Kafka record: into the partition number of its transaction, keyed by user. */
final class DecisionWriting implements KafkaRecordSerializationSchema<byte[]> {
    private static final long serialVersionUID = 1L;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String topic;
    private final long run;
    private transient List<Header> headers;

    DecisionWriting(String topic, long run) {
        this.topic = topic;
        this.run = run;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(byte[] line, KafkaSinkContext context, Long timestamp) {
        if (headers == null) {
            headers = List.of(new RecordHeader("run", Long.toString(run).getBytes(StandardCharsets.UTF_8)));
        }
        int partition = 0;
        int at = 0;
        while (line[at] != '\t') {
            partition = partition * 10 + line[at++] - '0';
        }
        int keyFrom = at + 1;
        at = keyFrom;
        boolean isEscaped = false;
        while (line[at] != '\t') {
            isEscaped |= line[at++] == '\\';
        }
        byte[] key = Arrays.copyOfRange(line, keyFrom, at);
        byte[] value = Arrays.copyOfRange(line, at + 1, line.length);
        return new ProducerRecord<>(topic, partition, null, isEscaped ? unescaped(key) : key, value, headers);
    }

    private static byte[] unescaped(byte[] key) {
        try {
            String json = '"' + new String(key, StandardCharsets.UTF_8) + '"';
            return MAPPER.readValue(json, String.class).getBytes(StandardCharsets.UTF_8);
        } catch (java.io.IOException impossible) {
            throw new IllegalStateException("the kernel escaped a key wrongly", impossible);
        }
    }
}
