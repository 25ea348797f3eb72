package dev.metakey.server.kernel;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import dev.metakey.server.kernel.Bpf.Command;
import dev.metakey.server.kernel.Bpf.Fd;
import dev.metakey.server.kernel.Bpf.MapInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A map that is open. For one thread. */
final class BpfMap implements AutoCloseable {
  static final int HASH = 1;
  static final int ARRAY = 2;

  /** Programs cannot write to it; nor can anybody through a mapping. */
  static final int F_RDONLY_PROG = 1 << 7;

  /** It can be mapped into memory. */
  static final int F_MMAPABLE = 1 << 10;

  private final Fd fd;
  private final Shape shape;

  private BpfMap(Fd fd, Shape shape) {
    this.fd = fd;
    this.shape = shape;
  }

  /**
   * The properties that a map has for as long as it lives.
   *
   * @param name as the kernel keeps it: at most 15 bytes
   * @param type {@link #ARRAY}, {@link #HASH} ...
   */
  record Shape(String name, int type, int keyBytes, int valueBytes, int entries, int flags) {}

  /** MAP_CREATE. */
  static BpfMap create(Shape shape) throws BpfException {
    try (Memory attributes = Bpf.zeroed(Bpf.ATTR_BYTES)) {
      attributes.setInt(0, shape.type());
      attributes.setInt(4, shape.keyBytes());
      attributes.setInt(8, shape.valueBytes());
      attributes.setInt(12, shape.entries());
      attributes.setInt(16, shape.flags());
      attributes.setString(28, shape.name());
      int fd = Bpf.call(Command.MAP_CREATE, attributes, "make map " + shape.name());
      return new BpfMap(new Fd(fd), shape);
    }
  }

  /**
   * OBJ_GET.
   *
   * @return null if nothing is at the path
   */
  static @Nullable BpfMap openPinned(Path path) throws BpfException {
    try (Memory attributes = Bpf.zeroed(Bpf.ATTR_BYTES);
        Memory pathname = pathname(path)) {
      attributes.setPointer(0, pathname);
      Integer fd = Bpf.find(Command.OBJ_GET, attributes, "open " + path);
      return fd == null ? null : opened(new Fd(fd));
    }
  }

  /**
   * MAP_GET_FD_BY_ID, for reading only.
   *
   * @return null if it is gone
   */
  static @Nullable BpfMap openById(int id) throws BpfException {
    try (Memory attributes = Bpf.zeroed(Bpf.ATTR_BYTES)) {
      attributes.setInt(0, id);
      attributes.setInt(8, Bpf.F_RDONLY); // open_flags
      Integer fd = Bpf.find(Command.MAP_GET_FD_BY_ID, attributes, "look at map " + id);
      return fd == null ? null : opened(new Fd(fd));
    }
  }

  private static BpfMap opened(Fd fd) throws BpfException {
    try (Memory info = Bpf.zeroed(MapInfo.BYTES)) {
      Bpf.info(fd, info, "look at a map");
      Shape shape =
          new Shape(
              info.getString(MapInfo.NAME),
              info.getInt(MapInfo.TYPE),
              info.getInt(MapInfo.KEY_SIZE),
              info.getInt(MapInfo.VALUE_SIZE),
              info.getInt(MapInfo.MAX_ENTRIES),
              info.getInt(MapInfo.MAP_FLAGS));
      return new BpfMap(fd, shape);
    } catch (BpfException | RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  Shape shape() {
    return shape;
  }

  int fd() {
    return fd.number();
  }

  /** A key of four bytes. */
  static byte[] key(int index) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(index).array();
  }

  /**
   * @return null if there is none
   */
  byte @Nullable [] lookup(byte[] key) throws BpfException {
    return element(Command.MAP_LOOKUP_ELEM, key, new byte[shape.valueBytes()], "read");
  }

  void update(byte[] key, byte[] value) throws BpfException {
    var unused = element(Command.MAP_UPDATE_ELEM, key, value, "write");
  }

  /** Does nothing if there is no such key. */
  void delete(byte[] key) throws BpfException {
    var unused = element(Command.MAP_DELETE_ELEM, key, new byte[0], "write");
  }

  /**
   * The key that follows.
   *
   * @param key null for the first
   * @return null if there are no more
   */
  byte @Nullable [] nextKey(byte @Nullable [] key) throws BpfException {
    return element(Command.MAP_GET_NEXT_KEY, key, new byte[shape.keyBytes()], "read");
  }

  /**
   * A command about one element.
   *
   * @param value what is written, or room for what is read
   * @return what the room holds then; null if there is no such element
   */
  private byte @Nullable [] element(
      Command command, byte @Nullable [] key, byte[] value, String verb) throws BpfException {
    int keyBytes = key == null ? 0 : key.length;
    try (Memory memory = Bpf.zeroed(Bpf.ATTR_BYTES + keyBytes + value.length)) {
      memory.setInt(0, fd.number()); // map_fd
      if (key != null) {
        memory.write(Bpf.ATTR_BYTES, key, 0, keyBytes);
        memory.setPointer(8, memory.share(Bpf.ATTR_BYTES)); // key
      }
      int offset = Bpf.ATTR_BYTES + keyBytes;
      if (value.length > 0) {
        memory.write(offset, value, 0, value.length);
        memory.setPointer(16, memory.share(offset)); // value or next_key
      }
      Integer found = Bpf.find(command, memory, verb + " map " + shape.name());
      return found == null ? null : memory.getByteArray(offset, value.length);
    }
  }

  /** OBJ_PIN: keeps the map beyond the end of this process, at a path where nothing is yet. */
  void pin(Path path) throws BpfException {
    try (Memory pinned = Bpf.zeroed(Bpf.ATTR_BYTES);
        Memory pathname = pathname(path)) {
      pinned.setPointer(0, pathname);
      pinned.setInt(8, fd.number()); // bpf_fd
      var unused = Bpf.call(Command.OBJ_PIN, pinned, "pin " + path);
    }
  }

  private static Memory pathname(Path path) {
    byte[] text = Native.toByteArray(path.toString()); // ends with NUL
    Memory memory = new Memory(text.length);
    memory.write(0, text, 0, text.length);
    return memory;
  }

  @Override
  public void close() {
    fd.close();
  }
}
