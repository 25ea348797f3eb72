package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
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
  void cli_whenDaemonIsFrozen_saysWhatItWaitsForAndEndsWithoutIt() throws Exception {
    DaemonProcess daemon = host.start();
    daemon.signal("STOP");
    try {
      Ran list = host.program("list", "--timeout", "6s");
      assertThat(list.err()).contains("waiting for the metakey daemon");

      Ran id = host.program("id", "edge.late", "--wait", "3s");
      assertThat(id.exit()).isIn(8, 9);
      assertThat(daemon.state()).as("the daemon is stopped still").isEqualTo("T");
    } finally {
      daemon.signal("CONT");
    }
  }
}
