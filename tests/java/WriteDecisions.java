package fraudctl.kernel;

import fraudctl.kernel.decision.DecisionForm;
import fraudctl.kernel.decision.DecisionWriting;
import fraudctl.kernel.decision.Decisions;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.wire.RefusalWriting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** The values of decisions, a line of hexadecimal digits each, as the job writes them behind frame 7 in a form. */
final class WriteDecisions {
    private WriteDecisions() {}

    public static void main(String[] told) throws Exception {
        RefusalWriting refusals = new RefusalWriting("transactions", "refusals");
        DecisionWriting writing = new DecisionWriting(
                "decisions", 1, 16 << 20, Framed.frame(7), DecisionForm.named(told[0]), refusals);
        for (String line : Files.readAllLines(Path.of(told[1]))) {
            byte[] value = HexFormat.of().parseHex(line);
            Decisions.Decision decision = new Decisions.Decision(0, new byte[0], value);
            System.out.println(HexFormat.of().formatHex(writing.serialize(decision, null, null).value()));
        }
    }
}
