package dev.metakey.server.kernel;

import dev.metakey.layout.HeaderStruct;
import dev.metakey.layout.KeyStruct;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the registry out of pinned maps, and changes nothing. No pin outlives a reboot, so the maps
 * are of this boot.
 */
public final class PinnedReader {
  /** How often to try, in all; a daemon that writes takes well under a millisecond. */
  private static final int TRIES = 100;

  private static final long PAUSE_NS = 1_000_000;

  private PinnedReader() {}

  /**
   * @param directory where maps may be pinned
   * @return null if there are none that this process may open
   * @throws IOException if there are, and they cannot be understood
   */
  public static @Nullable Snapshot read(Path directory) throws IOException {
    Path pin = directory.resolve("header");
    if (!Files.exists(pin)) {
      return null;
    }
    Libc.load();
    try (BpfMap header = BpfMap.openPinned(pin);
        BpfMap ids = BpfMap.openPinned(directory.resolve("ids"))) {
      if (header == null || !header.shape().equals(PinnedMaps.HEADER)) {
        return null; // somebody else's map
      }
      if (ids == null || !ids.shape().equals(PinnedMaps.IDS)) {
        throw new IOException(directory + ": 'ids' does not belong to 'header'");
      }
      return read(directory, header, ids);
    } catch (BpfException e) {
      if (e.kind() == BpfException.Kind.FAILED) {
        throw e;
      }
      return null;
    }
  }

  private static Snapshot read(Path directory, BpfMap header, BpfMap ids) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      ByteBuffer before = struct(header, 0);
      if (before.getLong(HeaderStruct.SEQ) % 2 == 0) {
        List<Field> fields = fields(ids);
        if (before.equals(struct(header, 0))) {
          return snapshot(HeaderStruct.info(before, 0), fields);
        }
      }
      LockSupport.parkNanos(PAUSE_NS);
    }
    throw new IOException(directory + ": its daemon died while it wrote them");
  }

  private static List<Field> fields(BpfMap ids) throws IOException {
    List<Field> fields = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      Field field = KeyStruct.get(struct(ids, id), 0);
      if (field != null) {
        fields.add(field);
      }
    }
    return fields;
  }

  private static Snapshot snapshot(RegistryInfo info, List<Field> fields) throws IOException {
    try {
      return Snapshot.of(info, fields);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static ByteBuffer struct(BpfMap map, int key) throws BpfException {
    byte[] value = map.lookup(BpfMap.key(key));
    if (value == null) {
      throw new IllegalStateException("an array has its keys");
    }
    return ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
  }
}
