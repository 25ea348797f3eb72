package dev.metakey.server.storage;

import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What a store, or a source to recover one from, holds.
 *
 * @param former the ids that the registry had before it was recovered, newest first
 */
public record Contents(RegistryState state, List<UUID> former) {
  /**
   * How many former ids are kept; a file that was published before as many recoveries is no longer
   * recognised.
   */
  private static final int MOST_FORMER = 8;

  public Contents {
    former = former.stream().limit(MOST_FORMER).toList();
  }

  public RegistryInfo info() {
    return state.snapshot().info();
  }

  UUID id() {
    return info().registryId();
  }

  long revision() {
    return info().revision();
  }

  /**
   * The same registry on another machine: under a new id, so that nobody resumes a watch of the old
   * one, and with a tag of its own.
   */
  Contents renamed(UUID newId, Tag newTag) {
    RegistryInfo old = info();
    RegistryInfo info = new RegistryInfo(newId, old.revision(), old.layout(), old.areaBytes());
    RegistryState renamed =
        new RegistryState(Snapshot.of(info, state.snapshot().records()), state.bootId())
            .with(newTag)
            .at(state.clock());
    return new Contents(renamed, ids());
  }

  /** The same registry in a later state; if that has a new id, the old one is a former one. */
  Contents followedBy(RegistryState later) {
    boolean isRenamed = !later.snapshot().info().registryId().equals(id());
    return new Contents(later, isRenamed ? ids() : former);
  }

  /** The registry's id and, newest first, those that it had before it was recovered. */
  List<UUID> ids() {
    List<UUID> ids = new ArrayList<>(List.of(id()));
    ids.addAll(former);
    return ids;
  }

  /** Whether the registry has this id, or had it before it was recovered. */
  boolean isOrWas(UUID registryId) {
    return id().equals(registryId) || former.contains(registryId);
  }

  /** Whether this is the same registry as the other, earlier or later. */
  boolean isRelatedTo(Contents other) {
    return id().equals(other.id()) || former.contains(other.id()) || other.former.contains(id());
  }

  boolean isNewerThan(Contents other) {
    return id().equals(other.id()) ? revision() > other.revision() : former.contains(other.id());
  }
}
