package fraudctl.kernel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes a record and reads it, for each file of properties; prints a line for each: "ok", or what was wrong. */
final class KafkaReach {
    private KafkaReach() {}

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Properties properties = new Properties();
            properties.load(Files.newBufferedReader(Path.of(file)));
            System.out.println(reach(properties));
        }
    }

    private static String reach(Properties properties) throws InterruptedException {
        TopicPartition place = new TopicPartition(properties.remove("topic").toString(), 0);
        properties.put("max.block.ms", "20000");
        properties.put("default.api.timeout.ms", "20000");
        properties.put("compression.type", "zstd");
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            long offset = producer.send(new ProducerRecord<>(place.topic(), 0, null, new byte[] {1})).get().offset();
            consumer.assign(List.of(place));
            consumer.seek(place, offset);
            for (int i = 0; i < 100; i++) {
                if (!consumer.poll(Duration.ofMillis(200)).isEmpty()) {
                    return "ok";
                }
            }
            return "nothing came";
        } catch (ExecutionException refused) {
            return said(refused.getCause());
        } catch (RuntimeException refused) {
            return said(refused);
        }
    }

    private static String said(Throwable thrown) {
        StringBuilder all = new StringBuilder();
        for (Throwable one = thrown; one != null; one = one.getCause()) {
            all.append(all.isEmpty() ? "" : " <- ").append(one.getClass().getSimpleName()).append(": ")
                    .append(String.valueOf(one.getMessage()).replace('\n', ' '));
        }
        return all.toString();
    }
}
