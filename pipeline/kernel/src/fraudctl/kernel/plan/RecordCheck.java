package fraudctl.kernel.plan;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.python.PythonOptions;
import pemja.core.PythonInterpreter;
import pemja.core.PythonInterpreterConfig;

/**
 * What is wrong with a record of the topic of activations, in the words of {@code pipeline/scoring/activation_check.py}.
 *
 * <p>A rule set is read and compiled in Python alone, and signatures are verified there. So it is Python that is asked,
 * in this process, whether one can be: a second opinion here would sooner or later be another one. Made, used and
 * closed by one thread.
 */
public final class RecordCheck implements AutoCloseable {
    private final PythonInterpreter python;

    /** The message says what is wrong with a record. */
    static final class Refused extends Exception {
        private Refused(String reason) {
            super(reason, null, false, false);
        }
    }

    private RecordCheck(String executable) {
        python = new PythonInterpreter(PythonInterpreterConfig.newBuilder().setPythonExec(executable)
                .setExcType(PythonInterpreterConfig.ExecType.MULTI_THREAD).build());
        python.exec("from pipeline.scoring.activation_check import judged");
    }

    /** By the Python that scores in this cluster. */
    static RecordCheck ofCluster() {
        return by(GlobalConfiguration.loadConfiguration().get(PythonOptions.PYTHON_EXECUTABLE));
    }

    /** By the Python of that executable, which finds {@code pipeline} by {@code PYTHONPATH}. */
    public static RecordCheck by(String executable) {
        return new RecordCheck(executable);
    }

    /**
     * The record without its signature, when it is signed by whom the job trusts and can be gone by.
     *
     * @param trust whom the job trusts as JSON, null where nobody asks for signatures
     * @throws Refused when it is not
     */
    byte[] accepted(String trust, long offset, byte[] value) throws Refused {
        byte[] head = ("{\"trust\":" + trust + ",\"offset\":" + offset + ",\"is_null\":" + (value == null) + "}\n")
                .getBytes(StandardCharsets.UTF_8);
        byte[] question = Arrays.copyOf(head, head.length + (value == null ? 0 : value.length));
        if (value != null) {
            System.arraycopy(value, 0, question, head.length, value.length);
        }
        String said = (String) python.invoke("judged", new Object[] {question});
        if (said.startsWith("!")) {
            throw new Refused(said.substring(1));
        }
        return Arrays.copyOf(value, Integer.parseInt(said));
    }

    @Override
    public void close() {
        python.close();
    }
}
