package dev.metakey.layout;

import dev.metakey.model.Coded;

/** Finds the constant that a number in a file stands for. */
final class Codes {
  private Codes() {}

  static <E extends Enum<E> & Coded> E find(Class<E> type, String what, byte stored)
      throws BadLayoutException {
    int code = Byte.toUnsignedInt(stored);
    E constant = Coded.find(type, code);
    if (constant == null) {
      throw new BadLayoutException(
          "%s %d is not known here; a newer metakey may have written it: upgrade"
              .formatted(what, code));
    }
    return constant;
  }
}
