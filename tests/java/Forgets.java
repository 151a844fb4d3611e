package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.order.Forgotten;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** Which of some events a job lets pass that is told of erasures: one word for each. */
public final class Forgets {
    private Forgets() {}

    public static void main(String[] arguments) throws Exception {
        JsonNode asked = new ObjectMapper().readTree(
                Files.readString(Path.of(arguments[0]), StandardCharsets.UTF_8));
        Forgotten filter = shipped(new Forgotten(asked.get("told")));
        for (JsonNode one : asked.get("events")) {
            Event event = new Event();
            event.userId = one.get(0).asText();
            event.partition = one.get(1).asInt();
            event.offset = one.get(2).asLong();
            System.out.println(filter.filter(event));
        }
    }

    /** As it comes to a task. */
    private static Forgotten shipped(Forgotten filter) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(filter);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Forgotten) in.readObject();
        }
    }
}
