package fraudctl.kernel.plan;

import java.io.Serializable;
import java.util.Properties;
import java.util.function.Consumer;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;

/**
 * Where a job's plans come from: one that travels with the job, or the activations on a topic.
 *
 * @param plan the one plan with its settings, null where they come from a topic
 * @param announcement what Python is told of the one plan
 * @param settings the job's settings as JSON
 * @param trust whose records on the topic count as JSON, as {@code pipeline/scoring/signature.py} writes it
 * @param python who says what is wrong with a record of the topic
 */
public record Rules(String plan, byte[] announcement, String settings, String trust, String bootstrap, String topic,
        Properties properties, JobPython python) implements Serializable {

    public static Rules fixed(String plan, byte[] announcement) {
        return new Rules(plan, announcement, plan, null, null, null, null, null);
    }

    public static Rules onTopic(String settings, String trust, String bootstrap, String topic,
            Properties properties, JobPython python) {
        return new Rules(null, null, settings, trust, bootstrap, topic, properties, python);
    }

    /** The view of an operator in that task; blocks until all that is known now is known here. To be closed. */
    public InForce open(StreamingRuntimeContext task) {
        return open(task, ignored -> { });
    }

    /** The same; {@code heard} is told of every plan that becomes known afterwards, whatever it becomes known by. */
    public InForce open(StreamingRuntimeContext task, Consumer<Plan> heard) {
        return new InForce(plan == null ? RuleLog.following(this, task) : RuleLog.fixed(this), heard);
    }
}
