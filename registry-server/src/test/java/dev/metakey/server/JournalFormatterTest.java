package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class JournalFormatterTest {
  private static String format(Level level, Throwable thrown) {
    LogRecord line = new LogRecord(level, "the disk is full\nand so is the other");
    line.setThrown(thrown);
    return new JournalFormatter().format(line);
  }

  @Test
  void format_whenALineIsLogged_startsWithItsPriorityAndHasNoTime() {
    assertThat(format(Level.SEVERE, null))
        .isEqualTo("<3>the disk is full\n<3>and so is the other\n");
    assertThat(format(Level.WARNING, null)).startsWith("<4>the disk");
    assertThat(format(Level.INFO, null)).startsWith("<6>the disk");
    assertThat(format(Level.FINE, null)).startsWith("<7>the disk");
  }

  @Test
  void format_whenSomethingWasThrown_hasThePriorityOnEveryLine() {
    Throwable thrown = new IllegalStateException("outer", new IllegalStateException("inner"));

    assertThat(format(Level.SEVERE, thrown).lines())
        .allMatch(part -> part.startsWith("<3>"))
        .anyMatch(part -> part.contains("outer"))
        .anyMatch(part -> part.contains("caused by: ") && part.contains("inner"));
  }

  @Test
  void isWanted_whenStandardErrorIsAnotherFile_isNot() {
    assertThat(JournalFormatter.isWanted(null)).isFalse();
    assertThat(JournalFormatter.isWanted("1:1")).isFalse();
  }
}
