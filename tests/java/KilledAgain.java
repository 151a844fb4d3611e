package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.EventType;
import fraudctl.kernel.event.InChain;
import fraudctl.kernel.hop.HopKey;
import fraudctl.kernel.hop.HopOperator;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.Rules;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.state.rocksdb.RocksDBOptionsFactory;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushJobInfo;
import org.rocksdb.RocksDB;

/**
 * A hop in a Flink of its own with RocksDB, a checkpoint every few milliseconds, that fails again and again:
 * {@code KilledAgain PLAN FOLDER EVENTS FAILURES}. Payment n is at 10 n ms; every third is of a user who
 * never comes again, the others of users who come every 2.1 s, so that their states lie in pieces. The plan counts
 * what a user did within 5 minutes. Payments come slowly enough for states to be written every few milliseconds,
 * and the disk is slow, so that there are many events during a snapshot.
 *
 * <p>One line of JSON: {@code seen} payments, {@code wrong} counts, {@code gaps} in the order of what came out,
 * {@code failures} and how often an event was seen while a snapshot was {@code taken}.
 */
public final class KilledAgain {
    private static final int USERS = 210;
    private static final long START_MS = 1_700_000_000_000L;
    private static final int STEP_MS = 10;
    private static final int WINDOW_MS = 300_000;

    private static final BitSet SEEN = new BitSet();
    private static int wrong;
    private static int gaps;
    private static int failures;
    private static int taken;

    private KilledAgain() {}

    public static void main(String[] arguments) throws Exception {
        String plan = Files.readString(Path.of(arguments[0]));
        int events = Integer.parseInt(arguments[2]);
        StreamExecutionEnvironment flink =
                StreamExecutionEnvironment.createLocalEnvironment(1, settings(Path.of(arguments[1])));
        DataStream<Event> payments = flink.fromSequence(0, events - 1)
                .transform("payments", new EventType(), new Payments(Plan.parse(plan).slots.count()));
        Rules rules = Rules.fixed(plan, "{}".getBytes(StandardCharsets.UTF_8));
        DataStreamUtils.reinterpretAsKeyedStream(payments, new HopKey("user_id"), Types.STRING)
                .transform("hop", new EventType(), new HopOperator(rules, "user_id", false, Long.MAX_VALUE, 0))
                .uid("hop")
                .transform("check", new InChain<>(Event.class), new Check(events, Integer.parseInt(arguments[3])))
                .sinkTo(new DiscardingSink<>());
        flink.execute();
        System.out.printf("{\"seen\":%d,\"wrong\":%d,\"gaps\":%d,\"failures\":%d,\"taken\":%d}%n",
                SEEN.cardinality(), wrong, gaps, failures, taken);
    }

    private static Configuration settings(Path folder) {
        Configuration settings = new Configuration();
        settings.setString("jobmanager.bind-host", "127.0.0.1");
        settings.setString("taskmanager.bind-host", "127.0.0.1");
        settings.setString("rest.bind-address", "127.0.0.1");
        settings.setString("io.tmp.dirs", folder.resolve("tmp").toString());
        settings.setString("state.backend.type", "rocksdb");
        settings.setString("state.backend.rocksdb.memory.managed", "false");
        settings.setString("state.backend.rocksdb.options-factory", SlowDisk.class.getName());
        settings.setString("execution.checkpointing.incremental", "true");
        settings.setString("execution.checkpointing.interval", "20 ms");
        settings.setString("execution.checkpointing.dir", folder.resolve("checkpoints").toUri().toString());
        settings.setString("restart-strategy.type", "fixed-delay");
        settings.setString("restart-strategy.fixed-delay.attempts", "100");
        settings.setString("restart-strategy.fixed-delay.delay", "1 ms");
        settings.setString("pipeline.object-reuse", "true");
        return settings;
    }

    private static boolean isOnce(long number) {
        return number % 3 == 0;
    }

    private static Event payment(long number, int slots) {
        Event event = new Event();
        event.offset = number;
        event.eventId = "%064d".formatted(number);
        event.userId = isOnce(number) ? "once-" + number : "user-" + number % USERS;
        event.pos = START_MS + number * STEP_MS;
        event.due = event.pos;
        event.amountUnits = 100;
        event.json = "{";
        event.slots = new Object[slots];
        return event;
    }

    private static long expected(long number) {
        return isOnce(number) ? 1 : Math.min(number / USERS, WINDOW_MS / (USERS * STEP_MS)) + 1;
    }

    /** Of each kind of state, what is in memory has been set aside when this waits, and others have not. */
    public static final class SlowDisk implements RocksDBOptionsFactory {
        private static final long serialVersionUID = 1L;
        private static final long NANOS = 100_000_000;

        @Override
        public DBOptions createDBOptions(DBOptions options, Collection<AutoCloseable> toClose) {
            return options.setListeners(List.of(new AbstractEventListener(
                    AbstractEventListener.EnabledEventCallback.ON_FLUSH_BEGIN) {
                @Override
                public void onFlushBegin(RocksDB database, FlushJobInfo flush) {
                    LockSupport.parkNanos(NANOS);
                }
            }));
        }

        @Override
        public ColumnFamilyOptions createColumnOptions(
                ColumnFamilyOptions options, Collection<AutoCloseable> toClose) {
            return options;
        }
    }

    /** Numbers in, payments out. */
    private static final class Payments extends AbstractStreamOperator<Event>
            implements OneInputStreamOperator<Long, Event> {
        private static final long serialVersionUID = 1L;

        private static final int EVENTS_A_MS = 10;

        private final int slots;

        Payments(int slots) {
            this.slots = slots;
        }

        @Override
        public void processElement(StreamRecord<Long> element) {
            if (element.getValue() % EVENTS_A_MS == 0) {
                LockSupport.parkNanos(1_000_000);
            }
            Event event = payment(element.getValue(), slots);
            output.collect(new StreamRecord<>(event, event.due));
            if (event.offset % 50 == 0) {
                output.emitWatermark(new Watermark(event.due));
            }
        }
    }

    /** What comes out of the hop; fails as often as it shall, at even distances. */
    private static final class Check extends AbstractStreamOperator<Event>
            implements OneInputStreamOperator<Event, Event> {
        private static final long serialVersionUID = 1L;
        private static final int CHECKPOINTS = 2;

        private final int events;
        private final int mostFailures;
        private long last = -1;
        private int checkpoints;

        Check(int events, int mostFailures) {
            this.events = events;
            this.mostFailures = mostFailures;
        }

        @Override
        public void processElement(StreamRecord<Event> element) {
            Event event = element.getValue();
            SEEN.set((int) event.offset);
            wrong += event.features[0].equals(expected(event.offset)) ? 0 : 1;
            gaps += last >= 0 && event.offset != last + 1 ? 1 : 0;
            last = event.offset;
            taken += isTaking() ? 1 : 0;
            if (checkpoints >= CHECKPOINTS && failures < mostFailures && isFarEnough(event.offset)) {
                failures++;
                throw new IllegalStateException("failure " + failures);
            }
        }

        private boolean isFarEnough(long number) {
            return number * (mostFailures + 1) > (failures + 1L) * events;
        }

        /** A thread's children are in its group. */
        private static boolean isTaking() {
            Thread[] threads = new Thread[64];
            int count = Thread.currentThread().getThreadGroup().enumerate(threads);
            for (int i = 0; i < count; i++) {
                if (threads[i].getName().equals("fraudctl-snapshot")) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) throws Exception {
            super.notifyCheckpointComplete(checkpoint);
            checkpoints++;
        }
    }
}
