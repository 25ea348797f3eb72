package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every kind of file in a data directory is damaged in every way. What is left is the same
 * registry, or one that gives nothing away and says what to do; it is never an empty or an older
 * one.
 */
@Timeout(300)
final class RecoveryTableTest {
  /** Parts of file names; {@code .} stands for the whole directory. */
  private static final List<String> KINDS =
      List.of(
          ".log",
          ".sst",
          "MANIFEST-",
          "CURRENT",
          "IDENTITY",
          "OPTIONS-",
          "state-copy",
          "state-copy.1",
          "state-copy.2",
          "*",
          "none");

  private static final List<String> DAMAGES = List.of("missing", "empty", "cut", "bit", "older");

  @TempDir private Path temp;
  private Path older;
  private Path killed;
  private Path stopped;
  private RegistryState expected;

  @Test
  void open_whateverIsDamaged_isTheSameRegistryOrReadOnly() throws Exception {
    makeRegistry();
    List<String> wrong = new ArrayList<>();
    int row = 0;
    for (Path image : List.of(killed, stopped)) {
      for (String kind : KINDS) {
        for (String damage : DAMAGES) {
          Path data = temp.resolve("row" + row++);
          copy(image, data);
          damage(data, kind, damage);
          boolean wholeSet = kind.equals("*");
          String outcome = outcome(data, wholeSet ? published() : Evidence.none());
          String line = "%s: %s %s: %s".formatted(image.getFileName(), kind, damage, outcome);
          System.out.println(line);
          if (!outcome.startsWith("same") && !outcome.equals("read-only")) {
            wrong.add(line);
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  /** Makes images of one registry: as a kill leaves it, as a clean stop does, and an older one. */
  private void makeRegistry() throws Exception {
    RandomRegistry registry = new RandomRegistry(11);
    Path data = temp.resolve("data");
    RegistryState empty = registry.state();
    try (RocksStore store = new RocksStore(data, () -> empty)) {
      store.open();
      commit(store, registry);
    }
    older = temp.resolve("older");
    copy(data, older);
    try (RocksStore store = new RocksStore(data, () -> empty)) {
      store.open();
      commit(store, registry);
      killed = temp.resolve("killed");
      copy(data, killed);
    }
    stopped = temp.resolve("stopped");
    copy(data, stopped);
    expected = registry.state();
  }

  private static void commit(RocksStore store, RandomRegistry registry) throws Exception {
    for (int i = 0; i < 10; i++) {
      List<Change> changes = registry.next(2, 1);
      store.commit(registry.state(), changes);
    }
  }

  /** What was published: it alone can tell when nothing in the directory is as it was. */
  private Evidence published() {
    Source source = new Source("registry.bin", new Contents(expected, List.of()));
    return new Evidence(
        List.of(source), List.of(), List.of(), "", List.of(), new UUID(5, 5), Tag.NONE, 1);
  }

  private String outcome(Path data, Evidence evidence) {
    try (RocksStore store = new RocksStore(data, () -> new RandomRegistry(99).state(), evidence)) {
      RegistryState found = store.open();
      if (store.readOnly() != null) {
        assertThat(store.readOnly()).contains("--recover-from");
        return "read-only";
      }
      if (!fields(found).equals(fields(expected))) {
        return "ANOTHER REGISTRY, revision " + found.revision();
      }
      boolean sameId =
          found.snapshot().info().registryId().equals(expected.snapshot().info().registryId());
      assertThat(sameId).isEqualTo(store.recovery() == null);
      return sameId ? "same" : "same, recovered";
    } catch (StoreException e) {
      return "REFUSED: " + e.getMessage();
    }
  }

  /**
   * The fields without their times: when a ttl runs out is not kept, and a quarantine may begin
   * anew.
   */
  private static List<Field> fields(RegistryState state) {
    return state.snapshot().records().stream()
        .map(field -> field.toBuilder().expiresAtMs(0).retired(Stamp.NONE).build())
        .toList();
  }

  private void damage(Path data, String kind, String damage) throws IOException {
    if (damage.equals("older") && kind.equals("*")) {
      delete(data);
      copy(older, data);
      return;
    }
    for (Path file : files(data, kind)) {
      byte[] bytes = Files.readAllBytes(file);
      switch (damage) {
        case "missing" -> Files.delete(file);
        case "empty" -> Files.write(file, new byte[0]);
        case "cut" -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        case "bit" -> Files.write(file, flipped(bytes));
        default -> Files.delete(file);
      }
    }
    if (damage.equals("older")) {
      for (Path file : files(older, kind)) {
        Files.copy(file, data.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /**
   * Flips a bit: near the start of a state copy, which is text with much room after it, and in the
   * middle of other files.
   */
  private static byte[] flipped(byte[] bytes) {
    if (bytes.length > 0) {
      int at = bytes.length > 1 << 15 ? 300 : bytes.length / 2;
      bytes[at] ^= 4;
    }
    return bytes;
  }

  private static List<Path> files(Path data, String kind) throws IOException {
    try (Stream<Path> files = Files.list(data)) {
      return files
          .filter(file -> !file.endsWith("metakeyd.lock"))
          .filter(file -> kind.equals("*") || file.getFileName().toString().contains(kind))
          .toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(RecoveryTableTest::deleteFile);
    }
  }

  private static void deleteFile(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
