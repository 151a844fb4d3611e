import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.mapper.MapperExtrasPlugin;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.reindex.ReindexPlugin;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * One Elasticsearch node in this process, from jars instead of the distribution.
 *
 * <p>Arguments: the home folder, its host, HTTP port and transport port, then any settings as name=value. The
 * plugins that the distribution loads from folders are taken from the class path.
 */
public final class ElasticsearchNode extends Node {
  private static final String NAME = "fraudctl";

  private ElasticsearchNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
    super(environment, plugins, true);
  }

  public static void main(String[] arguments) throws Exception {
    Path home = Paths.get(arguments[0]).toAbsolutePath();
    Path configuration = Files.createDirectories(home.resolve("config"));
    Settings.Builder settings =
        Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", home.resolve("data").toString())
            .put("path.logs", home.resolve("logs").toString())
            .put("network.host", arguments[1])
            .put("http.port", arguments[2])
            .put("transport.port", arguments[3])
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("discovery.type", "single-node");
    for (String setting : Arrays.asList(arguments).subList(4, arguments.length)) {
      int equals = setting.indexOf('=');
      settings.put(setting.substring(0, equals), setting.substring(equals + 1));
    }
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(
            settings.build(), Collections.emptyMap(), configuration, () -> NAME);
    Node node =
        new ElasticsearchNode(
            environment, Arrays.asList(Netty4Plugin.class, MapperExtrasPlugin.class, ReindexPlugin.class));
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    node.close();
                  } catch (Exception error) {
                    error.printStackTrace();
                  }
                  closed.countDown();
                }));
    node.start();
    closed.await();
  }
}
