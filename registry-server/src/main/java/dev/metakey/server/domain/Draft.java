package dev.metakey.server.domain;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The state while one command works on it, and the changes that it has made so far. */
public final class Draft {
  private final Rules rules;
  private final Peer peer;
  private final Now now;
  private final ClockReading clock;
  private final List<Change> changes = new ArrayList<>();
  private final Snapshot before;
  private Snapshot snapshot;
  private String bootId;
  private Tag tag;
  private Programs programs;

  Draft(RegistryState state, Rules rules, Peer peer, Now now) {
    this.before = state.snapshot();
    this.snapshot = state.snapshot();
    this.bootId = state.bootId();
    this.tag = state.tag();
    this.programs = state.programs();
    this.rules = rules;
    this.peer = peer;
    this.now = now;
    this.clock = state.clock();
  }

  RegistryState state() {
    return new RegistryState(snapshot, bootId, tag, programs, clock);
  }

  /** The changes, each with the revision at which all of them are committed. */
  List<Change> changes() {
    long commitRevision = snapshot.info().revision();
    return changes.stream()
        .map(
            c ->
                new Change(
                    c.revision(),
                    commitRevision,
                    c.atMs(),
                    c.kind(),
                    c.before(),
                    c.after(),
                    c.peer()))
        .toList();
  }

  Snapshot snapshot() {
    return snapshot;
  }

  String bootId() {
    return bootId;
  }

  Tag tag() {
    return tag;
  }

  /** Takes another tag on. This changes no field: it is stored, but watchers are not told. */
  void tag(Tag newTag) {
    tag = newTag;
  }

  /** What the kernel had loaded when somebody looked last. */
  Programs programs() {
    return programs;
  }

  Rules rules() {
    return rules;
  }

  Owner caller() {
    return peer.owner();
  }

  Peer peer() {
    return peer;
  }

  /** How old the registry is now, milliseconds. */
  long ageMs() {
    return now.ageMs();
  }

  /** The moment of the next change. */
  Stamp stamp() {
    return new Stamp(snapshot.info().revision() + 1, now.atMs(), now.ageMs());
  }

  /** Makes a change. At least one of the two fields is not null. */
  void change(ChangeKind kind, @Nullable Field before, @Nullable Field after) {
    Stamp stamp = stamp();
    Change change =
        new Change(stamp.revision(), 0, stamp.atMs(), kind, before, after, peer.recorded());
    changes.add(change);
    snapshot = snapshot.with(snapshot.info().withRevision(stamp.revision()), List.of(change));
  }

  /**
   * Renews a field's ttl from now. That is not a change: it is not stored, and watchers are not
   * told.
   */
  Field renew(Field field) {
    Field renewed = withExpiry(field);
    if (!renewed.equals(field)) {
      snapshot = snapshot.replacing(renewed);
    }
    return renewed;
  }

  /** The field, with the expiry that it gets if it is registered now. */
  Field withExpiry(Field field) {
    long ttlMs = field.spec().ttlMs();
    return ttlMs == 0
        ? field.toBuilder().expiresAtMs(0).expiresAgeMs(0).build()
        : field.toBuilder()
            .expiresAtMs(now.atMs() + ttlMs)
            .expiresAgeMs(now.ageMs() + ttlMs)
            .build();
  }

  /**
   * Takes note of a look at the kernel. That is not a change: it is not stored, and watchers are
   * not told.
   */
  void observed(Programs seen) {
    programs = seen;
  }

  void rebooted(String newBootId) {
    bootId = newBootId;
  }

  /**
   * Takes a layout on. After that no field has a slot: the caller moves each, or leaves it {@link
   * #unchanged}.
   *
   * @param newTag the tag that stands for it
   */
  void layout(Layout layout, int areaBytes, Tag newTag) {
    tag = newTag;
    RegistryInfo info = snapshot.info();
    List<Field> unplaced =
        snapshot.records().stream().map(field -> field.toBuilder().slot(0).build()).toList();
    snapshot =
        Snapshot.of(
            new RegistryInfo(info.registryId(), info.revision(), layout, areaBytes), unplaced);
  }

  /** Gives the registry another id, so that nobody compares revisions across this moment. */
  void rename(UUID newId) {
    RegistryInfo old = snapshot.info();
    RegistryInfo info = new RegistryInfo(newId, old.revision(), old.layout(), old.areaBytes());
    snapshot = Snapshot.of(info, snapshot.records());
  }

  /** Takes back what {@link #change} did. */
  void undo() {
    changes.clear();
    snapshot = before;
  }

  /** Puts a field back as it was before the command. */
  void unchanged(Field field) {
    snapshot = snapshot.replacing(field);
  }

  boolean isAdmin() {
    return rules.isAdmin(peer);
  }

  /** Whether the caller is an admin whatever the policy says. */
  boolean isBornAdmin() {
    return rules.isBornAdmin(peer);
  }

  /** Whether the caller is an admin as far as this name is concerned. */
  boolean isAdmin(String name) {
    return rules.allow(peer, Right.ADMIN, name);
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the caller is an admin of all names
   */
  void requireAdmin(String what) {
    rules.requireAdmin(peer, what);
  }

  /**
   * @throws MetakeyException NOT_PERMITTED, unless the caller is an admin of the name
   */
  void requireAdmin(String what, String name) {
    rules.requireAdmin(peer, what, name);
  }

  /**
   * The record of a name that somebody has registered or reserved.
   *
   * @throws MetakeyException NOT_FOUND, with similar names
   */
  Field require(String name) {
    Field field = snapshot.byName(name);
    if (field == null) {
      throw Refusals.unknown(snapshot, List.of(name));
    }
    return field;
  }
}
