package dev.metakey.cli;

import dev.metakey.packet.FieldValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A condition of {@code --where}: a field has a value.
 *
 * @param text as it is printed
 * @param number the same as a number; null if it is not a number
 */
record PacketFilter(String name, String text, @Nullable Long number) {
  /**
   * @param traced the names of the fields that are traced
   * @throws picocli.CommandLine.ParameterException if it is not a condition, or is about another
   *     field
   */
  static PacketFilter parse(String condition, List<String> traced, Verb verb) {
    int at = condition.indexOf('=');
    if (at < 1 || at == condition.length() - 1) {
      throw verb.wrong("--where '%s' is not NAME=VALUE, like edge.zone=7".formatted(condition));
    }
    String name = condition.substring(0, at);
    if (!traced.contains(name)) {
      throw verb.wrong(
          "--where '%s': %s is not traced; name it before the options too"
              .formatted(condition, name));
    }
    String text = condition.substring(at + 1);
    return new PacketFilter(name, text, number(text));
  }

  private static @Nullable Long number(String text) {
    try {
      return text.startsWith("0x")
          ? Long.parseUnsignedLong(text.substring(2), 16)
          : Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  boolean accepts(List<FieldValue> values) {
    return values.stream().anyMatch(this::accepts);
  }

  private boolean accepts(FieldValue value) {
    return value.field() != null
        && value.field().name().equals(name)
        && (value.text().equals(text) || (number != null && number == value.value()));
  }
}
