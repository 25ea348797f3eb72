package dev.metakey.cli.print;

import dev.metakey.model.FieldState;

/** How a word looks on a terminal that shows colours, by the number in its escape sequence. */
public enum Style {
  PLAIN(""),
  HEADING("1"),
  GOOD("32"),
  ATTENTION("33"),
  BAD("31"),
  FAINT("2");

  private final String code;

  Style(String code) {
    this.code = code;
  }

  static Style of(FieldState state) {
    return switch (state) {
      case ACTIVE -> GOOD;
      case RETIRED, RESERVED -> ATTENTION;
      case WELL_KNOWN, FREE -> FAINT;
    };
  }

  String paint(String text) {
    return this == PLAIN ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
