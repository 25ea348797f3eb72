package dev.metakey.server;

import static dev.metakey.server.transport.Client.register;
import static dev.metakey.server.transport.Client.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Layout;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.transport.Client;
import dev.metakey.v1.Field;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon whose files were lost, put back or mixed up; {@code RecoveryTableTest} has the rest. */
@Timeout(60)
final class DaemonRecoveryTest {
  @TempDir private Path directory;

  private Daemon start(String data, @Nullable Path recoverFrom) throws Exception {
    Config.Paths paths =
        new Config.Paths(
            directory.resolve("m.sock"),
            directory.resolve(data),
            directory.resolve("run"),
            "none",
            directory.resolve("keys.d"));
    Config config =
        new Config(
            paths, Layout.SLOTTED, 128, 600_000, new Config.History(1000, 1), Config.Publish.ALL);
    return new Daemon(config, new FakePrograms(), List.of(), false, recoverFrom);
  }

  private Field registered(String name) throws Exception {
    try (Client client = Client.of(directory.resolve("m.sock"))) {
      return client.registry().register(register(name, 8)).getResults(0).getField();
    }
  }

  private GetStatusResponse status() throws Exception {
    try (Client client = Client.of(directory.resolve("m.sock"))) {
      return client.registry().getStatus(GetStatusRequest.getDefaultInstance());
    }
  }

  /** Two fields; then a clean stop. */
  private Field twoFields() throws Exception {
    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      registered("a");
      return registered("b");
    }
  }

  private void remove(Path path) throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void start_whenTheDatabaseIsGone_recoversItFromTheCopyAndSaysSoUntilThatWasSeen()
      throws Exception {
    Field before = twoFields();
    remove(directory.resolve("data/CURRENT"));

    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      assertThat(registered("b")).isEqualTo(before);
      assertThat(registered("c").getId()).isEqualTo(2);
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("was recovered", "state-copy", "damaged-1");
      assertThat(RegistryFile.read(directory.resolve("run/registry.bin")).snapshot().byName("b"))
          .isNotNull();
      Files.delete(directory.resolve("data/recovery-report"));
      assertThat(status().getProblemsList()).isEmpty();
    }
  }

  @Test
  void start_whenAllDataIsGone_isReadOnlyUntilItIsToldWhatToRecoverFrom() throws Exception {
    Field before = twoFields();
    remove(directory.resolve("data"));
    Path table = directory.resolve("run/registry.bin");
    byte[] published = Files.readAllBytes(table);

    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      try (Client client = Client.of(directory.resolve("m.sock"))) {
        assertThat(client.registry().resolve(resolve("b")).getFields(0).getId())
            .isEqualTo(before.getId());
        assertThatThrownBy(() -> registered("c")).hasMessageContaining("--recover-from " + table);
      }
      assertThat(status().getProblemsList()).singleElement().asString().contains("--run");
    }
    assertThat(Files.readAllBytes(table)).isEqualTo(published);

    try (Daemon daemon = start("data", table)) {
      assertThat(daemon).isNotNull();
      Field after = registered("b");
      assertThat(after.getId()).isEqualTo(before.getId());
      assertThat(after.getSlot()).isEqualTo(before.getSlot());
      assertThat(after.getOwnersList()).isEqualTo(before.getOwnersList());
      assertThat(registered("c").getId()).isEqualTo(2);
    }
  }

  @Test
  void start_whenAnotherRegistryPublishesThere_touchesNothing() throws Exception {
    twoFields();
    Path mine = directory.resolve("run");
    Path away = directory.resolve("away");
    Files.move(mine, away);
    try (Daemon other = start("other", null)) {
      assertThat(other).isNotNull();
    }
    remove(mine);
    Files.move(away, mine);
    byte[] published = Files.readAllBytes(mine.resolve("registry.bin"));
    byte[] keys = Files.readAllBytes(mine.resolve("keys"));

    try (Daemon other = start("other", null)) {
      assertThat(other).isNotNull();
      registered("x");
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("nothing is published", "--run");
    }

    assertThat(Files.readAllBytes(mine.resolve("registry.bin"))).isEqualTo(published);
    assertThat(Files.readAllBytes(mine.resolve("keys"))).isEqualTo(keys);
  }
}
