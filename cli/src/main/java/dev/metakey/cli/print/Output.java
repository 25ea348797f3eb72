package dev.metakey.cli.print;

import java.util.Locale;

/** The forms that an answer can be printed in. */
public enum Output {
  /** Aligned columns, for people. */
  TABLE,
  /** The same with more columns. */
  WIDE,
  /** One indented document. */
  JSON,
  /** One object a line. */
  JSONL,
  /** One name a line. */
  NAME;

  /** The name in lower case. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
