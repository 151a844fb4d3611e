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
    /**
     * By its module: of a function that is a global of the interpreter Pemja 0.5 borrows the reference, and gives it back
     * when the interpreter is closed. So the second one in a process would call what is no longer there.
     */
    private static final String PROBLEM = "activation_check.problem";

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
        python.exec("from pipeline.scoring import activation_check");
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

    /**
     * Null when it is an activation by which events can be scored.
     *
     * @throws BrokenInterpreter where Python says what it cannot have said; the record is then as good as before
     */
    String problem(byte[] value) {
        Object said = python == null ? null : python.invoke(PROBLEM, new Object[] {value});
        if (said == null || said instanceof String) {
            return (String) said;
        }
        throw new BrokenInterpreter("Python answered a " + said.getClass().getName());
    }

    /** Ends the attempt of the job: no record may be put aside for what is wrong with the process. */
    static final class BrokenInterpreter extends Error {
        private static final long serialVersionUID = 1L;

        BrokenInterpreter(String message) {
            super(message);
        }
    }

    @Override
    public void close() throws Exception {
        if (python != null) {
            python.close();
        }
        files.close();
    }
}
