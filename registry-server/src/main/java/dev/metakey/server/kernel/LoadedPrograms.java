package dev.metakey.server.kernel;

import com.sun.jna.Memory;
import dev.metakey.layout.BadLayoutException;
import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.server.kernel.Bpf.Fd;
import dev.metakey.server.kernel.Bpf.ProgInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The programs that the kernel has loaded and that use fields: those that have a map named {@value
 * RecordStruct#SECTION}. libbpf makes it from the section of that name, fills it and freezes it
 * before it loads the first program of the object, and gives it to each of them.
 *
 * <p>What was read once is kept: records do not change while their program is loaded. A program is
 * recognised by its id and its load time, as ids are used again once they wrap. So a scan that
 * finds nothing new makes four calls for each loaded program and opens no map.
 *
 * <p>Somebody else's map of that name is harmless: what is not a record is left out, and logged
 * once.
 */
public final class LoadedPrograms {
  /**
   * The most records that a map may hold to be read; more than all fields, produced and consumed.
   */
  private static final int MAX_RECORDS = 1024;

  private static final int CLOCK_BOOTTIME = 7;
  private static final Logger log = LoggerFactory.getLogger(LoadedPrograms.class);

  private Map<Integer, Known> known = new HashMap<>();
  private final Set<Integer> reportedMaps = new HashSet<>();

  /**
   * A program that was looked at.
   *
   * @param loadTimeNs when it was loaded, nanoseconds since boot
   * @param program null if it uses no fields
   */
  private record Known(long loadTimeNs, @Nullable LoadedProgram program) {}

  /**
   * Every loaded program that uses fields, by ascending id, without pids. Programs that come or go
   * meanwhile may be missing.
   *
   * @throws BpfException if what is loaded cannot be seen; its kind tells why
   */
  public synchronized List<LoadedProgram> scan() throws BpfException {
    Libc.load();
    Map<Integer, Known> found = new HashMap<>();
    List<LoadedProgram> programs = new ArrayList<>();
    for (Integer id = Bpf.nextProgram(0); id != null; id = Bpf.nextProgram(id)) {
      Known program = look(id);
      if (program != null) {
        found.put(id, program);
        if (program.program() != null) {
          programs.add(program.program());
        }
      }
    }
    known = found;
    return programs;
  }

  /** As {@link #scan}, with the processes that hold each program open. Looks at every process. */
  public List<LoadedProgram> scanWithPids() throws BpfException {
    return Holders.addTo(scan());
  }

  /**
   * @return null if it is gone
   */
  private @Nullable Known look(int id) throws BpfException {
    try (Fd fd = Bpf.program(id);
        Memory info = Bpf.zeroed(ProgInfo.BYTES)) {
      if (fd == null) {
        return null;
      }
      Bpf.info(fd, info, "look at program " + id);
      long loadTimeNs = info.getLong(ProgInfo.LOAD_TIME);
      Known before = known.get(id);
      if (before != null && before.loadTimeNs() == loadTimeNs) {
        return before;
      }
      List<FieldUse> uses = uses(id, fd, info.getInt(ProgInfo.NR_MAP_IDS));
      return new Known(loadTimeNs, uses == null ? null : program(id, info, uses));
    }
  }

  private static LoadedProgram program(int id, Memory info, List<FieldUse> uses)
      throws BpfException {
    return new LoadedProgram(
        id,
        info.getString(ProgInfo.NAME),
        ProgramTypes.name(info.getInt(ProgInfo.TYPE)),
        HexFormat.of().formatHex(info.getByteArray(ProgInfo.TAG, ProgInfo.TAG_BYTES)),
        System.currentTimeMillis() - (sinceBootNs() - info.getLong(ProgInfo.LOAD_TIME)) / 1_000_000,
        List.of(),
        uses);
  }

  private static long sinceBootNs() {
    try (Memory time = Bpf.zeroed(2 * Long.BYTES)) {
      var unused = Libc.clock_gettime(CLOCK_BOOTTIME, time);
      return time.getLong(0) * 1_000_000_000 + time.getLong(Long.BYTES);
    }
  }

  /**
   * What the program's records say.
   *
   * @return null if it has none
   */
  private @Nullable List<FieldUse> uses(int id, Fd fd, int maps) throws BpfException {
    if (maps == 0) {
      return null;
    }
    List<FieldUse> uses = null;
    try (Memory ids = Bpf.zeroed((long) maps * Integer.BYTES);
        Memory info = Bpf.zeroed(ProgInfo.BYTES)) {
      info.setInt(ProgInfo.NR_MAP_IDS, maps);
      info.setPointer(ProgInfo.MAP_IDS, ids);
      Bpf.info(fd, info, "look at program " + id);
      for (int mapId : ids.getIntArray(0, maps)) {
        List<FieldUse> more = records(mapId);
        if (more != null) {
          uses = new ArrayList<>(Objects.requireNonNullElse(uses, List.of()));
          uses.addAll(more);
        }
      }
    }
    return uses;
  }

  /**
   * @return null if it is not a map of records, or is gone
   */
  private @Nullable List<FieldUse> records(int mapId) throws BpfException {
    try (BpfMap map = BpfMap.openById(mapId)) {
      if (map == null || !isOfRecords(map.shape())) {
        return null;
      }
      byte[] value = map.lookup(BpfMap.key(0));
      return value == null ? null : decode(mapId, value);
    }
  }

  static boolean isOfRecords(BpfMap.Shape shape) {
    return shape.name().equals(RecordStruct.SECTION)
        && shape.type() == BpfMap.ARRAY
        && shape.keyBytes() == Integer.BYTES
        && shape.valueBytes() <= MAX_RECORDS * RecordStruct.BYTES;
  }

  private List<FieldUse> decode(int mapId, byte[] value) {
    List<String> faults = new ArrayList<>();
    List<FieldUse> uses = decode(value, faults);
    if (!faults.isEmpty() && reportedMaps.add(mapId)) {
      log.warn(
          "map {} {} holds {} records that are not valid, and are left out; the first: {}",
          mapId,
          RecordStruct.SECTION,
          faults.size(),
          faults.get(0));
    }
    return uses;
  }

  /** Decodes the records that are valid, and adds what is wrong with the others to the faults. */
  static List<FieldUse> decode(byte[] value, List<String> faults) {
    ByteBuffer records = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
    List<FieldUse> uses = new ArrayList<>();
    int offset = 0;
    for (; offset + RecordStruct.BYTES <= value.length; offset += RecordStruct.BYTES) {
      try {
        uses.add(RecordStruct.get(records, offset));
      } catch (BadLayoutException e) {
        faults.add("at %d: %s".formatted(offset, e.getMessage()));
      }
    }
    if (offset < value.length) {
      faults.add("at %d: %d bytes are not a record".formatted(offset, value.length - offset));
    }
    return uses;
  }
}
