package fraudctl.kernel.plan;

import java.io.Serializable;
import java.util.Properties;

/**
 * Where a job's plans come from: one that travels with the job, or the activations on a topic.
 *
 * @param plan the one plan with its settings, null where they come from a topic
 * @param announcement what Python is told of the one plan
 * @param settings the job's settings as JSON
 * @param trust whose records on the topic count as JSON, as {@code pipeline/scoring/signature.py} reads it
 */
public record Rules(String plan, byte[] announcement, String settings, String trust, String bootstrap, String topic,
        Properties properties) implements Serializable {

    public static Rules fixed(String plan, byte[] announcement) {
        return new Rules(plan, announcement, plan, null, null, null, null);
    }

    public static Rules onTopic(String settings, String trust, String bootstrap, String topic,
            Properties properties) {
        return new Rules(null, null, settings, trust, bootstrap, topic, properties);
    }

    /** An operator's view; blocks until all that is known now is known here. To be closed. */
    public InForce open() {
        return new InForce(plan == null ? RuleLog.following(this) : RuleLog.fixed(this));
    }
}
