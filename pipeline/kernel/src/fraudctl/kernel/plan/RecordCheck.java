package fraudctl.kernel.plan;

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
    private final AutoCloseable files;

    /** Makes one, in the thread that will use it. */
    interface Opening {
        RecordCheck open() throws Exception;
    }

    /** {@code files} is closed with it. */
    RecordCheck(PythonInterpreterConfig config, AutoCloseable files) {
        this.python = new PythonInterpreter(config);
        this.files = files;
        python.exec("from pipeline.scoring.activation_check import problem");
    }

    private RecordCheck() {
        this.python = null;
        this.files = () -> {};
    }

    /** Where Python does not run in this process: what cannot be scored by stops the scoring then. */
    static RecordCheck none() {
        return new RecordCheck();
    }

    /** By the Python of that executable, which finds {@code pipeline} by {@code PYTHONPATH}. */
    public static RecordCheck by(String executable) {
        return new RecordCheck(PythonInterpreterConfig.newBuilder().setPythonExec(executable)
                .setExcType(PythonInterpreterConfig.ExecType.MULTI_THREAD).build(), () -> {});
    }

    /** Null when it is an activation by which events can be scored. */
    String problem(byte[] value) {
        return python == null ? null : (String) python.invoke("problem", new Object[] {value});
    }

    @Override
    public void close() throws Exception {
        if (python != null) {
            python.close();
        }
        files.close();
    }
}
