package dev.metakey.server.storage;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The ids that a registry had before it was recovered, as text: UUIDs with commas between them. */
final class Former {
  private Former() {}

  static byte[] bytes(List<UUID> ids) {
    return text(ids).getBytes(US_ASCII);
  }

  static String text(List<UUID> ids) {
    return ids.stream().map(UUID::toString).collect(Collectors.joining(","));
  }

  /**
   * @throws IllegalArgumentException if one is not a UUID
   */
  static List<UUID> parse(byte @Nullable [] bytes) {
    return bytes == null ? List.of() : parse(new String(bytes, US_ASCII));
  }

  static List<UUID> parse(String text) {
    return Arrays.stream(text.split(",", -1))
        .filter(id -> !id.isEmpty())
        .map(UUID::fromString)
        .toList();
  }
}
