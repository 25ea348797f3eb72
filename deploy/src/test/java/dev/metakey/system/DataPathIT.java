package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.RegistryFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Layout;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.packet.AreaCodec;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real packets between network namespaces: what one program sets, others read, by name. The
 * programs are in {@code src/test/bpf/datapath.bpf.c}. They keep what they set and saw by packet.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class DataPathIT {
  private static final int PACKETS = 20;
  private static final BigInteger ZONE = BigInteger.valueOf(0x2a17);
  private static final BigInteger FOREIGN = new BigInteger("1122334455667788", 16);

  // As in asm-generic/errno.h.
  private static final int ENOENT = 2;
  private static final int EBUSY = 16;
  private static final int ENOSPC = 28;
  private static final int ENOLINK = 67;

  /** As in datapath.bpf.c. */
  private static final int TUNNEL_BYTES = 180;

  private static final int TUNNEL_PORT = 6081;

  /** A datagram of two bytes, from port 7 of 10.97.0.2 to port 9 of 10.97.0.1. */
  private static final byte[] INNER_IP =
      HexFormat.of()
          .parseHex(
              "4500001e00000000401100000a6100020a610001"
                  + "0007"
                  + "0009"
                  + "000a"
                  + "0000"
                  + "6869");

  private static final Pattern ENTRY =
      Pattern.compile("\"formatted\":\\{\"key\":(\\d+),\"value\":(\\d+)}");

  @TempDir static Path built;

  /** By config: many tests need programs that are linked in the same way. */
  private static final Map<List<String>, Path> registries = new HashMap<>();

  @RegisterExtension final Host host = new Host().seeingPrograms();

  /** What {@link #link} returned for this test. */
  private Path registry = Path.of("");

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    CBuild.bpf(
        "clang",
        CBuild.source("datapath.bpf.c"),
        built.resolve("datapath.bpf.o"),
        "-mcpu=v3",
        "-Wno-unused-parameter");
    CBuild.program(CBuild.source("attach_raw.c"), built.resolve("attach_raw"));
    CBuild.program(CBuild.source("packet_socket.c"), built.resolve("packet_socket"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenSetInXdp_isTheSameInTcAndInTheTracer(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    trace(lab);
    attachXdp(lab, "xdp_set_two", "mk0");
    attachTc(lab, "tc_get", "mk0");
    Map<Integer, BigInteger> set = send(lab, 1);
    assertThat(set).hasSize(PACKETS);
    assertThat(map(lab, "in_tc")).isEqualTo(set);
    assertThat(map(lab, "traced")).containsAllEntriesOf(set);
    assertZones(lab);
    assertThat(map(lab, "set_results")).isEqualTo(counts(0, 2 * PACKETS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenSetInTcBehindXdp_isThere(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_set_and_get", "mk0");
    assertThat(send(lab, 1)).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
    assertZones(lab);
  }

  /** Whoever listens has a clone of each packet; a program that only reads leaves it at that. */
  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenAPacketSocketListens_isThereForAReaderInTc(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_get", "mk0");
    lab.start(built.resolve("packet_socket").toString(), "listening");
    assertThat(send(lab, 1)).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
  }

  /** The kernel gives a program that writes a copy of its own, and that has no metadata. */
  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenAPacketSocketListens_isLostToAWriterInTc(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_set_and_get", "mk0");
    lab.start(built.resolve("packet_socket").toString(), "listening");
    assertThat(send(lab, 1)).hasSize(PACKETS);
    assertThat(map(lab, "in_tc")).isEmpty();
    assertThat(map(lab, "set_results"))
        .isEqualTo(Map.of(0, BigInteger.valueOf(PACKETS), ENOSPC, BigInteger.valueOf(PACKETS)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void set_whenInTcWithoutAnArea_hasNoSpace(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachTc(lab, "tc_set_and_get", "mk0");
    send(lab, 1);
    assertThat(map(lab, "set_results")).isEqualTo(counts(ENOSPC, PACKETS));
    assertThat(map(lab, "get_results")).isEqualTo(counts(ENOENT, PACKETS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void set_whenSomebodyElsesBytesAreThere_leavesThemAlone(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    trace(lab);
    attachXdp(lab, "xdp_foreign", "mk0");
    attachTc(lab, "tc_get", "mk0");
    assertThat(send(lab, 2)).isEmpty();
    assertThat(map(lab, "set_results")).isEqualTo(counts(EBUSY, PACKETS));
    assertThat(map(lab, "get_results")).isEqualTo(counts(ENOENT, 2 * PACKETS));
    Map<Integer, BigInteger> raw = map(lab, "raw_in_tc");
    assertThat(raw).hasSize(PACKETS);
    assertThat(raw.values()).containsOnly(FOREIGN);
    assertThat(map(lab, "traced")).doesNotContainKeys(raw.keySet().toArray(new Integer[0]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenTheHeadIsAdjusted_moves(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_adjust_head", "mk0");
    attachTc(lab, "tc_get", "mk0");
    Map<Integer, BigInteger> set = send(lab, 4);
    assertThat(set).isEqualTo(map(lab, "in_xdp")).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
    assertThat(map(lab, "get_results")).isEqualTo(counts(0, 4 * PACKETS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenSetBeforeATailCall_isThereAfterIt(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_tail_call", "mk0");
    attachTc(lab, "tc_get", "mk0");
    Map<Integer, BigInteger> set = send(lab, 2);
    assertThat(set).isEqualTo(map(lab, "in_xdp")).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
  }

  @ParameterizedTest
  @CsvSource({"slotted, 128", "packed, 128", "slotted, 216", "packed, 216"})
  void value_whenRedirectedToAnotherNamespace_arrives(String layout, int area) throws Exception {
    Lab lab = linked("layout: " + layout, "area: " + area);
    attachXdp(lab, "xdp_get", "mk3");
    attachTc(lab, "tc_get", "mk3");
    put(lab, "out", Integer.parseInt(lab.run("cat /sys/class/net/mk2/ifindex").ok().out().trim()));
    attachXdp(lab, "xdp_redirect", "mk0");
    Map<Integer, BigInteger> set = send(lab, 2);
    assertThat(set).isEqualTo(map(lab, "in_xdp")).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenRedirectedToAnotherCpu_arrives(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    trace(lab);
    put(lab, "cpu", 192);
    attachXdp(lab, "xdp_to_cpu", "mk0");
    attachTc(lab, "tc_get", "mk0");
    Map<Integer, BigInteger> set = send(lab, 1);
    assertThat(set).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
    assertThat(map(lab, "traced")).containsAllEntriesOf(set);
  }

  /** The neighbour's cached header overwrites the two bytes before the packet with zeros. */
  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenForwardedByIp_arrivesInTheNextNamespace(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_out", "mk2", "egress");
    attachTc(lab, "tc_get", "mk3");
    lab.run("echo 1 > /proc/sys/net/ipv4/ip_forward").ok();
    lab.run("ip -n mk-peer route add 10.99.0.0/24 via 10.98.0.1").ok();
    lab.run(
            "ip netns exec mk-peer bash -c 'for ((i = 0; i < %d; i++)); do echo $i > /dev/udp/10.99.0.2/9; done'"
                .formatted(PACKETS))
        .ok();
    Host.await("all packets arrived", () -> gets(lab) == PACKETS);
    Map<Integer, BigInteger> set = map(lab, "was_set");
    assertThat(set).hasSize(PACKETS);
    assertThat(map(lab, "in_tc_out")).as("at tc egress").isEqualTo(set);
    assertThat(map(lab, "in_tc")).as("in the next namespace").isEqualTo(set);
  }

  /**
   * When a tunnel's headers are taken off, bytes from the wire lie where the area is looked for.
   * Whoever knows the tag could forge values with them, which is why it is secret.
   */
  @ParameterizedTest
  @EnumSource(Layout.class)
  void value_whenForgedInTheHeadersOfATunnel_isBelievedWithTheTagAlone(Layout layout)
      throws Exception {
    Lab lab = linked("layout: " + layout);
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_decap", "mk0");
    Tag tag = TagStruct.read(registry.resolve("tag")).tag();
    byte[] other = tag.bytes();
    other[0] ^= 1;

    send(lab, TUNNEL_PORT, forged(layout, Tag.of(other)));
    Host.await("all packets arrived", () -> gets(lab) == PACKETS);
    for (String call : List.of("get", "sock", "trace")) {
      assertThat(map(lab, call + "_results")).as(call).isEqualTo(counts(ENOENT, PACKETS));
    }
    assertThat(map(lab, "in_tc")).isEmpty();

    send(lab, TUNNEL_PORT, forged(layout, tag));
    Host.await("all packets arrived", () -> gets(lab) == 2 * PACKETS);
    for (String call : List.of("get", "sock", "trace")) {
      assertThat(map(lab, call + "_results"))
          .as(call)
          .containsEntry(0, BigInteger.valueOf(PACKETS));
    }
    assertThat(map(lab, "in_tc").values()).containsOnly(FOREIGN);
  }

  /** The payload of a tunnel packet: what tc_decap looks at as an area, and the packet inside. */
  private byte[] forged(Layout layout, Tag tag) throws Exception {
    Snapshot snapshot = RegistryFile.read(registry.resolve("registry.bin")).snapshot();
    int area = snapshot.info().areaBytes();
    ByteBuffer payload = ByteBuffer.allocate(TUNNEL_BYTES - 42 + 14 + INNER_IP.length);
    int data = TUNNEL_BYTES - 42; // 42: Ethernet, IP and UDP
    AreaCodec codec = AreaCodec.of(layout, area, tag);
    codec.make(payload, data);
    codec.set(payload, data, snapshot.byName("edge.packet_id"), FOREIGN.longValue());
    return payload.put(data + 14, INNER_IP).array();
  }

  /** Sends datagrams from mk-peer to mk0. */
  private void send(Lab lab, int port, byte[] payload) throws Exception {
    Path file = Files.write(host.root().resolve("payload"), payload);
    lab.run(
            "ip netns exec mk-peer bash -c 'for ((i = 0; i < %d; i++)); do cat %s > /dev/udp/10.98.0.1/%d; done'"
                .formatted(PACKETS, file, port))
        .ok();
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenAVxlanDeviceTakesTheHeadersOff_isNotBelieved(String layout) throws Exception {
    Lab lab = linked("layout: " + layout);
    // The last byte of the id is zero, so that the VXLAN header ends in two zeros as a mark does.
    lab.run("ip link add vx0 type vxlan id 10752 dstport 4789 local 10.98.0.1 nolearning").ok();
    lab.run("ip link set vx0 up").ok();
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_get", "vx0");
    byte[] header = {8, 0, 0, 0, 0, 42, 0, 0};
    byte[] frame = new byte[14 + INNER_IP.length];
    frame[0] = 2;
    frame[6] = 2;
    frame[12] = 8;
    System.arraycopy(INNER_IP, 0, frame, 14, INNER_IP.length);

    send(lab, 4789, ByteBuffer.allocate(8 + frame.length).put(header).put(frame).array());

    Host.await("all packets arrived", () -> gets(lab) == PACKETS);
    assertThat(map(lab, "set_results")).isEqualTo(counts(0, PACKETS));
    assertThat(map(lab, "get_results")).isEqualTo(counts(ENOENT, PACKETS));
  }

  @Test
  void set_whenAPackedAreaIsFull_hasNoSpaceAndTheOthersStay() throws Exception {
    Lab lab = linked("layout: packed", "area: 32");
    attachXdp(lab, "xdp_set_two", "mk0");
    attachTc(lab, "tc_get", "mk0");
    assertThat(send(lab, 1)).isEqualTo(map(lab, "in_tc")).hasSize(PACKETS);
    assertThat(map(lab, "zone_in_tc")).isEmpty();
    assertThat(map(lab, "set_results"))
        .isEqualTo(Map.of(0, BigInteger.valueOf(PACKETS), ENOSPC, BigInteger.valueOf(PACKETS)));
  }

  @Test
  void program_whenNeverLinked_harmsNothing() throws Exception {
    Lab lab = loaded(built.resolve("datapath.bpf.o"));
    attachXdp(lab, "xdp_set", "mk0");
    attachTc(lab, "tc_set_and_get", "mk0");
    assertThat(send(lab, 1)).isEmpty();
    assertThat(map(lab, "set_results")).isEqualTo(counts(ENOLINK, 2 * PACKETS));
    assertThat(map(lab, "get_results")).isEqualTo(counts(ENOENT, PACKETS));
    assertThat(map(lab, "raw_in_tc")).isEmpty();
  }

  private static void assertZones(Lab lab) throws Exception {
    assertThat(map(lab, "zone_in_tc").values()).hasSize(PACKETS).containsOnly(ZONE);
  }

  /** A lab with the programs, linked by the command for a host with this config. */
  private Lab linked(String... config) throws Exception {
    if (registries.get(List.of(config)) == null) {
      registries.put(List.of(config), link(config));
    }
    registry = registries.get(List.of(config));
    return loaded(registry.resolve("linked.bpf.o"));
  }

  /** Returns a directory with the linked object, and what the daemon published. */
  private Path link(String... config) throws Exception {
    Lab.awaitNoneLoaded();
    host.configure(config);
    DaemonProcess daemon = host.start();
    // Ids other than 0, and neighbours on both sides.
    host.cli("register", "before.one:2", "before.two:4").ok();
    Path directory = Files.createTempDirectory(built, "registry");
    host.link(built.resolve("datapath.bpf.o"), directory.resolve("linked.bpf.o"));
    daemon.terminate();
    for (String file : List.of("tag", "registry.bin")) {
      Files.copy(host.run().resolve(file), directory.resolve(file));
    }
    return directory;
  }

  private Lab loaded(Path object) throws Exception {
    Lab lab = Lab.open(host);
    lab.run(Lab.example("lab.sh") + " up").ok();
    lab.run("bpftool prog loadall " + object + " /sys/fs/bpf/p pinmaps /sys/fs/bpf/m").ok();
    return lab;
  }

  private static void attachXdp(Lab lab, String program, String device) throws Exception {
    lab.run(
            in(device)
                + "bpftool net attach xdpdrv pinned /sys/fs/bpf/p/"
                + program
                + " dev "
                + device)
        .ok();
  }

  private static void attachTc(Lab lab, String program, String device) throws Exception {
    attachTc(lab, program, device, "ingress");
  }

  private static void attachTc(Lab lab, String program, String device, String way)
      throws Exception {
    String tc = in(device) + "tc ";
    lab.run(tc + "qdisc add dev " + device + " clsact").ok();
    lab.run(
            tc
                + "filter add dev %s %s bpf da object-pinned /sys/fs/bpf/p/%s"
                    .formatted(device, way, program))
        .ok();
  }

  private static void trace(Lab lab) throws Exception {
    lab.start(built.resolve("attach_raw") + " /sys/fs/bpf/p/trace", "attached");
  }

  /** The network namespace alone: ip netns exec would take the bpffs away. */
  private static String in(String device) {
    return device.equals("mk3") ? "nsenter --net=/run/netns/mk-out " : "";
  }

  /** Sends packets, waits until each was read {@code gets} times, and returns what was set. */
  private static Map<Integer, BigInteger> send(Lab lab, int gets) throws Exception {
    lab.run(Lab.example("lab.sh") + " send " + PACKETS).ok();
    Host.await(
        "each packet was looked at %d times".formatted(gets), () -> gets(lab) == gets * PACKETS);
    return map(lab, "was_set");
  }

  private static int gets(Lab lab) throws Exception {
    return map(lab, "get_results").values().stream().mapToInt(BigInteger::intValue).sum();
  }

  private static void put(Lab lab, String map, int value) throws Exception {
    String bytes = "%d %d 0 0".formatted(value & 0xff, value >> 8);
    lab.run("bpftool map update pinned /sys/fs/bpf/m/" + map + " key 0 0 0 0 value " + bytes).ok();
  }

  private static Map<Integer, BigInteger> map(Lab lab, String name) throws Exception {
    Map<Integer, BigInteger> entries = new TreeMap<>();
    String dump = lab.run("bpftool -j map dump pinned /sys/fs/bpf/m/" + name).ok().out();
    for (Matcher entry = ENTRY.matcher(dump); entry.find(); ) {
      entries.put(Integer.valueOf(entry.group(1)), new BigInteger(entry.group(2)));
    }
    return entries;
  }

  private static Map<Integer, BigInteger> counts(int error, int packets) {
    return Map.of(error, BigInteger.valueOf(packets));
  }
}
