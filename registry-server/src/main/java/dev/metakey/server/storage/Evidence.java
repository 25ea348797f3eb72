package dev.metakey.server.storage;

import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Tag;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;

/**
 * What tells of a registry apart from the data directory.
 *
 * @param published what was published in this boot of the host
 * @param publishedFaults what is wrong with files that were published, perhaps in this boot, and
 *     cannot be read
 * @param loaded the programs that the kernel has loaded
 * @param machine identifies this machine; empty if it is not known
 * @param named what an admin said to recover from
 * @param newId the id that a recovered registry gets
 * @param newTag the tag that a registry gets that was copied from another machine
 * @param nowMs milliseconds since 1970
 */
public record Evidence(
    List<Source> published,
    List<String> publishedFaults,
    List<LoadedProgram> loaded,
    String machine,
    List<Source> named,
    UUID newId,
    Tag newTag,
    long nowMs) {
  public static Evidence none() {
    return new Evidence(
        List.of(),
        List.of(),
        List.of(),
        "",
        List.of(),
        UUID.randomUUID(),
        Tag.random(new SecureRandom()),
        System.currentTimeMillis());
  }
}
