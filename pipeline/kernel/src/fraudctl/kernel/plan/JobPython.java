package fraudctl.kernel.plan;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.python.PythonOptions;
import org.apache.flink.python.env.PythonDependencyInfo;
import org.apache.flink.python.env.embedded.EmbeddedPythonEnvironment;
import org.apache.flink.python.env.embedded.EmbeddedPythonEnvironmentManager;
import org.apache.flink.python.util.PythonConfigUtil;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;

/**
 * The Python of a job where its tasks run: the cluster's, and what came with the job itself, as its scoring has it.
 */
public final class JobPython implements Serializable {
    private static final long serialVersionUID = 1L;

    private final HashMap<String, String> settings;

    private JobPython(Map<String, String> settings) {
        this.settings = new HashMap<>(settings);
    }

    /** As the environment says it; the files that come with the job are registered there. */
    public static JobPython of(StreamExecutionEnvironment environment) {
        return new JobPython(PythonConfigUtil.extractPythonConfiguration(environment.getConfiguration()).toMap());
    }

    /** Looks for the job's files where this task runs; what it gives is to be opened by the thread that asks. */
    RecordCheck.Opening check(StreamingRuntimeContext task) {
        Configuration config = Configuration.fromMap(settings);
        if (config.get(PythonOptions.PYTHON_EXECUTION_MODE).equals("process")) {
            return RecordCheck::none;
        }
        if (config.getOptional(PythonOptions.PYTHON_FILES_DISTRIBUTED_CACHE_INFO).isEmpty()) {
            return () -> RecordCheck.by(GlobalConfiguration.loadConfiguration().get(PythonOptions.PYTHON_EXECUTABLE));
        }
        PythonDependencyInfo files = PythonDependencyInfo.create(config, task.getDistributedCache());
        String[] folders = task.getTaskManagerRuntimeInfo().getTmpDirectories();
        EmbeddedPythonEnvironmentManager manager = new EmbeddedPythonEnvironmentManager(files, folders,
                new HashMap<>(System.getenv()), task.getJobInfo().getJobId());
        return () -> {
            manager.open();
            EmbeddedPythonEnvironment environment = (EmbeddedPythonEnvironment) manager.createEnvironment();
            return new RecordCheck(environment.getConfig(), manager);
        };
    }
}
