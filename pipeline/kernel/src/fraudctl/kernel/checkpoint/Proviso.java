package fraudctl.kernel.checkpoint;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFutures;

/**
 * What must be found true before a checkpoint counts, where finding out takes longer than the thread of the task shall
 * stand still: whoever carries the checkpoint's parts away finds it out first.
 */
public final class Proviso {
    private Proviso() {}

    /**
     * Has the checkpoint fail where that throws. Its place is that of an operator's raw state, of which the kernel's
     * operators have none beside keys.
     */
    public static OperatorSnapshotFutures of(OperatorSnapshotFutures futures, Callable<Void> finding) {
        futures.setOperatorStateRawFuture(new FutureTask<>(() -> {
            finding.call();
            return SnapshotResult.empty();
        }));
        return futures;
    }
}
