package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Watch;
import dev.metakey.client.WatchEvent;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.ConfigFile;
import dev.metakey.server.config.KeysDirectory;
import dev.metakey.server.config.Read;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.transport.ServiceManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a running daemon takes from a config that has changed, and what it says of the rest. */
@Timeout(60)
class ReloadTest {
  @TempDir private Path directory;
  private Daemon daemon;
  private MetakeyClient client;

  @BeforeEach
  void start() throws Exception {
    Files.createDirectory(directory.resolve("keys.d"));
    configure();
    start(config());
  }

  private void start(Read<Config> config) throws Exception {
    Path keys = config.value().paths().keysDirectory();
    daemon =
        new Daemon(
            config,
            this::config,
            new FakePrograms(),
            KeysDirectory.read(keys),
            false,
            null,
            ServiceManager.NONE);
    client =
        MetakeyClient.builder().socket(config.value().paths().socket()).service("edge").connect();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    daemon.close();
  }

  private void configure(String... lines) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "socket: " + directory.resolve("m.sock"),
                "data: " + directory.resolve("data"),
                "run: " + directory.resolve("run"),
                "bpffs: none"));
    all.addAll(List.of(lines));
    Files.write(directory.resolve("metakeyd.yaml"), all);
  }

  private Read<Config> config() {
    return ConfigFile.read(directory.resolve("metakeyd.yaml"));
  }

  private void reserve(String... entries) throws IOException {
    Files.writeString(directory.resolve("keys.d/10.yaml"), "reserve:\n" + String.join("", entries));
  }

  private String reload() {
    return client.admin().reload().value();
  }

  @Test
  void reload_whenNothingHasChanged_saysNothing() {
    assertThat(reload()).isEmpty();
  }

  @Test
  void reload_whenTheLogHasChanged_takesItOn() throws Exception {
    configure("log: {level: error}");
    assertThat(reload()).isEmpty();
  }

  @Test
  void reload_whenWhatIsFixedHasChanged_namesItUntilTheNextStart() throws Exception {
    configure(
        "socket_access: {mode: 0600}",
        "limits: {calls_a_second: 10}",
        "metrics: {listen: 127.0.0.1:9464}");
    assertThat(reload())
        .isEqualTo(
            "socket_access, limits, metrics have changed; they count when metakeyd is started again");

    configure("area: 64", "history: {days: 3}", "quarantine: 1m");
    assertThat(reload())
        .isEqualTo("area, history have changed; they count when metakeyd is started again");
    configure("quarantine: 1m");
    assertThat(reload()).isEmpty();
  }

  @Test
  void reload_whenAFleetIsNamedNow_saysThatItCountsLater() throws Exception {
    configure("fleet: {name: prod, endpoints: [127.0.0.1:1]}");
    assertThat(reload()).isEqualTo("fleet has changed; it counts when metakeyd is started again");
  }

  @Test
  void reload_ofAFleet_takesOnHowItIsReached_andNamesTheRest() throws Exception {
    startAgain("fleet: {name: prod, endpoints: [127.0.0.1:1], timeout: 200ms}");
    assertThat(reload()).isEmpty();

    configure(
        "fleet: {name: other, endpoints: [127.0.0.1:2], timeout: 200ms, ids: 0-9, names_per_host: 5}");

    assertThat(reload())
        .isEqualTo("fleet.ids, fleet.name have changed; they count when metakeyd is started again");
    FleetStatus status = client.admin().fleet().report().value().status();
    assertThat(status.name()).isEqualTo("prod");
    assertThat(status.why()).contains("127.0.0.1:2");
    assertThat(status.quota().namesPerHost()).isEqualTo(5);

    configure("fleet: {name: prod, endpoints: [127.0.0.1:2], user: me, password_file: /none}");
    assertThatThrownBy(this::reload)
        .hasMessageContaining("what was there stays")
        .hasMessageContaining("metakeyd.yaml:5: password_file: '/none' is no file");

    configure();
    assertThat(reload()).isEqualTo("fleet has changed; it counts when metakeyd is started again");
  }

  private void startAgain(String... lines) throws Exception {
    stop();
    configure(lines);
    start(config());
  }

  @Test
  void reload_whenTheQuarantineHasChanged_countsForWhatIsRetiredAlready() throws Exception {
    client.register(FieldSpec.of("edge.hop", 2));
    client.release("edge.hop");

    try (Watch watch = client.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);

      configure("quarantine: 0s");
      reload();

      assertThat(((WatchEvent.Changes) watch.next()).changes())
          .extracting(Change::kind)
          .containsExactly(ChangeKind.FREED);
    }
  }

  @Test
  void reload_whenReservationsHaveChanged_takesThemOnAndDropsOthers() throws Exception {
    reserve("  - {name: acme.x, id: 40, size: 8}\n");
    assertThat(reload()).isEmpty();
    assertThat(client.get("acme.x").value().id()).isEqualTo(40);

    reserve("  - {name: acme.y, id: 41, size: 8}\n");
    assertThat(reload()).isEmpty();
    assertThat(client.list().value()).extracting(f -> f.name()).doesNotContain("acme.x");
    assertThat(client.get("acme.y").value().id()).isEqualTo(41);
  }

  @Test
  void reload_whenAReservationContradicts_saysSoUntilItIsMended() throws Exception {
    int hop = client.register(FieldSpec.of("edge.hop", 2)).value().get(0).field().id();
    reserve("  - {name: acme.x, id: %d, size: 8}\n".formatted(hop));

    assertThat(reload()).contains("10.yaml:2: acme.x cannot have id " + hop);
    assertThat(client.status().value().problems()).singleElement().asString().contains("10.yaml:2");

    reserve("  - {name: acme.x, id: 40, size: 8}\n");
    assertThat(reload()).isEmpty();
    assertThat(client.status().value().problems()).isEmpty();
  }

  @Test
  void reload_whenAReservationCannotBeRead_takesNothingOn() throws Exception {
    reserve("  - {name: acme.x, id: 40, size: 8}\n");
    reload();
    reserve("  - {name: acme.y, id: 99, size: 8}\n");
    configure("quarantine: 0s");

    assertThatThrownBy(this::reload)
        .isInstanceOf(MetakeyException.class)
        .hasMessageStartingWith("keys.d is wrong")
        .hasMessageContaining("10.yaml:2")
        .hasMessageContaining("stays");
    assertThat(client.get("acme.x").value().id()).isEqualTo(40);
    assertThat(client.status().value().problems()).isNotEmpty();
  }

  @Test
  void reload_whileChangesAreRefused_saysWhichReservationsWait() throws Exception {
    client.admin().readOnly(true, "moving the disk");
    reserve("  - {name: acme.x, id: 40, size: 8}\n");

    assertThat(reload()).contains("10.yaml:2", "moving the disk");
    client.admin().readOnly(false, "");
    assertThat(reload()).isEmpty();
    assertThat(client.get("acme.x").value().id()).isEqualTo(40);
  }
}
