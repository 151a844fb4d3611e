package fraudctl.kernel.state;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * What lies of keys on disk where there is no Flink: one RocksDB for all hops of a run, in a folder of the run's own.
 * It is opened when the first state has to leave the memory, so a run whose states fit opens none.
 */
public final class DiskStore implements AutoCloseable {
    private static final long WRITE_BUFFER_BYTES = 8L << 20;
    private static final long BLOCK_CACHE_BYTES = 16L << 20;
    private static final int BLOOM_BITS = 10;
    private static final byte BLOB = 0;
    private static final byte PIECE = 1;

    private final Path folder;
    private byte hops;
    private Options options;
    private WriteOptions writes;
    private RocksDB database;

    /** @param folder of this run alone; it exists */
    public DiskStore(Path folder) {
        this.folder = folder;
    }

    /** The states of one hop more. */
    public KeyStore hop() {
        return new OfHop(hops++);
    }

    @Override
    public void close() {
        if (database != null) {
            database.close();
            writes.close();
            options.close();
        }
    }

    /** Without a write-ahead log: what is in it is worth nothing once the run is over. */
    private RocksDB open() throws IOException {
        if (database == null) {
            RocksDB.loadLibrary();
            BlockBasedTableConfig table = new BlockBasedTableConfig()
                    .setBlockCache(new LRUCache(BLOCK_CACHE_BYTES)).setFilterPolicy(new BloomFilter(BLOOM_BITS));
            options = new Options().setCreateIfMissing(true).setCompressionType(CompressionType.NO_COMPRESSION)
                    .setWriteBufferSize(WRITE_BUFFER_BYTES).setTableFormatConfig(table);
            writes = new WriteOptions().setDisableWAL(true);
            database = attempt(() -> RocksDB.open(options, folder.resolve("states").toString()));
        }
        return database;
    }

    private interface Action<T> {
        T run() throws RocksDBException;
    }

    private static <T> T attempt(Action<T> action) throws IOException {
        try {
            return action.run();
        } catch (RocksDBException failed) {
            throw new IOException("states cannot be kept on disk: " + failed.getMessage(), failed);
        }
    }

    private final class OfHop implements KeyStore {
        private final byte hop;
        private byte[] key;

        OfHop(byte hop) {
            this.hop = hop;
        }

        @Override
        public void use(String next) {
            key = next.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] blob() throws IOException {
            return read(blobKey());
        }

        @Override
        public void putBlob(byte[] blob) throws IOException {
            write(blobKey(), blob);
        }

        @Override
        public void removeBlob() throws IOException {
            delete(blobKey());
        }

        @Override
        public byte[] get(long piece) throws IOException {
            return read(pieceKey(piece));
        }

        @Override
        public void put(long piece, byte[] bytes) throws IOException {
            write(pieceKey(piece), bytes);
        }

        @Override
        public void remove(long piece) throws IOException {
            delete(pieceKey(piece));
        }

        private byte[] blobKey() {
            return ByteBuffer.allocate(2 + key.length).put(hop).put(BLOB).put(key).array();
        }

        private byte[] pieceKey(long piece) {
            return ByteBuffer.allocate(2 + key.length + Long.BYTES).put(hop).put(PIECE).put(key).putLong(piece).array();
        }

        private byte[] read(byte[] place) throws IOException {
            return database == null ? null : attempt(() -> database.get(place));
        }

        private void write(byte[] place, byte[] bytes) throws IOException {
            RocksDB opened = open();
            attempt(() -> {
                opened.put(writes, place, bytes);
                return null;
            });
        }

        private void delete(byte[] place) throws IOException {
            if (database != null) {
                attempt(() -> {
                    database.delete(writes, place);
                    return null;
                });
            }
        }
    }
}
