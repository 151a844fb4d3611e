package fraudctl.kernel.order;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.plan.InForce;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.Rules;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.source.Flow;
import fraudctl.kernel.source.Silence;
import fraudctl.kernel.source.Witnesses;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.Refusal;
import fraudctl.kernel.wire.RefusedRecord;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.util.OutputTag;

/**
 * Gives every transaction its place in the order of processing and makes the watermarks.
 *
 * <p>State: the newest position of every partition and the record that was read last of it (see
 * {@link Witnesses}), as union list state. Every subtask writes all that it knows and a restore takes the
 * greatest, so it does not matter which subtask reads which partition.
 */
public final class StampOperator extends AbstractStreamOperator<Event>
        implements OneInputStreamOperator<Record, Event> {
    private static final long serialVersionUID = 1L;
    /** A watermark at least every so many records; sooner when the source has nothing more. */
    private static final int RECORDS_PER_WATERMARK = 64;

    private final Rules rules;
    private final HashMap<String, String> registry;
    private final boolean byAppendTime;
    private final OutputTag<RefusedRecord> refusals;
    private final long idleAfterMs;
    private transient Silence silence;
    private transient boolean isIdle;
    private transient InForce inForce;
    private transient Stamper stamper;
    private transient PartitionClock clock;
    private transient Flow flow;
    private transient Map<Integer, ArrayDeque<Long>> waiting;
    private transient ListState<long[]> positions;
    private transient ListState<long[]> lastRead;
    private transient Counter late;
    private transient Counter tooLate;
    private transient long allowedLatenessMs;
    private transient Counter refused;
    private transient long watermark;
    private transient long newestDue;
    private transient int recordsSinceWatermark;

    /**
     * With {@code idleAfterMs} 0 the log itself tells of silence, by ticks; see {@link Silence} for the rest.
     *
     * @param registry where schemas of values in frames are asked for; null where there are none
     */
    public StampOperator(Rules rules, HashMap<String, String> registry, boolean byAppendTime, long idleAfterMs,
            OutputTag<RefusedRecord> refusals) {
        this.rules = rules;
        this.registry = registry;
        this.byAppendTime = byAppendTime;
        this.idleAfterMs = idleAfterMs;
        this.refusals = refusals;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        inForce = rules.open(getRuntimeContext(), heard -> stamper.use(heard));
        Plan plan = inForce.newest();
        clock = new PartitionClock(plan.outOfOrdernessMs);
        stamper = new Stamper(new Framed(registry), plan, clock, byAppendTime);
        allowedLatenessMs = plan.allowedLatenessMs;
        positions = longs(context, "newest");
        for (long[] position : positions.get()) {
            clock.advance((int) position[0], position[1]);
        }
        // Operators are restored from the last of a chain to the first, so the reader finds them.
        lastRead = longs(context, "last-read");
        for (long[] record : lastRead.get()) {
            Flow.ofThisTask().witnesses().restore((int) record[0], record[1], record[2]);
        }
    }

    private static ListState<long[]> longs(StateInitializationContext context, String name) throws Exception {
        return context.getOperatorStateStore().getUnionListState(
                new ListStateDescriptor<>(name, PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
    }

    @Override
    public void open() throws Exception {
        super.open();
        watermark = Long.MIN_VALUE;
        newestDue = Long.MIN_VALUE;
        waiting = new HashMap<>();
        late = getMetricGroup().counter("late");
        tooLate = getMetricGroup().counter("too_late");
        refused = getMetricGroup().counter("refused");
        flow = Flow.ofThisTask();
        flow.whenDrained(this::advanceWatermark);
        if (idleAfterMs > 0) {
            silence = new Silence(idleAfterMs);
            long everyMs = Math.max(1, idleAfterMs / 4);
            getProcessingTimeService().scheduleAtFixedRate(ignored -> advanceWatermark(), everyMs, everyMs);
        }
    }

    @Override
    public void processElement(StreamRecord<Record> element) {
        Record record = element.getValue();
        flow.emitted(record);
        if (silence != null) {
            silence.heard(record.partition, getProcessingTimeService().getCurrentProcessingTime());
        }
        try {
            Event event = stamper.stamp(record);
            if (event != null) {
                if (silence != null) {
                    silence.keepAhead(event, watermark);
                }
                newestDue = Math.max(newestDue, event.due);
                if (event.late()) {
                    late.inc();
                    tooLate.inc(event.due - event.pos > allowedLatenessMs ? 1 : 0);
                }
                waiting.computeIfAbsent(event.partition, ignored -> new ArrayDeque<>()).addLast(event.due);
                output.collect(new StreamRecord<>(event, event.due));
            }
        } catch (Refusal refusal) {
            refused.inc();
            output.collect(refusals, new StreamRecord<>(RefusedRecord.of(record, refusal)));
        }
        if (++recordsSinceWatermark >= RECORDS_PER_WATERMARK) {
            advanceWatermark();
        }
    }

    /** A bounded source ends with the greatest watermark; there are no others in front of this operator. */
    @Override
    public void processWatermark(Watermark mark) throws Exception {
        if (mark.getTimestamp() == Watermark.MAX_WATERMARK.getTimestamp()) {
            super.processWatermark(mark);
        }
    }

    private void advanceWatermark() {
        recordsSinceWatermark = 0;
        inForce.look(newestDue);
        long smallest = Long.MAX_VALUE;
        for (int partition : flow.partitions()) {
            if (isSilent(partition)) {
                continue;
            }
            long mark = clock.watermark(partition);
            if (mark < smallest) {
                smallest = mark;
                flow.slowest(partition);
            }
        }
        boolean allSilent = silence != null && smallest == Long.MAX_VALUE && !flow.hasEnded();
        // A subtask without partitions waits for some, unless it has read them all.
        if (allSilent) {
            emit(silence.furthestDue());
            setIdle(true);
        } else if (smallest != Long.MAX_VALUE || flow.hasEnded()) {
            emit(smallest);
        }
        reportWaiting();
    }

    private void emit(long mark) {
        if (mark > watermark) {
            setIdle(false);
            watermark = mark;
            output.emitWatermark(new Watermark(watermark));
        }
    }

    private boolean isSilent(int partition) {
        if (silence == null) {
            return false;
        }
        long nowMs = getProcessingTimeService().getCurrentProcessingTime();
        if (flow.isPaused(partition)) {
            silence.heard(partition, nowMs);
        }
        return silence.isSilent(partition, nowMs);
    }

    /** A subtask that has nothing to say does not hold back the others. */
    private void setIdle(boolean idle) {
        if (idle != isIdle) {
            isIdle = idle;
            output.emitWatermarkStatus(idle ? WatermarkStatus.IDLE : WatermarkStatus.ACTIVE);
        }
    }

    private void reportWaiting() {
        waiting.forEach((partition, dues) -> {
            while (!dues.isEmpty() && dues.peekFirst() <= watermark) {
                dues.pollFirst();
            }
            flow.waiting(partition, dues.size());
        });
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        inForce.verify(context.getCheckpointId(), newestDue);
        super.snapshotState(context);
        positions.clear();
        for (Map.Entry<Integer, Long> position : clock.positions().entrySet()) {
            positions.add(new long[] {position.getKey(), position.getValue()});
        }
        lastRead.update(flow.witnesses().all());
    }

    @Override
    public void close() throws Exception {
        if (inForce != null) {
            inForce.close();
        }
        super.close();
    }
}
