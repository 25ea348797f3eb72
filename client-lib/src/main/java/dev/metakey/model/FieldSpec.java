package dev.metakey.model;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/**
 * What somebody asks for: a name, a size and attributes. An instance is always valid.
 *
 * @param name 1-63 bytes: dot-separated parts of {@code [a-z][a-z0-9_]*}
 * @param size bytes: 2, 4 or 8
 * @param description for people: at most 255 bytes of UTF-8, {@linkplain PlainText plain}; may be
 *     empty
 * @param format how a tool prints the value; IPV4 needs size 4, MAC needs size 8
 * @param merge what should happen when packets are merged
 * @param sharing whether several owners may register it
 * @param ttlMs milliseconds after which the field is retired unless registered again: 1 s to 366
 *     days; 0 for never
 */
public record FieldSpec(
    String name,
    int size,
    String description,
    Format format,
    Merge merge,
    Sharing sharing,
    long ttlMs) {

  public static final int MAX_DESCRIPTION_BYTES = 255;
  public static final long MIN_TTL_MS = 1_000;
  public static final long MAX_TTL_MS = Duration.ofDays(366).toMillis();

  /**
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE or INVALID_ATTRIBUTE
   */
  public FieldSpec {
    Names.check(name);
    if (size != 2 && size != 4 && size != 8) {
      throw new MetakeyException(
          Reason.INVALID_SIZE,
          "size %d of %s: a value has 2, 4 or 8 bytes".formatted(size, name),
          Map.of("name", name, "size", Integer.toString(size), "allowed", "2, 4, 8"));
    }
    int bytes = description.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_DESCRIPTION_BYTES) {
      throw invalid(name, "description", "has %d bytes; at most 255 are allowed".formatted(bytes));
    }
    if (!PlainText.isPlain(description)) {
      throw invalid(
          name,
          "description",
          "has control, zero-width or bidirectional characters; one line of plain text is allowed");
    }
    if (!format.fits(size)) {
      throw invalid(
          name,
          "format",
          "%s does not fit size %d; ipv4 needs size 4 and mac needs size 8"
              .formatted(format, size));
    }
    if (ttlMs != 0 && (ttlMs < MIN_TTL_MS || ttlMs > MAX_TTL_MS)) {
      throw invalid(name, "ttl", "is %d ms; allowed: 1 s to 366 days, or none".formatted(ttlMs));
    }
  }

  /** A field printed in decimal, without description or merge rule, exclusive, for ever. */
  public static FieldSpec of(String name, int size) {
    return new FieldSpec(name, size, "", Format.DEC, Merge.UNSPECIFIED, Sharing.EXCLUSIVE, 0);
  }

  public FieldSpec describedAs(String text) {
    return new FieldSpec(name, size, text, format, merge, sharing, ttlMs);
  }

  public FieldSpec printedAs(Format newFormat) {
    return new FieldSpec(name, size, description, newFormat, merge, sharing, ttlMs);
  }

  public FieldSpec mergedBy(Merge newMerge) {
    return new FieldSpec(name, size, description, format, newMerge, sharing, ttlMs);
  }

  public FieldSpec shared() {
    return new FieldSpec(name, size, description, format, merge, Sharing.SHARED, ttlMs);
  }

  /**
   * @param ttl 1 s to 366 days; zero for never
   * @throws MetakeyException INVALID_ATTRIBUTE
   */
  public FieldSpec expiringAfter(Duration ttl) {
    // Both extremes end out of range: one must not become "never", nor the other overflow.
    boolean tiny = !ttl.isZero() && ttl.compareTo(Duration.ofMillis(1)) < 0;
    boolean huge = ttl.compareTo(Duration.ofMillis(MAX_TTL_MS)) > 0;
    long ms = tiny ? -1 : huge ? MAX_TTL_MS + 1 : ttl.toMillis();
    return new FieldSpec(name, size, description, format, merge, sharing, ms);
  }

  private static MetakeyException invalid(String name, String attribute, String fault) {
    return new MetakeyException(
        Reason.INVALID_ATTRIBUTE,
        "%s of %s %s".formatted(attribute, name, fault),
        Map.of("name", name, "attribute", attribute));
  }
}
