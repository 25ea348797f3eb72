package dev.metakey.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How the value types' constants are written for people: in lower case. */
public final class Words {
  private Words() {}

  /** A constant as it is written for people. */
  public static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant that a word stands for.
   *
   * @param what names the thing in the error, say {@code "format"}
   * @throws MetakeyException INVALID_ATTRIBUTE, naming what is allowed
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String what, String word) {
    for (E constant : type.getEnumConstants()) {
      if (lower(constant).equals(word)) {
        return constant;
      }
    }
    String allowed =
        Arrays.stream(type.getEnumConstants()).map(Words::lower).collect(Collectors.joining(", "));
    throw new MetakeyException(
        Reason.INVALID_ATTRIBUTE,
        "%s %s is not known; allowed: %s".formatted(what, Names.quote(word), allowed),
        Map.of("attribute", what, "value", word, "allowed", allowed));
  }
}
