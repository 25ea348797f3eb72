package dev.metakey.server.kernel;

import java.util.List;

/** {@code enum bpf_prog_type} in the words of bpftool. */
final class ProgramTypes {
  private static final List<String> NAMES =
      List.of(
          "unspec",
          "socket_filter",
          "kprobe",
          "sched_cls",
          "sched_act",
          "tracepoint",
          "xdp",
          "perf_event",
          "cgroup_skb",
          "cgroup_sock",
          "lwt_in",
          "lwt_out",
          "lwt_xmit",
          "sock_ops",
          "sk_skb",
          "cgroup_device",
          "sk_msg",
          "raw_tracepoint",
          "cgroup_sock_addr",
          "lwt_seg6local",
          "lirc_mode2",
          "sk_reuseport",
          "flow_dissector",
          "cgroup_sysctl",
          "raw_tracepoint_writable",
          "cgroup_sockopt",
          "tracing",
          "struct_ops",
          "ext",
          "lsm",
          "sk_lookup",
          "syscall",
          "netfilter");

  private ProgramTypes() {}

  /** {@code type_99} for a number that is not known here. */
  static String name(int type) {
    return type >= 0 && type < NAMES.size() ? NAMES.get(type) : "type_" + type;
  }
}
