package dev.metakey.cli.print;

import dev.metakey.model.Words;

/**
 * What a look at one thing found.
 *
 * @param what the thing, in a word
 * @param text what it is like
 * @param advice what to do; empty if there is nothing to do
 */
public record Finding(Level level, String what, String text, String advice) {
  /** How bad it is. */
  public enum Level {
    OK(Style.GOOD),
    /** It works, but not all of it, or not for long. */
    WARN(Style.ATTENTION),
    FAIL(Style.BAD);

    final Style style;

    Level(Style style) {
      this.style = style;
    }

    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  public static Finding ok(String what, String text) {
    return new Finding(Level.OK, what, text, "");
  }

  public static Finding warn(String what, String text, String advice) {
    return new Finding(Level.WARN, what, text, advice);
  }

  public static Finding fail(String what, String text, String advice) {
    return new Finding(Level.FAIL, what, text, advice);
  }
}
