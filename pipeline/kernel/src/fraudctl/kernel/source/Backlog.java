package fraudctl.kernel.source;

import java.util.function.BooleanSupplier;

/** Whether the source of this task has been behind since the question before, however slow the machine. */
public final class Backlog implements BooleanSupplier {
    /** A source that had nothing more fewer times than this between two questions is behind. */
    private static final int FEW_DRAINS = 3;

    private final Flow flow;
    private long drainsBefore;

    private Backlog(Flow flow) {
        this.flow = flow;
    }

    /** To be made and asked in the task's thread. Where no source runs in it, nothing is ever behind. */
    public static Backlog ofThisTask() {
        return new Backlog(Flow.ofThisTask());
    }

    @Override
    public boolean getAsBoolean() {
        long drains = flow.drains() - drainsBefore;
        drainsBefore = flow.drains();
        return !flow.partitions().isEmpty() && drains < FEW_DRAINS;
    }
}
