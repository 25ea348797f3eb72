package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.BitSet;
import java.util.Map;

/**
 * Gives fields their places in the slotted layout.
 *
 * <pre>
 *   distance from the packet:  area ........ 17 | 16 ......... 9 | 8 ... 1
 *                              slots            | presence bitmap| mark
 * </pre>
 *
 * A field of {@code size} bytes in slot {@code s} takes the distances {@code s - size + 1} to
 * {@code s}. Words of eight bytes that small fields have begun are filled before a new one is
 * opened, so that large fields keep room.
 */
public final class Slots {
  private static final int WORD = 8;

  private static final int OVERHEAD = RegistryInfo.SLOTLESS_BYTES;

  private Slots() {}

  /** Bytes that slots take. */
  public static int usedBytes(Snapshot snapshot) {
    int bytes = 0;
    for (Field field : snapshot.records()) { // each commit asks
      bytes += field.slot() == 0 ? 0 : field.size();
    }
    return bytes;
  }

  /**
   * Returns a free slot for a value of {@code size} bytes; 0 in the packed layout, which has none.
   * It never overlaps with what a loaded program is linked to or what the fleet has handed out, and
   * the last free bytes are for admins only ({@link RegistryInfo#slotBytesForAdmins}).
   *
   * @throws dev.metakey.model.MetakeyException NO_FREE_SLOT
   */
  static int allocate(Draft draft, String name, int size) {
    RegistryInfo info = draft.snapshot().info();
    if (info.layout() == Layout.PACKED) {
      return 0;
    }
    BitSet taken = takenBytes(draft.snapshot());
    taken.or(draft.programs().linkedBytes());
    BitSet fleets = draft.rules().fleet().bytes();
    taken.or(fleets);
    int freeBytes = info.slotBytes() - taken.get(OVERHEAD + 1, info.areaBytes() + 1).cardinality();
    if (freeBytes - size < reserveBytes(draft)) {
      throw Refusals.noFreeSlot(draft, name, size);
    }
    int slot = find(info.areaBytes(), size, taken, fleets, false);
    if (slot == 0) {
      throw Refusals.noFreeSlot(draft, name, size);
    }
    return slot;
  }

  /**
   * The free slot in the word that is filled most; of several, the one nearest to the packet or
   * farthest from it.
   *
   * @param taken bytes that are not free
   * @param others whose words are a last resort, as somebody else fills them
   * @return 0 if there is none
   */
  public static int find(int areaBytes, int size, BitSet taken, BitSet others, boolean fromFarEnd) {
    int best = 0;
    int bestFill = Integer.MIN_VALUE;
    int count = (areaBytes - OVERHEAD) / size;
    for (int i = 1; i <= count; i++) {
      int slot = OVERHEAD + size * (fromFarEnd ? count + 1 - i : i);
      int word = (slot - 1) / WORD * WORD;
      int fill = taken.get(word + 1, word + WORD + 1).cardinality();
      if (!others.get(word + 1, word + WORD + 1).isEmpty()) {
        fill -= 2 * WORD;
      }
      if (fill > bestFill && !taken.intersects(bytes(slot, size))) {
        best = slot;
        bestFill = fill;
      }
    }
    return best;
  }

  /**
   * The slot that was asked for.
   *
   * @param slot 0: any, as {@link #allocate}
   * @throws dev.metakey.model.MetakeyException INVALID_REQUEST where there can be no such slot,
   *     ID_TAKEN, NO_FREE_SLOT
   */
  static int place(Draft draft, String name, int size, int slot) {
    if (slot == 0) {
      return allocate(draft, name, size);
    }
    RegistryInfo info = draft.snapshot().info();
    int first = (OVERHEAD + 2 * size - 1) / size * size;
    if (info.layout() == Layout.PACKED
        || slot % size != 0
        || slot < first
        || slot > info.areaBytes()) {
      throw noSuchSlot(info, name, size, slot, first);
    }
    if (!isFree(draft.snapshot(), slot, size)) {
      throw slotTaken(draft.snapshot(), name, size, slot);
    }
    if (draft.programs().linkedBytes().intersects(bytes(slot, size))) {
      throw slotLinked(name, slot);
    }
    return slot;
  }

  /** How many bytes this caller may not have, although they are free. */
  static int reserveBytes(Draft draft) {
    return draft.isAdmin() ? 0 : draft.snapshot().info().slotBytesForAdmins();
  }

  /** Whether the layout has this slot, and no field has any of its bytes. */
  static boolean isFree(Snapshot snapshot, int slot, int size) {
    RegistryInfo info = snapshot.info();
    if (info.layout() == Layout.PACKED) {
      return slot == 0;
    }
    return slot % size == 0
        && slot >= OVERHEAD + size
        && slot <= info.areaBytes()
        && !takenBytes(snapshot).intersects(bytes(slot, size));
  }

  /**
   * The bytes of the area that a value takes, by distance from the packet.
   *
   * @param slot 0: it has none
   */
  public static BitSet bytes(int slot, int size) {
    BitSet bytes = new BitSet();
    if (slot != 0) {
      bytes.set(slot - size + 1, slot + 1);
    }
    return bytes;
  }

  /** The bytes that fields have, by distance from the packet. */
  public static BitSet takenBytes(Snapshot snapshot) {
    BitSet taken = new BitSet();
    snapshot.records().forEach(field -> taken.or(bytes(field.slot(), field.size())));
    return taken;
  }

  /** Bytes of the area that only programs which disagree with the registry use. */
  static int staleBytes(Snapshot snapshot, Programs programs) {
    BitSet stale = programs.linkedBytes();
    stale.andNot(takenBytes(snapshot));
    return stale.get(OVERHEAD + 1, snapshot.info().areaBytes() + 1).cardinality();
  }

  /** INVALID_REQUEST: no field of this size can lie there. */
  private static MetakeyException noSuchSlot(
      RegistryInfo info, String name, int size, int slot, int first) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        info.layout() == Layout.PACKED
            ? "slot %d for %s: layout packed has no slots; leave it out".formatted(slot, name)
            : "slot %d for %s: a value of %d bytes lies at a multiple of %d, from %d to %d"
                .formatted(slot, name, size, size, first, info.areaBytes() / size * size),
        Map.of("name", name, "slot", Integer.toString(slot)));
  }

  /** ID_TAKEN: the place belongs to another field. */
  private static MetakeyException slotTaken(Snapshot snapshot, String name, int size, int slot) {
    Field holder =
        snapshot.records().stream()
            .filter(field -> bytes(field.slot(), field.size()).intersects(bytes(slot, size)))
            .findFirst()
            .orElseThrow();
    return Refusals.idTaken(
        holder, "%s cannot have slot %d, where %s is".formatted(name, slot, holder.name()));
  }

  /** ID_TAKEN: programs that disagree with the registry use the place. */
  private static MetakeyException slotLinked(String name, int slot) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s cannot have slot %d: a loaded program that disagrees with the registry uses it ('metakey users' shows which); unload it first, or take another slot"
            .formatted(name, slot),
        Map.of("name", name, "slot", Integer.toString(slot)));
  }
}
