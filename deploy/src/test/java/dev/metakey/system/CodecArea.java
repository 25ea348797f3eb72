package dev.metakey.system;

import dev.metakey.model.Field;
import dev.metakey.packet.AreaCodec;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The metadata of one packet as the product's own codec has it. It makes no areas. */
final class CodecArea implements DifferentialIT.PacketMetadata {
  private static final int ENOENT = 2;
  private static final int EBUSY = 16;
  private static final int ENOSPC = 28;
  private static final int ENOLINK = 67;

  private final AreaCodec codec;
  private byte[] metadata = {};

  CodecArea(AreaCodec codec) {
    this.codec = codec;
  }

  @Override
  public int set(@Nullable Field field, long value, boolean canMake) {
    return switch (codec.set(ByteBuffer.wrap(metadata), metadata.length, field, value)) {
      case DONE -> 0;
      case NOT_OURS -> -EBUSY;
      case NO_SPACE -> -ENOSPC;
      case NO_PLACE -> -ENOLINK;
    };
  }

  @Override
  public OptionalLong get(@Nullable Field field) {
    ByteBuffer buffer = ByteBuffer.wrap(metadata);
    return codec.isSet(buffer, metadata.length, field)
        ? OptionalLong.of(codec.get(buffer, metadata.length, field, 0))
        : OptionalLong.empty();
  }

  @Override
  public int delete(@Nullable Field field) {
    return codec.del(ByteBuffer.wrap(metadata), metadata.length, field) ? 0 : -ENOENT;
  }

  @Override
  public byte[] bytes() {
    return metadata;
  }

  @Override
  public void replace(byte[] bytes) {
    metadata = bytes.clone();
  }
}
