package dev.metakey.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LoggingTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final StderrHandler handler =
      new StderrHandler(new PrintStream(out, true, UTF_8), new LineFormatter(true, LogFormat.TEXT));

  @Test
  void isJournal_whenStandardErrorIsAnotherFile_isNot() {
    assertThat(Logging.isJournal(null)).isFalse();
    assertThat(Logging.isJournal("1:1")).isFalse();
  }

  @Test
  void publish_whenALibraryFloodsTheLog_bounds() {
    for (int i = 0; i < 1_000; i++) {
      handler.publish(new LogRecord(Level.WARNING, "bad"));
    }
    assertThat(out.toString(UTF_8).lines().count()).isLessThanOrEqualTo(100);
  }

  @Test
  void publish_whenTheLevelIsHigher_leavesTheLineOut() {
    handler.setLevel(LogLevel.WARNING.level());
    handler.publish(new EventRecord(Event.SERVING, "less", Map.of(), null));
    handler.publish(new EventRecord(Event.DEFECT, "more", Map.of(), null));
    assertThat(out.toString(UTF_8)).isEqualTo("<3>more\n");
  }
}
