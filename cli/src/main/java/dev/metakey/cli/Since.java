package dev.metakey.cli;

import dev.metakey.model.Durations;
import dev.metakey.model.MetakeyException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a part of the history begins.
 *
 * @param revision after this one; 0: from the start
 * @param fromMs not before this time, milliseconds since 1970; 0: whenever
 */
record Since(long revision, long fromMs) {
  static final Since BEGINNING = new Since(0, 0);

  /** A revision, a time, or how long ago. */
  static final class Converter implements ITypeConverter<Since> {
    @Override
    public Since convert(String text) {
      if (text.matches("-?[0-9]+")) {
        return new Since(new Numbers.Revision().convert(text), 0);
      }
      try {
        return new Since(
            0,
            text.matches("[0-9]+[a-z]+")
                ? System.currentTimeMillis() - Durations.parse(text).toMillis()
                : Instant.parse(text).toEpochMilli());
      } catch (DateTimeParseException e) {
        throw new TypeConversionException(
            "'%s' is neither a revision, nor a time like 2026-11-23T14:09:48Z, nor how long ago, like 2h"
                .formatted(text));
      } catch (MetakeyException e) {
        throw new TypeConversionException(e.text());
      }
    }
  }
}
