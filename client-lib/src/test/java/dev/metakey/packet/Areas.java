package dev.metakey.packet;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** What the tests of this package share: fields, and buffers of every kind. */
final class Areas {
  static final Tag TAG = Tag.of(new byte[] {9, 8, 7, 6, 5, 4});

  private Areas() {}

  static Field field(int id, int size, int slot) {
    return new Field.Builder(id, FieldSpec.of("f.n" + id, size), FieldState.ACTIVE)
        .generation(1)
        .slot(slot)
        .build();
  }

  /** The kinds of memory that an area may be in. None may make a difference. */
  enum Memory {
    HEAP {
      @Override
      ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
      }
    },
    BIG_ENDIAN_DIRECT {
      @Override
      ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.BIG_ENDIAN);
      }
    },
    /** At an odd address, with a position of its own. */
    SLICE {
      @Override
      ByteBuffer allocate(int bytes) {
        ByteBuffer whole = ByteBuffer.wrap(new byte[bytes + 7]);
        return whole.slice(3, bytes).position(bytes / 2);
      }
    };

    abstract ByteBuffer allocate(int bytes);
  }

  static byte[] bytes(ByteBuffer buffer) {
    byte[] all = new byte[buffer.limit()];
    buffer.get(0, all);
    return all;
  }

  static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
  }
}
