package fraudctl.kernel.connection;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.provider.ConfigProvider;

/**
 * Reads the files that a client's properties name, when the client is made: {@code ${fraudctl:FORM:PATH}}.
 *
 * <p>So no secret travels with a job, and a job that begins anew reads a file that has changed meanwhile. The path
 * is written as in a URL. The forms are {@code text}, the whole file; {@code line}, without the end of its line;
 * {@code jaas}, the same as it stands between quotes in a JAAS configuration; {@code key}, a private key in PKCS#8.
 */
public final class SecretFiles implements ConfigProvider {
    /** Kafka's client asks for tokens only where the process as a whole has been told that it may. */
    private static final String ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

    @Override
    public void configure(Map<String, ?> parameters) {
        if (parameters.get("token.url") instanceof String url && !url.isEmpty()) {
            allow(url);
        }
        // AWS's own handler signs for the region of the process, and has no setting of its own for it.
        if (parameters.get("aws.region") instanceof String region && System.getProperty("aws.region") == null) {
            System.setProperty("aws.region", region);
        }
    }

    private static synchronized void allow(String url) {
        String allowed = System.getProperty(ALLOWED_URLS, "");
        if (!Set.of(allowed.split(",")).contains(url)) {
            System.setProperty(ALLOWED_URLS, allowed.isEmpty() ? url : allowed + "," + url);
        }
    }

    @Override
    public ConfigData get(String form) {
        return new ConfigData(Map.of());
    }

    @Override
    public ConfigData get(String form, Set<String> places) {
        Map<String, String> found = new HashMap<>();
        for (String place : places) {
            found.put(place, read(form, Path.of(URLDecoder.decode(place.replace("+", "%2B"), StandardCharsets.UTF_8))));
        }
        return new ConfigData(found);
    }

    private static String read(String form, Path file) {
        String text = text(file);
        return switch (form) {
            case "text" -> text;
            case "key" -> key(file, text);
            case "line" -> line(text);
            case "jaas" -> line(text).replace("\\", "\\\\").replace("\"", "\\\"");
            default -> throw new ConfigException("there is no form " + form + " of a file");
        };
    }

    private static String key(Path file, String text) {
        if (!text.contains("BEGIN PRIVATE KEY") && !text.contains("BEGIN ENCRYPTED PRIVATE KEY")) {
            throw new ConfigException(file + ": the key is not in PKCS#8");
        }
        return text;
    }

    private static String line(String text) {
        return text.replaceFirst("[\\r\\n]+$", "");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException away) {
            throw new UncheckedIOException(file + " cannot be read", away);
        }
    }

    @Override
    public void close() {}
}
