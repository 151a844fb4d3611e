package fraudctl.kernel;

import java.util.Arrays;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.util.Collector;

/** A scored batch into its lines, one per decision. */
final class Lines implements FlatMapFunction<byte[], byte[]> {
    private static final long serialVersionUID = 1L;

    @Override
    public void flatMap(byte[] batch, Collector<byte[]> out) {
        int from = 0;
        for (int i = 0; i < batch.length; i++) {
            if (batch[i] == '\n') {
                out.collect(Arrays.copyOfRange(batch, from, i));
                from = i + 1;
            }
        }
        if (from < batch.length) {
            out.collect(Arrays.copyOfRange(batch, from, batch.length));
        }
    }
}
