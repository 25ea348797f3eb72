package dev.metakey.server.transport;

import dev.metakey.server.log.Event;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Arrays;
import java.util.logging.Filter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Keeps gRPC's and netty's stack traces out of the log where only a client is to blame: a request
 * that is too long, bytes that are not a message, a connection that ends in the middle. A line is
 * enough for these. What may be a defect of ours keeps its trace.
 */
public final class ClientFaults implements Filter {
  private static final String GRPC = "io.grpc.";
  private static final String HTTP2_EXCEPTION = "Http2Exception";

  @Override
  public boolean isLoggable(LogRecord event) {
    Throwable thrown = event.getThrown();
    String logger = event.getLoggerName();
    if (thrown == null || logger == null || !logger.startsWith(GRPC) || !isClients(thrown)) {
      return true;
    }
    if (event.getLevel().intValue() >= Level.WARNING.intValue()) {
      Event.CLIENT_FAULT.say("a client was cut off: " + thrown.getMessage());
    }
    return false;
  }

  private static boolean isClients(@Nullable Throwable thrown) {
    return thrown instanceof IOException
        || isOfATimeout(thrown)
        || thrown instanceof StatusRuntimeException
        || thrown instanceof StatusException
        || (thrown != null && isHttp2(thrown.getClass()));
  }

  /** Whether a client's {@code grpc-timeout} is none, which gRPC takes for a defect. */
  private static boolean isOfATimeout(@Nullable Throwable thrown) {
    return thrown instanceof IllegalArgumentException
        && Arrays.stream(thrown.getStackTrace())
            .anyMatch(frame -> frame.getClassName().endsWith("TimeoutMarshaller"));
  }

  /**
   * Whether it is an Http2Exception or a kind of one. It is known by its name, as gRPC shades it.
   */
  private static boolean isHttp2(Class<?> type) {
    for (Class<?> at = type; at != null; at = at.getSuperclass()) {
      if (at.getSimpleName().equals(HTTP2_EXCEPTION)) {
        return true;
      }
    }
    return false;
  }
}
