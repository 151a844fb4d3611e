package fraudctl.kernel.state;

import java.io.IOException;

/** What lies in the backend of each key: a blob, and the pieces of its long lists. One key is in hand at a time. */
public interface KeyStore extends Chunks.Store {
    /** Takes a key in hand. */
    void use(String key);

    /** Whether a write would have to wait just now. */
    default boolean isBusy() {
        return false;
    }

    /** The blob of the key in hand, or null when there is none. */
    byte[] blob() throws IOException;

    void putBlob(byte[] blob) throws IOException;

    void removeBlob() throws IOException;
}
