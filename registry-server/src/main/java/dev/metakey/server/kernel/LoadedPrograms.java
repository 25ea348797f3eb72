package dev.metakey.server.kernel;

import com.sun.jna.Memory;
import dev.metakey.layout.RecordStruct;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.server.kernel.Bpf.Fd;
import dev.metakey.server.kernel.Bpf.ProgInfo;
import dev.metakey.server.log.Event;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The programs that the kernel has loaded and whose object has records: those that have a map named
 * {@value RecordStruct#SECTION}. libbpf makes it from the section of that name, fills it and
 * freezes it before it loads the first program of the object, and gives it to each of them. Which
 * records a program uses is what its {@link Instructions} say; where they cannot tell, all.
 *
 * <p>What was read once is kept if the records are frozen; otherwise they are read again each time.
 * A program is recognised by its id and its load time, as ids are used again once they wrap. So a
 * scan that finds nothing new makes four calls for each loaded program and opens no map.
 *
 * <p>Somebody else's map of that name is harmless: what is not a record is left out, and logged
 * once.
 */
public final class LoadedPrograms {
  private static final int CLOCK_BOOTTIME = 7;

  private Map<Integer, Known> known = new HashMap<>();

  /** The maps that this scan has opened; empty for one that has no records, or is gone. */
  private final Map<Integer, Optional<RecordMap>> opened = new HashMap<>();

  private final Set<Integer> reportedMaps = new HashSet<>();

  /**
   * A program that was looked at.
   *
   * @param loadTimeNs when it was loaded, nanoseconds since boot
   * @param program null if its object has no records
   * @param isFinal whether it will say the same for as long as it is loaded
   */
  private record Known(long loadTimeNs, @Nullable LoadedProgram program, boolean isFinal) {}

  /**
   * Every loaded program whose object has records, by ascending id, without pids. Programs that
   * come or go meanwhile may be missing.
   *
   * @throws BpfException if what is loaded cannot be seen; its kind tells why
   */
  public synchronized List<LoadedProgram> scan() throws BpfException {
    Libc.load();
    opened.clear();
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
    opened.clear();
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
      if (before != null && before.loadTimeNs() == loadTimeNs && before.isFinal()) {
        return before;
      }
      Map<Integer, RecordMap> maps = recordMaps(id, fd, info.getInt(ProgInfo.NR_MAP_IDS));
      return new Known(
          loadTimeNs,
          maps.isEmpty() ? null : program(id, fd, info, maps),
          maps.values().stream().allMatch(RecordMap::isFinal));
    }
  }

  private static LoadedProgram program(int id, Fd fd, Memory info, Map<Integer, RecordMap> maps)
      throws BpfException {
    int bytes = info.getInt(ProgInfo.XLATED_PROG_LEN);
    Instructions instructions = Instructions.read(id, fd, bytes);
    List<FieldUse> uses = new ArrayList<>();
    List<FieldUse> unused = new ArrayList<>();
    maps.forEach(
        (mapId, map) -> {
          BitSet offsets = instructions == null ? null : instructions.offsetsIn(mapId);
          Predicate<RecordMap.Entry> isReached = map.reachedBy(offsets);
          map.records().forEach(entry -> (isReached.test(entry) ? uses : unused).add(entry.use()));
        });
    return new LoadedProgram(
        id,
        info.getString(ProgInfo.NAME),
        ProgramTypes.name(info.getInt(ProgInfo.TYPE)),
        HexFormat.of().formatHex(info.getByteArray(ProgInfo.TAG, ProgInfo.TAG_BYTES)),
        System.currentTimeMillis() - (sinceBootNs() - info.getLong(ProgInfo.LOAD_TIME)) / 1_000_000,
        List.of(),
        uses,
        unused);
  }

  private static long sinceBootNs() {
    try (Memory time = Bpf.zeroed(2 * Long.BYTES)) {
      var unused = Libc.clock_gettime(CLOCK_BOOTTIME, time);
      return time.getLong(0) * 1_000_000_000 + time.getLong(Long.BYTES);
    }
  }

  /** The maps of records that the program has, by their ids. */
  private Map<Integer, RecordMap> recordMaps(int id, Fd fd, int count) throws BpfException {
    Map<Integer, RecordMap> found = new LinkedHashMap<>();
    if (count == 0) {
      return found;
    }
    try (Memory ids = Bpf.zeroed((long) count * Integer.BYTES);
        Memory info = Bpf.zeroed(ProgInfo.BYTES)) {
      info.setInt(ProgInfo.NR_MAP_IDS, count);
      info.setPointer(ProgInfo.MAP_IDS, ids);
      Bpf.info(fd, info, "look at program " + id);
      for (int mapId : ids.getIntArray(0, count)) {
        records(mapId).ifPresent(map -> found.put(mapId, map));
      }
    }
    return found;
  }

  /** Reads a map, once in a scan: the programs of an object have the same one. */
  private Optional<RecordMap> records(int mapId) throws BpfException {
    Optional<RecordMap> before = opened.get(mapId);
    if (before != null) {
      return before;
    }
    Optional<RecordMap> read = Optional.ofNullable(RecordMap.read(mapId));
    read.ifPresent(map -> report(mapId, map.faults()));
    opened.put(mapId, read);
    return read;
  }

  private void report(int mapId, List<String> faults) {
    if (!faults.isEmpty() && reportedMaps.add(mapId)) {
      Event.RECORDS_INVALID
          .with("map_id", mapId)
          .say(
              "map %d %s holds %d records that are not valid, and are left out; the first: %s"
                  .formatted(mapId, RecordStruct.SECTION, faults.size(), faults.get(0)));
    }
  }
}
