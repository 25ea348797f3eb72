package dev.metakey.model;

import static java.util.stream.Collectors.joining;

import java.util.stream.Stream;

/**
 * Something that a host noticed about its fleet, or did there. It changes no field of the host, and
 * so has no revision of its own.
 *
 * @param revision of the host's registry, after which it happened
 * @param atMs wall-clock time, milliseconds since 1970
 * @param name of the fleet's field that it is about; empty if it is about none
 * @param id of that field in the fleet; -1 if there is none
 * @param slot of that field; 0 if there is none
 * @param service which the fleet has for the name; may be empty
 * @param host that claimed the name, or that it is about; may be empty
 * @param text what else there is to say; may be empty
 * @param peer who did it; the daemon itself, if nobody asked for it
 */
public record FleetEvent(
    long revision,
    long atMs,
    FleetEventKind kind,
    String name,
    int id,
    int slot,
    String service,
    String host,
    String text,
    Peer peer) {
  /** Who and what: {@code edge-xdp.service on host-17; was id 3 in slot 24}. */
  public String words() {
    String where =
        Stream.of(service, host).filter(each -> !each.isEmpty()).collect(joining(" on "));
    String who = Change.DAEMON.contains(peer.service()) ? "" : peer.toString();
    return Stream.of(who, where, text).filter(each -> !each.isEmpty()).collect(joining("; "));
  }
}
