package dev.metakey.model;

import org.jspecify.annotations.Nullable;

/**
 * Who holds a field: the same after every restart, upgrade and reboot. Owners of two kinds are
 * never equal, whatever they are called.
 *
 * @param uid of a user, as the kernel told the daemon; {@link #NO_UID} for the other kinds
 * @param service the unit's name, or the claim
 */
public record Owner(Kind kind, int uid, String service) {
  /** The uid of no user: Linux never gives it to anybody. */
  public static final int NO_UID = -1;

  /** What an owner is known by. */
  public enum Kind implements Coded {
    /** A system service of systemd, proven by the kernel. */
    UNIT(1),
    /** A uid, proven by the kernel, and what the client claims to be. */
    USER(2),
    /** What the client claims to be, in a container that gets other uids each time. */
    CONTAINER(3);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }

    /** The name in lower case. */
    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  public Owner {
    if (kind != Kind.USER && uid != NO_UID) {
      throw new IllegalArgumentException("a %s has no uid".formatted(kind));
    }
  }

  /** A user and its claim. */
  public Owner(int uid, String claim) {
    this(Kind.USER, uid, claim);
  }

  public static Owner unit(String unit) {
    return new Owner(Kind.UNIT, NO_UID, unit);
  }

  public static Owner container(String claim) {
    return new Owner(Kind.CONTAINER, NO_UID, claim);
  }

  /** One word: {@code unit:edge-xdp.service}, {@code 1000:tracer} or {@code container:web}. */
  public String word() {
    String who = kind == Kind.USER ? Integer.toUnsignedString(uid) : kind.toString();
    return who + ":" + service;
  }

  /** The owner that {@link #word} wrote; null if it wrote no such word. */
  public static @Nullable Owner parse(String word) {
    int colon = word.indexOf(':');
    if (colon < 0) {
      return null;
    }
    String service = word.substring(colon + 1);
    String who = word.substring(0, colon);
    if (who.equals(Kind.UNIT.toString())) {
      return unit(service);
    }
    if (who.equals(Kind.CONTAINER.toString())) {
      return container(service);
    }
    try {
      return new Owner(Integer.parseUnsignedInt(who), service);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** {@code edge-xdp.service}, {@code tracer (uid 1000)} or {@code web (container)}. */
  @Override
  public String toString() {
    return switch (kind) {
      case UNIT -> service;
      case USER ->
          (service.isEmpty() ? "unnamed" : service)
              + (" (uid " + Integer.toUnsignedString(uid) + ")");
      case CONTAINER -> service + " (container)";
    };
  }
}
