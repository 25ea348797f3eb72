package dev.metakey.model;

/**
 * Who called: what the kernel said of the peer when it connected.
 *
 * @param pid 0 where the daemon itself acted
 * @param service see {@link Owner#service()}
 */
public record Peer(int uid, int gid, int pid, String service) {
  public Owner owner() {
    return new Owner(uid, service);
  }

  /** {@code edge-xdp.service (uid 0, pid 4711)}. */
  @Override
  public String toString() {
    return "%s (uid %s, pid %d)".formatted(service, Integer.toUnsignedString(uid), pid);
  }
}
