package fraudctl.kernel;

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
import org.apache.flink.util.OutputTag;

/**
 * Gives every transaction its place in the order of processing and makes the watermarks.
 *
 * <p>State: the newest position of every partition, as union list state. Every subtask writes all that it
 * knows and a restore takes the greatest, so it does not matter which subtask reads which partition.
 */
final class StampOperator extends AbstractStreamOperator<Event> implements OneInputStreamOperator<Record, Event> {
    private static final long serialVersionUID = 1L;
    /** A watermark at least every so many records; sooner when the source has nothing more. */
    private static final int RECORDS_PER_WATERMARK = 64;

    private final String planJson;
    private final boolean byAppendTime;
    private final OutputTag<RefusedRecord> refusals;
    private transient Stamper stamper;
    private transient PartitionClock clock;
    private transient Flow flow;
    private transient Map<Integer, ArrayDeque<Long>> waiting;
    private transient ListState<long[]> positions;
    private transient Counter late;
    private transient Counter refused;
    private transient long watermark;
    private transient int recordsSinceWatermark;

    StampOperator(String planJson, boolean byAppendTime, OutputTag<RefusedRecord> refusals) {
        this.planJson = planJson;
        this.byAppendTime = byAppendTime;
        this.refusals = refusals;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        Plan plan = Plan.parse(planJson);
        clock = new PartitionClock(plan.outOfOrdernessMs);
        stamper = new Stamper(plan, clock, byAppendTime);
        positions = context.getOperatorStateStore().getUnionListState(
                new ListStateDescriptor<>("newest", PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
        for (long[] position : positions.get()) {
            clock.advance((int) position[0], position[1]);
        }
    }

    @Override
    public void open() throws Exception {
        super.open();
        watermark = Long.MIN_VALUE;
        waiting = new HashMap<>();
        late = getMetricGroup().counter("late");
        refused = getMetricGroup().counter("refused");
        flow = Flow.ofThisTask();
        flow.whenDrained(this::advanceWatermark);
    }

    @Override
    public void processElement(StreamRecord<Record> element) {
        Record record = element.getValue();
        flow.emitted(record.partition, record.offset);
        try {
            Event event = stamper.stamp(record);
            if (event != null) {
                if (event.late()) {
                    late.inc();
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
        long smallest = Long.MAX_VALUE;
        for (int partition : flow.partitions()) {
            long mark = clock.watermark(partition);
            if (mark < smallest) {
                smallest = mark;
                flow.slowest(partition);
            }
        }
        // A subtask without partitions waits for some, unless it has read them all.
        boolean mayAdvance = smallest != Long.MAX_VALUE || flow.hasEnded();
        if (mayAdvance && smallest > watermark) {
            watermark = smallest;
            output.emitWatermark(new Watermark(watermark));
        }
        reportWaiting();
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
        super.snapshotState(context);
        positions.clear();
        for (Map.Entry<Integer, Long> position : clock.positions().entrySet()) {
            positions.add(new long[] {position.getKey(), position.getValue()});
        }
    }
}
