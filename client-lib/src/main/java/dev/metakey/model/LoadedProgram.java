package dev.metakey.model;

import java.util.List;
import java.util.stream.Stream;

/**
 * A BPF program that the kernel has loaded, and the fields that it uses.
 *
 * @param id the kernel's, as {@code bpftool prog} shows it
 * @param name as the kernel keeps it: at most 15 bytes; may be empty
 * @param type {@code xdp}, {@code sched_cls}, {@code tracing} ..., as bpftool writes it
 * @param tag 16 hexadecimal digits: a hash of its instructions
 * @param loadedAtMs wall-clock time, milliseconds since 1970
 * @param pids processes that hold it open, by ascending pid; empty where none does (it is attached
 *     or pinned) or where that was not asked
 * @param uses the records that its instructions refer to; all those of its object if that cannot be
 *     told
 * @param unused the other records of its object: evidence of what was linked, which this program
 *     does not use
 */
public record LoadedProgram(
    int id,
    String name,
    String type,
    String tag,
    long loadedAtMs,
    List<Integer> pids,
    List<FieldUse> uses,
    List<FieldUse> unused) {
  public LoadedProgram {
    pids = List.copyOf(pids);
    uses = List.copyOf(uses);
    unused = List.copyOf(unused);
  }

  /** A program that uses all records of its object. */
  public LoadedProgram(
      int id,
      String name,
      String type,
      String tag,
      long loadedAtMs,
      List<Integer> pids,
      List<FieldUse> uses) {
    this(id, name, type, tag, loadedAtMs, pids, uses, List.of());
  }

  /** Every record of its object, used or not. */
  public List<FieldUse> records() {
    return Stream.concat(uses.stream(), unused.stream()).toList();
  }

  /** {@code program 42 (xdp number_packets)}. */
  @Override
  public String toString() {
    return "program %d (%s%s)".formatted(id, type, name.isEmpty() ? "" : " " + name);
  }
}
