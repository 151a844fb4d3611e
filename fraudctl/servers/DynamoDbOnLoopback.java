import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/**
 * DynamoDB Local, listening on one address only, and answering only who knows its access key.
 *
 * <p>Its own main class listens on every interface, has no option for it, and takes any credentials. Arguments: the
 * host, the file with the credentials that every request must be signed with (empty: any), then those of its own
 * main class. Only the id of the key is looked at, so it is as secret as a password.
 */
public final class DynamoDbOnLoopback {
  private static final Pattern KEY_ID = Pattern.compile("Credential=([^/\\s,]+)/");

  private DynamoDbOnLoopback() {}

  public static void main(String[] arguments) throws Exception {
    String[] own = Arrays.copyOfRange(arguments, 2, arguments.length);
    DynamoDBProxyServer dynamo = ServerRunner.createServerFromCommandLineArgs(own);
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    Server server = (Server) field.get(dynamo);
    for (Connector connector : server.getConnectors()) {
      ((ServerConnector) connector).setHost(arguments[0]);
    }
    if (!arguments[1].isEmpty()) {
      server.setHandler(new Guarded(server.getHandler(), Path.of(arguments[1])));
    }
    dynamo.start();
    dynamo.join();
  }

  /** The file is read for each request, so that another key counts at once. */
  private static final class Guarded extends Handler.Wrapper {
    private static final String SAID =
        "{\"__type\":\"com.amazon.coral.service#UnrecognizedClientException\","
            + "\"message\":\"The security token included in the request is invalid.\"}";

    private final Path credentials;

    Guarded(Handler handler, Path credentials) {
      super(handler);
      this.credentials = credentials;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      if (isKnown(request.getHeaders().get(HttpHeader.AUTHORIZATION))) {
        return super.handle(request, response, callback);
      }
      response.setStatus(400);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/x-amz-json-1.0");
      Content.Sink.write(response, true, SAID, callback);
      return true;
    }

    private boolean isKnown(String shown) throws IOException {
      Matcher found = KEY_ID.matcher(shown == null ? "" : shown);
      String wanted = Files.readString(credentials).strip().split(":")[0];
      return found.find() && MessageDigest.isEqual(bytes(wanted), bytes(found.group(1)));
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }
}
