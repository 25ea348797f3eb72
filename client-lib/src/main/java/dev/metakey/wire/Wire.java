package dev.metakey.wire;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Blocker;
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
import dev.metakey.model.LimitUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.Orphan;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.v1.BlockerKind;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.LimitUser;
import dev.metakey.v1.Outcome;
import dev.metakey.v1.OwnerState;
import dev.metakey.v1.Place;
import dev.metakey.v1.Publication;
import dev.metakey.v1.Role;
import dev.metakey.v1.User;
import java.util.function.Function;

/**
 * Maps the value types to messages, by methods named after the thing. The methods that map it back
 * have the same names, and differ by who reads: {@link Requests} for the daemon, {@link Replies}
 * for a client.
 */
public final class Wire {
  private Wire() {}

  public static dev.metakey.v1.RegistryInfo info(RegistryInfo info) {
    return dev.metakey.v1.RegistryInfo.newBuilder()
        .setRegistryId(info.registryId().toString())
        .setRevision(info.revision())
        .setLayout(layout(info.layout()))
        .setAreaBytes(info.areaBytes())
        .build();
  }

  public static dev.metakey.v1.FieldSpec spec(FieldSpec spec) {
    var wire =
        dev.metakey.v1.FieldSpec.newBuilder()
            .setName(spec.name())
            .setSize(spec.size())
            .setDescription(spec.description())
            .setFormat(format(spec.format()))
            .setMerge(merge(spec.merge()))
            .setSharing(sharing(spec.sharing()));
    if (spec.ttlMs() != 0) {
      wire.setTtl(Durations.fromMillis(spec.ttlMs()));
    }
    return wire.build();
  }

  public static dev.metakey.v1.Field field(Field field) {
    var wire =
        dev.metakey.v1.Field.newBuilder()
            .setId(field.id())
            .setGeneration(field.generation())
            .setSlot(field.slot())
            .setSpec(spec(field.spec()))
            .setState(state(field.state()));
    field.owners().forEach(owner -> wire.addOwners(owner(owner)));
    Reservation reservation = field.reservation();
    if (reservation != null) {
      wire.setReservation(
          dev.metakey.v1.Reservation.newBuilder()
              .setForeign(reservation.foreign())
              .setBy(reservation.by()));
    }
    if (!field.created().isNone()) {
      wire.setCreated(stamp(field.created()));
    }
    if (!field.retired().isNone()) {
      wire.setRetired(stamp(field.retired()));
    }
    if (field.expiresAtMs() != 0) {
      wire.setExpiresAt(timestamp(field.expiresAtMs()));
    }
    return wire.build();
  }

  public static dev.metakey.v1.Change change(Change change) {
    var wire =
        dev.metakey.v1.Change.newBuilder()
            .setRevision(change.revision())
            .setCommitRevision(change.commitRevision())
            .setAt(timestamp(change.atMs()))
            .setKind(kind(change.kind()))
            .setPeer(peer(change.peer()));
    if (change.before() != null) {
      wire.setBefore(field(change.before()));
    }
    if (change.after() != null) {
      wire.setAfter(field(change.after()));
    }
    return wire.build();
  }

