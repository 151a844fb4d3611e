package fraudctl.kernel.plan;

import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.python.PythonOptions;
import pemja.core.PythonInterpreter;
import pemja.core.PythonInterpreterConfig;

/**
 * What is wrong with a record of the topic of activations, in the words of {@code pipeline/scoring/activation_check.py}.
 *
 * <p>A rule set is read and compiled in Python alone. So it is Python that is asked, in this process, whether
 * one can be: a second opinion here would sooner or later be another one. Made, used and closed by one thread.
 */
public final class RecordCheck implements AutoCloseable {
    private final PythonInterpreter python;

    private RecordCheck(String executable) {
        python = new PythonInterpreter(PythonInterpreterConfig.newBuilder().setPythonExec(executable)
                .setExcType(PythonInterpreterConfig.ExecType.MULTI_THREAD).build());
        python.exec("from pipeline.scoring.activation_check import problem");
    }

    /** By the Python that scores in this cluster. */
    static RecordCheck ofCluster() {
        return by(GlobalConfiguration.loadConfiguration().get(PythonOptions.PYTHON_EXECUTABLE));
    }

    /** By the Python of that executable, which finds {@code pipeline} by {@code PYTHONPATH}. */
    public static RecordCheck by(String executable) {
        return new RecordCheck(executable);
    }

    /** Null when it is an activation by which events can be scored. */
    String problem(byte[] value) {
        return (String) python.invoke("problem", new Object[] {value});
    }

    @Override
    public void close() {
        python.close();
    }
}
