import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * DynamoDB Local, listening on one address only.
 *
 * <p>Its own main class listens on every interface and has no option for it. Arguments: the host, then those of
 * its own main class.
 */
public final class DynamoDbOnLoopback {
  private DynamoDbOnLoopback() {}

  public static void main(String[] arguments) throws Exception {
    String[] own = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
    DynamoDBProxyServer dynamo = ServerRunner.createServerFromCommandLineArgs(own);
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    for (Connector connector : ((Server) field.get(dynamo)).getConnectors()) {
      ((ServerConnector) connector).setHost(arguments[0]);
    }
    dynamo.start();
    dynamo.join();
  }
}
