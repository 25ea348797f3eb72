package dev.metakey.server.log;

/**
 * Text that stays on its line and does nothing to a terminal, whatever somebody has put into it:
 * what cannot be seen is written as an escape of JSON.
 */
final class Printable {
  private Printable() {}

  /**
   * Appends a text as it is, but for what cannot be seen.
   *
   * @param most after so many characters it is cut
   */
  static void append(StringBuilder line, String text, int most) {
    append(line, text, most, false);
  }

  /** Appends a text as a string of JSON. */
  static void appendQuoted(StringBuilder line, String text, int most) {
    line.append('"');
    append(line, text, most, true);
    line.append('"');
  }

  private static void append(StringBuilder line, String text, int most, boolean quoted) {
    int end = line.length() + most;
    for (int i = 0; i < text.length(); i++) {
      if (line.length() >= end) {
        line.append("... (").append(text.length() - i).append(" more characters)");
        return;
      }
      char c = text.charAt(i);
      if (quoted && (c == '"' || c == '\\')) {
        line.append('\\').append(c);
      } else if (c == '\n') {
        line.append("\\n");
      } else if (c == '\t') {
        line.append("\\t");
      } else if ((c >= ' ' && c <= '~') || isVisible(text, i)) {
        line.append(c);
      } else {
        String hex = Integer.toHexString(c);
        line.append("\\u").append("0000", 0, 4 - hex.length()).append(hex);
      }
    }
  }

  /** Whether a character is one that can be seen, or half of one. */
  private static boolean isVisible(String text, int at) {
    char c = text.charAt(at);
    int point = Character.codePointAt(text, at);
    if (Character.isLowSurrogate(c) && at > 0) {
      point = Character.codePointAt(text, at - 1);
    }
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
