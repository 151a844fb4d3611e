package fraudctl.kernel.event;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Flink's view of {@link Event}: how one travels between hops and into a checkpoint. */
public final class EventType extends PlainType<Event> {
    private static final long serialVersionUID = 1L;

    public EventType() {
        super(Event.class);
    }

    @Override
    public TypeSerializer<Event> createSerializer(SerializerConfig config) {
        return Serializer.INSTANCE;
    }

    public static final class Serializer extends PlainType.Serializer<Event> {
        public static final Serializer INSTANCE = new Serializer();
        private static final long serialVersionUID = 1L;
        /** Of what it writes. */
        public static final int FORM = 2;
        private static final int SATURATED = 1;
        private static final int SHADOW_SATURATED = 2;
        private static final int WARMING = 4;
        private static final int REUSED = 8;
        private static final int KEYS = 16;

        @Override
        public Event createInstance() {
            return new Event();
        }

        @Override
        public void serialize(Event event, DataOutputView out) throws IOException {
            event.settle();
            out.writeInt(event.partition);
            out.writeLong(event.offset);
            out.writeLong(event.appendMs);
            out.writeLong(event.content);
            out.writeLong(event.delayMs);
            out.writeLong(event.pos);
            out.writeLong(event.due);
            writeText(out, event.eventId);
            writeText(out, event.userId);
            out.writeLong(event.amountUnits);
            writeText(out, event.json);
            out.writeByte((event.saturated ? SATURATED : 0) | (event.shadowSaturated ? SHADOW_SATURATED : 0)
                    | (event.warming != null ? WARMING : 0) | (event.reused ? REUSED : 0)
                    | (event.keys != null ? KEYS : 0));
            if (event.warming != null) {
                writeBits(out, event.warming.toLongArray());
            }
            if (event.keys != null) {
                writeValues(out, event.keys);
            }
            out.writeInt(event.lane);
            writeValues(out, event.slots);
            writeValues(out, event.features);
        }

        @Override
        public Event deserialize(DataInputView in) throws IOException {
            return read(in, FORM);
        }

        /** Reads the form of an earlier kernel too: the first one has neither append time nor content. */
        public Event read(DataInputView in, int form) throws IOException {
            Event event = new Event();
            event.partition = in.readInt();
            event.offset = in.readLong();
            event.appendMs = form == 1 ? Event.UNKNOWN : in.readLong();
            event.content = form == 1 ? ContentHash.UNKNOWN : in.readLong();
            event.delayMs = form == 1 ? Event.UNKNOWN : in.readLong();
            event.pos = in.readLong();
            event.due = in.readLong();
            event.eventId = readText(in);
            event.userId = readText(in);
            event.amountUnits = in.readLong();
            event.json = readText(in);
            int flags = in.readByte();
            event.saturated = (flags & SATURATED) != 0;
            event.shadowSaturated = (flags & SHADOW_SATURATED) != 0;
            event.reused = (flags & REUSED) != 0;
            event.warming = (flags & WARMING) == 0 ? null : BitSet.valueOf(readBits(in));
            event.keys = (flags & KEYS) == 0 ? null : Arrays.stream(readValues(in)).toArray(String[]::new);
            event.lane = in.readInt();
            event.slots = readValues(in);
            event.features = readValues(in);
            return event;
        }

        @Override
        public void copy(DataInputView in, DataOutputView out) throws IOException {
            serialize(deserialize(in), out);
        }

        @Override
        public TypeSerializerSnapshot<Event> snapshotConfiguration() {
            return new Snapshot();
        }

        private static void writeBits(DataOutputView out, long[] words) throws IOException {
            out.writeByte(words.length);
            for (long word : words) {
                out.writeLong(word);
            }
        }

        private static long[] readBits(DataInputView in) throws IOException {
            long[] words = new long[in.readByte()];
            for (int i = 0; i < words.length; i++) {
                words[i] = in.readLong();
            }
            return words;
        }

        private static void writeValues(DataOutputView out, Object[] values) throws IOException {
            if (values == null) {
                out.writeShort(-1);
                return;
            }
            out.writeShort(values.length);
            for (Object value : values) {
                if (value == null) {
                    out.writeByte(0);
                } else if (value instanceof String text) {
                    out.writeByte(1);
                    writeText(out, text);
                } else if (value instanceof Long number) {
                    out.writeByte(2);
                    out.writeLong(number);
                } else if (value instanceof Double number) {
                    out.writeByte(3);
                    out.writeDouble(number);
                } else if (value instanceof Boolean truth) {
                    out.writeByte(truth ? 4 : 5);
                } else if (value instanceof Event.Written number) {
                    out.writeByte(6);
                    writeText(out, number.text());
                } else {
                    out.writeByte(7);
                    writeText(out, value.toString());
                }
            }
        }

        private static Object[] readValues(DataInputView in) throws IOException {
            int length = in.readShort();
            if (length < 0) {
                return null;
            }
            Object[] values = new Object[length];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (in.readByte()) {
                    case 0 -> null;
                    case 1 -> readText(in);
                    case 2 -> (Object) in.readLong();
                    case 3 -> (Object) in.readDouble();
                    case 4 -> Boolean.TRUE;
                    case 5 -> Boolean.FALSE;
                    case 6 -> {
                        String text = readText(in);
                        yield new Event.Written(text, Double.parseDouble(text));
                    }
                    default -> new BigInteger(readText(in));
                };
            }
            return values;
        }

        private static void writeText(DataOutputView out, String text) throws IOException {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            out.writeInt(utf8.length);
            out.write(utf8);
        }

        private static String readText(DataInputView in) throws IOException {
            byte[] utf8 = new byte[in.readInt()];
            in.readFully(utf8);
            return new String(utf8, StandardCharsets.UTF_8);
        }
    }

    /** No state of Flink's own holds events: those that wait are written with their form by {@code OrderOperator}. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Event> {
        public Snapshot() {
            super(() -> Serializer.INSTANCE);
        }
    }
}
