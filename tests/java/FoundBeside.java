package fraudctl.kernel;

import fraudctl.kernel.checkpoint.Proviso;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFutures;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * An operator whose checkpoints each ask for an event that comes after them, and of which some are found to be no
 * good: {@code FoundBeside FOLDER FAILURES CHECKPOINTS}. An operator that stood still meanwhile would see none.
 *
 * <p>One line of JSON: how often a checkpoint was {@code refused}, how often the operator was {@code opened}, and
 * whether one {@code counted} although it had been refused.
 */
public final class FoundBeside {
    private static final AtomicInteger REFUSED = new AtomicInteger();
    private static final AtomicInteger OPENED = new AtomicInteger();
    private static volatile boolean counted;
    private static CountDownLatch completed;
    private static volatile CompletableFuture<Void> another = new CompletableFuture<>();

    private FoundBeside() {}

    public static void main(String[] arguments) throws Exception {
        completed = new CountDownLatch(Integer.parseInt(arguments[2]));
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(1, settings(Path.of(arguments[0])));
        flink.fromSequence(0, Long.MAX_VALUE - 1)
                .transform("trial", Types.LONG, new Trial(Integer.parseInt(arguments[1])))
                .sinkTo(new DiscardingSink<>());
        JobClient job = flink.executeAsync();
        completed.await();
        job.cancel().get();
        System.out.printf("{\"refused\":%d,\"opened\":%d,\"counted\":%b}%n", REFUSED.get(), OPENED.get(), counted);
        Runtime.getRuntime().halt(0);
    }

    private static Configuration settings(Path folder) {
        Configuration settings = new Configuration();
        settings.setString("jobmanager.bind-host", "127.0.0.1");
        settings.setString("taskmanager.bind-host", "127.0.0.1");
        settings.setString("rest.bind-address", "127.0.0.1");
        settings.setString("io.tmp.dirs", folder.resolve("tmp").toString());
        settings.setString("execution.checkpointing.interval", "20 ms");
        settings.setString("execution.checkpointing.dir", folder.resolve("checkpoints").toUri().toString());
        settings.setString("restart-strategy.type", "fixed-delay");
        settings.setString("restart-strategy.fixed-delay.attempts", "100");
        settings.setString("restart-strategy.fixed-delay.delay", "1 ms");
        return settings;
    }

    private static final class Trial extends AbstractStreamOperator<Long> implements OneInputStreamOperator<Long, Long> {
        private static final long serialVersionUID = 1L;
        private static final long PATIENCE_S = 60;

        private final int failures;
        private transient volatile long refused;

        Trial(int failures) {
            this.failures = failures;
        }

        @Override
        public void open() throws Exception {
            super.open();
            OPENED.incrementAndGet();
            refused = Long.MAX_VALUE;
        }

        @Override
        public void processElement(StreamRecord<Long> element) {
            another.complete(null);
            output.collect(element);
        }

        @Override
        public OperatorSnapshotFutures snapshotState(long checkpoint, long timestamp, CheckpointOptions options,
                CheckpointStreamFactory factory) throws Exception {
            CompletableFuture<Void> next = new CompletableFuture<>();
            another = next;
            return Proviso.of(super.snapshotState(checkpoint, timestamp, options, factory), () -> {
                next.get(PATIENCE_S, TimeUnit.SECONDS);
                if (REFUSED.get() < failures) {
                    REFUSED.incrementAndGet();
                    refused = checkpoint;
                    throw new IllegalStateException("no good");
                }
                return null;
            });
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) throws Exception {
            super.notifyCheckpointComplete(checkpoint);
            counted |= checkpoint == refused;
            completed.countDown();
        }
    }
}
