package dev.metakey.wire;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import dev.metakey.v1.User;
import java.util.Map;

/**
 * What the daemon reads: strict. A constant that this build does not know, sent by a newer client,
 * is refused, as the client would believe that it was understood.
 */
public final class Requests {
  private Requests() {}

  /**
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE or INVALID_REQUEST
   */
  public static FieldSpec spec(dev.metakey.v1.FieldSpec spec) {
    return new FieldSpec(
        spec.getName(),
        spec.getSize(),
        spec.getDescription(),
        format(spec.getFormat()),
        merge(spec.getMerge()),
        sharing(spec.getSharing()),
        spec.hasTtl() ? ttlMs(spec) : 0);
  }

  private static long ttlMs(dev.metakey.v1.FieldSpec spec) {
    Duration ttl = spec.getTtl();
    if (!Durations.isValid(ttl) || !ttl.equals(Durations.fromMillis(Durations.toMillis(ttl)))) {
      throw new MetakeyException(
          Reason.INVALID_ATTRIBUTE,
          "ttl of %s is not a whole number of milliseconds; allowed: 1 s to 366 days, or none"
              .formatted(Names.quote(spec.getName())),
          Map.of("attribute", "ttl"));
    }
    long ms = Durations.toMillis(ttl);
    return ms == 0 ? -1 : ms; // a ttl of 0 was asked for: out of range, not "never"
  }

  public static FieldState state(dev.metakey.v1.FieldState state) {
    return switch (state) {
      case FIELD_STATE_ACTIVE -> FieldState.ACTIVE;
      case FIELD_STATE_RETIRED -> FieldState.RETIRED;
      case FIELD_STATE_RESERVED -> FieldState.RESERVED;
      case FIELD_STATE_WELL_KNOWN -> FieldState.WELL_KNOWN;
      case FIELD_STATE_FREE -> FieldState.FREE;
      case FIELD_STATE_UNSPECIFIED, UNRECOGNIZED -> throw unknown("state");
    };
  }

  /**
   * An admin's words.
   *
   * @throws MetakeyException INVALID_REQUEST if they are too long, or no line of text
   */
  public static String reason(String text) {
    if (text.length() > 255 || text.codePoints().anyMatch(Character::isISOControl)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "a reason is one line of text with at most 255 characters");
    }
    return text;
  }

  /**
   * An owner that can exist.
   *
   * @throws MetakeyException INVALID_REQUEST
   */
  public static Owner owner(dev.metakey.v1.Owner owner) {
    return switch (owner.getWhoCase()) {
      case UNIT -> Owner.unit(Names.checkUnit(owner.getUnit()));
      case USER -> user(owner.getUser());
      case CONTAINER_CLAIM -> Owner.container(Names.checkClaim(owner.getContainerClaim()));
      case WHO_NOT_SET ->
          throw new MetakeyException(
              Reason.INVALID_REQUEST,
              "the request names no owner, or one of a kind that this daemon does not know");
    };
  }

  /**
   * Whose fields are meant: an owner, or one with an empty claim for all claims of its kind and
   * uid.
   *
   * @throws MetakeyException INVALID_REQUEST
   */
  public static Owner whose(dev.metakey.v1.Owner whose) {
    Owner owner = Replies.owner(whose);
    boolean isNobody = owner.kind() == Owner.Kind.USER && owner.uid() == Owner.NO_UID;
    if (isNobody || (owner.kind() == Owner.Kind.UNIT && owner.service().isEmpty())) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "the request does not say whose fields; allowed: a unit, a uid, a uid and its claim, or a claim of containers");
    }
    return owner;
  }

  private static Owner user(User user) {
    if (user.getUid() == Owner.NO_UID) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "uid 4294967295 belongs to nobody; allowed: 0 to 4294967294");
    }
    return new Owner(user.getUid(), Names.checkClaim(user.getClaim()));
  }

  /** Milliseconds, rounded down; what does not fit is far out of every range we allow. */
  public static long millis(Duration duration, String what) {
    if (!Durations.isValid(duration)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is not a valid duration: seconds and nanos have different signs, or are out of range"
              .formatted(what));
    }
    return Durations.toMillis(duration);
  }

  private static Format format(dev.metakey.v1.Format format) {
    return switch (format) {
      case FORMAT_UNSPECIFIED, FORMAT_DEC -> Format.DEC;
      case FORMAT_HEX -> Format.HEX;
      case FORMAT_IPV4 -> Format.IPV4;
      case FORMAT_MAC -> Format.MAC;
      case FORMAT_NS -> Format.NS;
      case FORMAT_BOOL -> Format.BOOL;
      case UNRECOGNIZED -> throw unknown("format");
    };
  }

  private static Merge merge(dev.metakey.v1.Merge merge) {
    return switch (merge) {
      case MERGE_UNSPECIFIED -> Merge.UNSPECIFIED;
      case MERGE_BLOCK -> Merge.BLOCK;
      case MERGE_KEEP_FIRST -> Merge.KEEP_FIRST;
      case MERGE_KEEP_LAST -> Merge.KEEP_LAST;
      case MERGE_DISCARD -> Merge.DISCARD;
      case UNRECOGNIZED -> throw unknown("merge");
    };
  }

  private static Sharing sharing(dev.metakey.v1.Sharing sharing) {
    return switch (sharing) {
      case SHARING_UNSPECIFIED, SHARING_EXCLUSIVE -> Sharing.EXCLUSIVE;
      case SHARING_SHARED -> Sharing.SHARED;
      case UNRECOGNIZED -> throw unknown("sharing");
    };
  }

  private static MetakeyException unknown(String what) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "this %s is not known here; use one that metakey.v1 of this version names, or upgrade"
            .formatted(what),
        Map.of("attribute", what));
  }
}
