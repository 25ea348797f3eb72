package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class ClientFaultsTest {
  private final AtomicLong nowNs = new AtomicLong();
  private final FaultLog faults = new FaultLog(nowNs::get);
  private final ClientFaults filter = new ClientFaults(faults);

  private static LogRecord event(String logger, Throwable thrown) {
    LogRecord event = new LogRecord(Level.WARNING, "Exception processing message");
    event.setLoggerName(logger);
    event.setThrown(thrown);
    return event;
  }

  @Test
  void isLoggable_whenAClientIsToBlame_leavesTheTraceOut() {
    Throwable tooLong = Status.RESOURCE_EXHAUSTED.withDescription("too long").asRuntimeException();
    assertThat(filter.isLoggable(event("io.grpc.netty.shaded.Server", tooLong))).isFalse();
    assertThat(filter.isLoggable(event("io.grpc.X", new IOException("reset")))).isFalse();
    assertThat(faults.count()).isEqualTo(2);
  }

  @Test
  void isLoggable_whenItMayBeADefectOrIsNotGrpcs_logsIt() {
    assertThat(filter.isLoggable(event("io.grpc.X", new IllegalStateException()))).isTrue();
    assertThat(filter.isLoggable(event("io.grpc.X", null))).isTrue();
    assertThat(filter.isLoggable(event("dev.metakey.X", new IOException("disk")))).isTrue();
    assertThat(faults.count()).isZero();
  }

  @Test
  void lineFor_whenThereAreMany_isFiveLinesAndThenHowManyWereLeftOut() {
    for (int i = 0; i < 5; i++) {
      assertThat(faults.lineFor("bad\nclient")).isEqualTo("bad client");
    }
    for (int i = 0; i < 95; i++) {
      assertThat(faults.lineFor("bad client")).isEmpty();
    }
    nowNs.addAndGet(10_000_000_000L);

    assertThat(faults.lineFor("bad client"))
        .isEqualTo("bad client (95 more like this were not logged)");
    assertThat(faults.lineFor("bad client")).isEqualTo("bad client");
    assertThat(faults.count()).isEqualTo(102);
  }
}
