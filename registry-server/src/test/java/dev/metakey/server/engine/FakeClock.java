package dev.metakey.server.engine;

import java.time.Duration;

/** Clocks that stand still until they are told otherwise. */
public final class FakeClock implements HostClock {
  private volatile long wallMs = 1_700_000_000_000L;
  private volatile long bootMs = 60_000;
  private volatile String bootId = "boot-1";

  @Override
  public long wallMs() {
    return wallMs;
  }

  @Override
  public long bootMs() {
    return bootMs;
  }

  @Override
  public String bootId() {
    return bootId;
  }

  /** Time passes. */
  public synchronized void advance(Duration time) {
    wallMs += time.toMillis();
    bootMs += time.toMillis();
  }

  /** Somebody sets the wall clock. */
  public synchronized void set(long newWallMs) {
    wallMs = newWallMs;
  }

  /** The host is off for a while. */
  public synchronized void reboot(Duration off) {
    wallMs += off.toMillis();
    bootMs = 1_000;
    bootId += "+1";
  }
}
