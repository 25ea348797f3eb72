package dev.metakey.server.engine;

import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.storage.Store;

/** Engines for tests that do not care about their rules. */
public final class Engines {
  /** The peer that runs a command which nobody sent. */
  public static final Peer DAEMON = new Peer(0, 0, 1, "metakeyd").withPrivileges();

  private Engines() {}

  /** An engine that has begun: slotted, with an area of 128 bytes. */
  public static Engine begun(Store store, HostClock clock) throws Exception {
    return begun(store, clock, DAEMON);
  }

  /**
   * @param self who the daemon is: it runs the commands that nobody sent, and is an admin
   */
  public static Engine begun(Store store, HostClock clock, Peer self) throws Exception {
    Engine engine =
        new Engine(
            store,
            new Rules(600_000, self.uid()),
            new Retention(100, 86_400_000),
            self,
            clock,
            Limits.DEFAULTS);
    engine.run(new Start(clock.bootId(), Layout.SLOTTED, 128, false, Tag.NONE));
    return engine;
  }
}
