package fraudctl.kernel;

import fraudctl.kernel.plan.Activations;
import fraudctl.kernel.plan.RecordCheck;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What a process says of a record that is no activation, each time in an interpreter of its own, as the tasks of a job
 * have one from restart to restart. {@code CheckedAgain PYTHON TIMES RECORD}
 */
public final class CheckedAgain {
    private CheckedAgain() {}

    public static void main(String[] arguments) throws Exception {
        byte[] record = arguments[2].getBytes(StandardCharsets.UTF_8);
        List<String> said = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (int time = 0; time < Integer.parseInt(arguments[1]); time++) {
            try (RecordCheck check = RecordCheck.by(arguments[0])) {
                new Activations(mapper.createObjectNode(), "null", check, (offset, reason) -> said.add(reason))
                        .accept(0, 0, record);
            }
        }
        System.out.println(mapper.writeValueAsString(said));
        // Python is left running by the interpreters, and would be waited for.
        Runtime.getRuntime().halt(0);
    }
}
