package fraudctl.kernel.event;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** The type of a value that never leaves its chain of operators, so that no form on the wire is needed. */
public final class InChain<T> extends PlainType<T> {
    private static final long serialVersionUID = 1L;

    public InChain(Class<T> type) {
        super(type);
    }

    @Override
    public TypeSerializer<T> createSerializer(SerializerConfig config) {
        return new Refusing<>();
    }

    private static final class Refusing<T> extends Serializer<T> {
        private static final long serialVersionUID = 1L;

        private static IllegalStateException refusal() {
            return new IllegalStateException("this value must stay within its chain of operators");
        }

        @Override
        public void serialize(T value, DataOutputView target) {
            throw refusal();
        }

        @Override
        public T deserialize(DataInputView source) {
            throw refusal();
        }

        @Override
        public void copy(DataInputView source, DataOutputView target) {
            throw refusal();
        }

        @Override
        public TypeSerializerSnapshot<T> snapshotConfiguration() {
            throw refusal();
        }
    }
}
