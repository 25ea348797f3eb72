package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.Format;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.v1.WatchRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Whatever users and clients get wrong gets one clear error with a stable reason and changes
 * nothing, both through the command line and past all checks of the client.
 */
class BadInputIT {
  private static final List<String> BAD_NAMES =
      List.of(
          "",
          "a".repeat(64),
          "Edge.id",
          "edge id",
          "edge\0id",
          "édge",
          "edge.ïd",
          "名前",
          "9edge",
          ".edge",
          "edge.",
          "a..b",
          "_a",
          "a-b",
          "kernel.x",
          "kernel.rx_hash");

  @RegisterExtension static final Host host = new Host();

  private static Wiretap daemon;
  private static RegistryInfo before;

  @BeforeAll
  static void startWithOneField() throws Exception {
    host.configure("area: 216");
    host.start();
    daemon = host.connect();
    daemon.register(Wiretap.field("edge.packet_id", 8));
    before = info();
  }

  private static RegistryInfo info() {
    return daemon.registry().list(ListRequest.getDefaultInstance()).getRegistry();
  }

  @AfterEach
  void nothingIsChanged() {
    assertThat(info()).as("the registry afterwards").isEqualTo(before);
  }

  @Test
  void names_whenBad_areRefusedByTheDaemonForEveryCall() {
    for (String name : BAD_NAMES) {
      FieldSpec spec = Wiretap.field(name, 8);
      Wiretap.refused(Reason.INVALID_NAME, () -> daemon.register(spec));
      Wiretap.refused(Reason.INVALID_NAME, () -> daemon.release(name));
      ReserveRequest reserve = ReserveRequest.newBuilder().setSpec(spec).setId(9).build();
      Wiretap.refused(Reason.INVALID_NAME, () -> daemon.admin().reserve(reserve));
      if (!name.startsWith("kernel.")) {
        Wiretap.refused(Reason.INVALID_NAME, () -> resolve(name));
        GetRequest get = GetRequest.newBuilder().setName(name).build();
        Wiretap.refused(Reason.INVALID_NAME, () -> daemon.registry().get(get));
      }
    }
    Wiretap.refused(
        Reason.INVALID_NAME,
        () -> daemon.register(Wiretap.field("a".repeat(64), 8)),
        "64 bytes",
        "1-63 bytes");
    Wiretap.refused(
        Reason.INVALID_NAME,
        () -> daemon.register(Wiretap.field("a\0b", 8)),
        "'a\\u{0}b'",
        "byte 1");
    Wiretap.refused(
        Reason.INVALID_NAME, () -> daemon.register(Wiretap.field("kernel.x", 8)), "'kernel.'");
  }

  @Test
  void names_whenBad_areRefusedByTheCommandLine() throws Exception {
    for (String name :
        List.of("", "a".repeat(64), "Edge.id", "edge id", "édge", "9edge", ".edge")) {
      host.cli("register", name, "--size", "8").refuses(2, "name", "1-63 bytes", "[a-z][a-z0-9_]*");
    }
    host.cli("register", "kernel.x", "--size", "8").refuses(2, "'kernel.x'", "another prefix");
    host.cli("resolve", "Edge.id").refuses(2, "'Edge.id'", "1-63 bytes");
    host.cli("release", "9edge").refuses(2, "'9edge'", "1-63 bytes");
    host.cli("id", "a b").refuses(2, "'a b'", "1-63 bytes");
  }

