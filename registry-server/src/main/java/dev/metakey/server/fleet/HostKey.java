package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Host;
import dev.metakey.model.Names;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The key of this host in the store: says that it is there, and tells when a copy of it is. For one
 * thread.
 */
final class HostKey {
  private final String fleet;
  private final long startedMs;

  /** When the daemon was started that this one came after, or what the store said of it before. */
  private long formerMs = Long.MAX_VALUE;

  private long revision;
  private Host said = Host.getDefaultInstance();

  /**
   * @param fleet what the fleet is called
   * @param startedMs when this daemon was started
   */
  HostKey(String fleet, long startedMs) {
    this.fleet = fleet;
    this.startedMs = startedMs;
  }

  /** Takes on what the store says. */
  void look(@Nullable Entry entry) {
    revision = entry == null ? 0 : entry.revision();
    said = hostOf(entry);
  }

  /** Of the key's last change; 0: there is none. */
  long revision() {
    return revision;
  }

  boolean isMissing() {
    return revision == 0;
  }

  /** Why this host must change nothing in the fleet; empty if it may. */
  String obstacle(FleetMoves moves) {
    if (!isMissing() && !said.getMachine().equals(moves.machine())) {
      return "in the fleet %s another machine has the id of this host's registry (%s), so one of them is a copy; this host changes nothing there. 'metakey restore' on the copy gives it an id of its own; if there is no copy, delete %s from etcd"
          .formatted(fleet, moves.registryId(), moves.keys().host(moves.registryId()));
    }
    // Copies with the same ids, of registry and machine, are told apart by when their daemons were
    // started. What the store said before this one came is no copy, but its former self.
    long other = said.getStartedMs();
    return isMissing() || other == startedMs || other <= formerMs
        ? ""
        : "in the fleet %s a daemon with the ids of this host's registry (%s) and machine was started after this one, on host %s, so one of them is a copy; this host changes nothing there until metakeyd is restarted. 'metakey restore' on the copy gives it an id of its own"
            .formatted(fleet, moves.registryId(), Names.quote(said.getName()));
  }

  /**
   * Puts the key there, if it does not say that this daemon is there.
   *
   * @throws FleetException if the store does not answer
   */
  void put(FleetStore store, FleetMoves moves, long nowMs) throws FleetException {
    if (isMissing() || said.getStartedMs() != startedMs) {
      formerMs = said.getStartedMs();
      long sinceMs = isMissing() ? nowMs : said.getSinceMs();
      boolean unused = store.commit(moves.enter(revision, sinceMs, startedMs));
      String key = moves.keys().host(moves.registryId());
      look(store.read(List.of(key)).entries().get(key));
    }
  }

  /**
   * What a host has put there; one without a name and a machine of ours, if it is no such value.
   */
  static Host hostOf(@Nullable Entry entry) {
    try {
      return entry == null || entry.value() == null
          ? Host.getDefaultInstance()
          : Host.parseFrom(entry.value());
    } catch (InvalidProtocolBufferException e) {
      return Host.newBuilder().setName("?").setMachine("?").setVersion("?").build();
    }
  }
}
