package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A restore that is killed in the middle: what comes back is the old state or the new one. */
class RestoreIT {
  private static final int MOST_CALLS = 60;
  private static final Set<String> SAVED = names("edge.saved");
  private static final Set<String> LATER = names("edge.later");

  @RegisterExtension final Host host = new Host();

  /**
   * @param registryId of the registry
   * @param active the names that resolve
   */
  private record Seen(UUID registryId, Set<String> active) {}

  private static Set<String> names(String start) {
    return Set.copyOf(IntStream.range(0, 10).mapToObj(i -> start + i).toList());
  }

  private MetakeyClient connect() {
    return MetakeyClient.builder().socket(host.socket()).service("edge").connect();
  }

  private static void register(MetakeyClient client, Set<String> names) {
    client.register(names.stream().sorted().map(name -> FieldSpec.of(name, 2)).toList());
  }

  /** Makes the state that is restored over: the later fields, and the saved ones retired. */
  private static Seen spoil(MetakeyClient client) {
    for (Field field : client.list("edge.saved", Set.of(FieldState.ACTIVE)).value()) {
      client.release(field.name());
    }
    register(client, LATER);
    return look(client);
  }

  private static Seen look(MetakeyClient client) {
    Answer<List<Field>> listed = client.list("edge.", Set.of(FieldState.ACTIVE));
    return new Seen(
        listed.info().registryId(), Set.copyOf(listed.value().stream().map(Field::name).toList()));
  }

  /** Kills the daemon when its writer begins its n-th call that changes a file. */
  private Process killAt(DaemonProcess daemon, int n) throws Exception {
    String calls = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,ftruncate";
    Process strace =
        host.process(
                List.of(
                    "strace",
                    "-p",
                    thread(daemon, "registry-writer"),
                    "-e",
                    "trace=" + calls,
                    "-e",
                    "inject=%s:signal=SIGKILL:when=%d".formatted(calls, n)))
            .redirectErrorStream(true)
            .start();
    host.closeLater(strace::destroyForcibly);
    String attached = strace.inputReader().readLine();
    assertThat(attached).as("what strace says").contains("attached");
    return strace;
  }

  private static String thread(DaemonProcess daemon, String name) throws IOException {
    return ProcessThreads.read(daemon.pid(), "comm").entrySet().stream()
        .filter(thread -> thread.getValue().strip().equals(name))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no thread " + name));
  }

  /** Restores; returns what changed, or null if there was no answer. */
  private static @Nullable List<Change> restore(MetakeyClient client, byte[] backup) {
    try {
      return client.admin().restore(backup, false, true).value();
    } catch (MetakeyException e) {
      return null;
    }
  }

  @Test
  void restore_whenKilledAtEachCallThatChangesAFile_isDoneOrNot() throws Exception {
    Requires.program("strace");
    DaemonProcess daemon = host.start();
    byte[] backup;
    try (MetakeyClient client = connect()) {
      register(client, SAVED);
      backup = client.admin().backup().value();
    }
    int done = 0;
    int undone = 0;
    boolean answered = false;
    for (int n = 1; !answered; n++) {
      assertThat(n).as("calls of one restore").isLessThan(MOST_CALLS);
      Seen before;
      try (MetakeyClient client = connect()) {
        before = spoil(client);
        killAt(daemon, n);
        answered = CompletableFuture.supplyAsync(() -> restore(client, backup)).join() != null;
      }
      daemon.kill();
      daemon = host.start();
      try (MetakeyClient client = connect()) {
        Seen after = look(client);
        if (after.registryId().equals(before.registryId())) {
          assertThat(after).as("killed at call %d", n).isEqualTo(before);
          assertThat(answered).as("a restore that was answered is lost").isFalse();
          undone++;
        } else {
          assertThat(after.active()).as("killed at call %d", n).isEqualTo(SAVED);
          assertThat(host.cli("status").exit()).isZero();
          done++;
        }
      }
    }
    System.out.printf("restore, killed at each call: %d times undone, %d done%n", undone, done);
    assertThat(undone).isPositive();
  }
}
