package dev.metakey.cli.print;

/** One place in a table. */
record Cell(String text, Style style) {
  /** Printed where there is no value, so that every row has every column. */
  static final String NOTHING = "-";

  /** The place below one that takes fewer lines than another in its row. */
  static final Cell BLANK = new Cell(" ", Style.PLAIN);

  Cell {
    text = Text.oneLine(text.isEmpty() ? NOTHING : text);
  }

  static Cell of(Object value) {
    return new Cell(value.toString(), Style.PLAIN);
  }
}
