package dev.metakey.wire;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Blocker;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldReport;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.FieldUser;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.LimitUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Orphan;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.PlainText;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Role;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.v1.GetResponse;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.Place;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What a client reads: lenient. A newer daemon may use constants that this build does not know;
 * each is taken for one that it does know, as the comments in {@code metakey/v1} say, so that
 * everything else in the answer stays of use. Only a layout is refused: nobody may guess where
 * values are.
 */
public final class Replies {
  private Replies() {}

  public static RegistryInfo info(dev.metakey.v1.RegistryInfo info) {
    return new RegistryInfo(
        UUID.fromString(info.getRegistryId()),
        info.getRevision(),
        layout(info.getLayout()),
        info.getAreaBytes());
  }

  public static Field field(dev.metakey.v1.Field field) {
    return new Field.Builder(field.getId(), spec(field.getSpec()), state(field.getState()))
        .generation(field.getGeneration())
        .slot(field.getSlot())
        .owners(field.getOwnersList().stream().map(Replies::owner).toList())
        .reservation(
            field.hasReservation()
                ? new Reservation(
                    field.getReservation().getForeign(), field.getReservation().getBy())
                : null)
        .created(stamp(field.getCreated()))
        .retired(stamp(field.getRetired()))
        .expiresAtMs(field.hasExpiresAt() ? Timestamps.toMillis(field.getExpiresAt()) : 0)
        .build();
  }

  public static List<Field> fields(List<dev.metakey.v1.Field> fields) {
    return fields.stream().map(Replies::field).toList();
  }

  /** Attributes that another version allows and we do not are replaced by ones that we allow. */
  static FieldSpec spec(dev.metakey.v1.FieldSpec spec) {
    Format format = format(spec.getFormat());
    return new FieldSpec(
        spec.getName(),
        spec.getSize(),
        PlainText.cleaned(spec.getDescription(), FieldSpec.MAX_DESCRIPTION_BYTES),
        format.fits(spec.getSize()) ? format : Format.DEC,
        merge(spec.getMerge()),
        sharing(spec.getSharing()),
        spec.hasTtl() ? ttlMs(spec.getTtl()) : 0);
  }

  private static long ttlMs(Duration ttl) {
    long ms = Durations.isValid(ttl) ? Durations.toMillis(ttl) : 0;
    return ms == 0 ? 0 : Math.max(FieldSpec.MIN_TTL_MS, Math.min(ms, FieldSpec.MAX_TTL_MS));
  }

  public static Change change(dev.metakey.v1.Change change) {
    return new Change(
        change.getRevision(),
        change.getCommitRevision(),
        Timestamps.toMillis(change.getAt()),
        kind(change.getKind()),
        change.hasBefore() ? field(change.getBefore()) : null,
        change.hasAfter() ? field(change.getAfter()) : null,
        peer(change.getPeer()));
  }

  public static Registered registered(dev.metakey.v1.Registered registered) {
    return new Registered(
        field(registered.getField()),
        switch (registered.getOutcome()) {
          case OUTCOME_CREATED -> Outcome.CREATED;
          case OUTCOME_EXISTING, OUTCOME_UNSPECIFIED, UNRECOGNIZED -> Outcome.EXISTING;
        },
        registered.getDifferencesList().stream()
            .map(d -> new Difference(d.getAttribute(), d.getRegistered(), d.getRequested()))
            .toList());
  }

  public static FieldReport report(GetResponse reply) {
    return new FieldReport(
        field(reply.getField()),
        reply.getBlockersList().stream().map(Replies::blocker).toList(),
        reply.hasLastUsed() ? Timestamps.toMillis(reply.getLastUsed()) : 0);
  }

  public static Orphan orphan(dev.metakey.v1.Orphan wire) {
    return new Orphan(
        field(wire.getField()),
        switch (wire.getOwner()) {
          case OWNER_STATE_THERE -> Orphan.OwnerState.THERE;
          case OWNER_STATE_GONE -> Orphan.OwnerState.GONE;
          case OWNER_STATE_NOBODY -> Orphan.OwnerState.NOBODY;
          case OWNER_STATE_UNKNOWN, OWNER_STATE_UNSPECIFIED, UNRECOGNIZED ->
              Orphan.OwnerState.UNKNOWN;
        },
        Timestamps.toMillis(wire.getLastUsed()));
  }