  @Test
  void sizes_whenBad_areRefused() throws Exception {
    for (int size : new int[] {0, 1, 3, 16, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      MetakeyException refusal =
          Wiretap.refused(
              Reason.INVALID_SIZE,
              () -> daemon.register(Wiretap.field("bad.size", size)),
              Integer.toString(size),
              "2, 4 or 8");
      assertThat(refusal.facts()).containsEntry("size", Integer.toString(size));
    }
    for (String size : List.of("0", "1", "3", "16", "-1")) {
      host.cli("register", "bad.size", "--size=" + size).refuses(2, "size " + size, "2, 4 or 8");
    }
    host.cli("register", "bad.size", "--size", "big").refuses(2, "'big'");
    host.cli("register", "bad.size").refuses(2, "size", "2, 4 or 8");
  }

  @Test
  void attributes_whenBad_areRefused() throws Exception {
    FieldSpec good = Wiretap.field("bad.attribute", 8);
    List<FieldSpec> bad =
        List.of(
            good.toBuilder().setDescription("x".repeat(256)).build(),
            good.toBuilder().setDescription("two\nlines").build(),
            good.toBuilder().setFormat(Format.FORMAT_IPV4).build(),
            good.toBuilder().setSize(4).setFormat(Format.FORMAT_MAC).build(),
            good.toBuilder().setTtl(Duration.newBuilder().setNanos(999_000_000)).build(),
            good.toBuilder().setTtl(Duration.newBuilder().setSeconds(367 * 86_400)).build(),
            good.toBuilder().setTtl(Duration.newBuilder().setSeconds(-5)).build(),
            good.toBuilder().setTtl(Duration.newBuilder().setSeconds(5).setNanos(1)).build(),
            good.toBuilder().setTtl(Duration.newBuilder().setSeconds(Long.MAX_VALUE)).build());
    for (FieldSpec spec : bad) {
      Wiretap.refused(Reason.INVALID_ATTRIBUTE, () -> daemon.register(spec), "bad.attribute");
    }
    for (FieldSpec spec :
        List.of(
            good.toBuilder().setFormatValue(99).build(),
            good.toBuilder().setMergeValue(99).build(),
            good.toBuilder().setSharingValue(99).build())) {
      Wiretap.refused(Reason.INVALID_REQUEST, () -> daemon.register(spec), "not known");
    }
    host.cli("register", "bad.attribute:8", "--format", "ipv4").refuses(2, "ipv4", "size 4");
    host.cli("register", "bad.attribute:8", "--format", "roman").refuses(2, "roman", "hex");
    host.cli("register", "bad.attribute:8", "--merge", "mix").refuses(2, "mix", "keep_first");
    host.cli("register", "bad.attribute:8", "--ttl", "1y").refuses(2, "'1y'", "30s");
    host.cli("register", "bad.attribute:8", "--ttl", "999ms").refuses(2, "999 ms", "1 s");
  }

  @Test
  void calls_whenTheyNameAFieldTwice_areRefused() throws Exception {
    Wiretap.refused(
        Reason.INVALID_REQUEST,
        () -> daemon.register(Wiretap.field("twin", 8), Wiretap.field("twin", 8)),
        "twin",
        "1 and 2");
    Wiretap.refused(
        Reason.INVALID_REQUEST,
        () -> daemon.register(Wiretap.field("twin", 8), Wiretap.field("twin", 4)),
        "twin");
    host.cli("register", "twin:8", "other:2", "twin:8").refuses(2, "twin", "1 and 3");
    host.cli("register", "twin:8", "twin:4").refuses(2, "twin");
  }

  @Test
  void calls_withNoneOrTooMany_areRefused() throws Exception {
    FieldSpec[] all =
        IntStream.range(0, 65).mapToObj(i -> Wiretap.field("n" + i, 2)).toArray(FieldSpec[]::new);
    Wiretap.refused(Reason.INVALID_REQUEST, () -> daemon.register(all), "65", "1 to 64");
    Wiretap.refused(Reason.INVALID_REQUEST, () -> daemon.register(), "0 fields", "1 to 64");
    String[] names = IntStream.range(0, 65).mapToObj(i -> "n" + i).toArray(String[]::new);
    Wiretap.refused(Reason.INVALID_REQUEST, () -> resolve(names), "65", "1 to 64");
    Wiretap.refused(Reason.INVALID_REQUEST, () -> resolve(), "0 names", "1 to 64");
    List<String> words = new ArrayList<>(List.of("register"));
    IntStream.range(0, 65).forEach(i -> words.add("n" + i + ":2"));
    host.cli(words.toArray(String[]::new)).refuses(2, "65", "1 to 64");
  }

  @Test
  void registrations_whenTheyDisagree_areRefusedWithTheDifference() throws Exception {
    MetakeyException refusal =
        Wiretap.refused(
            Reason.MISMATCH,
            () -> daemon.register(Wiretap.field("edge.packet_id", 4)),
            "size is 8, asked for 4");
    assertThat(refusal.facts()).containsEntry("size", "8").containsKey("difference");
    host.cli("register", "edge.packet_id:4", "--service", "test")
        .refuses(4, "edge.packet_id", "size is 8, asked for 4");
  }

  @Test
  void waits_whenOutOfRange_areRefused() throws Exception {
    for (long seconds : new long[] {0, -1, 86_401, 365 * 86_400}) {
      var request =
          ResolveRequest.newBuilder()
              .addNames("not.there")
              .setWait(Duration.newBuilder().setSeconds(seconds))
              .build();
      Wiretap.refused(
          Reason.INVALID_REQUEST, () -> daemon.registry().resolve(request), "wait", "24 h");
    }
    host.cli("resolve", "not.there", "--wait", "0").refuses(2, "wait", "allowed");
    host.cli("resolve", "not.there", "--wait", "365d").refuses(2, "wait", "allowed");
    host.cli("resolve", "not.there", "--wait", "3s").refuses(9, "not.there");
    host.cli("resolve", "edge.packet_ic")
        .refuses(3, "edge.packet_ic", "did you mean edge.packet_id?");
  }

  @Test
  void otherRequests_whenTheyMakeNoSense_areRefused() {
    var watch = WatchRequest.newBuilder().setSinceRevision(1).setRegistryId("none");
    Wiretap.refused(
        Reason.INVALID_REQUEST, () -> daemon.registry().watch(watch.build()).next(), "'none'");
    Wiretap.refused(
        Reason.INVALID_REQUEST, () -> daemon.registry().get(GetRequest.getDefaultInstance()));
    for (int id : new int[] {1, 67, -1, Integer.MIN_VALUE}) {
      Wiretap.refused(
          Reason.NOT_FOUND, () -> daemon.registry().get(GetRequest.newBuilder().setId(id).build()));
    }
    var list = ListRequest.newBuilder().addStatesValue(77).build();
    Wiretap.refused(Reason.INVALID_REQUEST, () -> daemon.registry().list(list));
    for (int limit : new int[] {-1, 1001}) {
      var history = ListHistoryRequest.newBuilder().setLimit(limit).build();
      Wiretap.refused(
          Reason.INVALID_REQUEST, () -> daemon.admin().listHistory(history), "1 to 1000");
    }
    var reserve = ReserveRequest.newBuilder().setSpec(Wiretap.field("a.b", 2));
    for (int id : new int[] {-1, 64, Integer.MAX_VALUE}) {
      Wiretap.refused(
          Reason.INVALID_REQUEST, () -> daemon.admin().reserve(reserve.setId(id).build()), "63");
    }
  }

  @Test
  void services_whenTheirNameIsBad_areRefused() {
    Wiretap nameless = host.connect("no good name");
    Wiretap.refused(
        Reason.INVALID_REQUEST, () -> nameless.register(Wiretap.field("a.b", 2)), "'no good name'");
  }

  /** gRPC itself refuses this, before it reads the message. */
  @Test
  void messages_whenTooLong_areRefused() throws Exception {
    FieldSpec big = Wiretap.field("big", 8).toBuilder().setDescription("x".repeat(300_000)).build();
    Assertions.assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> daemon.register(big))
        .matches(e -> e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED)
        .withMessageContaining("32768");
    host.cli("register", "big:8", "--description", "x".repeat(100_000)).refuses(2, "100000", "255");
  }

  @Test
  void bytes_whenTheyAreGarbage_hurtNobody() throws Exception {
    Random random = Seed.random("garbage");
    for (int i = 0; i < 200; i++) {
      byte[] garbage = new byte[1 + random.nextInt(20_000)];
      random.nextBytes(garbage);
      send(garbage);
      send(concat("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII), garbage));
    }
    send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    host.cli("resolve", "edge.packet_id").ok();
  }

  private void send(byte[] bytes) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(host.socket()));
      channel.write(ByteBuffer.wrap(bytes));
    } catch (IOException hungUp) {
      // The daemon may hang up at any time.
    }
  }

  private static byte[] concat(byte[] a, byte[] b) {
    return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
  }

  private ResolveResponse resolve(String... names) {
    return daemon
        .registry()
        .resolve(ResolveRequest.newBuilder().addAllNames(List.of(names)).build());
  }
}
