package fraudctl.kernel;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.LocalStreamEnvironment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.ExceptionUtils;

/** Runs a job up to Python, in this process, until it ends; prints why it did. It may be started again ten times. */
final class ReadTransactions {
    private ReadTransactions() {}

    public static void main(String[] files) throws Exception {
        JsonNode told = new ObjectMapper().readTree(Files.readString(Path.of(files[0])));
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "10");
        configuration.setString("restart-strategy.fixed-delay.delay", "100 ms");
        LocalStreamEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
        Wiring wiring = new Wiring(environment, told.get("config").toString(), told.get("plan").toString(), "{}");
        wiring.features().sinkTo(new DiscardingSink<>());
        try {
            environment.execute("read");
            System.out.println("it ended by itself");
        } catch (Exception failed) {
            System.out.println(ExceptionUtils.stringifyException(failed));
        }
    }
}
