package fraudctl.kernel.order;

import fraudctl.kernel.checkpoint.Aside;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.EventType;
import java.io.DataInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.core.memory.DataOutputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupStatePartitionStreamProvider;
import org.apache.flink.runtime.state.KeyedStateCheckpointOutputStream;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFutures;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Waits until the watermark makes the order of processing certain, then hands events on in it, per key.
 *
 * <p>As it is, it stands behind the last hop, keyed by user: two decisions about one identity must reach the
 * log in order, whatever ways their events took. {@code HopOperator} computes features on top of it.
 *
 * <p>State: waiting events as raw keyed state, so that a restore at any parallelism hands each to the
 * subtask that owns its key.
 */
public class OrderOperator extends AbstractStreamOperator<Event> implements OneInputStreamOperator<Event, Event> {
    private static final long serialVersionUID = 1L;
    private static final int RESTORED_LANE = -1;

    private final KeySelector<Event, String> key;
    private transient Aside snapshots;
    private transient SortBuffer waiting;
    private transient int subtask;
    private transient long watermark;

    public OrderOperator(KeySelector<Event, String> key) {
        this.key = key;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        snapshots = new Aside();
        waiting = new SortBuffer();
        List<Event> restored = new ArrayList<>();
        for (KeyGroupStatePartitionStreamProvider group : context.getRawKeyedStateInputs()) {
            DataInputStream in = new DataInputStream(group.getStream());
            DataInputViewStreamWrapper view = new DataInputViewStreamWrapper(in);
            int count = in.readInt();
            int form = 1;
            if (count < 0) {
                form = -count;
                count = in.readInt();
            }
            requireKnown(form);
            for (int left = count; left > 0; left--) {
                restored.add(EventType.Serializer.INSTANCE.read(view, form));
            }
        }
        waiting.restore(restored, RESTORED_LANE);
    }

    private static void requireKnown(int form) {
        if (form > EventType.Serializer.FORM) {
            throw new IllegalStateException("waiting events of form " + form + " cannot be read; this kernel reads 1 to "
                    + EventType.Serializer.FORM + ": restore with the build that wrote them, or start from the log");
        }
    }

    @Override
    public void open() throws Exception {
        super.open();
        subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
        watermark = Long.MIN_VALUE;
    }

    /** Keys are set when an event is processed, not when it arrives. */
    @Override
    public boolean hasKeyContext1() {
        return false;
    }

    @Override
    protected boolean isUsingCustomRawKeyedState() {
        return true;
    }

    @Override
    public void processElement(StreamRecord<Event> element) {
        waiting.add(element.getValue());
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        watermark = mark.getTimestamp();
        waiting.release(watermark, this::process);
        if (watermark == Watermark.MAX_WATERMARK.getTimestamp()) {
            // The end of a bounded job: its timers would only reclaim, key by key, what goes away as a whole.
            output.emitWatermark(mark);
        } else {
            released(watermark);
            advanceTimers(mark);
        }
    }

    /** Timers lie in the backend and only reclaim: those that fire during a snapshot wait for a later watermark. */
    private void advanceTimers(Watermark mark) throws Exception {
        if (snapshots.isTaking()) {
            output.emitWatermark(mark);
        } else {
            super.processWatermark(mark);
        }
    }

    /** Nothing due at or before this is still to come. */
    protected long watermark() {
        return watermark;
    }

    /** Everything due up to the watermark has been processed; timers come next. */
    protected void released(long upTo) {}

    /** Does what is to be done with an event in its turn and hands it on. */
    protected void process(Event event) throws Exception {
        handOn(event);
    }

    protected final void handOn(Event event) {
        event.lane = subtask;
        output.collect(new StreamRecord<>(event, event.due));
    }

    /** How snapshots of its keyed state are taken; nothing may be written there meanwhile. */
    protected final Aside snapshots() {
        return snapshots;
    }

    /**
     * As Flink does it, but that keyed state with its timers is taken aside: told that it were asynchronous, Flink leaves
     * it out.
     */
    @Override
    public OperatorSnapshotFutures snapshotState(long checkpoint, long timestamp, CheckpointOptions options,
            CheckpointStreamFactory factory) throws Exception {
        snapshots.await();
        if (!Aside.canTake(getKeyedStateBackend(), options.getCheckpointType())) {
            return super.snapshotState(checkpoint, timestamp, options, factory);
        }
        OperatorSnapshotFutures futures = stateHandler.snapshotState(this, Optional.empty(), getOperatorName(),
                checkpoint, timestamp, options, factory, isUsingCustomRawKeyedState(), true);
        CheckpointableKeyedStateBackend<?> backend = (CheckpointableKeyedStateBackend<?>) getKeyedStateBackend();
        futures.setKeyedStateManagedFuture(
                snapshots.begin(() -> backend.snapshot(checkpoint, timestamp, factory, options)));
        return futures;
    }

    @Override
    public void close() throws Exception {
        if (snapshots != null) {
            snapshots.await();
        }
        super.close();
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        writeWaiting(context.getRawKeyedOperatorStateOutput());
    }

    private void writeWaiting(KeyedStateCheckpointOutputStream out) throws Exception {
        int groups = getRuntimeContext().getTaskInfo().getMaxNumberOfParallelSubtasks();
        List<Event> events = new ArrayList<>();
        waiting.forEach(events::add);
        Map<Integer, List<Event>> byGroup = new TreeMap<>();
        for (Event event : events) {
            byGroup.computeIfAbsent(KeyGroupRangeAssignment.assignToKeyGroup(key.getKey(event), groups),
                    ignored -> new ArrayList<>()).add(event);
        }
        DataOutputViewStreamWrapper view = new DataOutputViewStreamWrapper(out);
        for (Map.Entry<Integer, List<Event>> group : byGroup.entrySet()) {
            out.startNewKeyGroup(group.getKey());
            // The first form had no number of its own and began with the count.
            view.writeInt(-EventType.Serializer.FORM);
            view.writeInt(group.getValue().size());
            for (Event event : group.getValue()) {
                EventType.Serializer.INSTANCE.serialize(event, view);
            }
            view.flush();
        }
    }
}
