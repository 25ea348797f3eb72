package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Duration;
import dev.metakey.model.Reason;
import dev.metakey.v1.ChangeKind;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.WireErrors;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Starting, stopping, the passing of time, and moving to another layout or directory. */
class LifecycleIT {
  @RegisterExtension final Host host = new Host();

  @Test
  void daemon_whenTerminated_answersWhatIsInFlightAndSaysGoodbye() throws Exception {
    host.configure("area: 216");
    DaemonProcess daemon = host.start();
    Wiretap connection = host.connect();
    Iterator<WatchResponse> watch =
        RegistryGrpc.newBlockingStub(connection.channel()).watch(WatchRequest.getDefaultInstance());
    watch.next();
    ListenableFuture<ResolveResponse> waiting =
        connection
            .futures()
            .resolve(
                ResolveRequest.newBuilder()
                    .addNames("never.there")
                    .setWait(Duration.newBuilder().setSeconds(3600))
                    .build());
    List<ListenableFuture<RegisterResponse>> calls = new ArrayList<>();
    for (int i = 0; i < 640; i++) {
      FieldSpec spec = Wiretap.field("burst.n" + i % 64, 2);
      calls.add(
          connection.futures().register(RegisterRequest.newBuilder().addFields(spec).build()));
    }
    calls.get(0).get(); // the client holds most of the others back
    daemon.askToStop();
    Set<String> answered = new HashSet<>();
    int refused = 0;
    for (var call : calls) {
      try {
        answered.add(call.get().getResults(0).getField().getSpec().getName());
      } catch (ExecutionException e) {
        assertUnavailable(e.getCause());
        refused++;
      }
    }
    int exit = daemon.awaitExit();
    System.out.printf(
        "SIGTERM: %d answered, %d refused of 640 in flight%n", 640 - refused, refused);
    assertThat(exit).isZero();
    assertThat(host.socket()).doesNotExist();
    assertRefusedStop(waiting::get);
    int told = 0;
    try {
      while (watch.hasNext()) {
        told += watch.next().getChanges().getChangesCount();
      }
    } catch (StatusRuntimeException e) {
      assertThat(WireErrors.isRefusal(e)).as("the watch is told: %s", e).isTrue();
      assertThat(e).hasMessageContaining("stopping");
    }
    host.start();
    var after =
        host.connect().registry().list(ListRequest.newBuilder().setPrefix("burst.").build());
    assertThat(after.getFieldsList()).extracting(f -> f.getSpec().getName()).containsAll(answered);
    assertThat(told).as("changes that the watch was told").isEqualTo(after.getFieldsCount());
  }

  private interface Call {
    Object get() throws Exception;
  }

  private void assertRefusedStop(Call call) throws Exception {
    try {
      throw new AssertionError("answered " + call.get());
    } catch (ExecutionException e) {
      var status = (StatusRuntimeException) e.getCause();
      assertThat(WireErrors.isRefusal(status)).as("%s", status).isTrue();
      assertThat(WireErrors.fromStatus(status).reason()).isEqualTo(Reason.UNAVAILABLE);
      assertThat(status).hasMessageContaining("stopping");
    }
  }

  /**
   * Refused, or sent too late: a client that gets no processor for a while may still hold calls
   * back when the daemon has ended the connection.
   */
  private void assertUnavailable(Throwable failure) {
    var refusal = WireErrors.fromStatus((StatusRuntimeException) failure);
    assertThat(refusal.reason()).as("%s", failure).isEqualTo(Reason.UNAVAILABLE);
  }

  @Test
  void registry_whenTheDaemonIsStoppedOrKilled_isTheSameAfterwards() throws Exception {
    DaemonProcess first = host.start();
    host.cli("register", "edge.packet_id:8", "edge.zone:2", "--description", "what, \"and\" why")
        .ok();
    host.cli("release", "edge.zone").ok();
    String before = host.cli("list", "-o", "json").ok().out();
    assertThat(first.terminate()).isZero();
    assertThat(host.socket()).doesNotExist();
    DaemonProcess second = host.start();
    assertThat(host.cli("list", "-o", "json").ok().out()).isEqualTo(before);
    second.kill();
    assertThat(host.socket()).as("the dead one's socket").exists();
    host.start();
    assertThat(host.cli("list", "-o", "json").ok().out()).isEqualTo(before);
  }

