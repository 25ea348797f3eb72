package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Watchers that stop reading cost the daemon nothing, and the others nothing. */
class SlowWatcherIT {
  private static final int CHANGES = 30_000;
  private static final int STOPPED = 20;
  private static final long MAX_GROWTH_KB = 16 << 10;

  @RegisterExtension final Host host = new Host();

  @Test
  void watchers_whenTheyStopReading_costNothingAndAreToldTheWholeStateLater() throws Exception {
    host.set("METAKEY_JAVA_OPTS", "-Xmx32m");
    host.configure("area: 216");
    DaemonProcess daemon = host.start();
    Wiretap connection = host.connect();
    ExecutorService threads = Executors.newCachedThreadPool();
    Path printed = host.root().resolve("watch.jsonl");
    Process stopped =
        host.cliCommand("watch", "-o", "jsonl").redirectOutput(printed.toFile()).start();
    Follower other = null;
    try {
      change(connection, 4_000); // the daemon has warmed up
      Host.await("the watch prints", () -> Files.size(printed) > 0);
      List<Deaf> deaf = new ArrayList<>();
      for (int i = 0; i < STOPPED; i++) {
        deaf.add(new Deaf(host.connect()));
      }
      Host.await("all watch", () -> watching(connection) == STOPPED + 1);
      signal(stopped, "STOP");
      var info = connection.registry().list(ListRequest.getDefaultInstance()).getRegistry();
      other =
          new Follower(
              () -> new Wiretap(host.socket(), "f"),
              info.getRegistryId(),
              new Ledger(0, 0, Seed.random("slow")));
      Future<?> following = threads.submit(other);
      long beforeKb = daemon.memoryKb("VmRSS");

      long startNs = System.nanoTime();
      change(connection, CHANGES);
      long ms = (System.nanoTime() - startNs) / 1_000_000;

      long afterKb = daemon.memoryKb("VmRSS");
      System.out.printf(
          "slow watchers: %d changes in %d ms with %d stopped watchers; resident %d kB before, %d kB after, heap 32 MB%n",
          CHANGES, ms, STOPPED + 1, beforeKb, afterKb);
      long last =
          connection.registry().list(ListRequest.getDefaultInstance()).getRegistry().getRevision();
      Follower follower = other;
      Host.await(
          "the other watcher has all", () -> follower.revision() == last || following.isDone());
      assertThat(follower.revision()).isEqualTo(last);
      assertThat(afterKb - beforeKb).as("growth in kB").isLessThan(MAX_GROWTH_KB);

      for (Deaf watcher : deaf) {
        watcher.readUpTo(last);
      }
      signal(stopped, "CONT");
      Host.await(
          "the stopped process has all",
          () -> Files.readString(printed).contains("\"revision\":" + last));
      assertThat(
              Files.readString(printed)
                  .lines()
                  .filter(l -> l.contains("\"event\":\"state\""))
                  .count())
          .as("states that it was told")
          .isEqualTo(2);
    } finally {
      if (other != null) {
        other.stop();
      }
      stopped.destroyForcibly().waitFor();
      threads.shutdownNow();
    }
  }

  private static int watching(Wiretap connection) {
    return connection.registry().getStatus(GetStatusRequest.getDefaultInstance()).getWatching();
  }

  private static void signal(Process process, String name) throws Exception {
    Ran.of(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())), Host.PATIENCE)
        .ok();
  }

  /** Registers 64 names in one call and releases each, until there are so many changes. */
  private static void change(Wiretap connection, int count) throws Exception {
    FieldSpec[] names =
        IntStream.range(0, 64)
            .mapToObj(
                i ->
                    Wiretap.field("slow.n" + i, 2).toBuilder()
                        .setDescription("x".repeat(200))
                        .build())
            .toArray(FieldSpec[]::new);
    for (int made = 0; made < count; made += 2 * names.length) {
      connection.register(names);
      List<ListenableFuture<ReleaseResponse>> releases = new ArrayList<>();
      for (FieldSpec name : names) {
        releases.add(
            connection
                .futures()
                .release(ReleaseRequest.newBuilder().setName(name.getName()).build()));
      }
      Futures.allAsList(releases).get();
    }
  }

  /** A watch that asks for its first message and then for no more, until it is told to read on. */
  private static final class Deaf extends ClientCall.Listener<WatchResponse> {
    private final ClientCall<WatchRequest, WatchResponse> call;
    private volatile WatchResponse latest = WatchResponse.getDefaultInstance();
    private volatile int states;
    private volatile boolean reading;

    Deaf(Wiretap connection) {
      call = connection.channel().newCall(RegistryGrpc.getWatchMethod(), CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.sendMessage(WatchRequest.getDefaultInstance());
      call.halfClose();
      call.request(1);
    }

    void readUpTo(long revision) throws Exception {
      reading = true;
      call.request(1);
      Host.await(
          "the watch is at " + revision, () -> latest.getRegistry().getRevision() >= revision);
      assertThat(states).as("states that it was told").isEqualTo(2);
      call.cancel("read enough", null);
    }

    @Override
    public void onMessage(WatchResponse message) {
      long before = latest.getRegistry().getRevision();
      if (message.hasState()) {
        states = states + 1;
      } else {
        assertThat(message.getChanges().getChanges(0).getRevision()).isEqualTo(before + 1);
      }
      latest = message;
      if (reading) {
        call.request(1);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (!reading) {
        latest = WatchResponse.getDefaultInstance();
      }
    }
  }
}
