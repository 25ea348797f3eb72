package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.v1.Change;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.Owner;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.User;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import io.grpc.stub.BlockingClientCall;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A watcher that stops reading costs the daemon nothing, and gets the whole state when it reads.
 */
class SlowWatcherIT {
  private static final int SERVICES = 8;
  private static final int FIELDS_OF_EACH = 7;
  private static final int ROUNDS = 215;
  private static final int CHANGES = SERVICES * FIELDS_OF_EACH * (1 + 2 * ROUNDS);

  /**
   * Every change carries it twice, so that all changes together do not fit into the daemon's heap.
   */
  private static final String DESCRIPTION = "x".repeat(255);

  @RegisterExtension final Host host = new Host();

  @Test
  void daemon_whenAWatcherStopsReading_doesNotGrowAndTellsItTheState() throws Exception {
    host.set("METAKEY_JAVA_OPTS", "-Xmx16m");
    DaemonProcess daemon = host.start();
    BlockingClientCall<?, WatchResponse> stuck = watch();
    assertThat(stuck.read().hasState()).isTrue();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Future<Long> brisk = threads.submit(() -> follow(watch()));
      long beforeKb = daemon.memoryKb("VmRSS");
      churn(threads);
      System.out.printf(
          "slow watcher: resident %d kB before and %d kB after %d changes; heap at most 16 MB%n",
          beforeKb, daemon.memoryKb("VmRSS"), CHANGES);
      assertThat(brisk.get()).as("told the one who reads").isEqualTo(CHANGES);
    } finally {
      threads.shutdownNow();
    }
    assertThat(daemon.isAlive()).as("metakeyd lives: %s", daemon.log()).isTrue();
    assertThat(readToTheEnd(stuck)).as("whole states told the one who did not read").isPositive();
  }

  private BlockingClientCall<?, WatchResponse> watch() {
    return RegistryGrpc.newBlockingV2Stub(host.connect().channel())
        .watch(WatchRequest.getDefaultInstance());
  }

  /** Every service registers and releases its fields again and again: each is a change. */
  private void churn(ExecutorService threads) throws Exception {
    int uid = (int) Files.getAttribute(host.root(), "unix:uid");
    List<Callable<Void>> services = new ArrayList<>();
    for (int i = 0; i < SERVICES; i++) {
      FieldSpec[] fields = fields("slow.n" + i);
      User service = User.newBuilder().setUid(uid).setClaim("service-" + i).build();
      ReleaseAllRequest release =
          ReleaseAllRequest.newBuilder().setWhose(Owner.newBuilder().setUser(service)).build();
      Wiretap connection = host.connect("service-" + i);
      services.add(
          () -> {
            connection.register(fields);
            for (int round = 0; round < ROUNDS; round++) {
              connection.admin().releaseAll(release);
              connection.register(fields);
            }
            return null;
          });
    }
    for (Future<Void> done : threads.invokeAll(services)) {
      done.get();
    }
  }

  private static FieldSpec[] fields(String prefix) {
    return IntStream.range(0, FIELDS_OF_EACH)
        .mapToObj(i -> Wiretap.field(prefix + "." + (char) ('a' + i), 2))
        .map(field -> field.toBuilder().setDescription(DESCRIPTION).build())
        .toArray(FieldSpec[]::new);
  }

  /**
   * Reads until all changes are told, and returns the last revision; a whole state may replace
   * some.
   */
  private static long follow(BlockingClientCall<?, WatchResponse> stream) throws Exception {
    long reached = 0;
    while (reached < CHANGES) {
      reached = accept(stream.read(), reached);
    }
    return reached;
  }

  /** How many whole states come after the changes that were under way. */
  private static int readToTheEnd(BlockingClientCall<?, WatchResponse> stream) throws Exception {
    long reached = 0;
    int states = 0;
    while (reached < CHANGES) {
      WatchResponse message = stream.read();
      states += message.hasState() ? 1 : 0;
      reached = accept(message, reached);
    }
    return states;
  }

  private static long accept(WatchResponse message, long reached) {
    long next = reached;
    for (Change change : message.getChanges().getChangesList()) {
      assertThat(change.getRevision()).as("the next change").isEqualTo(next + 1);
      next++;
    }
    long told = message.getRegistry().getRevision();
    if (message.hasChanges()) {
      assertThat(told).isEqualTo(next);
    }
    return told;
  }
}
