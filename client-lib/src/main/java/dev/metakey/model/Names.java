package dev.metakey.model;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules for names of fields and services. */
public final class Names {
  /** The longest name of a field, in bytes. */
  public static final int MAX_BYTES = 63;

  /** Names under this prefix are the kernel's. */
  public static final String KERNEL_PREFIX = "kernel.";

  /** What only the names of systemd's services end in. */
  public static final String UNIT_SUFFIX = ".service";

  private static final Pattern SERVICE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9@._:\\\\-]{0,127}");
  private static final Pattern UNIT =
      Pattern.compile("(?=.{1,255}$)[A-Za-z0-9@._:\\\\-]+\\.service");
  private static final String ALLOWED =
      "a name is 1-63 bytes: dot-separated parts of [a-z][a-z0-9_]*, like edge.packet_id";

  private Names() {}

  /**
   * Checks a field's name, the kernel's included.
   *
   * @return the name
   * @throws MetakeyException INVALID_NAME
   */
  public static String check(String name) {
    String fault = firstFault(name);
    if (fault == null && name.length() <= MAX_BYTES) {
      return name;
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0) {
      throw invalid(name, "the name is empty");
    }
    if (bytes > MAX_BYTES) {
      throw invalid(name, "name %s is %d bytes long".formatted(quote(name), bytes));
    }
    throw invalid(name, "name %s: %s".formatted(quote(name), fault));
  }

  /**
   * Checks the name of a field that somebody wants to register, reserve or release.
   *
   * @return the name
   * @throws MetakeyException INVALID_NAME, also for the kernel's names
   */
  public static String checkOwn(String name) {
    check(name);
    if (name.startsWith(KERNEL_PREFIX)) {
      throw new MetakeyException(
          Reason.INVALID_NAME,
          "name %s: names under 'kernel.' belong to the kernel and are always there; use another prefix"
              .formatted(quote(name)),
          Map.of("name", name));
    }
    return name;
  }

  /**
   * Checks the name that a client claims for its service.
   *
   * @return the name
   * @throws MetakeyException INVALID_REQUEST
   */
  public static String checkService(String service) {
    if (!SERVICE.matcher(service).matches()) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "service %s: a service name is 1-128 letters, digits and @ . _ : - \\, and starts with a letter or digit"
              .formatted(quote(service)),
          Map.of("service", printable(service)));
    }
    return service;
  }

  /**
   * Checks the claim of somebody who is not a unit.
   *
   * @return the name
   * @throws MetakeyException INVALID_REQUEST, also for the name of a unit
   */
  public static String checkClaim(String claim) {
    if (claim.endsWith(UNIT_SUFFIX)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "service %s: only a process that systemd runs in a unit of that name may be called so, and then it need not say it; claim a name that does not end in .service"
              .formatted(quote(claim)),
          Map.of("service", printable(claim)));
    }
    return checkService(claim);
  }

  /** Whether a systemd unit that can own a field may be called so. */
  public static boolean isUnit(String name) {
    return UNIT.matcher(name).matches();
  }

  /**
   * Checks the name of a systemd unit that can own a field.
   *
   * @return the name
   * @throws MetakeyException INVALID_REQUEST
   */
  public static String checkUnit(String unit) {
    if (!isUnit(unit)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "unit %s: a unit's name is at most 255 letters, digits and @ . _ : - \\, and ends in .service"
              .formatted(quote(unit)),
          Map.of("unit", printable(unit)));
    }
    return unit;
  }

  /** The text in single quotes, cut at 80 characters, with anything unprintable escaped. */
  public static String quote(String text) {
    return "'" + printable(text) + "'";
  }

  /** The text, cut at 80 characters, with anything unprintable escaped. */
  public static String printable(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(80)
        .forEach(
            c -> {
              if (c >= ' ' && c < 0x7f) {
                out.append((char) c);
              } else {
                out.append("\\u{%x}".formatted(c));
              }
            });
    return text.codePointCount(0, text.length()) > 80 ? out + "..." : out.toString();
  }

  /** What is wrong with the characters; null: nothing. No pattern, as every call asks this. */
  private static @Nullable String firstFault(String name) {
    boolean partStart = true;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'a' && c <= 'z';
      if (partStart && !letter) {
        return c == '.'
            ? "a part is empty before byte %d".formatted(i)
            : "a part starts with %s at byte %d"
                .formatted(quote(Character.toString(name.codePointAt(i))), i);
      }
      if (!letter && c != '.' && c != '_' && (c < '0' || c > '9')) {
        return "%s at byte %d is not allowed"
            .formatted(quote(Character.toString(name.codePointAt(i))), i);
      }
      partStart = c == '.';
    }
    return partStart ? "it ends with a dot" : null;
  }

  private static MetakeyException invalid(String name, String fault) {
    return new MetakeyException(
        Reason.INVALID_NAME, fault + "; " + ALLOWED, Map.of("name", printable(name)));
  }
}
