package fraudctl.kernel.source;

import java.util.Collection;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** From which offset on the log has records of some partitions, and the offset behind the last one. */
record LogExtent(Map<TopicPartition, Long> begins, Map<TopicPartition, Long> ends) {

    /** Asks the broker, with the properties of a reader's client. */
    static LogExtent of(Collection<TopicPartition> partitions, Properties client) {
        Properties asking = new Properties();
        asking.putAll(client);
        // The end of the log, not that of what is committed: what a client that died began may be behind it.
        asking.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(asking, bytes, bytes)) {
            return new LogExtent(consumer.beginningOffsets(partitions), consumer.endOffsets(partitions));
        }
    }

    long begin(TopicPartition partition) {
        return begins.get(partition);
    }

    /**
     * The broker would say the same to the first that reads, but by then the job runs, and was said to be well.
     *
     * @throws OffsetOutOfRangeException where a split begins at what the log no longer holds, or does not hold yet
     */
    void mustHold(KafkaPartitionSplit split) {
        TopicPartition at = split.getTopicPartition();
        long next = split.getStartingOffset();
        if (next < begins.get(at) || next > ends.get(at)) {
            throw new OffsetOutOfRangeException("the log of " + at + " has the offsets from " + begins.get(at)
                    + " to before " + ends.get(at) + ", and " + next + " was to be read next", Map.of(at, next));
        }
    }
}
