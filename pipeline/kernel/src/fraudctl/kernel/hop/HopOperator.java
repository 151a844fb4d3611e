package fraudctl.kernel.hop;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.order.OrderOperator;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.InForce;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.Rules;
import fraudctl.kernel.source.Backlog;
import fraudctl.kernel.state.BackendStore;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.StateCache;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.api.watermark.Watermark;

/**
 * One keyed hop: computes the hop's features event by event, in the order of processing. The first hop also
 * drops copies of events already scored.
 *
 * <p>State: what {@link StateCache} keeps of each key in RocksDB, and one timer a key, which only reclaims.
 */
public final class HopOperator extends OrderOperator implements Triggerable<String, VoidNamespace> {
    private static final long serialVersionUID = 1L;

    private final Rules rules;
    private final String field;
    private final boolean isBounded;
    private final long lastMs;
    private final int hotKeys;
    private transient boolean isRestored;
    private transient InForce inForce;
    private transient Plan plan;
    private transient Hop hop;
    private transient Features features;
    private transient StateCache states;
    private transient Reclaims reclaims;
    private transient Counter duplicates;
    private transient Counter reusedIds;
    private transient HotKeysWatch traffic;

    /**
     * @param isBounded whether the job ends by itself
     * @param lastMs the greatest position that can be in the log when it does; Long.MAX_VALUE when nobody knows
     * @param hotKeys of how many keys the traffic is counted; 0 for none
     */
    public HopOperator(Rules rules, String field, boolean isBounded, long lastMs, int hotKeys) {
        super(new HopKey(field));
        this.rules = rules;
        this.field = field;
        this.isBounded = isBounded;
        this.lastMs = lastMs;
        this.hotKeys = hotKeys;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        isRestored = context.isRestored();
    }

    @Override
    public void open() throws Exception {
        super.open();
        inForce = rules.open(getRuntimeContext());
        plan = inForce.plan();
        hop = plan.hop(field);
        features = new Features(hop, plan.maxEntries);
        states = new StateCache(hop, new BackendStore(getRuntimeContext(), this::setCurrentKey, snapshots()), isRestored,
                isBounded, Backlog.ofThisTask(), new CacheBudget(CacheBudget.SHARE_OF_HEAP), StateCache.RECENT_KEYS);
        InternalTimerService<VoidNamespace> timers =
                getInternalTimerService("reclaim", VoidNamespaceSerializer.INSTANCE, this);
        reclaims = new Reclaims(timers, this::setCurrentKey, snapshots());
        duplicates = getMetricGroup().counter("duplicates");
        reusedIds = getMetricGroup().counter("reused_ids");
        traffic = new HotKeysWatch(hotKeys, field, getRuntimeContext(), getProcessingTimeService());
    }

    private void use(Plan next) {
        plan = next;
        hop = plan.hop(field);
        features = new Features(hop, plan.maxEntries);
        states.use(hop);
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        inForce.look(watermark());
        super.processWatermark(mark);
        if (isBounded && mark.getTimestamp() == Watermark.MAX_WATERMARK.getTimestamp()) {
            // Nothing comes any more, so the last checkpoint need not hold the states.
            states.drop();
        }
    }

    /** What timers may let go depends on the plan in force by now. */
    @Override
    protected void released(long upTo) {
        if (inForce.isOver(upTo)) {
            use(inForce.moveTo(upTo));
        }
    }

    @Override
    protected void process(Event event) throws Exception {
        if (inForce.isOver(event.due)) {
            use(inForce.moveTo(event.due));
        }
        if (event.features == null) {
            event.features = new Object[plan.valueCount];
        }
        String key = hop.computes() ? hop.keyOf(event) : null;
        if (key != null) {
            traffic.saw(key);
        }
        if (key == null || enter(event, key)) {
            handOn(event);
        } else {
            duplicates.inc();
        }
    }

    /** False when the event is a copy of one already scored. */
    private boolean enter(Event event, String key) throws Exception {
        states.atWork();
        KeyState state = states.get(key);
        boolean isCopy = hop.isFirst() && state.isDuplicate(event, plan.dedupWindowMs);
        if (hop.isFirst() && event.reused) {
            reusedIds.inc();
        }
        if (!isCopy) {
            features.process(event, state);
        }
        if (state.timer == KeyState.NONE) {
            schedule(key, state, state.expiry(plan.dedupWindowMs));
        }
        states.changed();
        return !isCopy;
    }

    private void schedule(String key, KeyState state, long expiry) {
        if (expiry == KeyState.NONE) {
            return;
        }
        state.timer = expiry;
        // A timer beyond the end of the log would never fire, and each is a write.
        if (expiry <= lastMs) {
            reclaims.at(key, expiry);
        }
    }

    @Override
    public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
        String key = timer.getKey();
        KeyState state = states.get(key);
        state.timer = KeyState.NONE;
        long expiry = state.reclaim(watermark(), plan.dedupWindowMs);
        if (expiry == KeyState.NONE) {
            states.clear(key);
        } else {
            schedule(key, state, expiry);
            states.changed();
        }
    }

    @Override
    public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) {
        throw new IllegalStateException("nothing here depends on processing time");
    }

    /** All hops of a chain write before the first begins its snapshot, which would take the processor from the others. */
    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        super.prepareSnapshotPreBarrier(checkpoint);
        states.write();
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        inForce.verify(context.getCheckpointId(), watermark());
        reclaims.catchUp();
        states.flush();
        super.snapshotState(context);
    }

    @Override
    public void close() throws Exception {
        if (inForce != null) {
            inForce.close();
        }
        if (states != null) {
            states.drop();
        }
        super.close();
    }
}
