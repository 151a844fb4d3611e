package fraudctl.kernel.hop;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;

/** Counts the keys of one subtask of a hop and tells of them, by the wall clock: no decision depends on it. */
final class HotKeysWatch {
    private static final long TELL_MS = 1_000;
    /** What came this long ago weighs half. */
    private static final int HALF_AFTER_TELLINGS = 60;
    private static final int TOLD = 20;

    private final HotKeys keys;
    private final HotKeysReport report = new HotKeysReport();
    private int tellings;

    /** With {@code size} 0 nothing is counted. */
    HotKeysWatch(int size, String field, RuntimeContext context, ProcessingTimeService clock) {
        keys = size == 0 ? null : new HotKeys(size);
        if (keys != null) {
            context.addAccumulator("hot keys by " + field, report);
            clock.scheduleWithFixedDelay(ignored -> tell(), TELL_MS, TELL_MS);
        }
    }

    void saw(String key) {
        if (keys != null) {
            keys.add(key);
        }
    }

    private void tell() {
        if (++tellings % HALF_AFTER_TELLINGS == 0) {
            keys.age();
        }
        report.add(keys.report(TOLD));
    }
}
