package fraudctl.kernel.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array of bytes to write to, or a given one to read from; integers are of variable length. */
public final class Bytes {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

    private byte[] array;
    private int at;

    public Bytes() {
        this(new byte[256]);
    }

    public Bytes(byte[] array) {
        this.array = array;
    }

    public byte[] written() {
        return Arrays.copyOf(array, at);
    }

    /** Begins again: whatever is written or read next is the first. */
    public void clear() {
        at = 0;
    }

    /** How many bytes have been written or read. */
    public int size() {
        return at;
    }

    /** Leaves out so many bytes. */
    public void skip(int count) {
        at += count;
    }

    /** What lies between here and that number of bytes from the beginning. */
    public byte[] rest(int end) {
        return Arrays.copyOfRange(array, at, end);
    }

    /** Copies some of its bytes. */
    public void copy(int from, byte[] to, int start, int count) {
        System.arraycopy(array, from, to, start, count);
    }

    /**
     * A hash of what has been written, another one for each seed: words are folded into it by the 128 bits of a
     * product (as in wyhash, Wang Yi, 2019), so without the seed nobody knows which texts fall together.
     */
    public long hash(long seed) {
        long hash = seed;
        int from = 0;
        for (; from + Long.BYTES <= at; from += Long.BYTES) {
            hash = folded(hash ^ (long) WORD.get(array, from));
        }
        long rest = at;
        for (; from < at; from++) {
            rest = rest << Byte.SIZE | array[from] & 0xFF;
        }
        return folded(folded(hash ^ rest));
    }

    private static long folded(long word) {
        return Math.multiplyHigh(word, MULTIPLIER) ^ word * MULTIPLIER;
    }

    /** Whether some of its bytes are the same as those. */
    public boolean equals(int from, byte[] others, int start, int count) {
        return Arrays.equals(array, from, from + count, others, start, start + count);
    }

    private void ensure(int more) {
        if (at + more > array.length) {
            array = Arrays.copyOf(array, Math.max(array.length * 2, at + more));
        }
    }

    public void write(byte[] bytes) {
        write(bytes, 0, bytes.length);
    }

    public void write(byte[] bytes, int from, int count) {
        ensure(count);
        System.arraycopy(bytes, from, array, at, count);
        at += count;
    }

    /** Zigzag, seven bits a byte, least significant first. */
    public void writeLong(long value) {
        writeUnsigned((value << 1) ^ (value >> 63));
    }

    /** Seven bits a byte, least significant first. */
    public void writeUnsigned(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            array[at++] = (byte) ((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        array[at++] = (byte) rest;
    }

    public long readLong() {
        long rest = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = array[at++];
            rest |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return (rest >>> 1) ^ -(rest & 1);
            }
        }
    }

    /** Eight bytes, for what is spread over all of them. */
    public void writeWord(long value) {
        ensure(Long.BYTES);
        for (int shift = 56; shift >= 0; shift -= 8) {
            array[at++] = (byte) (value >>> shift);
        }
    }

    public long readWord() {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | array[at++] & 0xFF;
        }
        return value;
    }

    /** Length in bytes plus one, then UTF-8; zero for null. */
    public void writeText(String text) {
        if (text == null) {
            writeLong(0);
            return;
        }
        int start = at;
        if (!writeAscii(text)) {
            at = start;
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            writeLong(utf8.length + 1L);
            write(utf8);
        }
    }

    /** Nearly every text is ASCII and short, and then needs no array of its own; false when it is not. */
    private boolean writeAscii(String text) {
        int length = text.length();
        writeLong(length + 1L);
        ensure(length);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return false;
            }
            array[at + i] = (byte) c;
        }
        at += length;
        return true;
    }

    public String readText() {
        int length = (int) readLong() - 1;
        if (length < 0) {
            return null;
        }
        String text = new String(array, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }
}
