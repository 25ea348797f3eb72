package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A daemon that is stopped with SIGSTOP keeps its socket and every connection, and says nothing.
 */
final class FrozenDaemonIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void view_whenDaemonIsFrozen_becomesStaleAndFreshAgain() throws Exception {
    DaemonProcess daemon = host.start();
    try (MetakeyClient client = MetakeyClient.builder().socket(host.socket()).connect()) {
      View view = client.view();
      assertThat(view.isStale()).isFalse();

      daemon.signal("STOP");
      Host.await("a stale view", view::isStale);
      daemon.signal("CONT");
      Host.await("a fresh view", () -> !view.isStale());
    }
  }

  @Test
  void cli_whenDaemonIsFrozen_saysWhatItWaitsForAndEndsInTime() throws Exception {
    DaemonProcess daemon = host.start();
    daemon.signal("STOP");
    try {
      Ran list = host.program("list", "--timeout", "6s");
      assertThat(list.err()).contains("waiting for the metakey daemon");

      long startNs = System.nanoTime();
      Ran id = host.program("id", "edge.late", "--wait", "3s");
      assertThat(id.exit()).isIn(8, 9);
      assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs)).isLessThan(20_000);
    } finally {
      daemon.signal("CONT");
    }
  }
}
