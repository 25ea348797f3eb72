package dev.metakey.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Whole numbers on the command line: each says which are allowed, whatever is wrong with one. */
final class Numbers {
  private Numbers() {}

  /** A number from {@code low} to {@code high}; {@code allowed} says so in words. */
  private static long parse(String text, long low, long high, String allowed) {
    long number;
    try {
      number = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(
          "'%s' is not a whole number in range; allowed: %s".formatted(text, allowed));
    }
    if (number < low || number > high) {
      throw new TypeConversionException("%s is out of range; allowed: %s".formatted(text, allowed));
    }
    return number;
  }

  /** How many bytes a value has: any number, as the rules of a field say which are sizes. */
  static final class Size implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, Integer.MIN_VALUE, Integer.MAX_VALUE, "2, 4 and 8");
    }
  }

  /** An id that can be handed out. */
  static final class Id implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, 0, 63, "0 to 63");
    }
  }

  /** A place in the metadata area. */
  static final class Slot implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, 1, 216, "1 to 216, as far as the area goes");
    }
  }

  /** A user's uid; the highest number is nobody's. */
  static final class Uid implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, 0, 0xffff_fffeL, "0 to 4294967294");
    }
  }

  /** Which of the fields that an id has belonged to. */
  static final class Generation implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, 1, Integer.MAX_VALUE, "1 to 2147483647, as they count from 1");
    }
  }

  /** A state of the registry; 0 is the one before the first change. */
  static final class Revision implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return parse(text, 0, Long.MAX_VALUE, "0, which stands for all, and every later revision");
    }
  }

  /** How many packets to show. */
  static final class Packets implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return parse(text, 1, Long.MAX_VALUE, "1 and more");
    }
  }

  /** How many changes to show. */
  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) parse(text, 1, HistoryVerb.MOST, "1 to " + HistoryVerb.MOST);
    }
  }
}
