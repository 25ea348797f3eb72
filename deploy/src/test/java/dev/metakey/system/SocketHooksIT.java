package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A value that XDP set is read on every hook from there to the socket, and on those that a
 * forwarded packet passes. The programs are in {@code src/test/bpf/sockets.bpf.c}, what attaches
 * them in {@code attach_hooks.c}.
 */
@Order(1)
@LoadedPrograms.LoadedAndSeen
class SocketHooksIT {
  private static final int PACKETS = 3;

  private static final Pattern ENTRY =
      Pattern.compile("\"formatted\":\\{\"key\":(\\d+),\"value\":(\\d+)}");

  /** In the order of sockets.h. */
  private enum Hook {
    CGROUP_INGRESS,
    SOCKET_UDP,
    SOCKET_PACKET,
    SK_SKB,
    LWT_IN,
    LWT_OUT,
    LWT_XMIT,
    REUSEPORT,
    SOCKOPS,
    SOCKOPS_LISTEN,
    NF_PREROUTING,
    NF_INPUT,
    NF_FORWARD,
    NF_OUTPUT,
    NF_POSTROUTING
  }

  @TempDir static Path built;

  @RegisterExtension final Host host = new Host().seeingPrograms();
  private Lab lab;

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    Requires.cgroups();
    CBuild.bpf("clang", CBuild.source("sockets.bpf.c"), built.resolve("sockets.bpf.o"), "-mcpu=v3");
    CBuild.program(CBuild.source("attach_hooks.c"), built.resolve("attach_hooks"));
  }

  /**
   * Attaches everything, and makes a way from mk-peer through here to mk-out.
   *
   * @param option {@code packet}: on a packet socket too
   */
  private void attach(String layout, String option) throws Exception {
    Lab.awaitNoneLoaded();
    host.configure("layout: " + layout);
    host.start();
    Path hierarchy =
        Cgroups.hierarchies().stream().filter(SocketHooksIT::isVersion2).findFirst().orElseThrow();
    host.closeLater(Cgroups.of(hierarchy)).make("/metakey-it-hooks");
    Path object = host.root().resolve("linked.bpf.o");
    host.link(built.resolve("sockets.bpf.o"), object);
    lab = Lab.open(host);
    lab.run(Lab.example("lab.sh") + " up").ok();
    String cgroup = host.root().resolve("cgroup") + "/metakey-it-hooks";
    lab.run("mkdir cgroup && mount -t cgroup2 none cgroup").ok();
    lab.start(
        "echo $$ > %1$s/cgroup.procs && exec %2$s %3$s %1$s 10.98.0.1 %4$s"
            .formatted(cgroup, built.resolve("attach_hooks"), object, option),
        "attached");
    lab.run("bpftool net attach xdpdrv pinned /sys/fs/bpf/hooks/xdp_set dev mk0").ok();
    lab.run("echo 1 > /proc/sys/net/ipv4/ip_forward").ok();
    lab.run("ip -n mk-peer route add 10.99.0.0/24 via 10.98.0.1").ok();
    lab.run(
            "ip route add 10.99.0.2/32 encap bpf in pinned %1$s_in out pinned %1$s_out xmit pinned %1$s_xmit dev mk2"
                .formatted("/sys/fs/bpf/hooks/read_lwt"))
        .ok();
  }

  private static boolean isVersion2(Path hierarchy) {
    return hierarchy.resolve("cgroup.controllers").toFile().exists();
  }

  private void send(String to) throws Exception {
    String commands = "for i in 1 2 3; do exec 3<> /dev/%s && echo $i >&3; done".formatted(to);
    lab.run("ip netns exec mk-peer bash -c '%s'".formatted(commands)).ok();
  }

  private Map<Hook, Long> counted(String map) throws Exception {
    Map<Hook, Long> counts = new EnumMap<>(Hook.class);
    Matcher entry =
        ENTRY.matcher(lab.run("bpftool -j map dump pinned /sys/fs/bpf/hooks/" + map).ok().out());
    while (entry.find()) {
      counts.put(Hook.values()[Integer.parseInt(entry.group(1))], Long.valueOf(entry.group(2)));
    }
    return counts;
  }

  /** One connection that stays open, so that what it carries passes its verdict program. */
  private void sendOverTcp() throws Exception {
    lab.start(
        "ip netns exec mk-peer bash -c 'exec 3<> /dev/tcp/10.98.0.1/11; while echo $((i++)) >&3; do echo sent; sleep 0.1; done'",
        "sent");
    Host.await("a value in sk_skb", () -> counted("right").get(Hook.SK_SKB) > 0);
  }

  private void assertThatNoneIsWrong() throws Exception {
    assertThat(counted("wrong").values()).containsOnly(0L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenSetInXdp_isReadOnEveryHookToTheSocket(String layout) throws Exception {
    attach(layout, "packet");

    send("udp/10.98.0.1/9");
    send("udp/10.98.0.1/10");
    sendOverTcp();

    assertThatNoneIsWrong();
    Map<Hook, Long> right = counted("right");
    assertThat(right.get(Hook.CGROUP_INGRESS)).isGreaterThanOrEqualTo(2 * PACKETS);
    assertThat(right.get(Hook.SOCKET_PACKET)).isGreaterThanOrEqualTo(2 * PACKETS);
    assertThat(right.get(Hook.NF_PREROUTING)).isGreaterThanOrEqualTo(2 * PACKETS);
    assertThat(right.get(Hook.NF_INPUT)).isGreaterThanOrEqualTo(2 * PACKETS);
    assertThat(right)
        .containsEntry(Hook.SOCKET_UDP, (long) PACKETS)
        .containsEntry(Hook.REUSEPORT, (long) PACKETS)
        .containsEntry(Hook.SOCKOPS, 1L);

    // Packets that this host made itself, and a call without a packet, carry no value.
    assertThat(right).containsEntry(Hook.NF_OUTPUT, 0L).containsEntry(Hook.SOCKOPS_LISTEN, 0L);
    assertThat(counted("absent").get(Hook.NF_OUTPUT)).isPositive();
    assertThat(counted("absent")).containsEntry(Hook.SOCKOPS_LISTEN, 1L);
  }

  /**
   * Without the packet socket: a packet that it holds a copy of is copied, and loses its metadata.
   */
  @ParameterizedTest
  @ValueSource(strings = {"slotted", "packed"})
  void value_whenForwarded_isReadOnEveryHookOfTheWay(String layout) throws Exception {
    attach(layout, "");

    send("udp/10.99.0.2/9");

    assertThatNoneIsWrong();
    assertThat(counted("right"))
        .containsEntry(Hook.NF_PREROUTING, (long) PACKETS)
        .containsEntry(Hook.LWT_IN, (long) PACKETS)
        .containsEntry(Hook.NF_FORWARD, (long) PACKETS)
        .containsEntry(Hook.NF_POSTROUTING, (long) PACKETS)
        .containsEntry(Hook.LWT_OUT, (long) PACKETS)
        .containsEntry(Hook.LWT_XMIT, (long) PACKETS);
  }
}
