package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.domain.Transfer;
import dev.metakey.server.domain.Undelete;
import dev.metakey.system.Calls.Asked;
import dev.metakey.system.Calls.Call;
import dev.metakey.system.Calls.Outcome;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListHistoryResponse;
import dev.metakey.wire.Replies;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Many clients change and read the same names at once, and the daemon is killed again and again:
 * what they were answered is what the rules say for one after another ({@link Linearization}).
 * {@code -Dmetakey.linearRounds=N} makes it longer or shorter.
 */
class LinearizabilityIT {
  private static final int ROUNDS = Integer.getInteger("metakey.linearRounds", 6);
  private static final int CLIENTS = 8;
  private static final int CALLS_EACH = 150;
  private static final int LONGEST_LIFE_MS = 300;
  private static final int AREA = 216;

  /** More than there are ids, so that ids change hands, and run out. */
  private static final int NAMES = 70;

  @RegisterExtension final Host host = new Host();

  private final List<Call> made = new ArrayList<>();
  private final List<Calls> clients = new ArrayList<>();
  private final AtomicLong answers = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Outages outages = new Outages();
  private int uid;
  private RegistryState first;
  private Rules rules;
  private List<Change> history;

  @Test
  void calls_ofManyClientsUnderKills_areLikeCallsOneAfterAnother() throws Exception {
    Random random = Seed.random("linearizability");
    uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    host.configure("area: " + AREA, "quarantine: 1h", "history: {keep: 100000000}");
    DaemonProcess daemon = host.start();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(Calls.first("client" + i, host.connect("client" + i), made));
    }
    try {
      for (int round = 0; round < ROUNDS; round++) {
        daemon = round % 3 == 0 ? work(daemon, random) : workUntilKilled(daemon, random);
      }
    } finally {
      threads.shutdownNow();
    }
    Calls end = clients.get(0).on(host.connect("client0"));
    assertThat(end.make(new Asked.Change(new Release("owner.client0", 0)))).isTrue();
    made.addAll(end.made());
    RegistryInfo info = Replies.info(page(0).getRegistry());
    first =
        new RegistryState(
            Snapshot.empty(info.registryId(), info.layout(), info.areaBytes()), "this boot");
    rules = new Rules(TimeUnit.HOURS.toMillis(1), uid);
    history = history();

    int placed = Linearization.check(first, rules, made, history);

