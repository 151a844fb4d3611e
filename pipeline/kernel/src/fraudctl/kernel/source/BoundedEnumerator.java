package fraudctl.kernel.source;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;

/**
 * Kafka's enumerator for a bounded source, with two additions.
 *
 * <p>The readers end together: one that has read its partitions says so and waits until all have. Otherwise
 * no checkpoint could complete between the first reader's end and the last one's, since Flink refuses union
 * list state ({@code StampOperator} has some) of an operator of which only some subtasks have finished.
 *
 * <p>After a restore it tells each reader that it has got all its splits. Kafka's own enumerator says so only
 * when it has found a new partition, which it never does then, and the job would not end.
 */
final class BoundedEnumerator implements SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> {
    private final SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> kafka;
    private final SplitEnumeratorContext<KafkaPartitionSplit> context;
    private final boolean isRestored;
    private final Set<Integer> ended = new HashSet<>();

    /** From a reader: it has read all its partitions to their ends. */
    static final class ReaderEnded implements SourceEvent {
        private static final long serialVersionUID = 1L;
    }

    /** To the readers: all have. */
    static final class AllHaveEnded implements SourceEvent {
        private static final long serialVersionUID = 1L;
    }

    BoundedEnumerator(SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> kafka,
            SplitEnumeratorContext<KafkaPartitionSplit> context, boolean isRestored) {
        this.kafka = kafka;
        this.context = context;
        this.isRestored = isRestored;
    }

    /** Also called for a reader that comes back after a failure; it reads again. */
    @Override
    public void addReader(int subtask) {
        ended.remove(subtask);
        kafka.addReader(subtask);
        if (isRestored) {
            context.signalNoMoreSplits(subtask);
        }
    }

    @Override
    public void handleSourceEvent(int subtask, SourceEvent event) {
        if (!(event instanceof ReaderEnded)) {
            kafka.handleSourceEvent(subtask, event);
            return;
        }
        ended.add(subtask);
        if (ended.size() == context.currentParallelism()) {
            ended.forEach(reader -> context.sendEventToSourceReader(reader, new AllHaveEnded()));
        }
    }

    @Override
    public void start() {
        kafka.start();
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {
        kafka.handleSplitRequest(subtask, host);
    }

    @Override
    public void addSplitsBack(List<KafkaPartitionSplit> splits, int subtask) {
        kafka.addSplitsBack(splits, subtask);
    }

    @Override
    public KafkaSourceEnumState snapshotState(long checkpointId) throws Exception {
        return kafka.snapshotState(checkpointId);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        kafka.notifyCheckpointComplete(checkpointId);
    }

    @Override
    public void close() throws IOException {
        kafka.close();
    }
}
