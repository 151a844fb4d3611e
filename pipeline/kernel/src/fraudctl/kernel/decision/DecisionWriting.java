package fraudctl.kernel.decision;

import fraudctl.kernel.wire.Refusal;
import fraudctl.kernel.wire.RefusalWriting;
import fraudctl.kernel.wire.RefusedRecord;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * A decision as a Kafka record; the run that made it travels as a header.
 *
 * <p>A decision that the topic would not take must not end the job: its transaction goes to the dead-letter
 * topic instead. Whether it does follows from the decision's bytes alone, so every run does the same.
 */
public final class DecisionWriting implements KafkaRecordSerializationSchema<Decisions.Decision> {
    private static final long serialVersionUID = 1L;
    private static final byte[] SOURCE = ",\"source\":{".getBytes(StandardCharsets.UTF_8);
    private static final byte[] OFFSET = ",\"offset\":".getBytes(StandardCharsets.UTF_8);

    private final String topic;
    private final long run;
    private final int largestRecord;
    private final byte[] frame;
    private final DecisionForm form;
    private final RefusalWriting refusals;
    private transient List<Header> headers;

    /**
     * @param frame what stands in front of each decision, for consumers that ask a schema registry; or nothing
     * @param form what a decision is written as behind a frame
     */
    public DecisionWriting(String topic, long run, int largestRecord, byte[] frame, DecisionForm form,
            RefusalWriting refusals) {
        this.frame = frame;
        this.form = form;
        this.topic = topic;
        this.run = run;
        this.largestRecord = largestRecord;
        this.refusals = refusals;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            Decisions.Decision decision, KafkaSinkContext context, Long timestamp) {
        if (decision.isEnd()) {
            return end(decision.partition(), context);
        }
        byte[] value = form.value(frame, decision.value());
        if (decision.key().length + value.length > roomIn(largestRecord)) {
            return refusals.serialize(refused(decision), context, timestamp);
        }
        if (headers == null) {
            headers = List.of(new RecordHeader("run", Long.toString(run).getBytes(StandardCharsets.UTF_8)));
        }
        return new ProducerRecord<>(topic, decision.partition(), null, decision.key(), value, headers);
    }

    /** A record without content that names the subtask and how many there are: {@code end: 0/2}. */
    private ProducerRecord<byte[], byte[]> end(int partition, KafkaSinkContext context) {
        String which = context.getParallelInstanceId() + "/" + context.getNumberOfParallelInstances();
        List<Header> marked = List.of(new RecordHeader("end", which.getBytes(StandardCharsets.UTF_8)));
        return new ProducerRecord<>(topic, partition, null, null, null, marked);
    }

    /** What a record leaves to its key and value: Kafka's frame and headers, and bytes that do not compress. */
    private static int roomIn(int largestRecord) {
        return largestRecord - largestRecord / 1_000 - 2_048;
    }

    private RefusedRecord refused(Decisions.Decision decision) {
        byte[] value = decision.value();
        int source = indexOf(value, SOURCE, 0);
        byte[] transaction = Arrays.copyOf(value, source + 1);
        transaction[source] = '}';
        Refusal reason = new Refusal("decision_too_large", "the decision has " + value.length
                + " bytes, a record may have " + largestRecord);
        int offset = indexOf(value, OFFSET, source) + OFFSET.length;
        return RefusedRecord.of(decision.partition(), number(value, offset), transaction, reason);
    }

    /** A name in quotes cannot stand inside a text, where quotes are escaped. */
    private static int indexOf(byte[] value, byte[] name, int from) {
        int at = from;
        while (!Arrays.equals(value, at, at + name.length, name, 0, name.length)) {
            at++;
        }
        return at;
    }

    private static long number(byte[] digits, int from) {
        long number = 0;
        for (int i = from; digits[i] >= '0' && digits[i] <= '9'; i++) {
            number = number * 10 + digits[i] - '0';
        }
        return number;
    }
}
