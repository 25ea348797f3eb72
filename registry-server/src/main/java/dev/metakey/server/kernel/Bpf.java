package dev.metakey.server.kernel;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * The commands of bpf(2) that concern any kind of object. Those for maps are in {@link BpfMap}.
 * Offsets are those of {@code union bpf_attr}, {@code struct bpf_prog_info} and {@code struct
 * bpf_map_info} in linux/bpf.h, which never change; the kernel accepts a shorter or longer struct
 * than its own.
 */
final class Bpf {
  /** The bytes of {@code union bpf_attr}: more than any command here uses; the rest is zero. */
  static final int ATTR_BYTES = 128;

  /** The bytes of an object's name, with the NUL. */
  static final int NAME_BYTES = 16;

  /** The flag for an fd that can only be read from. */
  static final int F_RDONLY = 1 << 3;

  private Bpf() {}

  /** {@code enum bpf_cmd}. */
  enum Command {
    MAP_CREATE(0),
    MAP_LOOKUP_ELEM(1),
    MAP_UPDATE_ELEM(2),
    MAP_DELETE_ELEM(3),
    MAP_GET_NEXT_KEY(4),
    OBJ_PIN(6),
    OBJ_GET(7),
    PROG_GET_NEXT_ID(11),
    PROG_GET_FD_BY_ID(13),
    MAP_GET_FD_BY_ID(14),
    OBJ_GET_INFO_BY_FD(15);

    final int number;

    Command(int number) {
      this.number = number;
    }

    /** Whether it looks at what others loaded. */
    boolean asksForIds() {
      return this == PROG_GET_NEXT_ID || this == PROG_GET_FD_BY_ID || this == MAP_GET_FD_BY_ID;
    }
  }

  /** {@code struct bpf_prog_info}, as far as it is used. */
  static final class ProgInfo {
    static final int TYPE = 0;
    static final int TAG = 8;
    static final int TAG_BYTES = 8;
    static final int XLATED_PROG_LEN = 20; // bytes; of the room, where that is given
    static final int XLATED_PROG_INSNS = 32; // points to the room
    static final int LOAD_TIME = 40; // ns since boot
    static final int NR_MAP_IDS = 52;
    static final int MAP_IDS = 56; // points to as many 32-bit numbers
    static final int NAME = 64;
    static final int BYTES = NAME + NAME_BYTES;

    private ProgInfo() {}
  }

  /** {@code struct bpf_map_info}, as far as it is used. */
  static final class MapInfo {
    static final int TYPE = 0;
    static final int KEY_SIZE = 8;
    static final int VALUE_SIZE = 12;
    static final int MAX_ENTRIES = 16;
    static final int MAP_FLAGS = 20;
    static final int NAME = 24;
    static final int BYTES = NAME + NAME_BYTES;

    private MapInfo() {}
  }

  /** An open file descriptor. */
  record Fd(int number) implements AutoCloseable {
    @Override
    public void close() {
      var unused = Libc.close(number);
    }
  }

  /** Zeroed memory that C can be given. */
  static Memory zeroed(long bytes) {
    Memory memory = new Memory(bytes);
    memory.clear();
    return memory;
  }

  /**
   * Runs a command.
   *
   * @param attributes {@link #ATTR_BYTES}
   * @param purpose what the command is for, to follow "cannot" in the message of a failure
   * @return what the kernel returns, often an fd
   */
  static int call(Command command, Pointer attributes, String purpose) throws BpfException {
    try {
      return (int) Libc.syscall(Libc.bpf(), command.number, attributes, ATTR_BYTES);
    } catch (LastErrorException e) {
      throw new BpfException(command, purpose, e);
    }
  }

  /**
   * As {@link #call}, for a command that may well find nothing.
   *
   * @return null if there is none
   */
  static @Nullable Integer find(Command command, Pointer attributes, String purpose)
      throws BpfException {
    try {
      return call(command, attributes, purpose);
    } catch (BpfException e) {
      if (e.errno() == BpfException.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  /**
   * OBJ_GET_INFO_BY_FD.
   *
   * @param info room for the first bytes of the struct for the fd's kind, which the kernel fills
   *     in; if the struct has pointers to more room, the caller has set them
   */
  static void info(Fd fd, Memory info, String purpose) throws BpfException {
    try (Memory attributes = zeroed(ATTR_BYTES)) {
      attributes.setInt(0, fd.number()); // bpf_fd
      attributes.setInt(4, (int) info.size()); // info_len
      attributes.setPointer(8, info); // info
      var unused = call(Command.OBJ_GET_INFO_BY_FD, attributes, purpose);
    }
  }

  /**
   * The next higher id that a loaded program has.
   *
   * @return null if there is none
   */
  static @Nullable Integer nextProgram(int id) throws BpfException {
    try (Memory attributes = zeroed(ATTR_BYTES)) {
      attributes.setInt(0, id); // start_id
      Integer found = find(Command.PROG_GET_NEXT_ID, attributes, "list loaded programs");
      return found == null ? null : attributes.getInt(4); // next_id
    }
  }

  /**
   * @return null if it is gone
   */
  static @Nullable Fd program(int id) throws BpfException {
    try (Memory attributes = zeroed(ATTR_BYTES)) {
      attributes.setInt(0, id); // prog_id
      Integer fd = find(Command.PROG_GET_FD_BY_ID, attributes, "look at program " + id);
      return fd == null ? null : new Fd(fd);
    }
  }
}
