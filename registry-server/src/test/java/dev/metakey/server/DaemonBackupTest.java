package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.WatchEvent;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Loaded;
import dev.metakey.server.engine.FakePrograms;
import dev.metakey.server.storage.Backup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a running daemon, what they restore, and the mode in which nothing changes. */
@Timeout(60)
final class DaemonBackupTest {
  private static final Backup.Home ELSEWHERE = new Backup.Home(List.of(), "");

  @TempDir private Path directory;
  private final FakePrograms programs = new FakePrograms();

  private Daemon start(String data) throws Exception {
    return start(data, null);
  }

  private Daemon start(String data, @Nullable Path recoverFrom) throws Exception {
    Config config =
        new Config(
            new Config.Paths(
                directory.resolve(data + ".sock"),
                directory.resolve(data),
                directory.resolve(data + ".run"),
                "none",
                directory.resolve("keys.d")),
            Layout.SLOTTED,
            128,
            600_000,
            new Config.History(100_000, 1),
            Config.Publish.ALL);
    return new Daemon(Read.sound(config), programs, Read.sound(List.of()), false, recoverFrom);
  }

  private MetakeyClient connect(String data) {
    return MetakeyClient.builder()
        .socket(directory.resolve(data + ".sock"))
        .service("edge")
        .connect();
  }

  /** What the registry held at a revision, as its history tells. */
  private static List<Field> replay(List<Change> history, Snapshot last) {
    Snapshot state = Snapshot.of(last.info().withRevision(0), List.of());
    for (Change change : history) {
      if (change.revision() <= last.info().revision()) {
        state = state.with(state.info().withRevision(change.revision()), List.of(change));
      }
    }
    return state.records().stream().map(DaemonBackupTest::durable).toList();
  }

  /** A backup does not have what is not stored, and a message not what only the daemon goes by. */
  private static Field durable(Field field) {
    return field.toBuilder()
        .created(new Stamp(field.created().revision(), field.created().atMs()))
        .retired(new Stamp(field.retired().revision(), field.retired().atMs()))
        .build();
  }

  private void change(int worker, AtomicBoolean stop) {
    try (MetakeyClient client = connect("data")) {
      for (int i = 0; !stop.get(); i++) {
        String name = "w%d.f%d".formatted(worker, i % 8);
        client.register(List.of(FieldSpec.of(name, 2), FieldSpec.of(name + "_too", 2)));
        client.release(name);
      }
    }
  }

