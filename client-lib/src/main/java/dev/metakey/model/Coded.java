package dev.metakey.model;

import org.jspecify.annotations.Nullable;

/** A constant that stands in files, maps and packets as a number. */
public interface Coded {
  /** The number that stands for it. Never changes. */
  int code();

  /**
   * The constant that a number stands for; null where there is none, as when a newer version wrote
   * it.
   */
  static <E extends Enum<E> & Coded> @Nullable E find(Class<E> type, int code) {
    for (E constant : type.getEnumConstants()) {
      if (constant.code() == code) {
        return constant;
      }
    }
    return null;
  }
}
