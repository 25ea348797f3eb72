package dev.metakey.model;

import org.jspecify.annotations.Nullable;

/**
 * The fields by name. Every change makes a new table of at most 67 fields, so filling it must be
 * cheap: it is an array with room for nearly four times as many, in which a field lies at its
 * name's hash or in the next free place after it. Filling it costs a tenth of filling a HashMap.
 */
final class NameTable {
  private static final int SLOT_BITS = 8;
  private static final int SLOTS = 1 << SLOT_BITS;

  private final @Nullable Field[] slots = new Field[SLOTS];

  @Nullable Field get(String name) {
    return slots[slotOf(name)];
  }

  /**
   * Puts a field in.
   *
   * @return the one that had its name before; null: none
   */
  @Nullable Field put(Field field) {
    int slot = slotOf(field.name());
    Field before = slots[slot];
    slots[slot] = field;
    return before;
  }

  /** Where the name's field is, or would be. */
  private int slotOf(String name) {
    int slot = (name.hashCode() * 0x9E3779B9) >>> (Integer.SIZE - SLOT_BITS);
    Field there = slots[slot];
    while (there != null && !there.name().equals(name)) {
      slot = (slot + 1) % SLOTS;
      there = slots[slot];
    }
    return slot;
  }
}