    System.out.printf(
        "linearizability: %d rounds, %d calls, %d unanswered, %d refused, %d changes, %d calls placed; %s%n",
        ROUNDS,
        made.size(),
        made.stream().filter(call -> call.outcome() instanceof Outcome.Unknown).count(),
        made.stream().filter(call -> call.outcome() instanceof Outcome.Refused).count(),
        history.size(),
        placed,
        outages);
    assertThat(history)
        .extracting(Change::kind)
        .contains(
            ChangeKind.CREATED,
            ChangeKind.RELEASED,
            ChangeKind.FREED,
            ChangeKind.RESTORED,
            ChangeKind.TRANSFERRED);
    requireTheCheckToNotice();
  }

  /** Has every client make some calls. */
  private DaemonProcess work(DaemonProcess daemon, Random random) throws Exception {
    made.addAll(endOf(start(CALLS_EACH, random)));
    return daemon;
  }

  /** Kills the daemon in the middle of it, and starts another. */
  private DaemonProcess workUntilKilled(DaemonProcess daemon, Random random) throws Exception {
    long before = answers.get();
    List<Future<List<Call>>> atWork = start(Integer.MAX_VALUE, random);
    Host.await("clients are answered", () -> answers.get() > before + CLIENTS);
    Thread.sleep(random.nextInt(LONGEST_LIFE_MS));
    daemon.kill();
    long deadNs = System.nanoTime();
    for (Call call : endOf(atWork)) {
      made.add(call.outcome() instanceof Outcome.Unknown ? call.endingAt(deadNs) : call);
    }
    DaemonProcess next = host.start("--nothing-loaded"); // frees the ids that are retired
    outages.over(deadNs);
    Owner daemonItself = new Owner(uid, "metakeyd");
    Start start = new Start("this boot", Layout.SLOTTED, AREA, true, Tag.NONE);
    made.add(
        new Call(
            daemonItself,
            new Asked.Change(start),
            new Outcome.Unknown(),
            deadNs,
            System.nanoTime()));
    return next;
  }

  private List<Future<List<Call>>> start(int calls, Random random) {
    List<Future<List<Call>>> atWork = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      Random own = new Random(random.nextLong());
      Calls client = clients.get(i).on(new Wiretap(host.socket(), "client" + i));
      atWork.add(threads.submit(() -> run(client, calls, own)));
    }
    return atWork;
  }

  private static List<Call> endOf(List<Future<List<Call>>> atWork) throws Exception {
    List<Call> all = new ArrayList<>();
    for (Future<List<Call>> client : atWork) {
      all.addAll(client.get(Wiretap.CALL_S, TimeUnit.SECONDS));
    }
    return all;
  }

  private List<Call> run(Calls client, int calls, Random random) {
    boolean lives = true;
    for (int i = 0; i < calls && lives; i++) {
      lives = client.make(anything(random));
      answers.incrementAndGet();
    }
    client.close();
    return client.made();
  }

  private Asked anything(Random random) {
    String name = name(random);
    return switch (random.nextInt(12)) {
      case 0, 1, 2, 3 -> Calls.register(fields(random));
      case 4, 5 -> new Asked.Change(new Release(name, 0));
      case 6 -> new Asked.Change(new Release(name, 0, false, true));
      case 7 -> new Asked.Change(new Release(name, 1 + random.nextInt(3)));
      case 8 -> new Asked.Change(new Undelete(name));
      case 9 -> new Asked.Change(new Transfer(name, clients.get(random.nextInt(CLIENTS)).self()));
      case 10 -> new Asked.Everything();
      default -> new Asked.Resolve(List.of(name, name(random)));
    };
  }

  private static String name(Random random) {
    return "n" + random.nextInt(NAMES);
  }

  /** One to three different names; every third name is for all, and a few are of another size. */
  private static List<FieldSpec> fields(Random random) {
    return random
        .ints(1 + random.nextInt(3), 0, NAMES)
        .distinct()
        .mapToObj(
            i -> {
              FieldSpec field = FieldSpec.of("n" + i, random.nextInt(20) == 0 ? 4 : 2);
              return i % 3 == 0 ? field.shared() : field;
            })
        .toList();
  }

  private ListHistoryResponse page(long since) {
    return host.connect()
        .admin()
        .listHistory(ListHistoryRequest.newBuilder().setSinceRevision(since).build());
  }

  private List<Change> history() {
    List<Change> all = new ArrayList<>();
    long since = 0;
    do {
      ListHistoryResponse page = page(since);
      page.getChangesList().forEach(change -> all.add(Replies.change(change)));
      since = page.getNextSinceRevision();
    } while (since != 0);
    assertThat(all)
        .extracting(Change::revision)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, all.size()).mapToObj(Long::valueOf).toList());
    return all;
  }

  /** Falsifies what happened in one way after another: the check is worth what it notices. */
  private void requireTheCheckToNotice() {
    Call last = made.get(made.size() - 1);
    Outcome.Answered answer = (Outcome.Answered) last.outcome();
    List<Change> lost = history.subList(0, history.size() - 1);
    assertNoticed("a change that was answered and is lost", made, lost);

    List<Object> other = new ArrayList<>(answer.result());
    other.add(other.get(0));
    Outcome wrong = new Outcome.Answered(answer.revision(), other);
    assertNoticed("an answer that is not true", replaced(last, last.with(wrong)), history);

    Outcome early = new Outcome.Answered(answer.revision() - 1, answer.result());
    assertNoticed("an answer before its time", replaced(last, last.with(early)), history);

    Outcome refused = new Outcome.Refused(Reason.NOT_PERMITTED);
    assertNoticed("a refusal for no reason", replaced(last, last.with(refused)), history);

    Call read = made.get(0);
    Call stale =
        new Call(read.by(), read.asked(), read.outcome(), last.endNs() + 1, last.endNs() + 2);
    assertNoticed("an answer from long before the call", replaced(read, stale), history);
  }

  private List<Call> replaced(Call call, Call by) {
    List<Call> all = new ArrayList<>(made);
    all.set(all.indexOf(call), by);
    return all;
  }

  private void assertNoticed(String what, List<Call> calls, List<Change> changes) {
    assertThatThrownBy(() -> Linearization.check(first, rules, calls, changes))
        .as(what)
        .isInstanceOf(AssertionError.class);
  }
}
