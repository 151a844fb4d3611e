package fraudctl.kernel;

import fraudctl.kernel.decision.Row;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.FileRows;
import fraudctl.kernel.hop.Features;
import fraudctl.kernel.order.PartitionClock;
import fraudctl.kernel.order.Stamper;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.DiskStore;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.StateCache;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.Refusal;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Past data without Flink: {@code Backtest FOLDER} computes what rules look at, event by event, and keeps in the
 * folder what does not fit into memory.
 *
 * <p>Standard input:
 * <ul>
 * <li>the length of a plan and the plan, the same of a JSON object with the kinds that fields are declared to have;
 * <li>blocks of the lines of files, each answered as {@link FileRows} says, and 0 behind the last;
 * <li>batches: how many transactions, the length of each, and the JSON of each; they come in the order of their times,
 *     as one partition; and 0 behind the last.
 * </ul>
 * The answer to a batch: how many, a byte of marks for each, the length of a JSON array and the array, which has the
 * values of all but the copies. A transaction that is refused ends the run: less than 0 says which of all, from -1 on,
 * and then comes why.
 */
final class Backtest {
    static final int COPY = 1;
    static final int REUSED = 2;
    static final int SATURATED = 4;
    static final int LATE = 8;
    private static final double CACHE_SHARE = 0.45;
    private static final int BUFFER_BYTES = 1 << 16;

    private final Plan plan;
    private final Stamper stamper;
    private final List<Pass> passes = new ArrayList<>();
    private final Record record = new Record();
    private final StringBuilder values = new StringBuilder(BUFFER_BYTES);

    /** One hop with its states. */
    private record Pass(Hop hop, Features features, StateCache states) {}

    private Backtest(Plan plan, DiskStore disk) {
        this.plan = plan;
        this.stamper = new Stamper(new Framed(null), plan, new PartitionClock(plan.outOfOrdernessMs), false);
        for (Hop hop : plan.hops) {
            if (hop.computes()) {
                StateCache states = new StateCache(hop, disk.hop(), false, true, () -> true,
                        new CacheBudget(CACHE_SHARE), StateCache.RECENT_KEYS);
                states.atWork();
                passes.add(new Pass(hop, new Features(hop, plan.maxEntries), states));
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, BUFFER_BYTES));
        DataOutputStream out = new DataOutputStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES));
        Plan plan = Plan.parse(text(in));
        FileRows rows = new FileRows(plan.slots, plan.maxEventBytes, plan.ids, kinds(text(in)));
        for (int count = in.readInt(); count > 0; count = in.readInt()) {
            rows.answer(count, in, out);
            out.flush();
        }
        try (DiskStore disk = new DiskStore(Path.of(arguments[0]))) {
            Backtest run = new Backtest(plan, disk);
            for (int count = in.readInt(); count > 0; count = in.readInt()) {
                run.answer(count, in, out);
                out.flush();
            }
        } catch (Refusal refusal) {
            out.flush();
        }
    }

    private static Map<String, String> kinds(String json) throws IOException {
        Map<String, String> found = new HashMap<>();
        new ObjectMapper().readTree(json).properties().forEach(one -> found.put(one.getKey(), one.getValue().asText()));
        return found;
    }

    private static String text(DataInputStream in) throws IOException {
        return new String(read(in, in.readInt()), StandardCharsets.UTF_8);
    }

    private static byte[] read(DataInputStream in, int length) throws IOException {
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }

    private void answer(int count, DataInputStream in, DataOutputStream out) throws IOException, Refusal {
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            lengths[i] = in.readInt();
        }
        byte[] marks = new byte[count];
        values.setLength(0);
        values.append('[');
        for (int i = 0; i < count; i++) {
            record.value = read(in, lengths[i]);
            marks[i] = (byte) marks(stamped(out));
            record.offset++;
        }
        byte[] rows = values.append(']').toString().getBytes(StandardCharsets.UTF_8);
        out.writeInt(count);
        out.write(marks);
        out.writeInt(rows.length);
        out.write(rows);
    }

    private Event stamped(DataOutputStream out) throws IOException, Refusal {
        try {
            return stamper.stamp(record);
        } catch (Refusal refusal) {
            byte[] reason = refusal.getMessage().getBytes(StandardCharsets.UTF_8);
            out.writeInt((int) (-1 - record.offset));
            out.writeInt(reason.length);
            out.write(reason);
            throw refusal;
        }
    }

    private int marks(Event event) throws IOException {
        event.features = new Object[plan.valueCount];
        for (Pass pass : passes) {
            String key = pass.hop.keyOf(event);
            if (key != null && !enter(event, pass, pass.states.get(key))) {
                return COPY;
            }
        }
        if (values.length() > 1) {
            values.append(',');
        }
        Row.appendValues(values, plan.inputs, event);
        return (event.reused ? REUSED : 0) | (event.saturated ? SATURATED : 0) | (event.late() ? LATE : 0);
    }

    /** False when the event is a copy of one that was there. */
    private boolean enter(Event event, Pass pass, KeyState state) throws IOException {
        boolean isCopy = pass.hop.isFirst() && state.isDuplicate(event, plan.dedupWindowMs);
        if (!isCopy) {
            pass.features.process(event, state);
        }
        pass.states.changed();
        return !isCopy;
    }
}
