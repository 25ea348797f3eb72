package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LineFormatterTest {
  private static LogRecord line() {
    LogRecord line = new LogRecord(Level.WARNING, "disk full");
    line.setInstant(Instant.parse("2026-02-03T04:05:06.007Z"));
    return line;
  }

  @Test
  void format_isTheTimeWithItsOffset_theLevelAndTheMessage() {
    String offset = ZoneId.systemDefault().getRules().getOffset(line().getInstant()).getId();
    assertThat(new LineFormatter().format(line()))
        .matches("2026-02-0[234]T\\d\\d:\\d\\d:06\\.007[+-]\\d{4} WARNING disk full\n")
        .contains("007" + (offset.equals("Z") ? "+0000" : offset.replace(":", "")));
  }

  @Test
  void format_whenSomethingWasThrown_showsWhere() {
    LogRecord line = line();
    line.setThrown(new IllegalStateException("why"));
    assertThat(new LineFormatter().format(line))
        .contains("disk full\njava.lang.IllegalStateException: why\n\tat ");
  }
}
