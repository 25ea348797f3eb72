package dev.metakey.server;

import static dev.metakey.server.transport.Client.register;
import static dev.metakey.server.transport.Client.resolve;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.rpc.ErrorInfo;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.Tag;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.kernel.Bpffs;
import dev.metakey.server.kernel.PinnedReader;
import dev.metakey.server.transport.Client;
import dev.metakey.v1.Field;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.Outcome;
import dev.metakey.v1.RegisterRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A daemon whose files were lost, put back or mixed up; {@code RecoveryTableTest} has the rest. */
@Timeout(60)
final class DaemonRecoveryTest {
  @TempDir private Path directory;

  private final FakePrograms programs = new FakePrograms();
  private String run = "run";
  private String bpffs = "none";

  @RegisterExtension private final Bpffs maps = new Bpffs();

  private Daemon start(String data, @Nullable Path recoverFrom) throws Exception {
    Config.Paths paths =
        new Config.Paths(
            directory.resolve("m.sock"),
            directory.resolve(data),
            directory.resolve(run),
            bpffs,
            directory.resolve("keys.d"));
    Config config =
        new Config(
            paths, Layout.SLOTTED, 128, 600_000, new Config.History(1000, 1), Config.Publish.ALL);
    return new Daemon(Read.sound(config), programs, Read.sound(List.of()), false, recoverFrom);
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

  /** Registers two fields, and stops the daemon cleanly. */
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
        assertThatThrownBy(() -> registered("c"))
            .hasMessageContaining("--recover-from " + directory.resolve("run/keys"));
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
      registered("w");
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
          .contains("no files are published", "--run");
    }

