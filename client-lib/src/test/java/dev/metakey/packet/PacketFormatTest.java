package dev.metakey.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The bytes that docs/packet-format.md shows are those that the codec makes. */
final class PacketFormatTest {
  private static final int AREA = 128;

  @ParameterizedTest
  @EnumSource(Layout.class)
  void document_always_showsTheBytesOfItsExample(Layout layout) throws IOException {
    assumeTrue(
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN,
        "the document's bytes are those of a little-endian machine");
    boolean hasSlots = layout == Layout.SLOTTED;
    Field packetId = Areas.field(0, 8, hasSlots ? 24 : 0);
    Field clientIp = Areas.field(1, 4, hasSlots ? 28 : 0);
    Field zone = Areas.field(2, 2, hasSlots ? 30 : 0);
    AreaCodec codec = AreaCodec.of(layout, AREA, Tag.of(HexFormat.of().parseHex("5ec2e7a91b3d")));
    ByteBuffer area = ByteBuffer.allocate(AREA);
    codec.make(area, AREA);
    codec.set(area, AREA, zone, 7);
    codec.set(area, AREA, packetId, 42);
    codec.set(area, AREA, clientIp, 0x0a000001);

    String document = Files.readString(Path.of("../docs/packet-format.md"));
    int heading = document.indexOf("\n## " + (hasSlots ? "Slotted" : "Packed"));
    assertThat(document.substring(heading)).contains(dump(area.array()));
    assertThat(document.substring(0, heading)).doesNotContain(dump(area.array()));
  }

  private static String dump(byte[] area) {
    StringBuilder lines = new StringBuilder();
    for (int at = 0; at < area.length; at += 16) {
      byte[] line = Arrays.copyOfRange(area, at, at + 16);
      lines.append(
          "    %4d  %s\n".formatted(at - area.length, HexFormat.ofDelimiter(" ").formatHex(line)));
    }
    return lines.toString();
  }
}
