package dev.metakey.cli;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import java.io.ByteArrayOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bytes as tools print them: two hex digits each, in the order of memory. */
final class HexText {
  /**
   * A byte, or what may stand between bytes; at the start of a line, also the offset of its bytes
   * ({@code 0x0010:} in tcpdump, {@code 00000010:} in xxd).
   */
  private static final Pattern PART =
      Pattern.compile("(?m:^)[ \t]*(?:0x)?[0-9a-fA-F]{4,8}:[ \t]+|\\s|[:,]|0[xX]|([0-9a-fA-F]{2})");

  private HexText() {}

  /**
   * @throws MetakeyException INVALID_REQUEST, naming the place of what is not hex
   */
  static byte[] parse(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length() / 2);
    Matcher part = PART.matcher(text);
    int at = 0;
    while (at < text.length()) {
      part.region(at, text.length()).useAnchoringBounds(false).useTransparentBounds(true);
      if (!part.lookingAt()) {
        throw bad(text, at);
      }
      if (part.group(1) != null) {
        bytes.write(Integer.parseInt(part.group(1), 16));
      }
      at = part.end();
    }
    return bytes.toByteArray();
  }

  private static MetakeyException bad(String text, int at) {
    int line = (int) text.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
    int column = at - text.lastIndexOf('\n', at - 1);
    String rest = text.substring(at, Math.min(text.length(), at + 2)).strip();
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        ("line %d, character %d: %s is not a byte; two hex digits a byte are allowed, with blanks,"
                + " colons, commas and 0x between bytes ('xxd -p' prints such)")
            .formatted(line, column, Names.quote(rest)));
  }
}
