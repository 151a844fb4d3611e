package fraudctl.kernel.schema;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;

/**
 * Asks a schema registry for the schema of a number, by the interface that Confluent's has and others speak.
 *
 * <p>It is told of by the properties of Kafka's clients: PEM files for TLS, secrets as references to files, which are
 * read for each question, so that new ones are taken up. A question is asked once for each schema.
 */
final class Registry {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PATIENCE_MS = 10_000;
    private static final int LARGEST_ANSWER = 4 << 20;
    private static final int NOT_FOUND = 40_403;
    private static final ConfigDef TOLD = new ConfigDef()
            .define("url", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "where it is")
            .define("username", ConfigDef.Type.STRING, null, ConfigDef.Importance.HIGH, "who we are")
            .define("password", ConfigDef.Type.PASSWORD, null, ConfigDef.Importance.HIGH, "shown with the name")
            .withClientSslSupport();

    private final Map<String, String> told;

    Registry(Map<String, String> told) {
        this.told = told;
    }

    /** What the registry says of that schema, or null where it knows none of that number. */
    JsonNode schema(int number) throws IOException {
        AbstractConfig config = new AbstractConfig(TOLD, told, false);
        String url = config.getString("url") + "/schemas/ids/" + number;
        try {
            return answer(connection(URI.create(url), config));
        } catch (IOException failed) {
            throw new IOException("the schema registry at " + url + ": " + failed, failed);
        }
    }

    private static JsonNode answer(HttpURLConnection connection) throws IOException {
        try {
            int status = connection.getResponseCode();
            JsonNode said = said(status < 400 ? connection.getInputStream() : connection.getErrorStream());
            if (status == 200 && said.path("schema").isTextual()) {
                return said;
            }
            // A path that is wrong gives 404 as well: only the registry's own word tells of a schema.
            if (status == 404 && said.path("error_code").asInt() == NOT_FOUND) {
                return null;
            }
            throw new IOException("it answers " + status + " " + said.path("message").asText());
        } finally {
            connection.disconnect();
        }
    }

    private static JsonNode said(InputStream body) throws IOException {
        if (body == null) {
            return JSON.missingNode();
        }
        try (body) {
            return JSON.readTree(body.readNBytes(LARGEST_ANSWER));
        } catch (org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JacksonException other) {
            return JSON.missingNode();
        }
    }

    private static HttpURLConnection connection(URI place, AbstractConfig config) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) place.toURL().openConnection();
        connection.setConnectTimeout(PATIENCE_MS);
        connection.setReadTimeout(PATIENCE_MS);
        connection.setInstanceFollowRedirects(false);
        connection.setRequestProperty("Accept", "application/vnd.schemaregistry.v1+json, application/json");
        Password password = config.getPassword("password");
        if (password != null) {
            byte[] pair = (config.getString("username") + ":" + password.value()).getBytes(StandardCharsets.UTF_8);
            connection.setRequestProperty("Authorization", "Basic " + Base64.getEncoder().encodeToString(pair));
        }
        if (connection instanceof HttpsURLConnection secure) {
            try (DefaultSslEngineFactory files = new DefaultSslEngineFactory()) {
                files.configure(config.values());
                secure.setSSLSocketFactory(files.sslContext().getSocketFactory());
            }
        }
        return connection;
    }
}