    assertThat(Files.readAllBytes(mine.resolve("registry.bin"))).isEqualTo(published);
    assertThat(Files.readAllBytes(mine.resolve("keys"))).isEqualTo(keys);
  }

  /** Everything in a directory: the bytes of the files, and what is pinned. */
  private Map<String, String> contents(Path path) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.toList()) {
        found.put(
            file.toString(),
            Files.isRegularFile(file) && !path.equals(maps.directory())
                ? Arrays.hashCode(Files.readAllBytes(file))
                    + " "
                    + Files.getAttribute(file, "unix:ino")
                : String.valueOf(Files.getAttribute(file, "unix:ino")));
      }
    }
    return found;
  }

  /** A second daemon that has no data must find out that somebody else publishes there. */
  private void assertReadOnlyAndTouchesNothing(String names, Path... there) throws Exception {
    List<Map<String, String>> before = new ArrayList<>();
    for (Path path : there) {
      before.add(contents(path));
    }
    try (Daemon second = start("second", null)) {
      assertThat(second).isNotNull();
      assertThatThrownBy(() -> registered("x")).hasMessageContaining("nothing can be changed");
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("read-only", "--recover-from " + names, "--run", "--bpffs");
    }
    List<Map<String, String>> after = new ArrayList<>();
    for (Path path : there) {
      after.add(contents(path));
    }
    assertThat(after).isEqualTo(before);
  }

  @Test
  void start_whenAnEmptyRegistryIsPublishedThere_isReadOnlyAndTouchesNothing() throws Exception {
    try (Daemon first = start("data", null)) {
      assertThat(first).isNotNull();
    }
    assertReadOnlyAndTouchesNothing(directory.resolve("run").toString(), directory.resolve("run"));
  }

  @Test
  void start_whenOnlyKeysArePublishedThere_isReadOnlyAndTouchesNothing() throws Exception {
    twoFields();
    Files.delete(directory.resolve("run/registry.bin"));
    assertReadOnlyAndTouchesNothing(
        directory.resolve("run/keys").toString(), directory.resolve("run"));
  }

  @Test
  void start_whenItsDatabaseWasNeverUsedAndAnothersFilesAreThere_isReadOnly() throws Exception {
    twoFields();
    Files.move(directory.resolve("run"), directory.resolve("first"));
    try (Daemon second = start("second", null)) {
      assertThat(second).isNotNull();
    }
    run = "first";
    assertReadOnlyAndTouchesNothing(
        directory.resolve("first/keys").toString(), directory.resolve("first"));
  }

  /**
   * Published files are damaged in every way, with the data there and without. The registry is the
   * same, or the daemon gives nothing away; only if nothing at all is left is it a new one.
   */
  @Test
  void start_whateverOfThePublishedFilesIsDamaged_isTheSameRegistryOrReadOnly() throws Exception {
    Field before = twoFields();
    copy(directory.resolve("run"), directory.resolve("image-run"));
    copy(directory.resolve("data"), directory.resolve("image-data"));
    List<String> wrong = new ArrayList<>();
    for (boolean hasData : new boolean[] {true, false}) {
      for (List<String> kinds :
          List.of(List.of("keys"), List.of("registry.bin"), List.of("keys", "registry.bin"))) {
        for (String damage : List.of("missing", "empty", "cut", "bit")) {
          remove(directory.resolve("run"));
          remove(directory.resolve("data"));
          copy(directory.resolve("image-run"), directory.resolve("run"));
          if (hasData) {
            copy(directory.resolve("image-data"), directory.resolve("data"));
          }
          for (String kind : kinds) {
            damage(directory.resolve("run").resolve(kind), damage);
          }
          boolean nothingIsLeft = !hasData && kinds.size() == 2 && damage.equals("missing");
          String wanted = hasData ? "same" : nothingIsLeft ? "new" : "read-only";
          String outcome = outcome(before);
          if (!outcome.equals(wanted)) {
            wrong.add("data %s, %s %s: %s".formatted(hasData, kinds, damage, outcome));
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private String outcome(Field before) throws Exception {
    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      if (status().getProblemsList().toString().contains("read-only")) {
        assertThatThrownBy(() -> registered("c")).hasMessageContaining("--recover-from");
        return "read-only";
      }
      return status().getRegistry().getRevision() == 0
          ? "new"
          : registered("b").equals(before) ? "same" : "another";
    }
  }

  private static void damage(Path file, String damage) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    switch (damage) {
      case "missing" -> Files.delete(file);
      case "empty" -> Files.write(file, new byte[0]);
      case "cut" -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
      default -> {
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(
        to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  @Test
  void history_whenItIsDamagedUnderTheDaemon_saysSoAndStatusToo() throws Exception {
    try (Daemon daemon = start("data", null);
        Client client = Client.of(directory.resolve("m.sock"))) {
      assertThat(daemon).isNotNull();
      for (int i = 0; i < 36; i++) { // more would be a problem of their own: few bytes are left
        RegisterRequest.Builder request = register("f" + i, 2).toBuilder();
        request.getFieldsBuilder(0).setDescription(incompressible());
        var unused = client.registry().register(request.build());
      }
    }
    try (Daemon daemon = start("data", null);
        Client client = Client.of(directory.resolve("m.sock"))) {
      assertThat(daemon).isNotNull();
      assertThat(status().getProblemsList()).isEmpty();
      damageHistory();

      ErrorInfo refusal =
          Client.refused(() -> client.admin().listHistory(ListHistoryRequest.getDefaultInstance()));

      assertThat(refusal.getReason()).isEqualTo("STORE_FAILED");
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("history", "is damaged", "No field is affected", "restart metakeyd");
      registered("c");
    }
    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      assertThat(status().getProblemsList()).singleElement().asString().contains("recovered");
      assertThat(registered("c").getId()).isEqualTo(36);
    }
  }

  /** A long text, so that the history takes several blocks of its table. */
  private static String incompressible() {
    return Stream.generate(UUID::randomUUID).limit(6).map(UUID::toString).collect(joining());
  }

  /** Flips a bit in the middle of the largest table, as its ends may be in memory. */
  private void damageHistory() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("data"))) {
      Path table =
          files
              .filter(file -> file.toString().endsWith(".sst"))
              .max(Comparator.comparingLong(file -> file.toFile().length()))
              .orElseThrow();
      byte[] bytes = Files.readAllBytes(table);
      bytes[bytes.length / 2] ^= 1;
      Files.write(table, bytes);
    }
  }

  @Test
  void start_whenOnlyMapsArePinnedThere_isReadOnlyAndTouchesNothing() throws Exception {
    bpffs = maps.directory().toString();
    Field before = twoFields();
    run = "run2";
    Files.createDirectory(directory.resolve(run));
    assertReadOnlyAndTouchesNothing(bpffs, maps.directory(), directory.resolve("run2"));

    try (Daemon recovered = start("second", maps.directory())) {
      assertThat(recovered).isNotNull();
      Field after = registered("b");
      assertThat(after.getId()).isEqualTo(before.getId());
      assertThat(after.getSlot()).isEqualTo(before.getSlot());
    }
  }

  @Test
  void start_whenItHasDataAndAnothersMapsArePinnedThere_publishesItsFilesAlone() throws Exception {
    bpffs = maps.directory().toString();
    twoFields();
    run = "run2";
    bpffs = "none";
    try (Daemon second = start("second", null)) {
      assertThat(second).isNotNull();
      registered("x");
    }
    bpffs = maps.directory().toString();
    byte[] pinned = contents(maps.directory()).toString().getBytes(UTF_8);
    var published = PinnedReader.read(maps.directory());
    try (Daemon second = start("second", null)) {
      assertThat(second).isNotNull();
      registered("y");
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("no maps are published", "--bpffs");
    }
    assertThat(contents(maps.directory()).toString().getBytes(UTF_8)).isEqualTo(pinned);
    assertThat(String.valueOf(PinnedReader.read(maps.directory())))
        .isEqualTo(String.valueOf(published));
    assertThat(RegistryFile.read(directory.resolve("run2/registry.bin")).snapshot().byName("y"))
        .isNotNull();
  }

  @Test
  void start_whenAllDataIsGone_theOwnerIsAnsweredAndAStrangerRefused() throws Exception {
    try (Daemon daemon = start("data", null);
        Client client = Client.of(directory.resolve("m.sock"), "edge")) {
      assertThat(daemon).isNotNull();
      var unused = client.registry().register(register("a", 8));
    }
    remove(directory.resolve("data"));

    for (Path recoverFrom : new Path[] {null, directory.resolve("run")}) {
      try (Daemon daemon = start("data", recoverFrom);
          Client owner = Client.of(directory.resolve("m.sock"), "edge");
          Client stranger = Client.of(directory.resolve("m.sock"), "other")) {
        assertThat(daemon).isNotNull();
        assertThat(owner.registry().register(register("a", 8)).getResults(0).getOutcome())
            .isEqualTo(Outcome.OUTCOME_EXISTING);
        assertThat(Client.refused(() -> stranger.registry().register(register("a", 8))).getReason())
            .isEqualTo("OWNED_BY_OTHER");
      }
    }
  }

  @Test
  void start_whenThePublishedTableIsDamaged_keepsItAsideAndIsReadOnlyWithoutData()
      throws Exception {
    Field before = twoFields();
    Path table = directory.resolve("run/registry.bin");
    byte[] damaged = Files.readAllBytes(table);
    damaged[3] ^= 1;
    Files.write(table, damaged);
    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      assertThat(registered("b")).isEqualTo(before);
    }
    assertThat(directory.resolve("run/registry.bin.damaged")).hasBinaryContent(damaged);
    assertThat(RegistryFile.read(table).snapshot().byName("b")).isNotNull();

    Files.write(table, damaged);
    Files.delete(directory.resolve("run/keys"));
    remove(directory.resolve("data"));
    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      assertThat(status().getProblemsList())
          .singleElement()
          .asString()
          .contains("read-only", "registry.bin", "remove it");
    }
    assertThat(table).hasBinaryContent(damaged);
  }

  @Test
  void start_whenAProgramHasALaterGeneration_isReadOnlyUntilItIsTold() throws Exception {
    twoFields();
    UUID id =
        RegistryFile.read(directory.resolve("run/registry.bin")).snapshot().info().registryId();
    remove(directory.resolve("run"));
    FieldUse.Place later =
        new FieldUse.Place(
            id, Layout.SLOTTED, 128, Tag.of(new byte[] {1, 2, 3, 4, 5, 6}), 1, 2, 32);
    programs.load(Loaded.program(5, Loaded.use("z", 8, later)));

    try (Daemon daemon = start("data", null)) {
      assertThat(daemon).isNotNull();
      assertThat(status().getProblemsList().get(0))
          .contains("read-only", "program 5", "generation 2", "--recover-from");
      assertThatThrownBy(() -> registered("c")).hasMessageContaining("nothing can be changed");
    }
    try (Daemon daemon = start("data", directory.resolve("data"))) {
      assertThat(daemon).isNotNull();
      assertThat(registered("a").getId()).isEqualTo(0);
      assertThat(registered("z").getId()).isEqualTo(1);
      assertThat(registered("z").getGeneration()).isEqualTo(2);
    }
  }
}
