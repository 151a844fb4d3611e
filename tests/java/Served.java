package fraudctl.kernel;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Programs that keep nothing from one run to the next, as often as they are asked for, in one process.
 *
 * <p>Two lines on standard input: {@code {"program":…,"arguments":[…]}}, and what the program finds on its own. Back come
 * {@code printed} or {@code failed}, a space, a number and so many bytes: what it printed, or the trace of why it failed.
 */
final class Served {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Map<String, Program> PROGRAMS = Map.of(
            "Offline", Offline::main,
            "EarlierForms", EarlierForms::main,
            "Forgets", Forgets::main,
            "HotKeysTrial", HotKeysTrial::main,
            "WritesAside", WritesAside::main);

    private Served() {}

    private interface Program {
        void main(String[] arguments) throws Exception;
    }

    public static void main(String[] none) throws IOException {
        PrintStream answers = System.out;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String asked = in.readLine(); asked != null; asked = in.readLine()) {
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            boolean hasFailed = hasFailed(MAPPER.readTree(asked), in.readLine(), printed);
            answers.print((hasFailed ? "failed " : "printed ") + printed.size() + "\n");
            printed.writeTo(answers);
            answers.flush();
        }
    }

    private static boolean hasFailed(JsonNode asked, String input, ByteArrayOutputStream printed) {
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        PrintStream out = new PrintStream(printed, false, StandardCharsets.UTF_8);
        System.setOut(out);
        try {
            PROGRAMS.get(asked.get("program").asText())
                    .main(MAPPER.convertValue(asked.get("arguments"), String[].class));
            return false;
        } catch (Exception | LinkageError failed) {
            printed.reset();
            failed.printStackTrace(out);
            return true;
        } finally {
            out.flush();
        }
    }
}
