package fraudctl.kernel;

import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.wire.Refusal;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;

/** Takes values, a line of hexadecimal digits each, out of their frames; a line for each says what came of it. */
final class Unframe {
    private Unframe() {}

    public static void main(String[] files) throws Exception {
        Properties properties = new Properties();
        properties.load(Files.newBufferedReader(Path.of(files[0])));
        Map<String, String> told = new HashMap<>();
        properties.forEach((name, value) -> told.put(name.toString(), value.toString()));
        Framed framed = new Framed(told);
        for (String line : Files.readAllLines(Path.of(files[1]))) {
            System.out.println(said(framed, HexFormat.of().parseHex(line)));
        }
    }

    private static String said(Framed framed, byte[] value) {
        try {
            return "json " + HexFormat.of().formatHex(framed.json(value));
        } catch (Refusal refusal) {
            return "refused " + refusal.getMessage().replace('\n', ' ');
        } catch (UncheckedIOException away) {
            return "away " + away.getMessage().replace('\n', ' ');
        }
    }
}
