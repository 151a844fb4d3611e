package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A flat Protobuf message as JSON, as pipeline/records/protobuf.py says: the same bytes, and refused for the same
 * reasons.
 */
final class ProtoMessage {
    /** One field as it is read; {@code absent} is its JSON where it is not there, null for nothing. */
    private record Reading(ProtoFile.Field declared, ProtoKind kind, String absent) {}

    private final List<Reading> readings = new ArrayList<>();
    private final ProtoContent.Shape shape = new ProtoContent.Shape();

    ProtoMessage(ProtoFile file, ProtoFile.Message message) throws Unsupported {
        for (ProtoFile.Field declared : message.fields()) {
            try {
                readings.add(reading(file, message, declared));
            } catch (Unsupported why) {
                throw new Unsupported("field " + declared.name() + ": " + why.getMessage());
            }
            ProtoKind kind = readings.get(readings.size() - 1).kind();
            shape.add(declared.number(), kind, declared.oneof());
        }
    }

    /** The content from here on, as a JSON object. */
    byte[] json(AvroContent content) throws Refusal {
        Map<Integer, ProtoContent.Raw> found = ProtoContent.fields(content, shape);
        StringBuilder json = new StringBuilder(512).append('{');
        for (Reading one : readings) {
            ProtoContent.Raw raw = found.get(one.declared.number());
            if (raw == null && one.declared.label().equals("required")) {
                throw AvroRecord.undecodable(one.declared.name() + " is missing");
            }
            String text = raw == null ? one.absent : one.kind.read(raw);
            if (text != null) {
                json.append(json.length() > 1 ? "," : "").append(AvroContent.quoted(one.declared.name()))
                        .append(':').append(text);
            }
        }
        return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static Reading reading(ProtoFile file, ProtoFile.Message message, ProtoFile.Field declared)
            throws Unsupported {
        if (declared.label().equals("repeated")) {
            throw new Unsupported("it is repeated");
        }
        ProtoKind kind = kind(file, message, declared.type());
        boolean isTold = !declared.label().isEmpty() || declared.oneof() > 0 || !file.isProto3();
        return new Reading(declared, kind, isTold ? null : kind.absent());
    }

    private static ProtoKind kind(ProtoFile file, ProtoFile.Message message, String name) throws Unsupported {
        ProtoKind scalar = ProtoKind.SCALARS.get(name);
        if (scalar != null) {
            return scalar;
        }
        String full = file.fullName(name, message.name());
        if (full != null && file.enums.containsKey(full)) {
            return ProtoKind.symbol(file.enums.get(full));
        }
        ProtoKind known = ProtoKind.PARTS.get(name.startsWith(".") ? name.substring(1) : name);
        if (full == null && known != null) {
            return known;
        }
        throw new Unsupported(name + " is no scalar of a transaction");
    }

    /** A schema as it is read by: each of its messages when content of it first comes. */
    static final class Messages {
        private final ProtoFile file;
        private final Map<List<Long>, ProtoMessage> known = new HashMap<>();

        Messages(String text) throws Unsupported {
            file = new ProtoFile(text);
        }

        /** The message whose content begins at that place behind its own place in the schema, as a JSON object. */
        byte[] json(byte[] value, int from) throws Refusal, Unsupported {
            AvroContent content = new AvroContent(value, from);
            List<Long> places = places(content);
            ProtoFile.Message declared = file.message(places);
            if (declared == null) {
                throw AvroRecord.undecodable("the schema has no message at " + places);
            }
            return message(places, declared).json(content);
        }

        /** Several subtasks of a process may ask at once. */
        private synchronized ProtoMessage message(List<Long> places, ProtoFile.Message declared) throws Unsupported {
            ProtoMessage found = known.get(places);
            if (found == null) {
                found = new ProtoMessage(file, declared);
                known.put(places, found);
            }
            return found;
        }

        private static List<Long> places(AvroContent content) throws Refusal {
            long count = content.whole(64);
            if (count < 0 || count > ProtoFile.DEEPEST + 1) {
                throw AvroRecord.undecodable("a place of " + count + " numbers");
            }
            List<Long> places = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                places.add(content.whole(64));
            }
            return places.isEmpty() ? List.of(0L) : places;
        }
    }
}
