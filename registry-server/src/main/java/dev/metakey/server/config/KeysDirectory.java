package dev.metakey.server.config;

import dev.metakey.files.Failure;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Words;
import dev.metakey.server.domain.Reserve;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the reservations in {@code keys.d/*.yaml}, file by file in the order of their names:
 *
 * <pre>
 *   reserve:
 *     - name: edge.packet_id
 *       id: 3
 *       size: 8
 *       slot: 24              # any, if it is left out
 *       foreign: false        # true: some program hard-codes the id
 * </pre>
 */
public final class KeysDirectory {
  private static final List<String> KEYS =
      List.of("name", "id", "slot", "size", "foreign", "description", "format", "merge");

  private KeysDirectory() {}

  /**
   * Reads the reservations that can be used; each fault names file and line. There are none if the
   * directory does not exist.
   */
  public static Read<List<Reserve>> read(Path directory) {
    List<String> faults = new ArrayList<>();
    List<Reserve> reservations = new ArrayList<>();
    try {
      for (Path file : files(directory)) {
        read(file, reservations, faults);
      }
    } catch (ConfigException e) {
      faults.add(String.valueOf(e.getMessage()));
    }
    return new Read<>(reservations, faults);
  }

  private static void read(Path file, List<Reserve> reservations, List<String> faults) {
    if (Files.exists(file) && !Files.isRegularFile(file)) { // to open a pipe would wait for ever
      faults.add("%s cannot be read: it is not a file; remove it".formatted(file));
      return;
    }
    reserve(YamlMap.read(file, List.of("reserve"), faults), reservations, faults);
  }

  static void reserve(YamlMap file, List<? super Reserve> reservations, List<String> faults) {
    for (YamlMap entry : file.maps("reserve", KEYS)) {
      if (entry.isSound()) {
        try {
          Reserve reserve = reserve(entry);
          if (entry.isSound()) {
            reservations.add(reserve);
          }
        } catch (ConfigException e) {
          faults.add(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  private static Set<Path> files(Path directory) throws ConfigException {
    Set<Path> files = new TreeSet<>();
    YamlMap.requireTrusted(directory);
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "*.yaml")) {
      found.forEach(files::add);
    } catch (NoSuchFileException e) {
      return files;
    } catch (IOException e) {
      throw new ConfigException("%s cannot be listed: %s".formatted(directory, Failure.words(e)));
    }
    return files;
  }

  private static Reserve reserve(YamlMap entry) throws ConfigException {
    String name = entry.require("name", word -> word);
    int size = entry.require("size", word -> (int) ConfigFile.number(word, -1, 1024));
    int id = entry.require("id", word -> (int) ConfigFile.number(word, 0, Field.IDS - 1));
    int slot = slot(entry);
    boolean foreign = entry.get("foreign", false, ConfigFile::yesOrNo);
    String description = entry.get("description", "", word -> word);
    Format format = entry.get("format", Format.DEC, w -> Words.parse(Format.class, "format", w));
    Merge merge = entry.get("merge", Merge.UNSPECIFIED, w -> Words.parse(Merge.class, "merge", w));
    try {
      FieldSpec spec = new FieldSpec(name, size, description, format, merge, Sharing.EXCLUSIVE, 0);
      return new Reserve(spec, id, slot, new Reservation(foreign, entry.place()));
    } catch (MetakeyException e) {
      throw new ConfigException("%s: %s".formatted(entry.place(), e.text()));
    }
  }

  /** 0 if none is named. */
  static int slot(YamlMap entry) {
    return entry.get("slot", 0, word -> (int) ConfigFile.number(word, 1, 255));
  }
}
