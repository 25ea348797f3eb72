package dev.metakey.cli.print;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.Arrays;
import java.util.function.BiConsumer;

/**
 * The area before a packet, a character for each byte: a field begins with its id. In the packed
 * layout, what a packet would carry that had every field.
 */
final class AreaRuler {
  private static final int WORD = 8;

  private final RegistryInfo info;
  private final char[] bytes;
  private final Style[] styles;
  private final String words;

  AreaRuler(Snapshot snapshot) {
    info = snapshot.info();
    bytes = new char[info.areaBytes()];
    styles = new Style[bytes.length];
    Arrays.fill(bytes, '.');
    Arrays.fill(styles, Style.FAINT);
    put(bytes.length - MarkStruct.BYTES, "tag---00", MarkStruct.BYTES, Style.HEADING);
    words = info.layout() == Layout.SLOTTED ? slotted(snapshot) : packed(snapshot);
  }

  private String slotted(Snapshot snapshot) {
    put(bytes.length - RegistryInfo.SLOTLESS_BYTES, "presence", WORD, Style.HEADING);
    int taken = 0;
    for (Field field : snapshot.records()) {
      if (field.slot() != 0) {
        put(bytes.length - field.slot(), field);
        taken += field.size();
      }
    }
    return "slotted: %d of %d slot bytes taken (the last %d: admins only)"
        .formatted(taken, info.slotBytes(), info.slotBytesForAdmins());
  }

  private String packed(Snapshot snapshot) {
    put(0, "high----", WORD, Style.HEADING);
    put(WORD, "low-----", WORD, Style.HEADING);
    Header header = snapshot.header();
    int at = 2 * WORD;
    int room = bytes.length - MarkStruct.BYTES;
    for (Field field : snapshot.records()) {
      if (header.sizeOf(field.id()) != 0 && at + field.size() <= room) {
        put(at, field);
        at += field.size();
      }
    }
    return "packed: room for %d bytes of values, all fields together take %d"
        .formatted(room - 2 * WORD, header.valueBytes());
  }

  private void put(int at, Field field) {
    put(at, Integer.toString(field.id()), field.size(), Style.of(field.state()));
  }

  private void put(int at, String begin, int size, Style style) {
    for (int i = 0; i < size; i++) {
      bytes[at + i] = i < begin.length() ? begin.charAt(i) : '-';
      styles[at + i] = style;
    }
  }

  /**
   * @param wordsInARow how many groups of eight bytes a line has
   * @param paragraph prints text in as many lines as it takes
   */
  void print(Terminal terminal, int wordsInARow, BiConsumer<Style, String> paragraph) {
    paragraph.accept(Style.HEADING, "area: %d bytes, %s".formatted(bytes.length, words));
    terminal.line("");
    // The last row is a whole one, so that it ends where the packet starts.
    int row = wordsInARow * WORD;
    for (int end = (bytes.length - 1) % row + 1; end <= bytes.length; end += row) {
      line(terminal, Math.max(0, end - row), end, row);
    }
    terminal.line("");
    paragraph.accept(
        Style.FAINT,
        "a character is a byte; a field begins with its id; left: bytes to the packet");
  }

  private void line(Terminal terminal, int from, int to, int row) {
    StringBuilder line = new StringBuilder("%4d".formatted(from - bytes.length));
    line.append(" ".repeat((row - (to - from)) / WORD * (WORD + 1)));
    for (int word = from; word < to; word += WORD) {
      line.append(' ');
      int run = word;
      for (int i = word + 1; i <= word + WORD; i++) {
        if (i == word + WORD || styles[i] != styles[run]) {
          line.append(terminal.paint(styles[run], new String(bytes, run, i - run)));
          run = i;
        }
      }
    }
    terminal.line(line.toString());
  }
}
