package dev.metakey.server.kernel;

import com.sun.jna.Memory;
import dev.metakey.server.kernel.Bpf.Fd;
import dev.metakey.server.kernel.Bpf.ProgInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A loaded program's instructions as the verifier left them, with those of all its functions. An
 * address within the value of a map is loaded by one instruction of two parts, which the kernel
 * shows as the map's id and the offset ({@code bpf_insn_prepare_dump} in kernel/bpf/syscall.c):
 *
 * <pre>
 *    0         8            16       32              64         96       128
 *    | code:8  | dst:4 src:4 | off:16 | imm:32 = id   | 0: 32    | offset:32 |
 * </pre>
 *
 * <p>Where constants are blinded ({@code net.core.bpf_jit_harden}) such an address is put together
 * from random parts, and cannot be seen; nor can anything where the kernel shows no instructions
 * ({@code kernel.kptr_restrict} hides those of blinded programs).
 */
final class Instructions {
  private static final int BYTES = 8;
  private static final int IMM = 4;

  private static final int LOAD_64 = 0x18;
  private static final int MAP = 1; // BPF_PSEUDO_MAP_FD: the map itself
  private static final int MAP_VALUE = 2; // BPF_PSEUDO_MAP_VALUE

  /** What blinding puts before each use of a constant: r11 is no program's own. */
  private static final int XOR_64 = 0xa7;

  private static final int XOR_32 = 0xa4;
  private static final int HIDDEN_REGISTER = 11;

  private final ByteBuffer code;

  /**
   * @param code in the byte order of this host
   */
  Instructions(byte[] code) {
    this.code = ByteBuffer.wrap(code).order(ByteOrder.nativeOrder());
  }

  /**
   * @param bytes how long they are
   * @return null if the kernel does not show them
   */
  static @Nullable Instructions read(int id, Fd program, int bytes) throws BpfException {
    if (bytes <= 0) {
      return null;
    }
    try (Memory room = Bpf.zeroed(bytes);
        Memory info = Bpf.zeroed(ProgInfo.BYTES)) {
      info.setInt(ProgInfo.XLATED_PROG_LEN, bytes);
      info.setPointer(ProgInfo.XLATED_PROG_INSNS, room);
      Bpf.info(program, info, "look at program " + id);
      boolean shown =
          info.getLong(ProgInfo.XLATED_PROG_INSNS) != 0
              && info.getInt(ProgInfo.XLATED_PROG_LEN) == bytes;
      return shown ? new Instructions(room.getByteArray(0, bytes)) : null;
    }
  }

  /**
   * The offsets in a map's value that the program has addresses of.
   *
   * @return null if it may have that of any byte
   */
  @Nullable BitSet offsetsIn(int mapId) {
    BitSet offsets = new BitSet();
    for (int at = 0; at + BYTES <= code.limit(); at += BYTES) {
      if (isBlinding(at)) {
        return null;
      }
      if (opcode(at) == LOAD_64) {
        if (at + 2 * BYTES > code.limit()) {
          return null;
        }
        if (isOf(mapId, at)) {
          int offset = code.getInt(at + BYTES + IMM);
          if (source(at) == MAP || offset < 0) {
            return null;
          }
          offsets.set(offset);
        }
        at += BYTES;
      }
    }
    return offsets;
  }

  private boolean isOf(int mapId, int at) {
    return (source(at) == MAP || source(at) == MAP_VALUE) && code.getInt(at + IMM) == mapId;
  }

  private boolean isBlinding(int at) {
    return (opcode(at) == XOR_64 || opcode(at) == XOR_32) && destination(at) == HIDDEN_REGISTER;
  }

  private int opcode(int at) {
    return Byte.toUnsignedInt(code.get(at));
  }

  private int destination(int at) {
    int registers = code.get(at + 1);
    return isLittleEndian() ? registers & 15 : registers >> 4 & 15;
  }

  private int source(int at) {
    int registers = code.get(at + 1);
    return isLittleEndian() ? registers >> 4 & 15 : registers & 15;
  }

  private boolean isLittleEndian() {
    return code.order() == ByteOrder.LITTLE_ENDIAN;
  }
}
