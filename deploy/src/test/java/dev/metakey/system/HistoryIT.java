package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who changed what, when, and how it was before. */
class HistoryIT {
  @RegisterExtension final Host host = new Host();

  private String history(String... options) throws Exception {
    String[] line = new String[options.length + 1];
    line[0] = "history";
    System.arraycopy(options, 0, line, 1, options.length);
    return host.cli(line).ok().out();
  }

  @Test
  void history_whenNarrowed_showsWhoDidWhatAndHowItWas() throws Exception {
    host.configure("history: {journal: true}");
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.hop", "--size", "2", "--service", "edge").ok();
    host.cli("register", "flow.id", "--size", "4", "--service", "flow").ok();
    host.cli("transfer", "flow.id", "--to", "edge-xdp.service", "--service", "boss").ok();

    assertThat(history("-o", "name", "--by", "edge")).isEqualTo("edge.hop\n");
    assertThat(history("-o", "name", "--by", "boss", "--last", "5")).isEqualTo("flow.id\n");
    assertThat(history("-o", "name", "--since", "1h").lines()).hasSize(3);
    String soon = Instant.now().plusSeconds(3600).toString();
    assertThat(history("-o", "name", "--since", soon)).isEmpty();
    assertThat(history("-o", "name", "--since", "1").lines()).hasSize(2);
    assertThat(history("-o", "wide", "--by", "boss"))
        .contains(
            ", admin", "edge-xdp.service", "active, 4 bytes, slot 24, generation 1, flow (uid");
    assertThat(history()).contains("edge (uid 0").containsOnlyOnce(", admin");
    assertThat(history("-o", "jsonl", "--by", "boss")).contains("\"admin\":true");
    assertThat(history("-o", "jsonl", "--by", "flow")).contains("\"admin\":false");
    assertThat(daemon.terminate()).isZero();
    assertThat(daemon.log())
        .contains("change 1: created edge.hop (id 0) by edge", "before: nothing")
        .contains(
            "change 3: transferred flow.id (id 1) by boss", ", admin; before: flow.id, active");
  }
}
