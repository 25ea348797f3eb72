package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class ClientFaultsTest {
  private final ClientFaults filter = new ClientFaults();

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
  }

  @Test
  void isLoggable_whenItMayBeADefectOrIsNotGrpcs_logsIt() {
    assertThat(filter.isLoggable(event("io.grpc.X", new IllegalStateException()))).isTrue();
    assertThat(filter.isLoggable(event("io.grpc.X", null))).isTrue();
    assertThat(filter.isLoggable(event("dev.metakey.X", new IOException("disk")))).isTrue();
  }
}
