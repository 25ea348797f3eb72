package dev.metakey.cli.print;

import dev.metakey.packet.FieldValue;
import java.time.Instant;
import java.util.List;

/**
 * A packet that a trace has seen.
 *
 * @param at {@code receive}, {@code transmit} or {@code drop}
 * @param dropReason the kernel's word; empty where it was not dropped
 * @param device empty: none
 * @param ifindex in the device's own network namespace; 0: no device
 * @param length bytes
 * @param pid of the process that the CPU was running, which need not be the packet's
 * @param process that process's name
 * @param values of the fields that are traced, as far as the packet has them
 */
public record TracedPacket(
    Instant time,
    String at,
    String dropReason,
    String device,
    int ifindex,
    long length,
    int cpu,
    long pid,
    String process,
    List<FieldValue> values) {}
