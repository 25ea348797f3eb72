package dev.metakey.server.engine;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A clock that stands still until it is told otherwise. */
public final class FakeClock implements LongSupplier {
  private final AtomicLong nowMs = new AtomicLong(1_700_000_000_000L);

  @Override
  public long getAsLong() {
    return nowMs.get();
  }

  public void advance(Duration time) {
    nowMs.addAndGet(time.toMillis());
  }
}
