package dev.metakey.cli.print;

/** One place in a table. */
record Cell(String text, Style style) {
  /** Printed where there is no value, so that every row has every column. */
  static final String NOTHING = "-";

  Cell {
    text = Text.oneLine(text.isEmpty() ? NOTHING : text);
  }

  static Cell of(Object value) {
    return new Cell(value.toString(), Style.PLAIN);
  }
}
