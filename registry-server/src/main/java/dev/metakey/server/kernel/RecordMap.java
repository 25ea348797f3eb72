package dev.metakey.server.kernel;

import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a map of records holds. An address within one record leads to no other, if the record says
 * that it is a variable of its own; else to any.
 *
 * @param records those that are valid
 * @param faults of the others, what is wrong with each
 * @param isFinal whether nobody can change the map any more
 */
record RecordMap(List<Entry> records, List<String> faults, boolean isFinal) {
  /** Records that are read of one map; more than all fields, produced and consumed. */
  private static final int MAX_RECORDS = 1024;

  RecordMap {
    records = List.copyOf(records);
    faults = List.copyOf(faults);
  }

  /**
   * @param offset where it starts in the map's value
   * @param isAlone whether code that refers to it reaches no other
   */
  record Entry(int offset, FieldUse use, boolean isAlone) {
    private boolean isReached(BitSet offsets) {
      int first = offsets.nextSetBit(offset);
      return first >= 0 && first < offset + RecordStruct.BYTES;
    }
  }

  /**
   * @return null if it is not a map of records, or is gone
   */
  static @Nullable RecordMap read(int mapId) throws BpfException {
    try (BpfMap map = BpfMap.openById(mapId)) {
      if (map == null || !isOfRecords(map.shape())) {
        return null;
      }
      boolean isFrozen = isFrozen(map); // first: what is read then is what stays
      byte[] value = map.lookup(BpfMap.key(0));
      return value == null ? null : decode(value, isFrozen);
    }
  }

  static boolean isOfRecords(BpfMap.Shape shape) {
    return shape.name().equals(RecordStruct.SECTION)
        && shape.type() == BpfMap.ARRAY
        && shape.keyBytes() == Integer.BYTES
        && shape.valueBytes() <= MAX_RECORDS * RecordStruct.BYTES;
  }

  /** Whether it can be changed no more; no command of bpf(2) tells. */
  private static boolean isFrozen(BpfMap map) {
    try {
      return Files.readAllLines(Path.of("/proc/self/fdinfo/" + map.fd())).stream()
          .anyMatch(line -> line.matches("frozen:\\s*1"));
    } catch (IOException e) {
      return false;
    }
  }

  static RecordMap decode(byte[] value, boolean isFinal) {
    ByteBuffer bytes = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
    List<Entry> records = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    int offset = 0;
    for (; offset + RecordStruct.BYTES <= value.length; offset += RecordStruct.BYTES) {
      try {
        FieldUse use = RecordStruct.get(bytes, offset);
        records.add(new Entry(offset, use, RecordStruct.isAlone(bytes, offset)));
      } catch (BadLayoutException e) {
        faults.add("at %d: %s".formatted(offset, e.getMessage()));
      }
    }
    if (offset < value.length) {
      faults.add("at %d: %d bytes are not a record".formatted(offset, value.length - offset));
    }
    return new RecordMap(records, faults, isFinal);
  }

  /**
   * Tells which records a program reaches.
   *
   * @param offsets that it has addresses of; null: of any
   */
  Predicate<Entry> reachedBy(@Nullable BitSet offsets) {
    return offsets == null || (!offsets.isEmpty() && !allAlone(offsets))
        ? entry -> true
        : entry -> entry.isReached(offsets);
  }

  /** Whether each address is in a record that is a variable of its own. */
  private boolean allAlone(BitSet offsets) {
    BitSet alone = new BitSet();
    records.stream().filter(Entry::isAlone).forEach(entry -> alone.set(entry.offset()));
    return offsets.stream().allMatch(address -> alone.get(address - address % RecordStruct.BYTES));
  }
}
