package fraudctl.kernel.source;

import fraudctl.kernel.wire.Record;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

/**
 * Of each partition the record that was read last: its offset and its append time.
 *
 * <p>A restored job reads it once more, for this alone, before it goes on behind it. Where another record stands
 * in its place, the log has lost its end and grown again (a broker whose machine lost its power), and what
 * comes next is not what follows. An append time is never given twice to one offset, as the broker's clock goes on
 * meanwhile; where senders set it, the same one means that the same record was sent again.
 */
public final class Witnesses {
    private final Map<Integer, long[]> newest = new HashMap<>();
    private final Map<Integer, TopicPartition> wanted = new HashMap<>();

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

    /**
     * The splits with those moved to their witness that go on behind one, as far as the log still has it.
     *
     * @param begin the first offset that there is of a partition
     */
    List<KafkaPartitionSplit> before(List<KafkaPartitionSplit> splits, ToLongFunction<TopicPartition> begin) {
        return splits.stream()
                .map(split -> goesOn(split) ? from(split, begin.applyAsLong(split.getTopicPartition())) : split)
                .toList();
    }

    /** Also from the witness itself, where the state was taken before it was seen again. */
    private boolean goesOn(KafkaPartitionSplit split) {
        long behind = split.getStartingOffset() - offset(split.getPartition());
        return newest.containsKey(split.getPartition()) && (behind == 0 || behind == 1);
    }

    private KafkaPartitionSplit from(KafkaPartitionSplit split, long first) {
        long witness = offset(split.getPartition());
        if (first <= witness) {
            wanted.put(split.getPartition(), split.getTopicPartition());
        }
        return new KafkaPartitionSplit(split.getTopicPartition(), first <= witness ? witness : witness + 1,
                split.getStoppingOffset().orElse(KafkaPartitionSplit.NO_STOPPING_OFFSET));
    }

    /**
     * Whether a record is a witness, which has been processed before.
     *
     * @throws OffsetOutOfRangeException where it is another one, which ends the job as an offset that is gone does
     */
    public boolean saw(Record record) {
        if (wanted.isEmpty()) {
            return false;
        }
        TopicPartition at = wanted.remove(record.partition);
        long[] held = newest.get(record.partition);
        if (at == null || held[0] != record.offset) {
            return false;
        }
        if (held[1] != record.appendMs) {
            throw new OffsetOutOfRangeException("the log of " + at + " has been cut off and written anew before offset "
                    + (record.offset + 1), Map.of());
        }
        return true;
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
