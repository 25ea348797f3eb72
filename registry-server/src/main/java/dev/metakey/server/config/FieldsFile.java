package dev.metakey.server.config;

import dev.metakey.model.Durations;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Sharing;
import dev.metakey.model.Words;
import dev.metakey.server.domain.Apply;
import dev.metakey.server.domain.Import;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a file that an admin applies or imports: reservations as in {@code keys.d}, and registered
 * fields as {@code metakey export} writes them.
 *
 * <pre>
 *   reserve:
 *     ...
 *   fields:
 *     - name: edge.packet_id
 *       id: 3
 *       size: 8
 *       slot: 24              # any, if it is left out
 *       owners: [unit:edge-xdp.service, 1000:tracer, container:web]
 * </pre>
 */
public final class FieldsFile {
  private static final List<String> KEYS =
      List.of(
          "name",
          "id",
          "size",
          "slot",
          "owners",
          "description",
          "format",
          "merge",
          "sharing",
          "ttl");

  private FieldsFile() {}

  /**
   * Reads what can be used; each fault names file and line.
   *
   * @param file for messages
   * @param withFields whether registered fields are allowed, and not only reservations
   */
  public static Read<List<Apply.Entry>> parse(Path file, String text, boolean withFields) {
    List<String> faults = new ArrayList<>();
    List<Apply.Entry> entries = new ArrayList<>();
    List<String> sections = withFields ? List.of("reserve", "fields") : List.of("reserve");
    YamlMap root = YamlMap.parse(file, text, sections, faults);
    KeysDirectory.reserve(root, entries, faults);
    for (YamlMap entry : root.maps("fields", KEYS)) {
      try {
        Import field = field(entry);
        if (entry.isSound()) {
          entries.add(field);
        }
      } catch (ConfigException e) {
        faults.add(String.valueOf(e.getMessage()));
      }
    }
    return new Read<>(entries, faults);
  }

  private static Import field(YamlMap entry) throws ConfigException {
    String name = entry.require("name", word -> word);
    int size = entry.require("size", word -> (int) ConfigFile.number(word, -1, 1024));
    int id = entry.require("id", word -> (int) ConfigFile.number(word, 0, Field.IDS - 1));
    String description = entry.get("description", "", word -> word);
    Format format = entry.get("format", Format.DEC, w -> Words.parse(Format.class, "format", w));
    Merge merge = entry.get("merge", Merge.UNSPECIFIED, w -> Words.parse(Merge.class, "merge", w));
    Sharing sharing =
        entry.get("sharing", Sharing.EXCLUSIVE, w -> Words.parse(Sharing.class, "sharing", w));
    long ttlMs = entry.get("ttl", 0L, word -> Durations.parse(word).toMillis());
    List<Owner> owners = entry.list("owners", FieldsFile::owner);
    try {
      FieldSpec spec = new FieldSpec(name, size, description, format, merge, sharing, ttlMs);
      return new Import(spec, id, KeysDirectory.slot(entry), owners, entry.place());
    } catch (MetakeyException e) {
      throw new ConfigException("%s: %s".formatted(entry.place(), e.text()));
    }
  }

  private static Owner owner(String word) {
    Owner owner = Owner.parse(word);
    if (owner == null) {
      throw new IllegalArgumentException(
          "%s is no owner; allowed are unit:NAME.service, UID:CLAIM and container:CLAIM"
              .formatted(Names.quote(word)));
    }
    if (owner.kind() == Owner.Kind.UNIT) {
      Names.checkUnit(owner.service());
    }
    return owner;
  }
}
