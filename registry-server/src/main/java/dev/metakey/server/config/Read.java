package dev.metakey.server.config;

import java.util.List;

/**
 * What an admin wrote, as far as it can be used.
 *
 * @param value what was read; what cannot be used is left out or has its default
 * @param faults what cannot be used: each says where it is, what is wrong, and what is allowed
 */
public record Read<T>(T value, List<String> faults) {
  public Read {
    faults = List.copyOf(faults);
  }

  /** A value that was not read from a file. */
  public static <T> Read<T> sound(T value) {
    return new Read<>(value, List.of());
  }
}
