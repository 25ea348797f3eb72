package dev.metakey.server.storage;

import java.util.List;
import java.util.UUID;

/**
 * What tells of a registry beside the data directory.
 *
 * @param published the published files of this boot of the host
 * @param named what an admin said to recover from
 * @param newId makes the id of a recovered registry
 * @param nowMs milliseconds since 1970
 */
public record Evidence(List<Source> published, List<Source> named, UUID newId, long nowMs) {
  public static Evidence none() {
    return new Evidence(List.of(), List.of(), UUID.randomUUID(), System.currentTimeMillis());
  }
}
