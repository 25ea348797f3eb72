package dev.metakey.server.domain;

import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Role;
import dev.metakey.model.Tag;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Loaded programs, for tests. */
public final class Loaded {
  /** The registry that they were linked to, where it does not matter which one it is. */
  private static final UUID REGISTRY = new UUID(7, 7);

  /** The tag that they were linked with, and that every {@link Given} host starts with. */
  static final Tag TAG = Tag.of(new byte[] {1, 2, 3, 4, 5, 6});

  private static final long AT_MS = 1_700_000_000_000L;

  private Loaded() {}

  /** Where a linked program finds a field of a slotted area of 128 bytes. */
  public static FieldUse.Place place(int id, int slot, int generation) {
    return place(Layout.SLOTTED, 128, id, slot, generation);
  }

  /** As {@link #place(int, int, int)}, on a host with this tag. */
  public static FieldUse.Place place(Tag tag, int id, int slot, int generation) {
    return new FieldUse.Place(REGISTRY, Layout.SLOTTED, 128, tag, id, generation, slot);
  }

  public static FieldUse.Place place(
      Layout layout, int areaBytes, int id, int slot, int generation) {
    return new FieldUse.Place(REGISTRY, layout, areaBytes, TAG, id, generation, slot);
  }

  /**
   * @param place null if it was never linked
   */
  public static FieldUse use(String name, int size, FieldUse.@Nullable Place place) {
    return new FieldUse(name, size, Role.CONSUMES, place);
  }

  /** An XDP program that nobody holds open. */
  public static LoadedProgram program(int id, FieldUse... uses) {
    return new LoadedProgram(
        id, "prog" + id, "xdp", "%016x".formatted(id), AT_MS, List.of(), List.of(uses));
  }

  /** The same, held open by a process. */
  public static LoadedProgram heldBy(int pid, LoadedProgram program) {
    return new LoadedProgram(
        program.id(),
        program.name(),
        program.type(),
        program.tag(),
        program.loadedAtMs(),
        List.of(pid),
        program.uses());
  }

  /** The same, with a record in its object that it does not use. */
  public static LoadedProgram without(LoadedProgram program, FieldUse unused) {
    return new LoadedProgram(
        program.id(),
        program.name(),
        program.type(),
        program.tag(),
        program.loadedAtMs(),
        program.pids(),
        program.uses(),
        List.of(unused));
  }
}
