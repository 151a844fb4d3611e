package fraudctl.kernel;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.LocalStreamEnvironment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.ExceptionUtils;

/**
 * Runs a job up to Python in this process. A line on standard input stops it with a savepoint, and the next one
 * starts it again from there. When it ends by itself, prints why.
 */
final class ReadAgain {
    private ReadAgain() {}

    public static void main(String[] files) throws Exception {
        JsonNode told = new ObjectMapper().readTree(Files.readString(Path.of(files[0])));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String savepoint = null;
        do {
            JobClient job = start(told, savepoint);
            CompletableFuture<Void> line = CompletableFuture.runAsync(() -> await(lines));
            try {
                CompletableFuture.anyOf(job.getJobExecutionResult(), line).get();
            } catch (ExecutionException failed) {
                System.out.println(ExceptionUtils.stringifyException(failed));
                System.exit(0);
            }
            savepoint = job.stopWithSavepoint(false, files[1], SavepointFormatType.CANONICAL).get();
            System.out.println("stopped");
        } while (await(lines));
    }

    private static boolean await(BufferedReader lines) {
        try {
            return lines.readLine() != null;
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private static JobClient start(JsonNode told, String savepoint) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "10");
        configuration.setString("restart-strategy.fixed-delay.delay", "100 ms");
        if (savepoint != null) {
            configuration.setString("execution.state-recovery.path", savepoint);
        }
        LocalStreamEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
        Wiring wiring = new Wiring(environment, told.get("config").toString(), told.get("plan").toString(), "{}");
        wiring.features().sinkTo(new DiscardingSink<>()).uid("nowhere");
        return environment.executeAsync("read");
    }
}
