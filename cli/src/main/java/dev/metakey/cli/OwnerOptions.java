package dev.metakey.cli;

import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say whose a claim is. */
final class OwnerOptions {
  @Option(
      names = "--uid",
      paramLabel = "N",
      converter = Numbers.Uid.class,
      description = "The user who claims to be OWNER.")
  @Nullable Integer uid;

  @Option(
      names = "--container",
      description = "OWNER is claimed in containers that have a user namespace of their own.")
  boolean container;

  /** Whether a unit's name was given with an option that goes only with a claim. */
  boolean isMixed(String name) {
    return name.endsWith(Names.UNIT_SUFFIX) && (uid != null || container);
  }

  /** The owner of this name; without a name, all claims of the uid, or of containers. */
  Owner of(Verb verb, String name) {
    if (uid == null && !container && name.endsWith(Names.UNIT_SUFFIX)) {
      return Owner.unit(Names.checkUnit(name));
    }
    if (uid != null && container) {
      throw verb.wrong(
          "say --uid N or --container, and not both: such a container has another uid each time");
    }
    if (uid == null && !container) {
      throw verb.wrong(
          "%s is a claim; say whose with --uid N, or --container for a container with a user namespace of its own (a system service is written with .service)"
              .formatted(Names.quote(name)));
    }
    String claim = name.isEmpty() ? name : Names.checkService(name);
    return uid != null ? new Owner(uid, claim) : Owner.container(claim);
  }
}
