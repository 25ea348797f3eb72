package dev.metakey.server;

import static dev.metakey.server.transport.Client.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Layout;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.storage.StoreException;
import dev.metakey.server.transport.Client;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon under which somebody removes, renames or replaces what it has open. */
@Timeout(60)
final class DaemonLossTest {
  @TempDir private Path directory;
  private Path run;
  private Path data;
  private Path socket;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    run = directory.resolve("run");
    data = directory.resolve("data");
    socket = run.resolve("m.sock");
    daemon = start(socket, run);
    assertThat(registered("known")).isEqualTo(Outcome.OUTCOME_CREATED);
  }

  private Daemon start(Path at, Path publishing) throws Exception {
    Config.Paths paths =
        new Config.Paths(at, data, publishing, "none", directory.resolve("keys.d"));
    Config config =
        new Config(
            paths, Layout.SLOTTED, 128, 600_000, new Config.History(1000, 1), Config.Publish.ALL);
    return new Daemon(config, new FakePrograms(), List.of(), false);
  }

  @AfterEach
  void stop() throws Exception {
    daemon.close();
  }

  private Outcome registered(String name) throws Exception {
    try (Client client = Client.of(socket)) {
      return client.registry().register(register(name, 8)).getResults(0).getOutcome();
    }
  }

  private List<String> problems(Client client) {
    return client.registry().getStatus(GetStatusRequest.getDefaultInstance()).getProblemsList();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  /** Waits for something that the daemon does by itself; the test's timeout bounds the wait. */
  private static void await(Condition condition) throws Exception {
    while (!condition.holds()) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  /** Removes a directory, even while somebody writes there. */
  private static void remove(Path path) throws IOException {
    boolean removed = false;
    while (!removed) {
      try (Stream<Path> files = Files.walk(path)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
        removed = true;
      } catch (DirectoryNotEmptyException | NoSuchFileException | UncheckedIOException e) {
        removed = Files.notExists(path);
      }
    }
  }

  @Test
  void data_whenRenamed_isAProblemUntilItIsBack() throws Exception {
    Path away = directory.resolve("away");
    try (Client client = Client.of(socket)) {
      Files.move(data, away);
      await(() -> problems(client).toString().contains("renamed"));

      assertThat(problems(client)).singleElement().asString().contains("changes are refused");
      assertThat(Client.refused(() -> client.registry().register(register("new", 8))).getReason())
          .isEqualTo("STORE_FAILED");
      assertThat(registered("known")).isEqualTo(Outcome.OUTCOME_EXISTING);

      Files.move(away, data);
      await(() -> problems(client).isEmpty());
      assertThat(registered("new")).isEqualTo(Outcome.OUTCOME_CREATED);
    }
  }

  @Test
  void data_whenRemovedAndMadeAgain_isServedByNobody() throws Exception {
    remove(data);
    assertThat(Client.refused(() -> registered("new")).getReason()).isEqualTo("STORE_FAILED");
    Files.createDirectory(data);

    assertThatThrownBy(() -> start(directory.resolve("other.sock"), directory.resolve("run2")))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("is in use");
    assertThat(registered("known")).isEqualTo(Outcome.OUTCOME_EXISTING);
  }

  @Test
  void run_whenRemovedWithTheSocketInIt_comesBack() throws Exception {
    try (Client early = Client.of(socket)) {
      assertThat(problems(early)).isEmpty();
      remove(run);

      for (String name : List.of("m.sock", "m.sock.lock", "registry.bin", "keys")) {
        await(() -> Files.exists(run.resolve(name)));
      }
      await(() -> problems(early).isEmpty());
      assertThat(registered("known")).isEqualTo(Outcome.OUTCOME_EXISTING);
      assertThat(RegistryFile.read(run.resolve("registry.bin")).snapshot().byName("known"))
          .isNotNull();
    }
  }

  @Test
  void socket_whenSomebodyPutsAnotherThere_isLeftAloneAndShown() throws Exception {
    try (Client client = Client.of(socket)) {
      assertThat(problems(client)).isEmpty();
      try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        Files.delete(socket);
        try {
          other.bind(UnixDomainSocketAddress.of(socket));
        } catch (BindException e) { // the daemon was quicker
          Files.delete(socket);
          other.bind(UnixDomainSocketAddress.of(socket));
        }
        Object inode = Files.getAttribute(socket, "unix:ino");
        await(() -> problems(client).toString().contains("somebody has put something else there"));
        assertThat(Files.getAttribute(socket, "unix:ino")).isEqualTo(inode);
      }
      Files.delete(socket);
      await(() -> Files.exists(socket));
      await(() -> problems(client).isEmpty());
    }
    assertThat(registered("known")).isEqualTo(Outcome.OUTCOME_EXISTING);
  }
}
