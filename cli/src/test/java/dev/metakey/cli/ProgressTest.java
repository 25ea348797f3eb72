package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.cli.print.Terminal;
import dev.metakey.cli.print.Terminal.Kind;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProgressTest {
  private static final Duration HALF_A_MINUTE = Duration.ofSeconds(30);

  private final StringWriter out = new StringWriter();
  private final CountDownLatch shown = new CountDownLatch(1);
  private long clockReadings; // by one thread after the other
  private final AtomicInteger ticks = new AtomicInteger();

  /** What is printed, which is looked at once enough of it came. */
  private final StringWriter err =
      new StringWriter() {
        @Override
        public void flush() {
          if (ticks.incrementAndGet() == 2) {
            shown.countDown();
          }
        }
      };

  private long nextSecond() {
    return TimeUnit.SECONDS.toNanos(clockReadings++);
  }

  private Terminal terminal(Kind kind, String columns) {
    return new Terminal(out, Kind.OTHER, err, kind, Map.of("COLUMNS", columns), () -> "");
  }

  @Test
  void progress_onATerminal_isOneLineThatIsGoneInTheEnd() throws Exception {
    Terminal terminal = terminal(Kind.TERMINAL, "80");
    try (var unused = new Progress(terminal, "edge.zone", HALF_A_MINUTE, 1, this::nextSecond)) {
      shown.await();
    }
    assertThat(err.toString())
        .startsWith(
            "\r\033[Kmetakey: waiting 1s of 30s for edge.zone\r\033[Kmetakey: waiting 2s of 30s for edge.zone")
        .endsWith("\r\033[K");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void progress_whenTheProcessWasStoppedForAWhile_showsTheTimeThatHasPassed() throws Exception {
    Iterator<Long> seconds = List.of(0L, 1L, 21L).iterator();
    LongSupplier clock = () -> TimeUnit.SECONDS.toNanos(seconds.hasNext() ? seconds.next() : 22L);
    try (var unused =
        new Progress(terminal(Kind.TERMINAL, "80"), "edge.zone", HALF_A_MINUTE, 1, clock)) {
      shown.await();
    }
    assertThat(err.toString()).contains("waiting 1s of 30s").contains("waiting 21s of 30s");
  }

  @Test
  void progress_onANarrowTerminal_isCut() throws Exception {
    try (var unused =
        new Progress(
            terminal(Kind.TERMINAL, "20"), "edge.zone", HALF_A_MINUTE, 1, this::nextSecond)) {
      shown.await();
    }
    assertThat(err.toString()).startsWith("\r\033[Kmetakey: waiting 1s\r\033[K");
  }

  @Test
  void note_whileProgressIsShown_replacesIt() {
    Terminal terminal = terminal(Kind.TERMINAL, "80");
    terminal.progress("waiting 3s of 30s for edge.zone");
    terminal.fail("edge.zone is not known here", null);
    assertThat(err.toString()).contains("for edge.zone\r\033[K").contains("is not known here\n");
  }

  @Test
  void progress_elsewhere_isNotShown() {
    Terminal terminal = terminal(Kind.PIPE, "80");
    terminal.progress("waiting 3s of 30s for edge.zone");
    terminal.endProgress();
    assertThat(err.toString()).isEmpty();
  }
}
