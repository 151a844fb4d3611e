package fraudctl.kernel.source;

import fraudctl.kernel.wire.Record;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

/**
 * Of each partition the record that was read last: its offset and its append time.
 *
 * <p>Before a restored job goes on behind it, it is read once more ({@link LogCheck}). Where another record stands
 * in its place, the log has lost its end and grown again (a broker whose machine lost its power), and what
 * comes next is not what follows. An append time is never given twice to one offset, as the broker's clock goes on
 * meanwhile; where senders set it, the same one means that the same record was sent again.
 */
public final class Witnesses {
    private final Map<Integer, long[]> newest = new HashMap<>();

    /** One of a restored state, of which there may be several of a partition: the furthest counts. */
    public void restore(int partition, long offset, long appendMs) {
        long[] known = newest.get(partition);
        if (known == null || known[0] < offset) {
            newest.put(partition, new long[] {offset, appendMs});
        }
    }

    /** Notes a record as the newest of its partition. */
    void read(Record record) {
        long[] held = newest.computeIfAbsent(record.partition, ignored -> new long[2]);
        held[0] = record.offset;
        held[1] = record.appendMs;
    }

    /** Whether a split goes on behind one; also from the witness itself, as earlier versions kept it. */
    boolean sees(KafkaPartitionSplit split) {
        long behind = split.getStartingOffset() - offset(split.getPartition());
        return newest.containsKey(split.getPartition()) && (behind == 0 || behind == 1);
    }

    /** The split without its witness, which has been processed before. */
    KafkaPartitionSplit behind(KafkaPartitionSplit split) {
        return new KafkaPartitionSplit(split.getTopicPartition(), offset(split.getPartition()) + 1,
                split.getStoppingOffset().orElse(KafkaPartitionSplit.NO_STOPPING_OFFSET));
    }

    /**
     * Compares with when the record was appended that stands in the place of a witness now.
     *
     * @throws OffsetOutOfRangeException where it is another one, which ends the job as an offset that is gone does
     */
    void mustAgree(TopicPartition at, long appendMs) {
        long[] held = newest.get(at.partition());
        if (held[1] != appendMs) {
            throw new OffsetOutOfRangeException("the log of " + at + " has been cut off and written anew before offset "
                    + (held[0] + 1), Map.of(at, held[0] + 1));
        }
    }

    /** What a state keeps: partition, offset and append time of each. */
    public List<long[]> all() {
        List<long[]> found = new ArrayList<>();
        newest.forEach((partition, held) -> found.add(new long[] {partition, held[0], held[1]}));
        return found;
    }

    /** The newest offset of the partition, or -1. */
    long offset(int partition) {
        long[] held = newest.get(partition);
        return held == null ? -1 : held[0];
    }
}
