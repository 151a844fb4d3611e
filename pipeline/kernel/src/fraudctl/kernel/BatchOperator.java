package fraudctl.kernel;

import java.nio.charset.StandardCharsets;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Gathers events into batches for Python, one call per batch instead of one per event. A batch is a JSON
 * array of rows, then a line per event: partition, tab, key as escaped JSON, tab, head of the decision.
 *
 * <p>Holds nothing across a watermark or a checkpoint, so it has no state and adds no delay.
 */
final class BatchOperator extends AbstractStreamOperator<byte[]> implements OneInputStreamOperator<Event, byte[]> {
    private static final long serialVersionUID = 1L;
    private static final int MOST_EVENTS = 128;
    /** A rule set can make decisions of a megabyte and more; a batch of many such would not fit anywhere. */
    private static final int MOST_CHARACTERS = 1 << 20;

    private final String planJson;
    private final String topic;
    private transient Plan plan;
    private transient StringBuilder rows;
    private transient StringBuilder heads;
    private transient int events;

    BatchOperator(String planJson, String topic) {
        this.planJson = planJson;
        this.topic = topic;
    }

    @Override
    public void open() throws Exception {
        super.open();
        plan = Plan.parse(planJson);
        rows = new StringBuilder(16_384);
        heads = new StringBuilder(131_072);
    }

    @Override
    public void processElement(StreamRecord<Event> element) {
        Event event = element.getValue();
        rows.append(events == 0 ? '[' : ',');
        Row.appendValues(rows, plan, event);
        heads.append('\n').append(event.partition).append('\t');
        Json.appendEscaped(heads, event.userId);
        heads.append('\t');
        Row.appendHead(heads, plan, event, topic);
        if (++events == MOST_EVENTS || rows.length() + heads.length() > MOST_CHARACTERS) {
            flush();
        }
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
        rows.append(']').append(heads);
        output.collect(new StreamRecord<>(rows.toString().getBytes(StandardCharsets.UTF_8)));
        rows.setLength(0);
        heads.setLength(0);
        events = 0;
    }
}
