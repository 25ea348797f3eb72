package dev.metakey.wire;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.FieldUser;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Role;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.Place;
import dev.metakey.v1.Publication;
import dev.metakey.v1.User;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/**
 * Maps the value types to messages ({@code toWire}) and back ({@code fromWire}). A constant that
 * this build does not know, sent by a newer peer, is refused as INVALID_REQUEST.
 */
public final class Wire {
  private Wire() {}

  public static dev.metakey.v1.RegistryInfo toWire(RegistryInfo info) {
    return dev.metakey.v1.RegistryInfo.newBuilder()
        .setRegistryId(info.registryId().toString())
        .setRevision(info.revision())
        .setLayout(toWire(info.layout()))
        .setAreaBytes(info.areaBytes())
        .build();
  }

  public static RegistryInfo fromWire(dev.metakey.v1.RegistryInfo info) {
    return new RegistryInfo(
        UUID.fromString(info.getRegistryId()),
        info.getRevision(),
        fromWire(info.getLayout()),
        info.getAreaBytes());
  }

  public static dev.metakey.v1.FieldSpec toWire(FieldSpec spec) {
    var wire =
        dev.metakey.v1.FieldSpec.newBuilder()
            .setName(spec.name())
            .setSize(spec.size())
            .setDescription(spec.description())
            .setFormat(toWire(spec.format()))
            .setMerge(toWire(spec.merge()))
            .setSharing(toWire(spec.sharing()));
    if (spec.ttlMs() != 0) {
      wire.setTtl(Durations.fromMillis(spec.ttlMs()));
    }
    return wire.build();
  }

  /**
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE or INVALID_REQUEST
   */
  public static FieldSpec fromWire(dev.metakey.v1.FieldSpec spec) {
    return new FieldSpec(
        spec.getName(),
        spec.getSize(),
        spec.getDescription(),
        fromWire(spec.getFormat()),
        fromWire(spec.getMerge()),
        fromWire(spec.getSharing()),
        spec.hasTtl() ? ttlMs(spec) : 0);
  }

  private static long ttlMs(dev.metakey.v1.FieldSpec spec) {
    Duration ttl = spec.getTtl();
    if (!Durations.isValid(ttl) || !ttl.equals(Durations.fromMillis(Durations.toMillis(ttl)))) {
      throw new MetakeyException(
          Reason.INVALID_ATTRIBUTE,
          "ttl of %s is no whole number of milliseconds; allowed: 1 s to 366 days, or none"
              .formatted(Names.quote(spec.getName())),
          Map.of("attribute", "ttl"));
    }
    long ms = Durations.toMillis(ttl);
    return ms == 0 ? -1 : ms; // a ttl of 0 was said: out of range, not "never"
  }

