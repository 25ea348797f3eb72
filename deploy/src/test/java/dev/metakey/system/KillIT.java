package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import dev.metakey.v1.Change;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.v1.RegistryInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The daemon is killed again and again, at random instants, while clients change the registry and
 * watchers follow: what was answered or told is never lost. {@code -Dmetakey.killRounds=N} makes it
 * longer or shorter.
 */
@LoadedPrograms.Seen
class KillIT {
  private static final int ROUNDS = Integer.getInteger("metakey.killRounds", 12);
  private static final int CLIENTS = 6;
  private static final int NAMES_EACH = 12;
  private static final int FOLLOWERS = 3;
  private static final int LONGEST_LIFE_MS = 300;

  @RegisterExtension final Host host = new Host().seeingPrograms();

  private final Outages outages = new Outages();

  @Test
  void registry_whenKilledUnderLoadAgainAndAgain_keepsWhatWasAnsweredAndTold() throws Exception {
    Random random = Seed.random("kill -9");
    host.configure("area: 216", "quarantine: 100ms", "history: {keep: 100000000}");
    Ledger ledger = new Ledger(CLIENTS, NAMES_EACH, random);
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Follower> followers = new ArrayList<>();
    long startNs = System.nanoTime();
    try {
      DaemonProcess daemon = host.start();
      ledger.check(host.connect());
      for (int i = 0; i < FOLLOWERS; i++) {
        followers.add(
            new Follower(() -> new Wiretap(host.socket(), "f"), ledger.registryId(), ledger));
      }
      List<Future<?>> following = new ArrayList<>();
      followers.forEach(follower -> following.add(threads.submit(follower)));
      MetakeyClient client =
          host.closeLater(MetakeyClient.builder().socket(host.socket()).connect());
      View view = client.view();
      for (int round = 0; round < ROUNDS; round++) {
        live(ledger, daemon, threads, random.nextInt(LONGEST_LIFE_MS));
        daemon = restart(random);
        ledger.check(host.connect());
      }
      RegistryInfo last = ledger.check(host.connect());
      compare(followers, following, last);
      Host.await(
          "the client's view is at " + last,
          () -> !view.isStale() && view.snapshot().info().revision() == last.getRevision());
      assertThat(view.snapshot().fields()).isEqualTo(client.list().value());
      System.out.printf(
          "kill -9: %d rounds, %d answered changes, %d revisions, followers resumed %d times, in %d s; %s%n",
          ROUNDS,
          ledger.answers(),
          last.getRevision(),
          followers.get(0).resumes(),
          TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs),
          outages);
    } finally {
      followers.forEach(Follower::stop);
      threads.shutdownNow();
    }
  }

  /** Changes the registry for a while, then kills the daemon in the middle of it. */
  private void live(Ledger ledger, DaemonProcess daemon, ExecutorService threads, int lifeMs)
      throws Exception {
    long before = ledger.answers();
    List<Future<?>> atWork = new ArrayList<>();
    List<Wiretap> connections = new ArrayList<>();
    for (Ledger.Client client : ledger.clients()) {
      Wiretap connection = new Wiretap(host.socket(), "killed");
      connections.add(connection);
      atWork.add(threads.submit(() -> client.run(connection)));
    }
    Host.await("the first answer", () -> ledger.answers() > before);
    Thread.sleep(lifeMs);
    daemon.kill();
    for (Future<?> client : atWork) {
      client.get(Wiretap.CALL_S, TimeUnit.SECONDS);
    }
    connections.forEach(Wiretap::close);
  }

  /** Starts it; now and then it is killed while it starts, too. */
  private DaemonProcess restart(Random random) throws Exception {
    while (random.nextInt(6) == 0) {
      DaemonProcess early = host.launch();
      Thread.sleep(random.nextInt(500));
      early.kill();
    }
    long deadNs = System.nanoTime();
    DaemonProcess next = host.start();
    outages.over(deadNs);
    return next;
  }

  private void compare(List<Follower> followers, List<Future<?>> following, RegistryInfo last)
      throws Exception {
    for (int i = 0; i < followers.size(); i++) {
      Follower follower = followers.get(i);
      Future<?> thread = following.get(i);
      Host.await(
          "a follower is told all of " + last,
          () -> {
            if (thread.isDone()) {
              thread.get(); // throws what the thread threw
            }
            return follower.revision() == last.getRevision();
          });
    }
    Wiretap connection = host.connect();
    long since = 0;
    do {
      ListHistoryResponse page =
          connection
              .admin()
              .listHistory(ListHistoryRequest.newBuilder().setSinceRevision(since).build());
      for (Change change : page.getChangesList()) {
        since++;
        assertThat(change.getRevision()).as("revisions in the history").isEqualTo(since);
        for (Follower follower : followers) {
          assertThat(follower.digest(since))
              .as("change %d as told and as kept", since)
              .isEqualTo(Follower.digest(change));
        }
      }
    } while (since < last.getRevision());
  }
}
