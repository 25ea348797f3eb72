package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.internal.GrpcUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @ValueSource(strings = {"x", "", "123456789S", "5X", "aS"})
  void isLoggable_whenATimeoutIsNone_leavesTheTraceOut(String timeout) {
    Metadata headers = InternalMetadata.newMetadata(bytes("grpc-timeout"), bytes(timeout));
    Throwable refused = catchThrowable(() -> headers.get(GrpcUtil.TIMEOUT_KEY));
    assertThat(refused).isInstanceOf(IllegalArgumentException.class);
    assertThat(filter.isLoggable(event("io.grpc.netty.shaded.Server", refused))).isFalse();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
