package fraudctl.kernel.decision;

import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Behind the last decision of a bounded job a mark in each partition, by each subtask: who reads the topic knows
 * from these alone that it is whole, also where nobody can be asked whether the job has ended.
 */
public final class EndMarks extends AbstractStreamOperator<Decisions.Decision>
        implements OneInputStreamOperator<Decisions.Decision, Decisions.Decision>, BoundedOneInput {
    private static final long serialVersionUID = 1L;

    private final int partitions;

    /** @param partitions how many the topic of decisions has */
    public EndMarks(int partitions) {
        this.partitions = partitions;
    }

    @Override
    public void processElement(StreamRecord<Decisions.Decision> element) {
        output.collect(element);
    }

    @Override
    public void endInput() {
        for (int partition = 0; partition < partitions; partition++) {
            output.collect(new StreamRecord<>(Decisions.Decision.end(partition)));
        }
    }
}
