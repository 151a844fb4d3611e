package fraudctl.kernel.source;

import fraudctl.kernel.wire.Record;
import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.synchronization.FutureCompletingBlockingQueue;
import org.apache.flink.connector.kafka.source.metrics.KafkaSourceReaderMetrics;
import org.apache.flink.connector.kafka.source.reader.KafkaPartitionSplitReader;
import org.apache.flink.connector.kafka.source.reader.KafkaRecordEmitter;
import org.apache.flink.connector.kafka.source.reader.KafkaSourceReader;
import org.apache.flink.connector.kafka.source.reader.fetcher.KafkaSourceFetcherManager;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.metrics.Counter;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Flink's reader of partitions, which waits a moment between two reads that found little. The broker answers as
 * soon as it has anything: who comes alone waits for nobody, a silent topic is asked twice a second, and what comes
 * while the reader rests comes as one batch. Were the broker told to gather records instead, it would have to be
 * asked again every few milliseconds, most of what a stack at rest took.
 */
final class PacedReader extends KafkaPartitionSplitReader {
    private static final long REST_NANOS = 4_000_000;
    /** Who has read more than this in one go has no time to rest. */
    private static final long MUCH_BYTES = 32_768;

    private final Counter bytesIn;
    private long bytesBefore;
    private boolean rests;

    private PacedReader(Properties properties, SourceReaderContext context, KafkaSourceReaderMetrics metrics) {
        super(properties, context, metrics);
        bytesIn = context.metricGroup().getIOMetricGroup().getNumBytesInCounter();
    }

    /** As Flink's source makes its reader. */
    static SourceReader<Record, KafkaPartitionSplit> ofPartitions(Properties told, SourceReaderContext context) {
        Properties properties = new Properties();
        properties.putAll(told);
        properties.setProperty("key.deserializer", ByteArrayDeserializer.class.getName());
        properties.setProperty("value.deserializer", ByteArrayDeserializer.class.getName());
        properties.setProperty("enable.auto.commit", "false");
        // As NoReset says to the source: a place that the log no longer holds is an error.
        properties.setProperty("auto.offset.reset", "none");
        properties.setProperty("client.id.prefix", told.getProperty("group.id"));
        properties.setProperty("fetch.min.bytes", "1");
        properties.setProperty("fetch.max.wait.ms", "500");
        Configuration configuration = new Configuration();
        properties.stringPropertyNames().forEach(name -> configuration.setString(name, properties.getProperty(name)));
        KafkaSourceReaderMetrics metrics = new KafkaSourceReaderMetrics(context.metricGroup());
        FutureCompletingBlockingQueue<RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>>> queue =
                new FutureCompletingBlockingQueue<>();
        KafkaSourceFetcherManager fetchers = new KafkaSourceFetcherManager(
                queue, () -> new PacedReader(properties, context, metrics), ignored -> { });
        return new KafkaSourceReader<>(queue, fetchers, new KafkaRecordEmitter<>(new RecordReading()), configuration,
                context, metrics);
    }

    @Override
    public RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> fetch() throws IOException {
        if (rests) {
            LockSupport.parkNanos(REST_NANOS);
        }
        RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> records = super.fetch();
        long bytes = bytesIn.getCount();
        rests = bytes > bytesBefore && bytes - bytesBefore < MUCH_BYTES;
        bytesBefore = bytes;
        return records;
    }
}
