package fraudctl.kernel.hop;

import fraudctl.kernel.checkpoint.Aside;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.InternalTimerService;

/** The timers of a hop's keys. They lie in the backend as states do, so one that comes during a snapshot waits. */
final class Reclaims {
    private final InternalTimerService<VoidNamespace> timers;
    private final Consumer<Object> currentKey;
    private final Aside snapshots;
    private final ArrayDeque<Timer> later = new ArrayDeque<>();

    private record Timer(String key, long ms) {}

    /** @param currentKey makes a key the one whose timers are set */
    Reclaims(InternalTimerService<VoidNamespace> timers, Consumer<Object> currentKey, Aside snapshots) {
        this.timers = timers;
        this.currentKey = currentKey;
        this.snapshots = snapshots;
    }

    void at(String key, long ms) {
        later.addLast(new Timer(key, ms));
        if (!snapshots.isTaking()) {
            catchUp();
        }
    }

    /** Sets those that have been waiting; no snapshot is being taken. The next one is to hold them. */
    void catchUp() {
        while (!later.isEmpty()) {
            Timer timer = later.pollFirst();
            currentKey.accept(timer.key);
            timers.registerEventTimeTimer(VoidNamespace.INSTANCE, timer.ms);
        }
    }
}
