package dev.metakey.server.engine;

import dev.metakey.server.domain.ClockReading;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.RegistryState;

/**
 * Tells how old a registry is, by clocks that cannot be set: so no quarantine ends and no history
 * is forgotten because somebody corrected the time. Within a boot of the host, that is the time
 * since the boot, over restarts of the daemon too. Over a reboot there is only the wall clock to
 * tell how long the host was off; it is believed up to a bound, and never backwards. Thread-safe.
 */
final class RegistryClock {
  /** The age of a new registry: 0 stands for never. */
  private static final long FIRST_AGE_MS = 1;

  private final HostClock host;
  private final long bootMsThen;
  private final long ageMsThen;

  /**
   * @param stored what the store holds, with the clocks when it was written
   * @param mostOffMs a host that was off for longer ages its registry by this only
   */
  RegistryClock(HostClock host, RegistryState stored, long mostOffMs) {
    this.host = host;
    this.bootMsThen = host.bootMs();
    ClockReading last = stored.clock();
    this.ageMsThen =
        last.equals(ClockReading.NONE)
            ? FIRST_AGE_MS
            : Math.max(FIRST_AGE_MS, last.ageMs() + passed(host, stored.bootId(), last, mostOffMs));
  }

  private static long passed(HostClock host, String bootId, ClockReading last, long mostOffMs) {
    long sinceMs = host.bootMs() - last.bootMs();
    if (bootId.equals(host.bootId()) && last.bootMs() >= 0 && sinceMs >= 0) {
      return sinceMs;
    }
    return Math.max(0, Math.min(mostOffMs, host.wallMs() - last.atMs()));
  }

  Now now() {
    return new Now(host.wallMs(), ageMs());
  }

  long ageMs() {
    return ageMsThen + host.bootMs() - bootMsThen;
  }

  /** For measuring how long something takes. */
  long stopwatchMs() {
    return host.stopwatchMs();
  }

  /** For deadlines. */
  long bootMs() {
    return host.bootMs();
  }

  /** What is to be added to {@link #bootMs} for people to read, milliseconds. */
  long wallMinusBootMs() {
    return host.wallMs() - host.bootMs();
  }

  ClockReading reading() {
    return new ClockReading(host.bootMs(), host.wallMs(), ageMs());
  }
}
