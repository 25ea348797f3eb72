package dev.metakey.cli.print;

import java.util.ArrayList;
import java.util.List;

/** Breaks text into lines: at blanks, which are left out, and behind commas. */
final class Wrapping {
  private Wrapping() {}

  /**
   * The text in as many lines as it takes; at least one.
   *
   * @param width in columns; a word that is wider stays whole, in a line of its own
   */
  static List<String> lines(String text, int width) {
    if (TextWidth.of(text) <= width) {
      return List.of(text);
    }
    List<String> lines = new ArrayList<>();
    int from = 0;
    int end = 0; // of what is known to fit, or is one word
    for (int next = wordEnd(text, 0); next >= 0; next = wordEnd(text, next)) {
      if (end > from && TextWidth.of(text.substring(from, next)) > width) {
        lines.add(text.substring(from, end));
        from = text.charAt(end) == ' ' ? end + 1 : end;
      }
      end = next;
    }
    lines.add(text.substring(from));
    return lines;
  }

  /** The width of the widest word. */
  static int widestWord(String text) {
    int widest = 0;
    int from = 0;
    for (int end = wordEnd(text, 0); end >= 0; end = wordEnd(text, end)) {
      widest = Math.max(widest, TextWidth.of(text.substring(from, end).strip()));
      from = end;
    }
    return widest;
  }

  /** Where the first word ends that ends behind a place; -1 if there is none. */
  private static int wordEnd(String text, int after) {
    if (after >= text.length()) {
      return -1;
    }
    int at = after + 1;
    while (at < text.length() && text.charAt(at) != ' ' && text.charAt(at - 1) != ',') {
      at++;
    }
    return at;
  }
}
