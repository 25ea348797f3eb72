package dev.metakey.layout;

import java.util.function.ToIntFunction;

/** Finds the constant that a number in a file stands for. */
final class Codes {
  private Codes() {}

  static <E> E find(E[] constants, ToIntFunction<E> code, String what, byte stored)
      throws BadLayoutException {
    for (E constant : constants) {
      if (code.applyAsInt(constant) == Byte.toUnsignedInt(stored)) {
        return constant;
      }
    }
    throw new BadLayoutException(
        "%s %d is not known here; a newer metakey may have written it: upgrade"
            .formatted(what, Byte.toUnsignedInt(stored)));
  }
}
