package fraudctl.kernel.plan;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * One operator's place among the plans of its job. It goes forward only, as the dues of its events do.
 *
 * <p>An event due at or after the T of an activation is read a second after the activation was appended, so
 * a plan is known before it is needed. Where it is not, because this process did not get to read the topic, the
 * operator fails and the job goes back to its last checkpoint; and none is completed before it is certain that
 * nothing was missed. See docs/semantics.md.
 */
public final class InForce implements AutoCloseable {
    private final RuleLog log;
    private final Consumer<Plan> heard;
    private Plan[] known;
    private int number;
    /** The due from which the next plan is in force; the greatest long as long as none is known. */
    private long untilMs;

    InForce(RuleLog log, Consumer<Plan> heard) {
        this.log = log;
        this.heard = heard;
        known = log.plans();
        untilMs = until();
    }

    public Plan plan() {
        return known[number];
    }

    public Plan newest() {
        return known[known.length - 1];
    }

    /** Whether the plan no longer holds for an event of that due. */
    public boolean isOver(long due) {
        return due >= untilMs;
    }

    /** Goes on to the plan that is in force at that due. */
    public Plan moveTo(long due) {
        while (due >= untilMs) {
            number++;
            untilMs = until();
        }
        return plan();
    }

    private long until() {
        return number + 1 < known.length ? known[number + 1].fromMs : Long.MAX_VALUE;
    }

    /** Takes note of what has been activated since. Everything up to the due is done. */
    public void look(long doneMs) {
        Plan[] now = log.plans();
        if (now == known) {
            return;
        }
        List<Plan> since = Arrays.asList(now).subList(known.length, now.length);
        for (Plan plan : since) {
            if (plan.fromMs <= doneMs) {
                throw new IllegalStateException("the activation in force from " + plan.fromMs
                        + " became known when events due up to " + doneMs + " had been processed; going back");
            }
        }
        known = now;
        untilMs = until();
        since.forEach(heard);
    }

    /** Before a checkpoint: makes certain that no activation up to the due has been missed. */
    public void verify(long checkpoint, long doneMs) throws Exception {
        log.readToEnd(checkpoint);
        look(doneMs);
    }

    @Override
    public void close() {
        log.release();
    }
}
