package dev.metakey.server.transport;

import dev.metakey.model.Orphan.OwnerState;
import dev.metakey.model.Owner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds out whether this host still has an owner: a unit is there as long as systemd would find a
 * file of that name. Nothing tells whether a claim will be made again.
 */
final class OwnerLook {
  /** Where systemd looks for units: see systemd.unit(5). */
  private static final List<String> UNIT_PATHS =
      List.of(
          "etc/systemd/system.control",
          "run/systemd/system.control",
          "run/systemd/transient",
          "run/systemd/generator.early",
          "etc/systemd/system",
          "etc/systemd/system.attached",
          "run/systemd/system",
          "run/systemd/system.attached",
          "run/systemd/generator",
          "usr/local/lib/systemd/system",
          "usr/lib/systemd/system",
          "lib/systemd/system",
          "run/systemd/generator.late");

  private final Path root;

  OwnerLook() {
    this(Path.of("/"));
  }

  OwnerLook(Path root) {
    this.root = root;
  }

  OwnerState stateOf(Owner owner) {
    boolean isBlind = !Files.isDirectory(root.resolve("run/systemd/system")); // see sd_booted(3)
    if (owner.kind() != Owner.Kind.UNIT || isBlind) {
      return OwnerState.UNKNOWN;
    }
    String unit = owner.service();
    String template = unit.replaceFirst("@.*(?=\\.)", "@");
    return isFound(unit) || isFound(template) ? OwnerState.THERE : OwnerState.GONE;
  }

  private boolean isFound(String file) {
    return UNIT_PATHS.stream().anyMatch(path -> Files.exists(root.resolve(path).resolve(file)));
  }
}
