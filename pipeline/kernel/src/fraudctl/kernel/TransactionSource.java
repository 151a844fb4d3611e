package fraudctl.kernel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Flink's Kafka source, with a reader that tells the stamper behind it which partitions it reads and when
 * it has nothing more, and that stops reading partitions whose events only pile up.
 *
 * <p>Flink's own per-split watermarks are not used: they forget an empty or silent partition on a restart
 * and know idleness only by the wall clock, so they cannot give the same order twice.
 */
final class TransactionSource implements Source<Record, KafkaPartitionSplit, KafkaSourceEnumState> {
    private static final long serialVersionUID = 1L;
    private static final int RECORDS_BETWEEN_CHECKS = 256;
    /** More than the fetcher can be ahead of the reader: a split that it has finished must not be paused. */
    private static final long RECORDS_BEFORE_THE_END = 5_000;

    private final KafkaSource<Record> kafka;

    TransactionSource(KafkaSource<Record> kafka) {
        this.kafka = kafka;
    }

    @Override
    public Boundedness getBoundedness() {
        return kafka.getBoundedness();
    }

    @Override
    public SourceReader<Record, KafkaPartitionSplit> createReader(SourceReaderContext context) throws Exception {
        return new Reader(kafka.createReader(context));
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> createEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        return kafka.createEnumerator(context);
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> restoreEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context, KafkaSourceEnumState state) throws IOException {
        SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> restored = kafka.restoreEnumerator(context, state);
        return getBoundedness() == Boundedness.BOUNDED ? new RestoredBounded(restored, context) : restored;
    }

    @Override
    public SimpleVersionedSerializer<KafkaPartitionSplit> getSplitSerializer() {
        return kafka.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<KafkaSourceEnumState> getEnumeratorCheckpointSerializer() {
        return kafka.getEnumeratorCheckpointSerializer();
    }

    /**
     * Tells each reader that it has got all its splits. Flink's own enumerator says so only after it has found
     * a new partition, which it never does after a restore, and the job would not end.
     */
    private static final class RestoredBounded implements SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> {
        private final SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> kafka;
        private final SplitEnumeratorContext<KafkaPartitionSplit> context;

        RestoredBounded(SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> kafka,
                SplitEnumeratorContext<KafkaPartitionSplit> context) {
            this.kafka = kafka;
            this.context = context;
        }

        @Override
        public void addReader(int subtask) {
            kafka.addReader(subtask);
            context.signalNoMoreSplits(subtask);
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

    private static final class Reader implements SourceReader<Record, KafkaPartitionSplit> {
        private final SourceReader<Record, KafkaPartitionSplit> kafka;
        private final Flow flow = Flow.ofThisTask();
        private final Map<Integer, KafkaPartitionSplit> splits = new HashMap<>();
        private int recordsSinceCheck;

        Reader(SourceReader<Record, KafkaPartitionSplit> kafka) {
            this.kafka = kafka;
        }

        @Override
        public void addSplits(List<KafkaPartitionSplit> added) {
            for (KafkaPartitionSplit split : added) {
                splits.put(split.getPartition(), split);
                flow.assign(split.getPartition());
            }
            kafka.addSplits(added);
        }

        @Override
        public InputStatus pollNext(ReaderOutput<Record> output) throws Exception {
            InputStatus status = kafka.pollNext(output);
            if (status == InputStatus.NOTHING_AVAILABLE) {
                flow.drained();
                pauseWhatRunsAhead();
            } else if (++recordsSinceCheck >= RECORDS_BETWEEN_CHECKS) {
                pauseWhatRunsAhead();
            }
            return status;
        }

        private void pauseWhatRunsAhead() {
            recordsSinceCheck = 0;
            List<String> pause = new ArrayList<>();
            List<String> resume = new ArrayList<>();
            for (KafkaPartitionSplit split : splits.values()) {
                int partition = split.getPartition();
                boolean shouldPause = flow.shouldPause(partition) && !isNearItsEnd(split);
                if (shouldPause != flow.isPaused(partition)) {
                    (shouldPause ? pause : resume).add(split.splitId());
                    flow.paused(partition, shouldPause);
                }
            }
            if (!pause.isEmpty() || !resume.isEmpty()) {
                kafka.pauseOrResumeSplits(pause, resume);
            }
        }

        private boolean isNearItsEnd(KafkaPartitionSplit split) {
            return split.getStoppingOffset().isPresent()
                    && flow.offset(split.getPartition()) > split.getStoppingOffset().get() - RECORDS_BEFORE_THE_END;
        }

        @Override
        public void start() {
            kafka.start();
        }

        @Override
        public List<KafkaPartitionSplit> snapshotState(long checkpointId) {
            return kafka.snapshotState(checkpointId);
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            return kafka.isAvailable();
        }

        @Override
        public void notifyNoMoreSplits() {
            kafka.notifyNoMoreSplits();
        }

        @Override
        public void handleSourceEvents(SourceEvent event) {
            kafka.handleSourceEvents(event);
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) throws Exception {
            kafka.notifyCheckpointComplete(checkpointId);
        }

        @Override
        public void close() throws Exception {
            kafka.close();
        }
    }
}