  private static Blocker blocker(dev.metakey.v1.Blocker wire) {
    return new Blocker(
        switch (wire.getKind()) {
          case BLOCKER_KIND_QUARANTINE -> Blocker.Kind.QUARANTINE;
          case BLOCKER_KIND_PROGRAMS -> Blocker.Kind.PROGRAMS;
          case BLOCKER_KIND_UNSEEN -> Blocker.Kind.UNSEEN;
          case BLOCKER_KIND_RESERVATION -> Blocker.Kind.RESERVATION;
          case BLOCKER_KIND_READ_ONLY -> Blocker.Kind.READ_ONLY;
          case BLOCKER_KIND_UNSPECIFIED, UNRECOGNIZED -> Blocker.Kind.OTHER;
        },
        wire.hasUntil() ? Timestamps.toMillis(wire.getUntil()) : 0,
        wire.getProgramsList(),
        wire.getText());
  }

  public static Pending pending(dev.metakey.v1.Pending pending) {
    return new Pending(
        peer(pending.getPeer()),
        pending.getNamesList(),
        pending.getMissingList(),
        Timestamps.toMillis(pending.getSince()),
        Timestamps.toMillis(pending.getUntil()));
  }

  /** A program with each of its uses. */
  public static List<FieldUser> program(dev.metakey.v1.LoadedProgram wire) {
    LoadedProgram program =
        new LoadedProgram(
            wire.getId(),
            wire.getName(),
            wire.getType(),
            wire.getTag(),
            Timestamps.toMillis(wire.getLoadedAt()),
            wire.getPidsList(),
            wire.getUsesList().stream().map(Replies::use).toList());
    return wire.getUsesList().stream()
        .map(use -> new FieldUser(program, use(use), use.getStaleBecause()))
        .toList();
  }

  private static FieldUse use(dev.metakey.v1.FieldUse use) {
    return new FieldUse(
        use.getName(),
        use.getSize(),
        switch (use.getRole()) {
          case ROLE_PRODUCES -> Role.PRODUCES;
          case ROLE_CONSUMES, ROLE_UNSPECIFIED, UNRECOGNIZED -> Role.CONSUMES;
        },
        use.hasPlace() ? place(use.getPlace()) : null);
  }

  private static FieldUse.Place place(Place place) {
    return new FieldUse.Place(
        UUID.fromString(place.getRegistryId()),
        layout(place.getLayout()),
        place.getAreaBytes(),
        Tag.NONE, // the daemon tells nobody
        place.getId(),
        place.getGeneration(),
        place.getSlot());
  }

  public static DaemonStatus status(GetStatusResponse status) {
    return new DaemonStatus(
        info(status.getRegistry()),
        new DaemonStatus.Daemon(
            status.getVersion(),
            Timestamps.toMillis(status.getStartedAt()),
            status.getPid(),
            status.getSocket(),
            status.getData()),
        new DaemonStatus.IdCount(
            status.getActiveIds(), status.getRetiredIds(), status.getReservedIds()),
        new DaemonStatus.SlotUse(status.getSlotBytesUsed(), status.getSlotBytesLimit()),
        new DaemonStatus.Queues(status.getQueued(), status.getWaiting(), status.getWatching()),
        new DaemonStatus.Programs(
            status.getLoadedPrograms(),
            status.getStalePrograms(),
            status.getProgramsUnseen(),
            !status.getProgramsNotLookedAt()),
        status.getPublicationsList().stream()
            .map(
                p ->
                    new DaemonStatus.Publication(
                        p.getName(),
                        p.getPath(),
                        p.getNever() ? DaemonStatus.Publication.NEVER : p.getRevision(),
                        p.getProblem()))
            .toList(),
        status.getLimitsList().stream().map(Replies::limit).toList(),
        status.getProblemsList());
  }

  private static LimitUse limit(dev.metakey.v1.LimitUse limit) {
    return new LimitUse(
        limit.getName(),
        limit.getPerUid(),
        limit.getTotal(),
        limit.getUsed(),
        limit.getRefused(),
        limit.getUsers(),
        limit.getBiggestList().stream()
            .map(user -> new LimitUse.User(user.getUid(), user.getUsed(), user.getLimit()))
            .toList());
  }

  public static FieldState state(dev.metakey.v1.FieldState state) {
    return switch (state) {
      case FIELD_STATE_ACTIVE -> FieldState.ACTIVE;
      case FIELD_STATE_RETIRED, FIELD_STATE_UNSPECIFIED, UNRECOGNIZED -> FieldState.RETIRED;
      case FIELD_STATE_RESERVED -> FieldState.RESERVED;
      case FIELD_STATE_WELL_KNOWN -> FieldState.WELL_KNOWN;
      case FIELD_STATE_FREE -> FieldState.FREE;
    };
  }

