package fraudctl.kernel.source;

import fraudctl.kernel.wire.Record;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
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
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.clients.consumer.InvalidOffsetException;

/**
 * Flink's Kafka source, with a reader that tells the stamper behind it which partitions it reads and when
 * it has nothing more, and that stops reading partitions whose events only pile up. The readers of a bounded
 * source end together, see {@link BoundedEnumerator}.
 *
 * <p>Flink's own per-split watermarks are not used: they forget an empty or silent partition on a restart
 * and know idleness only by the wall clock, so they cannot give the same order twice.
 */
public final class TransactionSource implements Source<Record, KafkaPartitionSplit, KafkaSourceEnumState> {
    private static final long serialVersionUID = 1L;
    private static final int RECORDS_BETWEEN_CHECKS = 256;
    /** More than the fetcher can be ahead of the reader: a split that it has finished must not be paused. */
    private static final long RECORDS_BEFORE_THE_END = 5_000;

    private final KafkaSource<Record> kafka;
    private final Properties properties;

    /** @param properties of the reader's Kafka client, its group among them */
    public TransactionSource(KafkaSource<Record> kafka, Properties properties) {
        this.kafka = kafka;
        this.properties = properties;
    }

    @Override
    public Boundedness getBoundedness() {
        return kafka.getBoundedness();
    }

    @Override
    public SourceReader<Record, KafkaPartitionSplit> createReader(SourceReaderContext context) throws Exception {
        return new Reader(PacedReader.ofPartitions(properties, context), context, properties);
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> createEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        return coordinated(kafka.createEnumerator(context), context, false);
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> restoreEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context, KafkaSourceEnumState state) throws IOException {
        return coordinated(kafka.restoreEnumerator(context, state), context, true);
    }

    private SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> coordinated(
            SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> enumerator,
            SplitEnumeratorContext<KafkaPartitionSplit> context, boolean isRestored) {
        return getBoundedness() == Boundedness.BOUNDED
                ? new BoundedEnumerator(enumerator, context, isRestored) : enumerator;
    }

    @Override
    public SimpleVersionedSerializer<KafkaPartitionSplit> getSplitSerializer() {
        return kafka.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<KafkaSourceEnumState> getEnumeratorCheckpointSerializer() {
        return kafka.getEnumeratorCheckpointSerializer();
    }

    private static final class Reader implements SourceReader<Record, KafkaPartitionSplit> {
        private final SourceReader<Record, KafkaPartitionSplit> kafka;
        private final SourceReaderContext context;
        private final Properties client;
        private final Flow flow = Flow.ofThisTask();
        private final Map<Integer, KafkaPartitionSplit> splits = new HashMap<>();
        private final CompletableFuture<Void> allHaveEnded = new CompletableFuture<>();
        private int recordsSinceCheck;

        Reader(SourceReader<Record, KafkaPartitionSplit> kafka, SourceReaderContext context,
                Properties client) {
            this.kafka = kafka;
            this.context = context;
            this.client = client;
        }

        @Override
        public void addSplits(List<KafkaPartitionSplit> added) {
            for (KafkaPartitionSplit split : added) {
                splits.put(split.getPartition(), split);
                flow.assign(split.getPartition());
            }
            kafka.addSplits(added.stream().anyMatch(LogCheck::isPlaced) ? checked(added) : added);
        }

        private List<KafkaPartitionSplit> checked(List<KafkaPartitionSplit> added) {
            try (LogCheck log = new LogCheck(client)) {
                return log.checked(added, flow.witnesses());
            } catch (InvalidOffsetException gone) {
                throw new SuppressRestartsException(gone);
            }
        }

        @Override
        public InputStatus pollNext(ReaderOutput<Record> output) throws Exception {
            if (flow.hasEnded()) {
                return allHaveEnded.isDone() ? InputStatus.END_OF_INPUT : InputStatus.NOTHING_AVAILABLE;
            }
            InputStatus status = polled(output);
            if (status == InputStatus.END_OF_INPUT) {
                flow.endAll();
                flow.drained();
                context.sendSourceEventToCoordinator(new BoundedEnumerator.ReaderEnded());
                return InputStatus.NOTHING_AVAILABLE;
            }
            if (status == InputStatus.NOTHING_AVAILABLE) {
                flow.drained();
                steer();
            } else if (++recordsSinceCheck >= RECORDS_BETWEEN_CHECKS) {
                steer();
            }
            return status;
        }

        /** An offset that the log no longer holds does not come back by trying again: the job ends. */
        private InputStatus polled(ReaderOutput<Record> output) throws Exception {
            try {
                return kafka.pollNext(output);
            } catch (Exception failed) {
                if (ExceptionUtils.findThrowable(failed, InvalidOffsetException.class).isPresent()) {
                    throw new SuppressRestartsException(failed);
                }
                throw failed;
            }
        }

        private void steer() {
            splits.values().stream().filter(this::isAtItsEnd).forEach(split -> flow.end(split.getPartition()));
            pauseWhatRunsAhead();
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
            return isWithin(split, RECORDS_BEFORE_THE_END);
        }

        private boolean isAtItsEnd(KafkaPartitionSplit split) {
            return isWithin(split, 1);
        }

        private boolean isWithin(KafkaPartitionSplit split, long records) {
            return split.getStoppingOffset().isPresent()
                    && flow.offset(split.getPartition()) >= split.getStoppingOffset().get() - records;
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
            return flow.hasEnded() ? allHaveEnded : kafka.isAvailable();
        }

        @Override
        public void notifyNoMoreSplits() {
            kafka.notifyNoMoreSplits();
        }

        @Override
        public void handleSourceEvents(SourceEvent event) {
            if (event instanceof BoundedEnumerator.AllHaveEnded) {
                allHaveEnded.complete(null);
            } else {
                kafka.handleSourceEvents(event);
            }
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
