package fraudctl.kernel.hop;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.accumulators.Accumulator;
import org.apache.flink.api.common.accumulators.SimpleAccumulator;

/**
 * How the subtasks of a hop tell of their {@link HotKeys}: a JSON list with a report of each, which Flink carries to its
 * REST interface with the heartbeats.
 */
public final class HotKeysReport implements SimpleAccumulator<String> {
    private static final long serialVersionUID = 1L;

    /** Replaced as a whole by the task and read by the heartbeat. */
    private volatile List<String> reports = List.of();

    /** Takes the place of what was told before. */
    @Override
    public void add(String report) {
        reports = List.of(report);
    }

    @Override
    public String getLocalValue() {
        return "[" + String.join(",", reports) + "]";
    }

    @Override
    public void resetLocal() {
        reports = List.of();
    }

    @Override
    public void merge(Accumulator<String, String> other) {
        List<String> both = new ArrayList<>(reports);
        both.addAll(((HotKeysReport) other).reports);
        reports = List.copyOf(both);
    }

    @Override
    public HotKeysReport clone() {
        HotKeysReport copy = new HotKeysReport();
        copy.reports = reports;
        return copy;
    }
}