  @Test
  void publishedFiles_whenTheDaemonIsGone_answerAndSayThatTheyAreStale() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.packet_id:8", "edge.zone:2").ok();
    host.connect().awaitPublished();
    daemon.kill();
    assertThat(host.run().resolve("keys")).content().contains("0\tedge.packet_id");
    for (String verb :
        List.of("resolve edge.packet_id", "list", "id edge.zone", "show edge.zone", "header")) {
      Ran ran = host.cli(verb.split(" ")).ok();
      assertThat(ran.err()).as(verb).contains("stale", "revision 2");
    }
    assertThat(host.cli("id", "edge.zone").out()).isEqualTo("1\n");
    assertThat(host.cli("list", "-o", "json").out()).contains("\"stale\": true");
    host.cli("resolve", "edge.unknown").refuses(8, host.socket().toString(), "edge.unknown");
    host.cli("register", "edge.new:2", "--timeout", "100ms").refuses(8, host.socket().toString());
    host.cli("release", "edge.zone").refuses(8, host.socket().toString());
    host.cli("status").refuses(8, host.socket().toString(), "start metakeyd");
    host.start();
    assertThat(Ran.unhurried(host.cli("id", "edge.zone").ok().err())).isEmpty();
  }

  /** The whole state is in the pipe before its reader goes, so that no later write could fail. */
  @Test
  void watch_whenItsReaderIsGone_endsThoughNothingChanges() throws Exception {
    host.start();
    String watch = host.image().bin("metakey") + " watch -o name | (read first; sleep 2)";
    List<String> shell = List.of("bash", "-c", watch + "; exit ${PIPESTATUS[0]}");

    Ran.of(host.process(shell), Host.PATIENCE).exits(141);
  }

  @Test
  @LoadedPrograms.Seen
  void ids_whenTheQuarantineIsOver_areGivenAwayAgain() throws Exception {
    Lab.awaitNoneLoaded();
    host.seeingPrograms().configure("area: 216", "quarantine: 4s");
    host.start();
    Wiretap connection = host.connect();
    connection.register(
        IntStream.range(0, 64).mapToObj(i -> Wiretap.field("n" + i, 2)).toArray(FieldSpec[]::new));
    connection.release("n7");
    Wiretap.refused(
        Reason.NO_FREE_ID,
        () -> connection.register(Wiretap.field("next", 2)),
        "1 of them retired");
    Wiretap.refused(Reason.NOT_FOUND, () -> resolve(connection, "n7"), "retired");
    Host.await(
        "the quarantine is over", () -> last(connection).equals(ChangeKind.CHANGE_KIND_FREED));
    var field = connection.register(Wiretap.field("next", 2)).getResults(0).getField();
    assertThat(field.getId()).isEqualTo(7);
    assertThat(field.getGeneration()).isEqualTo(2);
    Wiretap.refused(Reason.NO_FREE_ID, () -> connection.register(Wiretap.field("n7", 2)));
    var old = ReleaseRequest.newBuilder().setName("next").setGeneration(1).build();
    Wiretap.refused(Reason.WRONG_GENERATION, () -> connection.registry().release(old));
  }

  private static ChangeKind last(Wiretap connection) {
    var changes =
        connection.admin().listHistory(ListHistoryRequest.getDefaultInstance()).getChangesList();
    return changes.get(changes.size() - 1).getKind();
  }

  private static ResolveResponse resolve(Wiretap connection, String name) {
    return connection.registry().resolve(ResolveRequest.newBuilder().addNames(name).build());
  }

  @Test
  void fields_whenTheirTtlIsNotRenewed_expire() throws Exception {
    host.start();
    host.cli("register", "short.lived:8", "--ttl", "1s").ok();
    Wiretap connection = host.connect();
    Host.await("it expires", () -> last(connection).equals(ChangeKind.CHANGE_KIND_EXPIRED));
    host.cli("resolve", "short.lived").refuses(3, "short.lived", "retired");
    Ran back = host.cli("register", "short.lived:8", "--ttl", "1s", "-o", "json").ok();
    assertThat(back.out()).contains("\"existing\"", "\"active\""); // at once, as it expires again
  }

  @Test
  void reservations_inFiles_areTakenOnAndConflictsAreReported() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.packet_id:8").ok(); // id 0
    assertThat(daemon.terminate()).isZero();
    Files.createDirectory(host.keysDirectory());
    Path file = host.keysDirectory().resolve("edge.yaml");
    Files.writeString(
        file,
        """
        reserve:
          - {name: legacy.mark, id: 63, size: 4, foreign: true}
          - {name: edge.zone, id: 5, size: 2}
          - name: edge.other
            id: 0
            size: 8
          - {name: edge.packet_id, id: 9, size: 8}
        """);
    daemon = host.start();
    Ran status = host.cli("status").exits(10);
    assertThat(status.out()).contains(file + ":4", file + ":7", "edge.other", "edge.packet_id");
    assertThat(host.cli("id", "legacy.mark").ok().out()).isEqualTo("63\n");
    assertThat(host.cli("id", "edge.packet_id").ok().out()).isEqualTo("0\n");
    host.cli("resolve", "edge.zone").refuses(3, "edge.zone", "reserved");
    host.cli("register", "edge.zone:4")
        .refuses(4, "edge.zone", "size is 2, asked for 4", file + ":3");
    host.cli("register", "edge.zone:2").ok();
    assertThat(host.cli("id", "edge.zone").ok().out()).isEqualTo("5\n");
    host.cli("reserve", "admins.own", "--id", "5", "--size", "2").refuses(4, "edge.zone", "id 5");

    Files.delete(file);
    daemon.terminate();
    host.start();
    host.cli("status").ok();
    host.cli("resolve", "legacy.mark").exits(3);
    assertThat(host.cli("id", "edge.zone").ok().out()).isEqualTo("5\n");
  }

  @Test
  void layout_whenTheConfigAsksForAnother_waitsForARebootOrAWord() throws Exception {
    host.configure("layout: slotted");
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.packet_id:8").ok();
    daemon.terminate();
    host.configure("layout: packed", "area: 216");
    daemon = host.start();
    assertThat(host.cli("status").exits(10).out())
        .contains("layout packed", "reboot", "--nothing-loaded");
    assertThat(info().getAreaBytes()).isEqualTo(128);
    assertThat(host.cli("show", "edge.packet_id").ok().out())
        .contains("24 bytes before the packet");
    daemon.terminate();
    daemon = host.start("--nothing-loaded");
    host.cli("status").ok();
    assertThat(info().getAreaBytes()).isEqualTo(216);
    assertThat(slot("edge.packet_id")).isZero();
    daemon.terminate();
    host.configure("area: 24");
    daemon = host.start("--nothing-loaded");
    assertThat(slot("edge.packet_id")).isEqualTo(24);
    daemon.terminate();
    host.configure("layout: packed");
    daemon = host.start("--nothing-loaded");
    host.cli("register", "edge.another:8").ok();
    daemon.terminate();
    host.configure("area: 24"); // there is room for one
    host.runDaemon("--check").refuses(2, "edge.another", "area 24");
    daemon = host.start("--nothing-loaded");
    assertThat(host.cli("status").exits(10).out())
        .contains("edge.another", "area 24, and that cannot be taken on", "keeps layout packed");
    host.cli("resolve", "edge.packet_id", "edge.another").ok();
    daemon.terminate();
    host.configure("layout: packed");
    host.runDaemon("--check").ok();
    host.start();
    host.cli("status").ok();
  }

  @Test
  void start_whenTheConfigIsWrong_servesWhatIsKnownAndChangesNothing() throws Exception {
    DaemonProcess daemon = host.start();
    host.cli("register", "edge.packet_id:8").ok();
    daemon.terminate();
    host.configure("programs: none", "quarantine: banana");
    daemon = host.start();

    assertThat(host.cli("id", "edge.packet_id").ok().out()).isEqualTo("0\n");
    host.cli("register", "edge.packet_id:8").ok();
    host.cli("register", "edge.new:8").refuses(7, host.config() + ":", "banana", "--check");
    assertThat(host.cli("status").exits(10).out()).contains("read-only", "banana");
    daemon.terminate();
    host.configure("programs: none");
    host.start();
    host.cli("register", "edge.new:8").ok();
  }

  private RegistryInfo info() {
    return host.connect().registry().list(ListRequest.getDefaultInstance()).getRegistry();
  }

  private int slot(String name) {
    var request = GetRequest.newBuilder().setName(name).build();
    return host.connect().registry().get(request).getField().getSlot();
  }

  @Test
  void image_whenMovedAndCalledThroughALink_works() throws Exception {
    host.use(host.image().copyTo(host.root().resolve("another place/meta key")));
    Path link = host.root().resolve("bin");
    Files.createDirectory(link);
    for (String program : List.of("metakey", "metakeyd")) {
      Files.createSymbolicLink(link.resolve(program), host.image().bin(program));
    }
    host.use(new Image(host.root()));
    host.start();
    host.cli("register", "edge.packet_id:8").ok();
    assertThat(host.cli("id", "edge.packet_id").ok().out()).isEqualTo("0\n");
    assertThat(host.cli("--version").ok().out()).startsWith("metakey ");
    assertThat(host.runDaemon("--version").ok().out()).startsWith("metakeyd ");
  }

  @Test
  void users_whoAreNoAdmins_mayRegisterAndOnlyReleaseTheirOwn() throws Exception {
    Requires.nobody();
    host.use(host.image().copyTo(host.root().resolve("image")));
    host.start();
    host.cli("register", "roots.own:8", "--shared").ok();
    Ran registered = host.cliAsNobody("register", "nobodys.own:8").ok();
    assertThat(registered.out()).contains("uid 65534");
    host.cliAsNobody("resolve", "roots.own", "nobodys.own").ok();
    host.cliAsNobody("list").ok();
    host.cliAsNobody("status").ok();
    host.cliAsNobody("release", "roots.own").refuses(5, "roots.own", "uid 0", "uid 65534");
    host.cliAsNobody("register", "roots.own:8").refuses(4, "roots.own", "uid 0", "shared");
    for (String verb :
        List.of(
            "reserve an.id --id 9 --size 2",
            "unreserve roots.own",
            "undelete roots.own",
            "history",
            "pending")) {
      host.cliAsNobody(verb.split(" ")).refuses(5, "admin", "uid 65534");
    }
    host.cliAsNobody("register", "roots.own:8", "--shared").ok(); // joins
    host.cliAsNobody("release", "roots.own").ok(); // leaves
    host.cliAsNobody("release", "nobodys.own").ok();
    host.cli("resolve", "roots.own").ok();
    Wiretap root = host.connect();
    var bad = ReserveRequest.newBuilder().setSpec(Wiretap.field("roots.own", 8)).setId(9).build();
    Wiretap.refused(Reason.ID_TAKEN, () -> root.admin().reserve(bad), "roots.own");
  }

  @Test
  void services_whenTheyTakeOneNameByAccident_areToldApart() throws Exception {
    Requires.claimedServices();
    host.start();
    host.cli("register", "edge.packet_id:8", "--service", "edge-xdp").ok();
    host.cli("register", "edge.packet_id:8", "--service", "other")
        .refuses(4, "edge.packet_id", "edge-xdp (uid 0)", "other (uid 0)", "shared");
    host.cli("register", "edge.packet_id:8", "--service", "edge-xdp").ok();
    host.cli("register", "trace.id:8", "--shared", "--service", "a").ok();
    host.cli("register", "trace.id:8", "--shared", "--service", "b").ok();
    host.cli("register", "trace.id:8", "--shared", "--format", "hex", "--service", "c")
        .refuses(4, "format is dec, asked for hex");
  }
}