  /** Milliseconds, rounded down; what does not fit is far out of every range we allow. */
  public static long millis(Duration duration, String what) {
    if (!Durations.isValid(duration)) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is no valid duration: seconds and nanos have different signs, or are out of range"
              .formatted(what));
    }
    return Durations.toMillis(duration);
  }

  public static Duration duration(java.time.Duration duration) {
    return Durations.fromNanos(duration.toNanos());
  }

  public static dev.metakey.v1.Field toWire(Field field) {
    var wire =
        dev.metakey.v1.Field.newBuilder()
            .setId(field.id())
            .setGeneration(field.generation())
            .setSlot(field.slot())
            .setSpec(toWire(field.spec()))
            .setState(toWire(field.state()));
    field.owners().forEach(owner -> wire.addOwners(toWire(owner)));
    Reservation reservation = field.reservation();
    if (reservation != null) {
      wire.setReservation(
          dev.metakey.v1.Reservation.newBuilder()
              .setForeign(reservation.foreign())
              .setBy(reservation.by()));
    }
    if (!field.created().isNone()) {
      wire.setCreated(toWire(field.created()));
    }
    if (!field.retired().isNone()) {
      wire.setRetired(toWire(field.retired()));
    }
    if (field.expiresAtMs() != 0) {
      wire.setExpiresAt(timestamp(field.expiresAtMs()));
    }
    return wire.build();
  }

  public static Field fromWire(dev.metakey.v1.Field field) {
    return new Field.Builder(field.getId(), fromWire(field.getSpec()), fromWire(field.getState()))
        .generation(field.getGeneration())
        .slot(field.getSlot())
        .owners(field.getOwnersList().stream().map(Wire::fromWire).toList())
        .reservation(
            field.hasReservation()
                ? new Reservation(
                    field.getReservation().getForeign(), field.getReservation().getBy())
                : null)
        .created(fromWire(field.getCreated()))
        .retired(fromWire(field.getRetired()))
        .expiresAtMs(field.hasExpiresAt() ? Timestamps.toMillis(field.getExpiresAt()) : 0)
        .build();
  }

  public static dev.metakey.v1.Change toWire(Change change) {
    var wire =
        dev.metakey.v1.Change.newBuilder()
            .setRevision(change.revision())
            .setCommitRevision(change.commitRevision())
            .setAt(timestamp(change.atMs()))
            .setKind(toWire(change.kind()))
            .setPeer(toWire(change.peer()));
    if (change.before() != null) {
      wire.setBefore(toWire(change.before()));
    }
    if (change.after() != null) {
      wire.setAfter(toWire(change.after()));
    }
    return wire.build();
  }

  public static Change fromWire(dev.metakey.v1.Change change) {
    return new Change(
        change.getRevision(),
        change.getCommitRevision(),
        Timestamps.toMillis(change.getAt()),
        fromWire(change.getKind()),
        change.hasBefore() ? fromWire(change.getBefore()) : null,
        change.hasAfter() ? fromWire(change.getAfter()) : null,
        fromWire(change.getPeer()));
  }

  public static dev.metakey.v1.Registered toWire(Registered registered) {
    var wire =
        dev.metakey.v1.Registered.newBuilder()
            .setField(toWire(registered.field()))
            .setOutcome(
                switch (registered.outcome()) {
                  case CREATED -> dev.metakey.v1.Outcome.OUTCOME_CREATED;
                  case EXISTING -> dev.metakey.v1.Outcome.OUTCOME_EXISTING;
                });
    for (Difference difference : registered.differences()) {
      wire.addDifferences(
          dev.metakey.v1.Difference.newBuilder()
              .setAttribute(difference.attribute())
              .setRegistered(difference.registered())
              .setRequested(difference.requested()));
    }
    return wire.build();
  }

  public static Registered fromWire(dev.metakey.v1.Registered registered) {
    return new Registered(
        fromWire(registered.getField()),
        switch (registered.getOutcome()) {
          case OUTCOME_CREATED -> Outcome.CREATED;
          case OUTCOME_EXISTING -> Outcome.EXISTING;
          case OUTCOME_UNSPECIFIED, UNRECOGNIZED -> throw unknown("outcome");
        },
        registered.getDifferencesList().stream()
            .map(d -> new Difference(d.getAttribute(), d.getRegistered(), d.getRequested()))
            .toList());
  }

  public static dev.metakey.v1.Pending toWire(Pending pending) {
    return dev.metakey.v1.Pending.newBuilder()
        .setPeer(toWire(pending.peer()))
        .addAllNames(pending.names())
        .addAllMissing(pending.missing())
        .setSince(timestamp(pending.sinceMs()))
        .setUntil(timestamp(pending.untilMs()))
        .build();
  }

  public static Pending fromWire(dev.metakey.v1.Pending pending) {
    return new Pending(
        fromWire(pending.getPeer()),
        pending.getNamesList(),
        pending.getMissingList(),
        Timestamps.toMillis(pending.getSince()),
        Timestamps.toMillis(pending.getUntil()));
  }

  /**
   * @param staleBecause of each use: {@link FieldUser#staleBecause()}
   */
  public static dev.metakey.v1.LoadedProgram toWire(
      LoadedProgram program, Function<FieldUse, String> staleBecause) {
    var wire =
        dev.metakey.v1.LoadedProgram.newBuilder()
            .setId(program.id())
            .setName(program.name())
            .setType(program.type())
            .setTag(program.tag())
            .setLoadedAt(timestamp(program.loadedAtMs()))
            .addAllPids(program.pids());
    for (FieldUse use : program.uses()) {
      wire.addUses(toWire(use).setStaleBecause(staleBecause.apply(use)));
    }
    return wire.build();
  }

  private static dev.metakey.v1.FieldUse.Builder toWire(FieldUse use) {
    var wire =
        dev.metakey.v1.FieldUse.newBuilder()
            .setName(use.name())
            .setSize(use.size())
            .setRole(
                switch (use.role()) {
                  case PRODUCES -> dev.metakey.v1.Role.ROLE_PRODUCES;
                  case CONSUMES -> dev.metakey.v1.Role.ROLE_CONSUMES;
                });
    FieldUse.Place place = use.place();
    if (place != null) {
      wire.setPlace(
          Place.newBuilder()
              .setRegistryId(place.registryId().toString())
              .setLayout(toWire(place.layout()))
              .setAreaBytes(place.areaBytes())
              .setId(place.id())
              .setGeneration(place.generation())
              .setSlot(place.slot()));
    }
    return wire;
  }

  /** A program with each of its uses. */
  public static List<FieldUser> fromWire(dev.metakey.v1.LoadedProgram wire) {
    LoadedProgram program =
        new LoadedProgram(
            wire.getId(),
            wire.getName(),
            wire.getType(),
            wire.getTag(),
            Timestamps.toMillis(wire.getLoadedAt()),
            wire.getPidsList(),
            wire.getUsesList().stream().map(Wire::fromWire).toList());
    return wire.getUsesList().stream()
        .map(use -> new FieldUser(program, fromWire(use), use.getStaleBecause()))
        .toList();
  }

  private static FieldUse fromWire(dev.metakey.v1.FieldUse use) {
    return new FieldUse(
        use.getName(),
        use.getSize(),
        switch (use.getRole()) {
          case ROLE_PRODUCES -> Role.PRODUCES;
          case ROLE_CONSUMES -> Role.CONSUMES;
          case ROLE_UNSPECIFIED, UNRECOGNIZED -> throw unknown("role");
        },
        use.hasPlace() ? fromWire(use.getPlace()) : null);
  }

  private static FieldUse.Place fromWire(Place place) {
    return new FieldUse.Place(
        UUID.fromString(place.getRegistryId()),
        fromWire(place.getLayout()),
        place.getAreaBytes(),
        place.getId(),
        place.getGeneration(),
        place.getSlot());
  }

  public static GetStatusResponse toWire(DaemonStatus status) {
    var wire =
        GetStatusResponse.newBuilder()
            .setRegistry(toWire(status.info()))
            .setVersion(status.daemon().version())
            .setStartedAt(timestamp(status.daemon().startedAtMs()))
            .setPid(status.daemon().pid())
            .setSocket(status.daemon().socket())
            .setData(status.daemon().data())
            .setActiveIds(status.ids().active())
            .setRetiredIds(status.ids().retired())
            .setReservedIds(status.ids().reserved())
            .setSlotBytesUsed(status.slots().usedBytes())
            .setSlotBytesLimit(status.slots().limitBytes())
            .setQueued(status.queues().commands())
            .setWaiting(status.queues().resolves())
            .setWatching(status.queues().watches())
            .setLoadedPrograms(status.programs().loaded())
            .setStalePrograms(status.programs().stale())
            .setProgramsUnseen(status.programs().unseen())
            .setProgramsNotLookedAt(!status.programs().areLookedAt())
            .addAllProblems(status.problems());
    for (DaemonStatus.Publication publication : status.publications()) {
      wire.addPublications(
          Publication.newBuilder()
              .setName(publication.name())
              .setPath(publication.path())
              .setRevision(Math.max(0, publication.revision()))
              .setNever(!publication.isPublished())
              .setProblem(publication.problem()));
    }
    return wire.build();
  }

  public static DaemonStatus fromWire(GetStatusResponse status) {
    return new DaemonStatus(
        fromWire(status.getRegistry()),
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
        status.getProblemsList());
  }

  public static dev.metakey.v1.FieldState toWire(FieldState state) {
    return switch (state) {
      case ACTIVE -> dev.metakey.v1.FieldState.FIELD_STATE_ACTIVE;
      case RETIRED -> dev.metakey.v1.FieldState.FIELD_STATE_RETIRED;
      case RESERVED -> dev.metakey.v1.FieldState.FIELD_STATE_RESERVED;
      case WELL_KNOWN -> dev.metakey.v1.FieldState.FIELD_STATE_WELL_KNOWN;
      case FREE -> dev.metakey.v1.FieldState.FIELD_STATE_FREE;
    };
  }

  public static FieldState fromWire(dev.metakey.v1.FieldState state) {
    return switch (state) {
      case FIELD_STATE_ACTIVE -> FieldState.ACTIVE;
      case FIELD_STATE_RETIRED -> FieldState.RETIRED;
      case FIELD_STATE_RESERVED -> FieldState.RESERVED;
      case FIELD_STATE_WELL_KNOWN -> FieldState.WELL_KNOWN;
      case FIELD_STATE_FREE -> FieldState.FREE;
      case FIELD_STATE_UNSPECIFIED, UNRECOGNIZED -> throw unknown("state");
    };
  }

  private static dev.metakey.v1.Layout toWire(Layout layout) {
    return switch (layout) {
      case SLOTTED -> dev.metakey.v1.Layout.LAYOUT_SLOTTED;
      case PACKED -> dev.metakey.v1.Layout.LAYOUT_PACKED;
    };
  }

  private static Layout fromWire(dev.metakey.v1.Layout layout) {
    return switch (layout) {
      case LAYOUT_SLOTTED -> Layout.SLOTTED;
      case LAYOUT_PACKED -> Layout.PACKED;
      case LAYOUT_UNSPECIFIED, UNRECOGNIZED -> throw unknown("layout");
    };
  }

  private static dev.metakey.v1.Format toWire(Format format) {
    return switch (format) {
      case DEC -> dev.metakey.v1.Format.FORMAT_DEC;
      case HEX -> dev.metakey.v1.Format.FORMAT_HEX;
      case IPV4 -> dev.metakey.v1.Format.FORMAT_IPV4;
      case MAC -> dev.metakey.v1.Format.FORMAT_MAC;
      case NS -> dev.metakey.v1.Format.FORMAT_NS;
      case BOOL -> dev.metakey.v1.Format.FORMAT_BOOL;
    };
  }

  private static Format fromWire(dev.metakey.v1.Format format) {
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

  private static dev.metakey.v1.Merge toWire(Merge merge) {
    return switch (merge) {
      case UNSPECIFIED -> dev.metakey.v1.Merge.MERGE_UNSPECIFIED;
      case BLOCK -> dev.metakey.v1.Merge.MERGE_BLOCK;
      case KEEP_FIRST -> dev.metakey.v1.Merge.MERGE_KEEP_FIRST;
      case KEEP_LAST -> dev.metakey.v1.Merge.MERGE_KEEP_LAST;
      case DISCARD -> dev.metakey.v1.Merge.MERGE_DISCARD;
    };
  }

  private static Merge fromWire(dev.metakey.v1.Merge merge) {
    return switch (merge) {
      case MERGE_UNSPECIFIED -> Merge.UNSPECIFIED;
      case MERGE_BLOCK -> Merge.BLOCK;
      case MERGE_KEEP_FIRST -> Merge.KEEP_FIRST;
      case MERGE_KEEP_LAST -> Merge.KEEP_LAST;
      case MERGE_DISCARD -> Merge.DISCARD;
      case UNRECOGNIZED -> throw unknown("merge");
    };
  }

  private static dev.metakey.v1.Sharing toWire(Sharing sharing) {
    return switch (sharing) {
      case EXCLUSIVE -> dev.metakey.v1.Sharing.SHARING_EXCLUSIVE;
      case SHARED -> dev.metakey.v1.Sharing.SHARING_SHARED;
    };
  }

  private static Sharing fromWire(dev.metakey.v1.Sharing sharing) {
    return switch (sharing) {
      case SHARING_UNSPECIFIED, SHARING_EXCLUSIVE -> Sharing.EXCLUSIVE;
      case SHARING_SHARED -> Sharing.SHARED;
      case UNRECOGNIZED -> throw unknown("sharing");
    };
  }

  private static dev.metakey.v1.ChangeKind toWire(ChangeKind kind) {
    return switch (kind) {
      case CREATED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_CREATED;
      case RESTORED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_RESTORED;
      case JOINED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_JOINED;
      case LEFT -> dev.metakey.v1.ChangeKind.CHANGE_KIND_LEFT;
      case RELEASED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_RELEASED;
      case EXPIRED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_EXPIRED;
      case FREED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_FREED;
      case RESERVED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_RESERVED;
      case UNRESERVED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_UNRESERVED;
      case MOVED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_MOVED;
      case ADOPTED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_ADOPTED;
      case FORCED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_FORCED;
    };
  }

  private static ChangeKind fromWire(dev.metakey.v1.ChangeKind kind) {
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
      case CHANGE_KIND_UNSPECIFIED, UNRECOGNIZED -> throw unknown("kind of change");
    };
  }

  public static dev.metakey.v1.Owner toWire(Owner owner) {
    var wire = dev.metakey.v1.Owner.newBuilder();
    switch (owner.kind()) {
      case UNIT -> wire.setUnit(owner.service());
      case USER -> wire.setUser(User.newBuilder().setUid(owner.uid()).setClaim(owner.service()));
      case CONTAINER -> wire.setContainerClaim(owner.service());
    }
    return wire.build();
  }

  public static Owner fromWire(dev.metakey.v1.Owner owner) {
    return switch (owner.getWhoCase()) {
      case UNIT -> Owner.unit(owner.getUnit());
      case USER -> new Owner(owner.getUser().getUid(), owner.getUser().getClaim());
      case CONTAINER_CLAIM -> Owner.container(owner.getContainerClaim());
      case WHO_NOT_SET -> throw unknown("kind of owner");
    };
  }

  private static dev.metakey.v1.Peer toWire(Peer peer) {
    return dev.metakey.v1.Peer.newBuilder()
        .setOwner(toWire(peer.owner()))
        .setUid(peer.uid())
        .setGid(peer.gid())
        .setPid(peer.pid())
        .setUnit(peer.unit())
        .setContainer(peer.container())
        .setPrivileged(peer.privileged())
        .build();
  }

  private static Peer fromWire(dev.metakey.v1.Peer peer) {
    return new Peer(
        fromWire(peer.getOwner()),
        peer.getUid(),
        peer.getGid(),
        peer.getPid(),
        peer.getUnit(),
        peer.getContainer(),
        peer.getPrivileged());
  }

  private static dev.metakey.v1.Stamp toWire(Stamp stamp) {
    return dev.metakey.v1.Stamp.newBuilder()
        .setRevision(stamp.revision())
        .setAt(timestamp(stamp.atMs()))
        .build();
  }

  /** An absent stamp is the default message, and that is {@link Stamp#NONE}. */
  private static Stamp fromWire(dev.metakey.v1.Stamp stamp) {
    return new Stamp(stamp.getRevision(), Timestamps.toMillis(stamp.getAt()));
  }

  private static Timestamp timestamp(long atMs) {
    return Timestamps.fromMillis(atMs);
  }

  private static MetakeyException unknown(String what) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "this %s is not known here; use one that metakey.v1 of this version names, or upgrade"
            .formatted(what),
        Map.of("attribute", what));
  }
}