  public static dev.metakey.v1.Registered registered(Registered registered) {
    var wire =
        dev.metakey.v1.Registered.newBuilder()
            .setField(field(registered.field()))
            .setOutcome(
                switch (registered.outcome()) {
                  case CREATED -> Outcome.OUTCOME_CREATED;
                  case EXISTING -> Outcome.OUTCOME_EXISTING;
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

  public static dev.metakey.v1.Pending pending(Pending pending) {
    return dev.metakey.v1.Pending.newBuilder()
        .setPeer(peer(pending.peer()))
        .addAllNames(pending.names())
        .addAllMissing(pending.missing())
        .setSince(timestamp(pending.sinceMs()))
        .setUntil(timestamp(pending.untilMs()))
        .build();
  }

  /**
   * @param staleBecause gives for each use its {@link FieldUser#staleBecause()}
   */
  public static dev.metakey.v1.LoadedProgram program(
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
      wire.addUses(use(use).setStaleBecause(staleBecause.apply(use)));
    }
    return wire.build();
  }

  private static dev.metakey.v1.FieldUse.Builder use(FieldUse use) {
    var wire =
        dev.metakey.v1.FieldUse.newBuilder()
            .setName(use.name())
            .setSize(use.size())
            .setRole(
                switch (use.role()) {
                  case PRODUCES -> Role.ROLE_PRODUCES;
                  case CONSUMES -> Role.ROLE_CONSUMES;
                });
    FieldUse.Place place = use.place();
    if (place != null) {
      wire.setPlace(
          Place.newBuilder()
              .setRegistryId(place.registryId().toString())
              .setLayout(layout(place.layout()))
              .setAreaBytes(place.areaBytes())
              .setId(place.id())
              .setGeneration(place.generation())
              .setSlot(place.slot()));
    }
    return wire;
  }

  public static GetStatusResponse status(DaemonStatus status) {
    var wire =
        GetStatusResponse.newBuilder()
            .setRegistry(info(status.info()))
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
    status.limits().forEach(limit -> wire.addLimits(limit(limit)));
    return wire.build();
  }

  private static dev.metakey.v1.LimitUse limit(LimitUse limit) {
    var wire =
        dev.metakey.v1.LimitUse.newBuilder()
            .setName(limit.name())
            .setPerUid(limit.perUid())
            .setTotal(limit.total())
            .setUsed(limit.used())
            .setRefused(limit.refused())
            .setUsers(limit.users());
    for (LimitUse.User user : limit.biggest()) {
      wire.addBiggest(
          LimitUser.newBuilder().setUid(user.uid()).setUsed(user.used()).setLimit(user.limit()));
    }
    return wire.build();
  }

  public static dev.metakey.v1.Blocker blocker(Blocker blocker) {
    var wire =
        dev.metakey.v1.Blocker.newBuilder()
            .setKind(
                switch (blocker.kind()) {
                  case QUARANTINE -> BlockerKind.BLOCKER_KIND_QUARANTINE;
                  case PROGRAMS -> BlockerKind.BLOCKER_KIND_PROGRAMS;
                  case UNSEEN -> BlockerKind.BLOCKER_KIND_UNSEEN;
                  case RESERVATION -> BlockerKind.BLOCKER_KIND_RESERVATION;
                  case READ_ONLY -> BlockerKind.BLOCKER_KIND_READ_ONLY;
                  case OTHER -> BlockerKind.BLOCKER_KIND_UNSPECIFIED;
                })
            .addAllPrograms(blocker.programs())
            .setText(blocker.text());
    if (blocker.untilMs() != 0) {
      wire.setUntil(Timestamps.fromMillis(blocker.untilMs()));
    }
    return wire.build();
  }

  public static dev.metakey.v1.Orphan orphan(Orphan orphan) {
    return dev.metakey.v1.Orphan.newBuilder()
        .setField(field(orphan.field()))
        .setOwner(
            switch (orphan.owner()) {
              case THERE -> OwnerState.OWNER_STATE_THERE;
              case GONE -> OwnerState.OWNER_STATE_GONE;
              case NOBODY -> OwnerState.OWNER_STATE_NOBODY;
              case UNKNOWN -> OwnerState.OWNER_STATE_UNKNOWN;
            })
        .setLastUsed(Timestamps.fromMillis(orphan.lastUsedMs()))
        .build();
  }

  public static dev.metakey.v1.FieldState state(FieldState state) {
    return switch (state) {
      case ACTIVE -> dev.metakey.v1.FieldState.FIELD_STATE_ACTIVE;
      case RETIRED -> dev.metakey.v1.FieldState.FIELD_STATE_RETIRED;
      case RESERVED -> dev.metakey.v1.FieldState.FIELD_STATE_RESERVED;
      case WELL_KNOWN -> dev.metakey.v1.FieldState.FIELD_STATE_WELL_KNOWN;
      case FREE -> dev.metakey.v1.FieldState.FIELD_STATE_FREE;
    };
  }

  private static dev.metakey.v1.Layout layout(Layout layout) {
    return switch (layout) {
      case SLOTTED -> dev.metakey.v1.Layout.LAYOUT_SLOTTED;
      case PACKED -> dev.metakey.v1.Layout.LAYOUT_PACKED;
    };
  }

  private static dev.metakey.v1.Format format(Format format) {
    return switch (format) {
      case DEC -> dev.metakey.v1.Format.FORMAT_DEC;
      case HEX -> dev.metakey.v1.Format.FORMAT_HEX;
      case IPV4 -> dev.metakey.v1.Format.FORMAT_IPV4;
      case MAC -> dev.metakey.v1.Format.FORMAT_MAC;
      case NS -> dev.metakey.v1.Format.FORMAT_NS;
      case BOOL -> dev.metakey.v1.Format.FORMAT_BOOL;
    };
  }

  private static dev.metakey.v1.Merge merge(Merge merge) {
    return switch (merge) {
      case UNSPECIFIED -> dev.metakey.v1.Merge.MERGE_UNSPECIFIED;
      case BLOCK -> dev.metakey.v1.Merge.MERGE_BLOCK;
      case KEEP_FIRST -> dev.metakey.v1.Merge.MERGE_KEEP_FIRST;
      case KEEP_LAST -> dev.metakey.v1.Merge.MERGE_KEEP_LAST;
      case DISCARD -> dev.metakey.v1.Merge.MERGE_DISCARD;
    };
  }

  private static dev.metakey.v1.Sharing sharing(Sharing sharing) {
    return switch (sharing) {
      case EXCLUSIVE -> dev.metakey.v1.Sharing.SHARING_EXCLUSIVE;
      case SHARED -> dev.metakey.v1.Sharing.SHARING_SHARED;
    };
  }

  private static dev.metakey.v1.ChangeKind kind(ChangeKind kind) {
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
      case OTHER -> dev.metakey.v1.ChangeKind.CHANGE_KIND_UNSPECIFIED;
      case FORCED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_FORCED;
      case TRANSFERRED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_TRANSFERRED;
      case RECOVERED -> dev.metakey.v1.ChangeKind.CHANGE_KIND_RECOVERED;
    };
  }

  public static dev.metakey.v1.Owner owner(Owner owner) {
    var wire = dev.metakey.v1.Owner.newBuilder();
    switch (owner.kind()) {
      case UNIT -> wire.setUnit(owner.service());
      case USER -> wire.setUser(User.newBuilder().setUid(owner.uid()).setClaim(owner.service()));
      case CONTAINER -> wire.setContainerClaim(owner.service());
    }
    return wire.build();
  }

  static dev.metakey.v1.Peer peer(Peer peer) {
    return dev.metakey.v1.Peer.newBuilder()
        .setOwner(owner(peer.owner()))
        .setUid(peer.uid())
        .setGid(peer.gid())
        .setPid(peer.pid())
        .setUnit(peer.unit())
        .setContainer(peer.container())
        .setPrivileged(peer.privileged())
        .build();
  }

  private static dev.metakey.v1.Stamp stamp(Stamp stamp) {
    return dev.metakey.v1.Stamp.newBuilder()
        .setRevision(stamp.revision())
        .setAt(timestamp(stamp.atMs()))
        .build();
  }

  public static Duration duration(java.time.Duration duration) {
    return Durations.fromNanos(duration.toNanos());
  }

  private static Timestamp timestamp(long atMs) {
    return Timestamps.fromMillis(atMs);
  }
}
