package fraudctl.kernel;

import java.io.DataInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.core.memory.DataOutputViewStreamWrapper;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupStatePartitionStreamProvider;
import org.apache.flink.runtime.state.KeyedStateCheckpointOutputStream;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * One keyed hop: waits until the watermark makes the order of processing certain, then computes the hop's
 * features event by event. The first hop also drops copies of events already scored.
 *
 * <p>State: one blob per key in RocksDB behind a {@link StateCache}; waiting events as raw keyed state, so
 * that a restore at any parallelism hands each to the subtask that owns its key.
 */
final class HopOperator extends AbstractStreamOperator<Event>
        implements OneInputStreamOperator<Event, Event>, Triggerable<String, VoidNamespace> {
    private static final long serialVersionUID = 1L;
    private static final int RESTORED_LANE = -1;

    private final String planJson;
    private final int hopIndex;
    private final long cacheBytes;
    private transient Plan plan;
    private transient Plan.Hop hop;
    private transient Features features;
    private transient SortBuffer waiting;
    private transient StateCache states;
    private transient InternalTimerService<VoidNamespace> timers;
    private transient Counter duplicates;
    private transient int subtask;
    private transient long watermark;

    HopOperator(String planJson, int hopIndex, long cacheBytes) {
        this.planJson = planJson;
        this.hopIndex = hopIndex;
        this.cacheBytes = cacheBytes;
    }

    /** Which key an event has in a hop; events without one are spread by their identity. */
    static KeySelector<Event, String> keySelector(String planJson, int hopIndex) {
        return new HopKey(planJson, hopIndex);
    }

    private static final class HopKey implements KeySelector<Event, String> {
        private static final long serialVersionUID = 1L;

        private final String planJson;
        private final int hopIndex;
        private transient Plan.Hop hop;

        HopKey(String planJson, int hopIndex) {
            this.planJson = planJson;
            this.hopIndex = hopIndex;
        }

        @Override
        public String getKey(Event event) {
            if (hop == null) {
                hop = Plan.parse(planJson).hops.get(hopIndex);
            }
            return keyOrSpread(hop, event);
        }
    }

    private static String keyOrSpread(Plan.Hop hop, Event event) {
        String key = hop.keyOf(event);
        return key == null ? "\0" + event.eventId : key;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        plan = Plan.parse(planJson);
        hop = plan.hops.get(hopIndex);
        waiting = new SortBuffer();
        List<Event> restored = new ArrayList<>();
        for (KeyGroupStatePartitionStreamProvider group : context.getRawKeyedStateInputs()) {
            DataInputStream in = new DataInputStream(group.getStream());
            DataInputViewStreamWrapper view = new DataInputViewStreamWrapper(in);
            for (int left = in.readInt(); left > 0; left--) {
                restored.add(EventType.Serializer.INSTANCE.deserialize(view));
            }
        }
        waiting.restore(restored, RESTORED_LANE);
    }

    @Override
    public void open() throws Exception {
        super.open();
        features = new Features(hop, plan.maxEntries);
        ValueState<byte[]> stored = getRuntimeContext().getState(new ValueStateDescriptor<>(
                "key-state", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
        states = new StateCache(hop, stored, this::setCurrentKey, cacheBytes);
        timers = getInternalTimerService("reclaim", VoidNamespaceSerializer.INSTANCE, this);
        duplicates = getMetricGroup().counter("duplicates");
        subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
        watermark = Long.MIN_VALUE;
    }

    /** Keys are set when an event is processed, not when it arrives. */
    @Override
    public boolean hasKeyContext1() {
        return false;
    }

    /** Waiting events are written as raw keyed state, timers live in RocksDB. */
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
        super.processWatermark(mark);
    }

    private void process(Event event) throws Exception {
        String key = hop.keyOf(event);
        if (key != null && !enter(event, key)) {
            duplicates.inc();
            return;
        }
        event.lane = subtask;
        output.collect(new StreamRecord<>(event, event.due));
    }

    /** False when the event is a copy of one already scored. */
    private boolean enter(Event event, String key) throws Exception {
        KeyState state = states.get(key);
        int weight = state.weight();
        boolean isCopy = hopIndex == 0 && state.isDuplicate(event, plan.dedupWindowMs);
        if (!isCopy) {
            features.process(event, state);
        }
        if (state.timer == KeyState.NONE) {
            schedule(key, state, state.expiry(plan.dedupWindowMs));
        }
        states.changed(key, state, weight);
        return !isCopy;
    }

    private void schedule(String key, KeyState state, long expiry) {
        if (expiry != KeyState.NONE) {
            setCurrentKey(key);
            timers.registerEventTimeTimer(VoidNamespace.INSTANCE, expiry);
            state.timer = expiry;
        }
    }

    @Override
    public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
        String key = timer.getKey();
        KeyState state = states.get(key);
        int weight = state.weight();
        state.timer = KeyState.NONE;
        long expiry = state.reclaim(watermark, plan.dedupWindowMs);
        if (expiry == KeyState.NONE) {
            states.clear(key);
        } else {
            schedule(key, state, expiry);
            states.changed(key, state, weight);
        }
    }

    @Override
    public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) {
        throw new IllegalStateException("nothing here depends on processing time");
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        states.flush();
        writeWaiting(context.getRawKeyedOperatorStateOutput());
    }

    private void writeWaiting(KeyedStateCheckpointOutputStream out) throws Exception {
        int groups = getRuntimeContext().getTaskInfo().getMaxNumberOfParallelSubtasks();
        Map<Integer, List<Event>> byGroup = new TreeMap<>();
        waiting.forEach(event -> byGroup.computeIfAbsent(
                KeyGroupRangeAssignment.assignToKeyGroup(keyOrSpread(hop, event), groups),
                ignored -> new ArrayList<>()).add(event));
        DataOutputViewStreamWrapper view = new DataOutputViewStreamWrapper(out);
        for (Map.Entry<Integer, List<Event>> group : byGroup.entrySet()) {
            out.startNewKeyGroup(group.getKey());
            view.writeInt(group.getValue().size());
            for (Event event : group.getValue()) {
                EventType.Serializer.INSTANCE.serialize(event, view);
            }
            view.flush();
        }
    }
}
