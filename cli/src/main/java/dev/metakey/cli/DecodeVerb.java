package dev.metakey.cli;

import dev.metakey.cli.print.Decoded;
import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.files.Failure;
import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.packet.AreaCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "decode",
    footer = {
      "  xxd -p area.bin | metakey decode -",
      "  metakey decode --layout slotted --area 24 0700000000000000 0100000000000000 5ec2e7a91b3d0000",
      "",
      "The tag in the mark tells whether the area is this host's. Only admins and members of the",
      "group metakey are told it; for others, and with --layout, any tag will do.",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT, Exit.NOWHERE})
final class DecodeVerb extends Verb {
  /** Far more than any area: the whole headroom of a packet, and its dump's line numbers. */
  private static final int MAX_CHARACTERS = 1 << 20;

  @Parameters(
      paramLabel = "HEX",
      arity = "1..*",
      description = {
        "The bytes up to the packet's first, in the order of memory. The last eight are the mark;"
            + " before the area there may be more. '-': from standard input."
      })
  List<String> hex = List.of();

  @Option(
      names = "--layout",
      paramLabel = "LAYOUT",
      description =
          "For a capture of another host: ${COMPLETION-CANDIDATES}; with --area. Its tag is not"
              + " looked at.")
  @Nullable Layout layout;

  @Option(
      names = "--area",
      paramLabel = "BYTES",
      description = "With --layout: the size of that host's area, 24 to 216.")
  int area;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    ByteBuffer bytes = ByteBuffer.wrap(HexText.parse(text()));
    if ((layout == null) != (area == 0)) {
      throw wrong(
          "--layout and --area go together; say both, or neither for captures of this host");
    }
    Answer<Decoded> answer = read(client -> decode(client, bytes));
    printer(output).decoded(answer);
    return 0;
  }

  private String text() {
    if (!hex.equals(List.of("-"))) {
      return String.join(" ", hex);
    }
    try {
      byte[] text = System.in.readNBytes(MAX_CHARACTERS + 1);
      if (text.length > MAX_CHARACTERS) {
        throw invalid(
            "standard input has more than %d characters; give the bytes before one packet"
                .formatted(MAX_CHARACTERS));
      }
      // One letter for each byte, so that an error can name any of them.
      return new String(text, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "standard input cannot be read: " + Failure.words(e),
          Map.of(),
          e);
    }
  }

  private Answer<Decoded> decode(MetakeyClient client, ByteBuffer bytes) {
    var list = client.list();
    Tag tag = layout == null ? tag(client, list.info()) : Tag.NONE;
    AreaCodec codec = codec(list.info(), tag);
    check(codec, bytes, !tag.isNone());
    Snapshot snapshot = Snapshot.of(list.info(), list.value());
    Decoded decoded =
        new Decoded(
            codec.layout(),
            codec.areaBytes(),
            !tag.isNone(),
            codec.values(bytes, bytes.limit(), snapshot));
    return new Answer<>(list.info(), list.stale(), decoded);
  }

  /** This host's tag; none if this user may not know it. */
  private static Tag tag(MetakeyClient client, RegistryInfo info) {
    try {
      var answer = client.tag();
      RegistryInfo its = answer.info();
      // Between the two calls, the registry or its layout may have become another.
      boolean isSame =
          its.registryId().equals(info.registryId())
              && its.layout() == info.layout()
              && its.areaBytes() == info.areaBytes();
      return isSame ? answer.value() : Tag.NONE;
    } catch (MetakeyException e) {
      if (e.reason() == Reason.NOT_PERMITTED
          || e.reason() == Reason.READ_ONLY
          || e.reason() == Reason.UNAVAILABLE) {
        return Tag.NONE;
      }
      throw e;
    }
  }

  private AreaCodec codec(RegistryInfo info, Tag tag) {
    Layout other = layout;
    if (other != null) {
      try {
        return AreaCodec.ofCapture(other, area);
      } catch (IllegalArgumentException e) {
        throw invalid("--area: " + e.getMessage());
      }
    }
    return tag.isNone()
        ? AreaCodec.ofCapture(info.layout(), info.areaBytes())
        : AreaCodec.of(info, tag);
  }

  /** Refuses bytes that do not end in an area. */
  private static void check(AreaCodec codec, ByteBuffer bytes, boolean isTagKnown) {
    int data = bytes.limit();
    if (data < codec.areaBytes()) {
      throw invalid(
          "%d bytes; an area has %d here (%s): give all of it, up to the packet's first byte"
              .formatted(data, codec.areaBytes(), codec.layout()));
    }
    if (codec.isOurs(bytes, data)) {
      return;
    }
    if (MarkStruct.isAny(bytes, data - MarkStruct.BYTES) && !isTagKnown) {
      throw invalid(
          "the header at the start of the area claims more values than its %d bytes hold: it was damaged, or is not metakey's"
              .formatted(codec.areaBytes()));
    }
    throw invalid(
        "the last 8 bytes, %s, are not %s; give the bytes up to the packet's first%s"
            .formatted(
                last(bytes),
                isTagKnown ? "this host's mark" : "a mark: a tag, and two zero bytes",
                isTagKnown
                    ? "; for a capture of another host, or from before the tag was made anew, say --layout and --area"
                    : ""));
  }

  private static String last(ByteBuffer bytes) {
    byte[] mark = new byte[MarkStruct.BYTES];
    bytes.get(bytes.limit() - mark.length, mark);
    return HexFormat.ofDelimiter(" ").formatHex(mark);
  }

  private static MetakeyException invalid(String message) {
    return new MetakeyException(Reason.INVALID_REQUEST, message);
  }
}
