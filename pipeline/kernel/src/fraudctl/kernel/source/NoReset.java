package fraudctl.kernel.source;

import java.util.Collection;
import java.util.Map;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;

/**
 * Where a job without state begins, by another initializer, and nothing else: a place that the log no longer
 * holds is an error. Flink's own would let the client go to the beginning or the end in silence, also when a
 * restored offset is gone.
 */
public final class NoReset implements OffsetsInitializer {
    private static final long serialVersionUID = 1L;

    private final OffsetsInitializer begin;

    public NoReset(OffsetsInitializer begin) {
        this.begin = begin;
    }

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever retriever) {
        return begin.getPartitionOffsets(partitions, retriever);
    }

    @Override
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return OffsetResetStrategy.NONE;
    }
}
