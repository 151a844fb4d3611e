package fraudctl.kernel.state;

import fraudctl.kernel.checkpoint.Aside;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;

/** Flink's keyed state, in RocksDB. */
public final class BackendStore implements KeyStore {
    private static final PrimitiveArrayTypeInfo<byte[]> BYTES =
            PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

    private final Consumer<Object> currentKey;
    private final Aside snapshots;
    private final ValueState<byte[]> blobs;
    private final MapState<Long, byte[]> pieces;

    /**
     * @param currentKey makes a key the one whose state is read and written
     * @param snapshots how snapshots of it are taken; a write waits for the one that is being taken
     */
    public BackendStore(RuntimeContext context, Consumer<Object> currentKey, Aside snapshots) {
        this.currentKey = currentKey;
        this.snapshots = snapshots;
        blobs = context.getState(new ValueStateDescriptor<>("key-state", BYTES));
        pieces = context.getMapState(new MapStateDescriptor<>("key-chunks", BasicTypeInfo.LONG_TYPE_INFO, BYTES));
    }

    @Override
    public void use(String key) {
        currentKey.accept(key);
    }

    @Override
    public boolean isBusy() {
        return snapshots.isTaking();
    }

    @Override
    public byte[] blob() throws IOException {
        return blobs.value();
    }

    @Override
    public void putBlob(byte[] blob) throws IOException {
        snapshots.await();
        blobs.update(blob);
    }

    @Override
    public void removeBlob() {
        snapshots.await();
        blobs.clear();
    }

    @Override
    public byte[] get(long piece) throws IOException {
        return attempt(() -> pieces.get(piece));
    }

    @Override
    public void put(long piece, byte[] bytes) throws IOException {
        snapshots.await();
        attempt(() -> {
            pieces.put(piece, bytes);
            return null;
        });
    }

    @Override
    public void remove(long piece) throws IOException {
        snapshots.await();
        attempt(() -> {
            pieces.remove(piece);
            return null;
        });
    }

    /** MapState declares any exception where ValueState declares IOException. */
    private static <T> T attempt(Callable<T> action) throws IOException {
        try {
            return action.call();
        } catch (IOException | RuntimeException thrown) {
            throw thrown;
        } catch (Exception thrown) {
            throw new IOException(thrown);
        }
    }
}
