package dev.metakey.server.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The clocks of a host. */
public interface HostClock {
  /** What the wall clock says, milliseconds since 1970. It may be set to any time at any moment. */
  long wallMs();

  /** Milliseconds since the host booted. It goes on while no daemon runs, and cannot be set. */
  long bootMs();

  /**
   * Milliseconds since some moment, for measuring how long something takes. Unlike the others, it
   * does not jump in a test that lets time pass.
   */
  default long stopwatchMs() {
    return bootMs();
  }

  /** Identifies the boot that {@link #bootMs} counts from. */
  String bootId();

  /**
   * The clocks of this host. The time since the boot is read once, and counted on from there.
   *
   * @throws IOException if /proc/uptime cannot be read
   */
  static HostClock ofThisHost(String bootId) throws IOException {
    Path uptime = Path.of("/proc/uptime");
    String seconds = Files.readString(uptime).split(" ", 2)[0];
    long startNs = System.nanoTime();
    long startMs;
    try {
      startMs = (long) (Double.parseDouble(seconds) * 1_000);
    } catch (NumberFormatException e) {
      throw new IOException("%s does not begin with a number of seconds".formatted(uptime), e);
    }
    return new HostClock() {
      @Override
      public long wallMs() {
        return System.currentTimeMillis();
      }

      @Override
      public long bootMs() {
        return startMs + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
      }

      @Override
      public String bootId() {
        return bootId;
      }
    };
  }
}
