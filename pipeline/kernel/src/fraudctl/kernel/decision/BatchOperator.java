package fraudctl.kernel.decision;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.plan.InForce;
import fraudctl.kernel.plan.Input;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.Rules;
import fraudctl.kernel.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Gathers events into batches for Python, one call per batch instead of one per event. A batch is a JSON
 * array of rows, then a line per event: partition, tab, key as escaped JSON, tab, head of the decision.
 *
 * <p>The rule set goes in band: an element of its own before the first batch that is scored by it. Where it has
 * a shadow, a batch is followed by the same events with the shadow's values.
 *
 * <p>Holds nothing across a watermark or a checkpoint, so it has no state and adds no delay.
 */
public final class BatchOperator extends AbstractStreamOperator<byte[]>
        implements OneInputStreamOperator<Event, byte[]> {
    private static final long serialVersionUID = 1L;
    /** First byte of an element that is no batch but the rule set of those to come. */
    static final byte ANNOUNCEMENT = 1;
    /** First byte of a batch for the shadow. */
    static final byte SHADOW = 2;
    private static final int MOST_EVENTS = 128;
    /** A rule set can make decisions of a megabyte and more; a batch of many such would not fit anywhere. */
    private static final int MOST_CHARACTERS = 1 << 20;

    private final Rules rules;
    private final String topic;
    private transient InForce inForce;
    private transient Plan plan;
    private transient StringBuilder rows;
    private transient StringBuilder heads;
    private transient StringBuilder shadowRows;
    private transient StringBuilder shadowHeads;
    private transient int events;
    private transient long doneMs;

    public BatchOperator(Rules rules, String topic) {
        this.rules = rules;
        this.topic = topic;
    }

    @Override
    public void open() throws Exception {
        super.open();
        inForce = rules.open(getRuntimeContext());
        plan = null;
        doneMs = Long.MIN_VALUE;
        rows = new StringBuilder(16_384);
        heads = new StringBuilder(131_072);
        shadowRows = new StringBuilder();
        shadowHeads = new StringBuilder();
    }

    @Override
    public void processElement(StreamRecord<Event> element) {
        Event event = element.getValue();
        if (events == 0) {
            inForce.look(doneMs);
        }
        if (plan == null || inForce.isOver(event.due)) {
            flush();
            announce(inForce.moveTo(event.due));
        }
        doneMs = event.due;
        append(rows, heads, event, plan.inputs, plan.features, event.saturated);
        if (plan.hasShadow) {
            append(shadowRows, shadowHeads, event, plan.shadowInputs, plan.shadowFeatures, event.shadowSaturated);
        }
        if (++events == MOST_EVENTS || rows.length() + heads.length() > MOST_CHARACTERS) {
            flush();
        }
    }

    /** Python scores by this rule set what comes from now on. */
    private void announce(Plan next) {
        plan = next;
        byte[] element = new byte[plan.announcement.length + 1];
        element[0] = ANNOUNCEMENT;
        System.arraycopy(plan.announcement, 0, element, 1, plan.announcement.length);
        output.collect(new StreamRecord<>(element));
    }

    private void append(StringBuilder toRows, StringBuilder toHeads, Event event, List<Input> inputs,
            List<Feature> features, boolean isSaturated) {
        toRows.append(events == 0 ? '[' : ',');
        Row.appendValues(toRows, inputs, event);
        toHeads.append('\n').append(event.partition).append('\t');
        Json.appendEscaped(toHeads, event.userId);
        toHeads.append('\t');
        Row.appendHead(toHeads, features, inputs, isSaturated, event, topic);
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        flush();
        super.processWatermark(mark);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        flush();
        super.prepareSnapshotPreBarrier(checkpointId);
    }

    @Override
    public void finish() throws Exception {
        flush();
        super.finish();
    }

    private void flush() {
        if (events == 0) {
            return;
        }
        emit(rows, heads);
        if (plan.hasShadow) {
            shadowRows.insert(0, (char) SHADOW);
            emit(shadowRows, shadowHeads);
        }
        events = 0;
    }

    private void emit(StringBuilder ofRows, StringBuilder ofHeads) {
        ofRows.append(']').append(ofHeads);
        output.collect(new StreamRecord<>(ofRows.toString().getBytes(StandardCharsets.UTF_8)));
        ofRows.setLength(0);
        ofHeads.setLength(0);
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        inForce.verify(context.getCheckpointId(), doneMs);
        super.snapshotState(context);
    }

    @Override
    public void close() throws Exception {
        if (inForce != null) {
            inForce.close();
        }
        super.close();
    }
}
