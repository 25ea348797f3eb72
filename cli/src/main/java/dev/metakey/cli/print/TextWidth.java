package dev.metakey.cli.print;

/**
 * How many columns of a terminal a text takes: two for each character of East Asian scripts and for
 * pictures, none for marks that are put on the character before them.
 */
final class TextWidth {
  /** From here on a character may take more or less than one column. */
  private static final char FIRST_OTHER = 0x300;

  /** First and last of each range of wide characters, by Unicode's annex 11; ascending. */
  private static final int[] WIDE = {
    0x1100, 0x115f, 0x2329, 0x232a, 0x2e80, 0x303e, 0x3041, 0x4dbf, 0x4e00, 0xa4cf, 0xa960, 0xa97f,
    0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19, 0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6,
    0x16fe0, 0x18d08, 0x1aff0, 0x1b2fb, 0x1f300, 0x1f64f, 0x1f680, 0x1f6ff, 0x1f900, 0x1faff,
    0x20000, 0x3fffd,
  };

  private TextWidth() {}

  static int of(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      if (text.charAt(i) >= FIRST_OTHER) {
        return i + ofOthers(text, i);
      }
    }
    return length;
  }

  private static int ofOthers(String text, int from) {
    int width = 0;
    for (int i = from; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
      width += of(text.codePointAt(i));
    }
    return width;
  }

  private static int of(int codePoint) {
    if (codePoint < FIRST_OTHER) {
      return 1;
    }
    return switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> 0;
      default -> isWide(codePoint) ? 2 : 1;
    };
  }

  private static boolean isWide(int codePoint) {
    for (int i = 0; i < WIDE.length && WIDE[i] <= codePoint; i += 2) {
      if (codePoint <= WIDE[i + 1]) {
        return true;
      }
    }
    return false;
  }

  /** The text, or as much of it as fits with an ellipsis behind it. */
  static String cut(String text, int width) {
    if (of(text) <= width) {
      return text;
    }
    int end = 0;
    for (int taken = 1; end < text.length(); end = text.offsetByCodePoints(end, 1)) {
      taken += of(text.codePointAt(end));
      if (taken > width) {
        break;
      }
    }
    return text.substring(0, end) + "…";
  }
}
