package dev.metakey.cli;

import dev.metakey.cli.print.Decoded;
import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.layout.MarkStruct;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.packet.AreaCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "decode",
    footer = {
      "  metakey decode 0700000000000000 0100000000000000 0000010379656b6d",
      "  metakey decode -o json 0x07000000000000000100000000000000 0x0000010379656b6d",
      "  xxd -p area.bin | metakey decode -",
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

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    ByteBuffer bytes = ByteBuffer.wrap(HexText.parse(text()));
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
      return new String(text, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "standard input cannot be read: " + e.getMessage(), Map.of(), e);
    }
  }

  private static Answer<Decoded> decode(MetakeyClient client, ByteBuffer bytes) {
    var list = client.list();
    Snapshot snapshot = Snapshot.of(list.info(), list.value());
    AreaCodec codec = codec(bytes, list.info());
    Decoded decoded =
        new Decoded(
            codec.layout(), codec.areaBytes(), codec.values(bytes, bytes.limit(), snapshot));
    return new Answer<>(list.info(), list.stale(), decoded);
  }

  /** The codec of the area that the bytes end in. */
  private static AreaCodec codec(ByteBuffer bytes, RegistryInfo info) {
    int data = bytes.limit();
    AreaCodec codec = AreaCodec.marked(bytes, data);
    if (codec == null) {
      throw noMark(bytes, info);
    }
    if (data < codec.areaBytes()) {
      throw invalid(
          "%d bytes, and their mark says an area of %d; give the whole area"
              .formatted(data, codec.areaBytes()));
    }
    if (!codec.isOurs(bytes, data)) {
      throw invalid(
          "the header at the start of the area claims more values than its %d bytes hold: it was"
                  .formatted(codec.areaBytes())
              + " damaged, or is not metakey's");
    }
    return codec;
  }

  private static MetakeyException noMark(ByteBuffer bytes, RegistryInfo info) {
    ByteBuffer own = ByteBuffer.allocate(info.areaBytes());
    AreaCodec.of(info).make(own, info.areaBytes());
    String wanted =
        "on this host (%s, area of %d bytes) the last 8 bytes before a packet are %s"
            .formatted(info.layout(), info.areaBytes(), last(own));
    return invalid(
        bytes.limit() < MarkStruct.BYTES
            ? "%d bytes are too few; %s".formatted(bytes.limit(), wanted)
            : "the last 8 bytes, %s, are no mark; %s; give the bytes up to the packet's first"
                .formatted(last(bytes), wanted));
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
