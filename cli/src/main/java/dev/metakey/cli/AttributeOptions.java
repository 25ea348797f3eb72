package dev.metakey.cli;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The attributes of a field that is registered or reserved. */
final class AttributeOptions {
  /** The character that Java puts in place of bytes that it cannot decode. */
  private static final char UNREADABLE = '\ufffd';

  @Option(
      names = "--format",
      paramLabel = "FORMAT", // a label of its own: completion finds the values by label
      description = "How tools print the value: ${COMPLETION-CANDIDATES}. Default: dec.")
  Format format = Format.DEC;

  @Option(
      names = "--merge",
      paramLabel = "RULE",
      description =
          "What should happen when packets are merged: ${COMPLETION-CANDIDATES}. Default:"
              + " unspecified.")
  Merge merge = Merge.UNSPECIFIED;

  @Option(
      names = "--shared",
      description = "Let other services that also say --shared register it too.")
  boolean shared;

  @Option(
      names = "--description",
      paramLabel = "TEXT",
      description = "One line for people, at most 255 bytes.")
  String description = "";

  /**
   * @throws MetakeyException if it is not allowed
   */
  FieldSpec spec(String name, int size, Duration ttl) {
    if (description.indexOf(UNREADABLE) >= 0) {
      throw new MetakeyException(
          Reason.INVALID_ATTRIBUTE,
          "the description has letters that are not in this locale's encoding; set LC_ALL=C.UTF-8");
    }
    Sharing sharing = shared ? Sharing.SHARED : Sharing.EXCLUSIVE;
    return new FieldSpec(name, size, description, format, merge, sharing, ttl.toMillis());
  }
}