  private static Layout layout(dev.metakey.v1.Layout layout) {
    return switch (layout) {
      case LAYOUT_SLOTTED -> Layout.SLOTTED;
      case LAYOUT_PACKED -> Layout.PACKED;
      case LAYOUT_UNSPECIFIED, UNRECOGNIZED -> throw unknownLayout();
    };
  }

  private static Format format(dev.metakey.v1.Format format) {
    return switch (format) {
      case FORMAT_UNSPECIFIED, FORMAT_DEC, UNRECOGNIZED -> Format.DEC;
      case FORMAT_HEX -> Format.HEX;
      case FORMAT_IPV4 -> Format.IPV4;
      case FORMAT_MAC -> Format.MAC;
      case FORMAT_NS -> Format.NS;
      case FORMAT_BOOL -> Format.BOOL;
    };
  }

  private static Merge merge(dev.metakey.v1.Merge merge) {
    return switch (merge) {
      case MERGE_UNSPECIFIED, UNRECOGNIZED -> Merge.UNSPECIFIED;
      case MERGE_BLOCK -> Merge.BLOCK;
      case MERGE_KEEP_FIRST -> Merge.KEEP_FIRST;
      case MERGE_KEEP_LAST -> Merge.KEEP_LAST;
      case MERGE_DISCARD -> Merge.DISCARD;
    };
  }

  private static Sharing sharing(dev.metakey.v1.Sharing sharing) {
    return switch (sharing) {
      case SHARING_UNSPECIFIED, SHARING_EXCLUSIVE, UNRECOGNIZED -> Sharing.EXCLUSIVE;
      case SHARING_SHARED -> Sharing.SHARED;
    };
  }

  private static ChangeKind kind(dev.metakey.v1.ChangeKind kind) {
    return switch (kind) {
      case CHANGE_KIND_CREATED -> ChangeKind.CREATED;
      case CHANGE_KIND_RESTORED -> ChangeKind.RESTORED;
      case CHANGE_KIND_JOINED -> ChangeKind.JOINED;
      case CHANGE_KIND_LEFT -> ChangeKind.LEFT;
      case CHANGE_KIND_RELEASED -> ChangeKind.RELEASED;
      case CHANGE_KIND_EXPIRED -> ChangeKind.EXPIRED;
      case CHANGE_KIND_FREED -> ChangeKind.FREED;
      case CHANGE_KIND_RESERVED -> ChangeKind.RESERVED;
      case CHANGE_KIND_UNRESERVED -> ChangeKind.UNRESERVED;
      case CHANGE_KIND_MOVED -> ChangeKind.MOVED;
      case CHANGE_KIND_ADOPTED -> ChangeKind.ADOPTED;
      case CHANGE_KIND_FORCED -> ChangeKind.FORCED;
      case CHANGE_KIND_TRANSFERRED -> ChangeKind.TRANSFERRED;
      case CHANGE_KIND_RECOVERED -> ChangeKind.RECOVERED;
      case CHANGE_KIND_UNSPECIFIED, UNRECOGNIZED -> ChangeKind.OTHER;
    };
  }

  static Peer peer(dev.metakey.v1.Peer peer) {
    return new Peer(
        owner(peer.getOwner()),
        peer.getUid(),
        peer.getGid(),
        peer.getPid(),
        peer.getUnit(),
        peer.getContainer(),
        peer.getPrivileged());
  }

  /** An owner of a kind that only a newer daemon knows becomes one that nobody else is equal to. */
  public static Owner owner(dev.metakey.v1.Owner owner) {
    return switch (owner.getWhoCase()) {
      case UNIT -> Owner.unit(owner.getUnit());
      case USER -> new Owner(owner.getUser().getUid(), owner.getUser().getClaim());
      case CONTAINER_CLAIM -> Owner.container(owner.getContainerClaim());
      case WHO_NOT_SET -> new Owner(-1, "unknown");
    };
  }

  /** An absent stamp is the default message, which is {@link Stamp#NONE}. */
  private static Stamp stamp(dev.metakey.v1.Stamp stamp) {
    return new Stamp(stamp.getRevision(), Timestamps.toMillis(stamp.getAt()));
  }

  private static MetakeyException unknownLayout() {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "the daemon keeps fields in a layout that this client does not know; upgrade the client",
        Map.of("attribute", "layout"));
  }
}
