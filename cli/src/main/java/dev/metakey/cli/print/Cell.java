package dev.metakey.cli.print;

/** One place in a table. */
record Cell(String text, Style style) {
  /** What stands where there is nothing to say, so that columns can be counted. */
  static final String NOTHING = "-";

  Cell {
    text = Text.oneLine(text.isEmpty() ? NOTHING : text);
  }

  static Cell of(Object value) {
    return new Cell(value.toString(), Style.PLAIN);
  }
}
