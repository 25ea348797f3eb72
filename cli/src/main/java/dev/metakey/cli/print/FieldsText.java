package dev.metakey.cli.print;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.metakey.model.Durations;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Sharing;
import java.util.List;
import java.util.stream.Collectors;

/** The registry as a file in YAML that {@code metakey import} reads. What is usual is left out. */
public final class FieldsText {
  /** A text in JSON is one in YAML too. */
  private static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

  private FieldsText() {}

  /**
   * @param fields retired, free and well-known ones are left out
   */
  public static String of(RegistryInfo info, List<Field> fields) {
    StringBuilder text = new StringBuilder();
    text.append(
        "# made by 'metakey export' at revision %d of registry %s,\n# layout %s, area of %d bytes; 'metakey import FILE --dry-run' shows what it would change\n"
            .formatted(info.revision(), info.registryId(), info.layout(), info.areaBytes()));
    append(text, "reserve", fields.stream().filter(FieldsText::isReserved).toList(), false);
    append(text, "fields", fields.stream().filter(f -> f.is(FieldState.ACTIVE)).toList(), true);
    return text.toString();
  }

  private static boolean isReserved(Field field) {
    return field.reservation() != null
        && (field.is(FieldState.ACTIVE) || field.is(FieldState.RESERVED));
  }

  private static void append(
      StringBuilder text, String section, List<Field> fields, boolean registered) {
    text.append(section).append(fields.isEmpty() ? ": []\n" : ":\n");
    for (Field field : fields) {
      FieldSpec spec = field.spec();
      text.append("  - name: ").append(spec.name()).append('\n');
      line(text, "id", field.id());
      line(text, "size", spec.size());
      if (field.slot() != 0) {
        line(text, "slot", field.slot());
      }
      if (registered) {
        line(text, "owners", owners(field));
        lineUnless(text, "sharing", spec.sharing(), Sharing.EXCLUSIVE);
        if (spec.ttlMs() != 0) {
          line(text, "ttl", Durations.text(spec.ttlMs()));
        }
      } else if (field.isForeign()) {
        line(text, "foreign", true);
      }
      lineUnless(text, "format", spec.format(), Format.DEC);
      lineUnless(text, "merge", spec.merge(), Merge.UNSPECIFIED);
      if (!spec.description().isEmpty()) {
        line(text, "description", JSON.toJson(spec.description()));
      }
    }
  }

  private static String owners(Field field) {
    return field.owners().stream()
        .map(Owner::word)
        .map(JSON::toJson)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append("    ").append(key).append(": ").append(value).append('\n');
  }

  private static void lineUnless(StringBuilder text, String key, Object value, Object usual) {
    if (!value.equals(usual)) {
      line(text, key, value);
    }
  }
}
