package dev.metakey.model;

import java.nio.charset.StandardCharsets;

/**
 * One line of text for people, in which everything can be seen: no control characters, no line
 * breaks, and nothing that has no width or turns the direction of writing. Such characters make a
 * text look like another one.
 */
public final class PlainText {
  private PlainText() {}

  /** Whether the text has nothing that cannot be seen. */
  public static boolean isPlain(String text) {
    return text.codePoints().allMatch(PlainText::isVisible);
  }

  /** The text as far as it can be seen: the rest is replaced, and what is too long is cut. */
  public static String cleaned(String text, int maxBytes) {
    StringBuilder out = new StringBuilder();
    int bytes = 0;
    for (int c : text.codePoints().map(c -> isVisible(c) ? c : '?').toArray()) {
      bytes += Character.toString(c).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > maxBytes) {
        break;
      }
      out.appendCodePoint(c);
    }
    return out.toString();
  }

  /** Whether the code point may stand in such a text. */
  public static boolean isVisible(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT, // soft hyphen, zero width, bidirectional
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> codePoint != COMBINING_GRAPHEME_JOINER;
    };
  }

  /** Its category is that of a mark, but it has no width. */
  private static final int COMBINING_GRAPHEME_JOINER = 0x34f;
}
