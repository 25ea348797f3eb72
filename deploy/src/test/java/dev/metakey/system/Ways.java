package dev.metakey.system;

import dev.metakey.system.Way.Place;
import java.util.List;

/**
 * The ways of a packet that {@link MetadataWaysIT} tries, in the order of the guide's table. The
 * commands are those of {@code ways.sh}: a packet comes from mk1 into mk0, and where it goes on,
 * through mk2 to mk3.
 */
final class Ways {
  private static final String SET = "x mk0 xdp_set";
  private static final String TO_HERE = "to 10.98.0.1";
  private static final String TO_NEXT = "to 10.99.0.2";
  private static final String TARGET = "put target 0 $(index mk2)";

  private Ways() {}

  static List<Way> all() {
    return List.of(
        // XDP
        new Way("`XDP_PASS`", Place.INGRESS, Place.TRACER)
            .run(SET, "t mk0 ingress read_ingress", TO_HERE),
        new Way("tail call", Place.XDP, Place.INGRESS)
            .run("x mk0 xdp_tail_call", "t mk0 ingress read_ingress", TO_HERE),
        new Way("`bpf_xdp_adjust_head`, both ways", Place.INGRESS)
            .run("x mk0 xdp_adjust_head", "t mk0 ingress read_ingress", TO_HERE),
        new Way("`XDP_TX`", Place.XDP).run("x mk0 xdp_tx", "x mk1 xdp_read", TO_HERE),
        new Way("redirect to another device (devmap)", Place.XDP, Place.NEXT)
            .run("x mk3 xdp_read", "t mk3 ingress read_next")
            .run("put devices 0 $(index mk2)", "x mk0 xdp_redirect", TO_HERE),
        new Way("redirect to several devices (devmap, `BPF_F_BROADCAST`)", Place.XDP, Place.NEXT)
            .run("x mk1 xdp_read", "x mk3 xdp_pass", "t mk3 ingress read_next")
            .run("put devices 0 $(index mk2)", "put devices 1 $(index mk0)")
            .run("x mk0 xdp_broadcast", TO_HERE),
        new Way("redirect to another CPU (cpumap)", Place.INGRESS, Place.TRACER)
            .run("put cpus 0 192", "x mk0 xdp_to_cpu", "t mk0 ingress read_ingress", TO_HERE),
        new Way("redirect to an AF_XDP socket, copied", Place.USER)
            .run("x mk0 xdp_to_socket", "listen mk0 xsk mk0 $PACKETS", TO_HERE),
        new Way("generic XDP", Place.INGRESS, Place.TRACER)
            .run("x mk0 xdp_set xdpgeneric", "t mk0 ingress read_ingress", TO_HERE),
        new Way("generic XDP, redirect to another device", Place.NEXT)
            .run("t mk3 ingress read_next", "put devices 0 $(index mk2)")
            .run("x mk0 xdp_redirect xdpgeneric", TO_HERE),
        new Way("tap device", Place.INGRESS, Place.TRACER)
            .run("ip tuntap add tap9 mode tap", "up tap9", "x tap9 xdp_set")
            .run("t tap9 ingress read_ingress", "listen tap9 tap tap9 $PACKETS"),

        // Receiving
        new Way("RPS", Place.INGRESS, Place.TRACER)
            .run(SET, "t mk0 ingress read_ingress")
            .run("echo 2 > /sys/class/net/mk0/queues/rx-0/rps_cpus", TO_HERE),
        new Way("GRO, the same value in all packets", Place.INGRESS)
            .merging()
            .run(SET, "offload mk0 gro on", "t mk0 ingress read_ingress")
            .run("listen mk0 tcp 10.98.0.1", "stream 10.98.0.1"),
        new Way("GRO, another value in each packet", Place.INGRESS)
            .merging()
            .run("x mk0 xdp_set_differing", "offload mk0 gro on", "t mk0 ingress read_ingress")
            .run("listen mk0 tcp 10.98.0.1", "stream 10.98.0.1"),
        new Way("local delivery", Place.SOCKET).run(SET, "listen mk0 udp 10.98.0.1", TO_HERE),
        new Way("local delivery of reassembled fragments", Place.SOCKET)
            .run(SET, "listen mk0 udp 10.98.0.1", TO_HERE + " 4000"),
        new Way("copy for a packet socket", Place.SOCKET)
            .run(SET, "listen mk0 packet read", TO_HERE),
        new Way("a packet socket is open; tc reads", Place.INGRESS)
            .run(SET, "listen mk0 packet", "t mk0 ingress read_ingress", TO_HERE),
        new Way("a packet socket is open; tc sets another field", Place.INGRESS)
            .run(SET, "listen mk0 packet", "t mk0 ingress tc_set read_ingress", TO_HERE),
        new Way("a packet socket is open; tc writes to the packet", Place.INGRESS)
            .run(SET, "listen mk0 packet", "t mk0 ingress tc_store read_ingress", TO_HERE),

        // Sending
        new Way("IP forwarding", Place.EGRESS, Place.NEXT)
            .run(SET, "t mk2 egress read_egress", "t mk3 ingress read_next", TO_NEXT),
        new Way("IP forwarding, a packet socket is open", Place.EGRESS, Place.NEXT)
            .run(SET, "t mk2 egress read_egress", "t mk3 ingress read_next")
            .run("listen mk0 packet", TO_NEXT),
        new Way("IP forwarding of merged packets, left whole (TSO)", Place.EGRESS, Place.NEXT)
            .run(SET, "offload mk0 gro on")
            .run("t mk2 egress tc_merged_only read_egress", "t mk3 ingress read_next")
            .run("listen mk3 tcp 10.99.0.2", "stream 10.99.0.2"),
        new Way("IP forwarding of merged packets, software GSO", Place.EGRESS, Place.NEXT)
            .varyingAt(Place.NEXT) // seen on a busy machine; GRO keeps some packets whole, it seems
            .run(SET, "offload mk0 gro on", "offload mk2 tso off")
            .run("t mk2 egress tc_merged_only read_egress", "t mk3 ingress read_next")
            .run("listen mk3 tcp 10.99.0.2", "stream 10.99.0.2"),
        new Way("tc `bpf_redirect`", Place.NEXT)
            .run(SET, TARGET, "t mk0 ingress tc_redirect", "t mk3 ingress read_next", TO_HERE),
        new Way("tc `bpf_redirect`, to ingress", Place.NEXT)
            .run(SET, TARGET, "t mk0 ingress tc_redirect_in", "t mk2 ingress read_next", TO_HERE),
        new Way("tc `bpf_redirect_peer`", Place.NEXT)
            .run(SET, TARGET, "t mk0 ingress tc_redirect_peer", "t mk3 ingress read_next", TO_HERE),
        new Way("tc `bpf_redirect_neigh`", Place.EGRESS, Place.NEXT)
            .run(SET, TARGET, "t mk0 ingress tc_redirect_neigh", "t mk2 egress read_egress")
            .run("t mk3 ingress read_next", TO_NEXT),
        new Way("tc `bpf_clone_redirect`", Place.INGRESS, Place.NEXT)
            .run(SET, TARGET, "t mk0 ingress tc_clone_redirect read_ingress")
            .run("t mk3 ingress read_next", TO_HERE),
        new Way("tc action mirred, redirect", Place.NEXT)
            .run(SET, "mirred egress redirect dev mk2", "t mk3 ingress read_next", TO_HERE),
        new Way("tc action mirred, mirror", Place.NEXT, Place.SOCKET)
            .run(SET, "mirred egress mirror dev mk2", "t mk3 ingress read_next")
            .run("listen mk0 udp 10.98.0.1", TO_HERE),
        new Way("tc action mirred, redirect to ingress", Place.NEXT)
            .run(SET, "mirred ingress redirect dev mk2", "t mk2 ingress read_next", TO_HERE),
        new Way("ifb", Place.EGRESS, Place.SOCKET)
            .run("add ifb9 type ifb", "up ifb9", SET, "t ifb9 egress read_egress")
            .run("mirred egress redirect dev ifb9", "listen mk0 udp 10.98.0.1", TO_HERE),

        // VLAN
        new Way("VLAN tag in the packet, taken off in software", Place.INGRESS)
            .run("t mk1 egress tc_vlan_push", "offload mk1 txvlan off")
            .run(SET, "t mk0 ingress read_ingress", TO_HERE),
        new Way("VLAN tag beside the packet, as devices give it", Place.INGRESS)
            .run("t mk1 egress tc_vlan_push", SET, "t mk0 ingress read_ingress", TO_HERE),
        new Way("QinQ: the outer tag taken off in software", Place.INGRESS)
            .run("t mk1 egress tc_vlan_push tc_vlan_push", "offload mk1 txvlan off")
            .run(SET, "t mk0 ingress read_ingress", TO_HERE),
        new Way("QinQ: both tags taken off, the inner one by `bpf_skb_vlan_pop`", Place.INGRESS)
            .run("t mk1 egress tc_vlan_push tc_vlan_push", "offload mk1 txvlan off")
            .run(SET, "t mk0 ingress tc_vlan_pop tc_vlan_pop read_ingress", TO_HERE),
        new Way("tc `bpf_skb_vlan_push`, the first tag", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_vlan_push read_ingress", TO_HERE),
        new Way("tc `bpf_skb_vlan_push`, the second tag", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_vlan_push tc_vlan_push read_ingress", TO_HERE),
        new Way("VLAN tag put on by the device sent to", Place.NEXT)
            .run(SET, "t mk2 egress tc_vlan_push", "t mk3 ingress read_next", TO_NEXT),
        new Way("VLAN tag put on in software, as the device sent to cannot", Place.NEXT)
            .run(SET, "t mk2 egress tc_vlan_push", "offload mk2 txvlan off")
            .run("t mk3 ingress read_next", TO_NEXT),
        new Way("VLAN device", Place.INGRESS)
            .run("add vl0 link mk0 type vlan id 5", "up vl0", "t mk1 egress tc_vlan_push")
            .run(SET, "t vl0 ingress read_ingress", TO_HERE),

        // Other devices
        new Way("bridge, to another port", Place.EGRESS, Place.NEXT)
            .run("add br0 type bridge", "ip link set mk0 master br0", "ip link set mk2 master br0")
            .run("up br0", SET, "t mk2 egress read_egress", "t mk3 ingress read_next")
            .run("via 02:00:00:00:00:30", TO_HERE),
        new Way("bridge, to itself", Place.INGRESS)
            .run("add br0 type bridge", "ip link set mk0 master br0", "up br0")
            .run("via $(mac br0)", SET, "t br0 ingress read_ingress", TO_HERE),
        new Way("macvlan", Place.INGRESS)
            .run("add mv0 link mk0 type macvlan mode bridge", "up mv0", "via $(mac mv0)")
            .run(SET, "t mv0 ingress read_ingress", TO_HERE),
        new Way("ipvlan", Place.INGRESS)
            .run("add iv0 link mk0 type ipvlan mode l2", "up iv0 10.98.0.7/24")
            .run("ip -n mk-peer neigh replace 10.98.0.7 lladdr $(mac mk0) dev mk1 nud permanent")
            .run(SET, "t iv0 ingress read_ingress", "to 10.98.0.7"),
        new Way("bond", Place.INGRESS)
            .run("add bond0 type bond mode active-backup", "ip link set mk0 down master bond0")
            .run("up bond0", "via $(mac bond0)", SET, "t bond0 ingress read_ingress", TO_HERE),
        new Way("VXLAN device, receiving", Place.INGRESS)
            .run(
                "add vx0 type vxlan id 7 dstport 4789 local 10.98.0.1 dev mk0",
                "up vx0 10.97.0.1/24")
            .run("ip -n mk-peer link add vx1 type vxlan id 7 dstport 4789 remote 10.98.0.1 dev mk1")
            .run("ip -n mk-peer link set vx1 addrgenmode none up")
            .run("ip -n mk-peer addr add 10.97.0.2/24 dev vx1")
            .run("ip -n mk-peer neigh add 10.97.0.1 lladdr $(mac vx0) dev vx1 nud permanent")
            .run(SET, "t vx0 ingress read_ingress", "to 10.97.0.1"),
        new Way("VXLAN device, sending", Place.EGRESS, Place.NEXT)
            .run(
                "add vx0 type vxlan id 7 dstport 4789 remote 10.99.0.2 dev mk2",
                "up vx0 10.97.0.1/24")
            .run("ip neigh add 10.97.0.2 lladdr 02:00:00:00:00:77 dev vx0 nud permanent")
            .run(SET, "t vx0 egress read_egress", "t mk3 ingress read_next", "to 10.97.0.2"),

        // What a tc program does to the packet
        new Way("tc `bpf_skb_pull_data`, `bpf_skb_store_bytes`", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_pull_data tc_store read_ingress", TO_HERE),
        new Way("tc `bpf_skb_change_tail`", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_change_tail read_ingress", TO_HERE),
        new Way("tc `bpf_skb_change_head`", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_change_head read_ingress", TO_HERE),
        new Way("tc `bpf_skb_change_proto`", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_change_proto read_ingress", TO_HERE),
        new Way("tc `bpf_skb_adjust_room`, headers put on", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_put_on read_ingress", TO_HERE),
        new Way("tc `bpf_skb_adjust_room`, headers taken off", Place.INGRESS)
            .run(SET, "t mk0 ingress tc_take_off read_ingress", TO_HERE));
  }
}
