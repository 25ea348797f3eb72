package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.system.SystemCalls.Call;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.ResolveRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What one call costs the daemon, in counts, which a busy machine does not change. */
class CostIT {
  private static final int LOOK_UPS = 64;

  /** One after the other; there is a slot for each. */
  private static final int CLAIMS = 48;

  /** After this many changes, the database's log is synced too. */
  private static final int SYNCED_LOG = 32;

  /**
   * System calls: to learn that bytes came, read, write, and sometimes look whether there are more.
   */
  private static final double MOST_OF_A_LOOK_UP = 4;

  /** Those of a look-up, and to wake an event loop, check whose data it is, write and sync. */
  private static final double MOST_OF_A_CLAIM = 14;

  /** To replace each file in one step, and check who may change its directory. It was 31. */
  private static final double MOST_OF_A_PUBLICATION = 40;

  /** Bytes: a copy has all fields, and up to 32 changes. It was 9,700. */
  private static final int MOST_OF_A_COPY = 12_000;

  /** Bytes of the database and its log, for one change. It was 390. */
  private static final int MOST_OF_A_CHANGE = 600;

  @RegisterExtension final Host host = new Host();

  private DaemonProcess daemon;
  private Wiretap client;

  @BeforeEach
  void start() throws Exception {
    daemon = host.start();
    client = host.connect("edge");
    client.register(field(0)); // what is done once has been done
    lookUp(LOOK_UPS);
  }

  private static FieldSpec field(int number) {
    return Wiretap.field("edge.f" + number, 2);
  }

  private void lookUp(int times) {
    ResolveRequest request = ResolveRequest.newBuilder().addNames("edge.f0").build();
    for (int i = 0; i < times; i++) {
      assertThat(client.registry().resolve(request).getFieldsCount()).isEqualTo(1);
    }
  }

  private Predicate<Call> inData() {
    return call -> call.file().startsWith(host.data().toString());
  }

  private Predicate<Call> onCopy() {
    Path copy = host.data().resolve("state-copy");
    return call -> call.file().startsWith(copy.toString());
  }

  @Test
  void lookUp_whenWarm_takesFewSystemCalls() throws Exception {
    SystemCalls listening = SystemCalls.of(host, daemon);
    lookUp(LOOK_UPS);
    List<Call> calls = listening.stop();

    assertThat((double) calls.size() / LOOK_UPS)
        .as("system calls of %s look-ups: %s", LOOK_UPS, SystemCalls.byName(calls))
        .isBetween(2.0, MOST_OF_A_LOOK_UP);
  }

  @Test
  void claims_whenOneFollowsTheOther_takeFewSystemCalls() throws Exception {
    List<Call> calls = callsOfClaims();

    List<Call> answering = SystemCalls.only(calls, isPublisher().negate());
    assertThat((double) answering.size() / CLAIMS)
        .as("system calls of %s claims: %s", CLAIMS, SystemCalls.byName(answering))
        .isBetween(6.0, MOST_OF_A_CLAIM);
    List<Call> publishing = SystemCalls.only(calls, isPublisher());
    long publications = SystemCalls.count(publishing, call -> call.name().equals("rename"));
    assertThat(publications).isBetween(1L, (long) CLAIMS);
    assertThat((double) publishing.size() / publications)
        .as("system calls of %s publications: %s", publications, SystemCalls.byName(publishing))
        .isBetween(10.0, MOST_OF_A_PUBLICATION);
  }

  @Test
  void claims_whenOneFollowsTheOther_takeOneSyncEachAndFewBytes() throws Exception {
    List<Call> calls = callsOfClaims();

    assertThat(SystemCalls.count(calls, onCopy().and(Call::isSync))).isEqualTo(CLAIMS);
    long ofLog = SystemCalls.count(calls, inData().and(Call::isSync)) - CLAIMS;
    assertThat(ofLog).as("syncs of the log").isBetween(1L, 1L + CLAIMS / SYNCED_LOG);
    long copied = SystemCalls.bytes(calls, onCopy().and(Call::isWrite));
    assertThat(copied / CLAIMS).as("bytes of a copy").isBetween(500L, (long) MOST_OF_A_COPY);
    long others = SystemCalls.bytes(calls, inData().and(Call::isWrite)) - copied;
    assertThat(others / CLAIMS).as("bytes of a change").isBetween(50L, (long) MOST_OF_A_CHANGE);
  }

  private List<Call> callsOfClaims() throws Exception {
    SystemCalls listening = SystemCalls.of(host, daemon);
    for (int i = 1; i <= CLAIMS; i++) {
      client.register(field(i));
    }
    return listening.stop();
  }

  private static Predicate<Call> isPublisher() {
    return call -> call.thread().startsWith("registry-publis");
  }

  @Test
  void claim_whenItIsOfManyFields_isSyncedOnce() throws Exception {
    FieldSpec[] fields = IntStream.range(1, 21).mapToObj(CostIT::field).toArray(FieldSpec[]::new);
    SystemCalls listening = SystemCalls.of(host, daemon);
    client.register(fields);
    List<Call> calls = listening.stop();

    assertThat(SystemCalls.count(calls, inData().and(Call::isSync))).isEqualTo(1);
  }
}
