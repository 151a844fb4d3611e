package fraudctl.tests;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;

/**
 * Kafka whose clock, and nobody else's, is as far ahead as a file says, in milliseconds: the property
 * {@code clock.file}. What is written there is in force within a fifth of a second.
 */
public final class SteppedKafka {
    private SteppedKafka() {}

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (InputStream file = Files.newInputStream(Path.of(arguments[0]))) {
            settings.load(file);
        }
        KafkaRaftServer server = new KafkaRaftServer(
                KafkaConfig.fromProps(settings), new Stepped(Path.of(System.getProperty("clock.file"))));
        server.startup();
        server.awaitShutdown();
    }

    private static final class Stepped implements Time {
        private final Path file;
        private volatile long aheadMs;

        Stepped(Path file) throws Exception {
            this.file = file;
            look();
            Thread looking = new Thread(this::goOnLooking, "clock");
            looking.setDaemon(true);
            looking.start();
        }

        @Override
        public long milliseconds() {
            return Time.SYSTEM.milliseconds() + aheadMs;
        }

        @Override
        public long nanoseconds() {
            return Time.SYSTEM.nanoseconds();
        }

        @Override
        public void sleep(long ms) {
            Time.SYSTEM.sleep(ms);
        }

        private void look() throws Exception {
            aheadMs = Long.parseLong(Files.readString(file).strip());
        }

        private void goOnLooking() {
            while (true) {
                sleep(200);
                try {
                    look();
                } catch (Exception stays) {
                    System.err.println("the clock stays as it is: " + stays);
                }
            }
        }
    }
}
