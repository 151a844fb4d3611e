package fraudctl.kernel;

import java.util.Objects;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** The type of a value that never leaves its chain of operators, so that no form on the wire is needed. */
final class InChain<T> extends TypeInformation<T> {
    private static final long serialVersionUID = 1L;

    private final Class<T> type;

    InChain(Class<T> type) {
        this.type = type;
    }

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public Class<T> getTypeClass() {
        return type;
    }

    @Override
    public boolean isKeyType() {
        return false;
    }

    @Override
    public TypeSerializer<T> createSerializer(SerializerConfig config) {
        return new Refusing<>();
    }

    @Override
    public String toString() {
        return "InChain(" + type.getSimpleName() + ")";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof InChain<?> that && that.type == type;
    }

    @Override
    public int hashCode() {
        return Objects.hash(type);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof InChain;
    }

    private static final class Refusing<T> extends TypeSerializerSingleton<T> {
        private static final long serialVersionUID = 1L;

        private static IllegalStateException refusal() {
            return new IllegalStateException("this value must stay within its chain of operators");
        }

        @Override
        public boolean isImmutableType() {
            return true;
        }

        @Override
        public T createInstance() {
            return null;
        }

        @Override
        public T copy(T from) {
            return from;
        }

        @Override
        public T copy(T from, T reuse) {
            return from;
        }

        @Override
        public int getLength() {
            return -1;
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
        public T deserialize(T reuse, DataInputView source) {
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
