package fraudctl.kernel.source;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Whether the log has what splits begin with, asked before they are read. Whoever reads would find it out as well, but
 * by then the job runs, and was said to be well.
 */
final class LogCheck implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final long WAIT_NS = Duration.ofSeconds(60).toNanos();

    private final KafkaConsumer<byte[], byte[]> consumer;

    /** @param client properties of the reader's client */
    LogCheck(Properties client) {
        Properties asking = new Properties();
        asking.putAll(client);
        asking.remove(ConsumerConfig.GROUP_ID_CONFIG);
        asking.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        asking.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        // The end of the log, not that of what is committed: what a client that died began may be behind it.
        asking.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        consumer = new KafkaConsumer<>(asking, bytes, bytes);
    }

    /** Whether a split begins at an offset; others begin at the first or the last there is, whatever that may be. */
    static boolean isPlaced(KafkaPartitionSplit split) {
        return split.getStartingOffset() >= 0;
    }

    /**
     * The splits behind what their witnesses have seen.
     *
     * @throws OffsetOutOfRangeException where one begins at what the log does not hold, or another record stands in
     *     the place of its witness
     */
    List<KafkaPartitionSplit> checked(List<KafkaPartitionSplit> splits, Witnesses witnesses) {
        List<TopicPartition> partitions = splits.stream().filter(LogCheck::isPlaced)
                .map(KafkaPartitionSplit::getTopicPartition).toList();
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        Map<TopicPartition, Long> seen = new HashMap<>();
        List<KafkaPartitionSplit> behind = new ArrayList<>();
        for (KafkaPartitionSplit split : splits) {
            if (!isPlaced(split)) {
                behind.add(split);
                continue;
            }
            TopicPartition at = split.getTopicPartition();
            mustHold(split, begins.get(at), ends.get(at));
            boolean isWitnessed = witnesses.sees(split);
            if (isWitnessed && begins.get(at) <= witnesses.offset(at.partition())) {
                seen.put(at, witnesses.offset(at.partition()));
            }
            behind.add(isWitnessed ? witnesses.behind(split) : split);
        }
        appended(seen).forEach(witnesses::mustAgree);
        return behind;
    }

    private static void mustHold(KafkaPartitionSplit split, long begin, long end) {
        TopicPartition at = split.getTopicPartition();
        long next = split.getStartingOffset();
        if (next < begin || next > end) {
            throw new OffsetOutOfRangeException("the log of " + at + " has the offsets from " + begin + " to before " + end
                    + ", and " + next + " was to be read next", Map.of(at, next));
        }
    }

    /** When the records at these offsets were appended; without those in whose place is none. */
    private Map<TopicPartition, Long> appended(Map<TopicPartition, Long> offsets) {
        Map<TopicPartition, Long> found = new HashMap<>();
        Set<TopicPartition> left = new HashSet<>(offsets.keySet());
        consumer.assign(offsets.keySet());
        offsets.forEach(consumer::seek);
        long until = System.nanoTime() + WAIT_NS;
        while (!left.isEmpty()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(LOOK)) {
                TopicPartition at = new TopicPartition(record.topic(), record.partition());
                if (offsets.get(at) == record.offset()) {
                    found.put(at, record.timestamp());
                }
            }
            List<TopicPartition> passed =
                    left.stream().filter(at -> consumer.position(at) > offsets.get(at)).toList();
            consumer.pause(passed);
            passed.forEach(left::remove);
            if (System.nanoTime() > until) {
                throw new TimeoutException("the broker does not give the records at " + offsets);
            }
        }
        return found;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
