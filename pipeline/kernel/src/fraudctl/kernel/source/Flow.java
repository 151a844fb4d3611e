package fraudctl.kernel.source;

import fraudctl.kernel.wire.Record;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What the source reader and the {@code StampOperator} of one subtask tell each other: which partitions
 * the subtask reads, which of them run ahead, and that nothing more is to be had at the moment.
 *
 * <p>Both are always chained and so run in one thread, the task's, which is why this can be a thread's
 * local value: Flink offers no other way from an operator back to the reader in front of it.
 */
public final class Flow {
    /** A partition with more waiting events than this is paused, unless the others wait for it. */
    private static final int MOST_WAITING = 5_000;
    private static final ThreadLocal<Flow> OF_THIS_TASK = ThreadLocal.withInitial(Flow::new);

    private final Set<Integer> partitions = new HashSet<>();
    private final Map<Integer, Integer> waiting = new HashMap<>();
    private final Set<Integer> paused = new HashSet<>();
    private Runnable whenDrained = () -> { };
    private final Witnesses witnesses = new Witnesses();
    private int slowest = -1;
    private boolean hasEnded;
    private long drains;

    public static Flow ofThisTask() {
        return OF_THIS_TASK.get();
    }

    void assign(int partition) {
        partitions.add(partition);
    }

    /** A bounded partition has been read to its end: nothing more can come from it, so it holds nobody back. */
    void end(int partition) {
        partitions.remove(partition);
    }

    /** Every partition of this subtask has been read to its end. */
    void endAll() {
        partitions.clear();
        hasEnded = true;
    }

    public boolean hasEnded() {
        return hasEnded;
    }

    /** Those from which more can come. */
    public Set<Integer> partitions() {
        return partitions;
    }

    public void whenDrained(Runnable action) {
        whenDrained = action;
    }

    void drained() {
        drains++;
        whenDrained.run();
    }

    /** How many times nothing more was to be had. */
    long drains() {
        return drains;
    }

    /** The stamper's view after the watermark moved: events still waiting of a partition. */
    public void waiting(int partition, int events) {
        waiting.put(partition, events);
    }

    public void emitted(Record record) {
        witnesses.read(record);
    }

    public Witnesses witnesses() {
        return witnesses;
    }

    /** The newest offset of the partition that came out of the reader, or -1. */
    long offset(int partition) {
        return witnesses.offset(partition);
    }

    public void slowest(int partition) {
        slowest = partition;
    }

    /** Whether the partition should be read no further for now; hysteresis keeps it from flapping. */
    boolean shouldPause(int partition) {
        int events = waiting.getOrDefault(partition, 0);
        return partition != slowest && events > (paused.contains(partition) ? MOST_WAITING / 2 : MOST_WAITING);
    }

    public boolean isPaused(int partition) {
        return paused.contains(partition);
    }

    void paused(int partition, boolean isPaused) {
        if (isPaused) {
            paused.add(partition);
        } else {
            paused.remove(partition);
        }
    }
}
