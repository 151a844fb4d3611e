import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.elasticsearch.Version;
import org.elasticsearch.client.node.NodeClient;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.network.NetworkService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.transport.BoundTransportAddress;
import org.elasticsearch.common.transport.TransportAddress;
import org.elasticsearch.common.util.PageCacheRecycler;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.mapper.MapperExtrasPlugin;
import org.elasticsearch.indices.breaker.CircuitBreakerService;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.NetworkPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.reindex.ReindexPlugin;
import org.elasticsearch.rest.BytesRestResponse;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.Netty4Plugin;
import org.elasticsearch.transport.SharedGroupFactory;
import org.elasticsearch.transport.Transport;
import org.elasticsearch.transport.netty4.Netty4Transport;

/**
 * One Elasticsearch node in this process, from jars instead of the distribution.
 *
 * <p>Arguments: the home folder, its host, its HTTP port, the file with the key that every request must show (empty:
 * none), then any settings as name=value. The plugins that the distribution loads from folders are taken from the
 * class path. The node is alone, so the port on which nodes speak to each other, without asking who comes, is not
 * opened.
 */
public final class ElasticsearchNode extends Node {
  private static final String NAME = "fraudctl";
  private static final String ALONE = "alone";

  private ElasticsearchNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
    super(environment, plugins, true);
  }

  public static void main(String[] arguments) throws Exception {
    Path home = Paths.get(arguments[0]).toAbsolutePath();
    Path configuration = Files.createDirectories(home.resolve("config"));
    Door.key = arguments[3].isEmpty() ? null : Paths.get(arguments[3]);
    Settings.Builder settings =
        Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", home.resolve("data").toString())
            .put("path.logs", home.resolve("logs").toString())
            .put("network.host", arguments[1])
            .put("http.port", arguments[2])
            .put("network.server", false)
            .put("transport.type", ALONE)
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
    List<Class<? extends Plugin>> plugins =
        Arrays.asList(Netty4Plugin.class, MapperExtrasPlugin.class, ReindexPlugin.class, Door.class);
    Node node = new ElasticsearchNode(environment, plugins);
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

  /** Lets in only who shows the key, and opens no port to other nodes. */
  public static final class Door extends Plugin implements ActionPlugin, NetworkPlugin {
    private static Path key;

    @Override
    public UnaryOperator<RestHandler> getRestHandlerWrapper(ThreadContext context) {
      return handler -> key == null ? handler : new Guarded(handler, key);
    }

    @Override
    public Map<String, Supplier<Transport>> getTransports(
        Settings settings,
        ThreadPool threads,
        PageCacheRecycler recycler,
        CircuitBreakerService breakers,
        NamedWriteableRegistry registry,
        NetworkService network) {
      SharedGroupFactory group = new SharedGroupFactory(settings);
      return Collections.singletonMap(
          ALONE,
          () ->
              new Netty4Transport(
                  settings, Version.CURRENT, threads, network, recycler, registry, breakers, group) {
                @Override
                public BoundTransportAddress boundAddress() {
                  TransportAddress nowhere = new TransportAddress(TransportAddress.META_ADDRESS, 0);
                  return new BoundTransportAddress(new TransportAddress[] {nowhere}, nowhere);
                }
              });
    }
  }

  /** What answers a request, for those who show the key. The file is read each time: another key counts at once. */
  private static final class Guarded implements RestHandler {
    private final RestHandler handler;
    private final Path key;

    Guarded(RestHandler handler, Path key) {
      this.handler = handler;
      this.key = key;
    }

    @Override
    public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
      if (isKnown(request.header("Authorization"))) {
        handler.handleRequest(request, channel, client);
      } else {
        String said = "{\"error\":{\"type\":\"security_exception\",\"reason\":\"a key is missing, or another one\"}}";
        channel.sendResponse(new BytesRestResponse(RestStatus.UNAUTHORIZED, "application/json", said));
      }
    }

    private boolean isKnown(String shown) throws IOException {
      String wanted = "ApiKey " + new String(Files.readAllBytes(key), StandardCharsets.UTF_8).trim();
      return shown != null && MessageDigest.isEqual(bytes(wanted), bytes(shown));
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean canTripCircuitBreaker() {
      return handler.canTripCircuitBreaker();
    }

    @Override
    public boolean supportsContentStream() {
      return handler.supportsContentStream();
    }

    @Override
    public boolean allowsUnsafeBuffers() {
      return handler.allowsUnsafeBuffers();
    }

    @Override
    public boolean allowSystemIndexAccessByDefault() {
      return handler.allowSystemIndexAccessByDefault();
    }

    @Override
    public RestHandler getConcreteRestHandler() {
      return handler.getConcreteRestHandler();
    }

    @Override
    public List<Route> routes() {
      return handler.routes();
    }
  }
}
