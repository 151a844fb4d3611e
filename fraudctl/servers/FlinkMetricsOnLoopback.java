import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Properties;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.prometheus.AbstractPrometheusReporter;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/**
 * Flink's reporter for Prometheus, listening on the loopback address, or on that of the setting `host`.
 *
 * <p>Its own one listens on every interface and has no option for it. A port that is taken is said in the log, and
 * Flink works without.
 */
public final class FlinkMetricsOnLoopback extends AbstractPrometheusReporter implements MetricReporterFactory {
  private static final String PATIENCE_S = "5";

  static {
    // Whoever begins a question and never ends it would keep one of the server's five threads for ever.
    System.setProperty("sun.net.httpserver.maxReqTime", PATIENCE_S);
    System.setProperty("sun.net.httpserver.maxRspTime", PATIENCE_S);
  }

  private HTTPServer server;

  @Override
  public MetricReporter createMetricReporter(Properties properties) {
    return new FlinkMetricsOnLoopback();
  }

  @Override
  public void open(MetricConfig config) {
    super.open(config);
    int port = Integer.parseInt(config.getString("port", "0"));
    String host = config.getString("host", InetAddress.getLoopbackAddress().getHostAddress());
    try {
      server = new HTTPServer(new InetSocketAddress(InetAddress.getByName(host), port), registry());
    } catch (IOException failure) {
      throw new UncheckedIOException("no metrics on port " + port, failure);
    }
  }

  @Override
  public void close() {
    if (server != null) {
      server.stop();
    }
    super.close();
  }

  /** The superclass shows it to its own package alone. */
  private CollectorRegistry registry() {
    try {
      Field field = AbstractPrometheusReporter.class.getDeclaredField("registry");
      field.setAccessible(true);
      return (CollectorRegistry) field.get(this);
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(changed);
    }
  }
}