  @Test
  void backup_whileServicesRegister_isAlwaysAStateThatWasTrue() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    List<Snapshot> backups = new ArrayList<>();
    List<Change> history;
    byte[] last = {};
    try (Daemon daemon = start("data")) {
      assertThat(daemon).isNotNull();
      List<Thread> workers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        int worker = i;
        workers.add(new Thread(() -> change(worker, stop)));
        workers.get(i).start();
      }
      try (MetakeyClient client = connect("data")) {
        while (backups.size() < 50) {
          last = client.admin().backup().value();
          Snapshot backup = Backup.parse(last, ELSEWHERE).snapshot();
          if (backups.isEmpty()
              || backup.info().revision()
                  > backups.get(backups.size() - 1).info().revision()) { // else nothing happened
            backups.add(backup);
          }
        }
        stop.set(true);
        for (Thread worker : workers) {
          worker.join();
        }
        history = all(client);
      }
    }
    for (Snapshot backup : backups) {
      assertThat(backup.records().stream().map(DaemonBackupTest::durable))
          .as("revision %d", backup.info().revision())
          .containsExactlyElementsOf(replay(history, backup));
    }

    Snapshot restored = backups.get(backups.size() - 1);
    try (Daemon other = start("other");
        MetakeyClient client = connect("other")) {
      assertThat(other).isNotNull();
      client.admin().restore(last, false, false);
      for (Field field : restored.fields()) {
        if (field.is(FieldState.ACTIVE)) {
          assertThat(client.get(field.name()).value().toBuilder().created(field.created()).build())
              .isEqualTo(durable(field).toBuilder().created(field.created()).build());
        }
      }
    }
  }

  private static List<Change> all(MetakeyClient client) {
    List<Change> all = new ArrayList<>();
    long since = 0;
    do {
      var page = client.admin().history(since, "", 0).value();
      all.addAll(page.changes());
      since = page.nextSinceRevision();
    } while (since != 0);
    return all;
  }

  @Test
  void restore_whenDone_hasANewIdThatLastsAndAHistoryThatGoesOn() throws Exception {
    UUID before;
    UUID after;
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      client.register(FieldSpec.of("edge.hop", 2));
      byte[] backup = client.admin().backup().value();
      client.release("edge.hop");
      before = client.header().info().registryId();

      Answer<List<Change>> planned = client.admin().restore(backup, true, false);
      assertThat(planned.value()).extracting(Change::kind).containsExactly(ChangeKind.RECOVERED);
      assertThat(client.header().info().registryId()).isEqualTo(before);
      assertThat(client.get("edge.hop").value().state()).isEqualTo(FieldState.RETIRED);

      after = client.admin().restore(backup, false, false).info().registryId();
      assertThat(after).isNotEqualTo(before);
      assertThat(client.get("edge.hop").value().state()).isEqualTo(FieldState.ACTIVE);
      assertThat(all(client))
          .extracting(Change::kind)
          .containsExactly(ChangeKind.CREATED, ChangeKind.RELEASED, ChangeKind.RECOVERED);
    }
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      assertThat(client.header().info().registryId()).isEqualTo(after);
      assertThat(client.get("edge.hop").value().state()).isEqualTo(FieldState.ACTIVE);
      assertThat(all(client)).hasSize(3);
      assertThat(client.status().value().problems()).isEmpty();
    }
  }

  @Test
  void restore_whileSomebodyWatches_tellsTheStateUnderTheNewId() throws Exception {
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data");
        var watch = client.watch()) {
      assertThat(daemon).isNotNull();
      client.register(FieldSpec.of("edge.hop", 2));
      byte[] backup = client.admin().backup().value();
      client.release("edge.hop");

      UUID after = client.admin().restore(backup, false, false).info().registryId();

      WatchEvent event = watch.next();
      while (!(event instanceof WatchEvent.State state)
          || !state.snapshot().info().registryId().equals(after)) {
        assertThat(event).isNotInstanceOf(WatchEvent.Disconnected.class);
        event = watch.next();
      }
      client.register(FieldSpec.of("edge.zone", 2));
      assertThat(watch.next()).isInstanceOf(WatchEvent.Changes.class);
    }
  }

  @Test
  void restore_ofDamagedBytes_isRefusedAndChangesNothing() throws Exception {
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      client.register(FieldSpec.of("edge.hop", 2));
      byte[] backup = client.admin().backup().value();
      long revision = client.header().info().revision();
      for (int at : new int[] {0, backup.length / 2, backup.length - 3}) {
        byte[] damaged = backup.clone();
        damaged[at] ^= 1;
        assertThatThrownBy(() -> client.admin().restore(damaged, false, true))
            .isInstanceOfSatisfying(
                MetakeyException.class,
                e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST));
      }
      assertThatThrownBy(() -> client.admin().restore(new byte[5 << 20], false, true))
          .hasMessageContaining("more than");
      assertThatThrownBy(() -> client.admin().restore(new byte[0], false, true))
          .hasMessageContaining("empty");
      assertThat(client.header().info().revision()).isEqualTo(revision);
    }
  }

  @Test
  void recoverFrom_aBackup_whenTheDataIsGone_beginsWithIt() throws Exception {
    Path file = directory.resolve("a.backup");
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      client.register(FieldSpec.of("edge.hop", 2));
      Files.write(file, client.admin().backup().value());
    }
    try (Daemon daemon = start("other", file);
        MetakeyClient client = connect("other")) {
      assertThat(daemon).isNotNull();
      assertThat(client.get("edge.hop").value().owners()).isNotEmpty();
      assertThat(client.status().value().problems())
          .singleElement()
          .asString()
          .contains("a.backup");
    }
  }

  private static Reason refusal(Runnable call) {
    return catchThrowableOfType(MetakeyException.class, call::run).reason();
  }

  @Test
  void readOnly_whileItIsOn_refusesChangesAnswersTheRestAndOutlastsARestart() throws Exception {
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      client.register(FieldSpec.of("edge.hop", 2));

      assertThat(client.admin().readOnly(true, "moving the disk").value())
          .contains("moving the disk", "metakey read-only off");

      assertRefusesChanges(client);
    }
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      assertRefusesChanges(client);

      assertThat(client.admin().readOnly(false, "").value()).isEmpty();

      client.register(FieldSpec.of("edge.zone", 2));
      assertThat(client.status().value().problems()).isEmpty();
    }
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      client.release("edge.zone");
    }
  }

  private static void assertRefusesChanges(MetakeyClient client) {
    assertThat(client.register(FieldSpec.of("edge.hop", 2)).value().get(0).field().id()).isZero();
    assertThat(refusal(() -> client.register(FieldSpec.of("edge.zone", 2))))
        .isEqualTo(Reason.READ_ONLY);
    assertThat(refusal(() -> client.release("edge.hop"))).isEqualTo(Reason.READ_ONLY);
    assertThat(refusal(() -> client.admin().retag(true))).isEqualTo(Reason.READ_ONLY);
    assertThat(client.admin().backup().value()).isNotEmpty();
    assertThat(client.status().value().problems())
        .singleElement()
        .asString()
        .contains("moving the disk", "metakey read-only off");
  }

  @Test
  void restore_whileAProgramUsesAField_keepsTheField() throws Exception {
    try (Daemon daemon = start("data");
        MetakeyClient client = connect("data")) {
      assertThat(daemon).isNotNull();
      byte[] backup = client.admin().backup().value();
      client.register(FieldSpec.of("edge.hop", 2));
      client.register(FieldSpec.of("edge.zone", 2));
      programs.load(Loaded.program(7, Loaded.use("edge.hop", 2, Loaded.place(0, 18, 1))));

      client.admin().restore(backup, false, false);

      assertThat(client.get("edge.hop").value().state()).isEqualTo(FieldState.ACTIVE);
      assertThat(client.get("edge.zone").value().state()).isEqualTo(FieldState.RETIRED);
    }
  }
}
