package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Owner;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which fields, by how their names start and whose they are. */
final class Selection {
  @Option(names = "--prefix", paramLabel = "TEXT", description = "Only names that start with this.")
  String prefix = "";

  @Option(
      names = "--owner",
      paramLabel = "OWNER",
      description =
          "Only fields of this owner: a system service like edge-xdp.service; or a claim, with --uid"
              + " or --container.")
  @Nullable String owner;

  @Mixin OwnerOptions whose = new OwnerOptions();

  /** Whether an owner was named, or a uid, or containers. */
  boolean isByOwner() {
    return owner != null || whose.uid != null || whose.container;
  }

  boolean isAll() {
    return prefix.isEmpty() && !isByOwner();
  }

  /** Asks for the fields in some states; no state: all but free. */
  Answer<List<Field>> list(Verb verb, Set<FieldState> states) {
    Function<MetakeyClient, Answer<List<Field>>> question = client -> client.list(prefix, states);
    if (!isByOwner()) {
      return verb.read(question);
    }
    Predicate<Field> belongs = belongs(verb);
    // What is published does not say which services the owners are.
    Answer<List<Field>> all = verb.ask(question);
    return new Answer<>(all.info(), all.stale(), all.value().stream().filter(belongs).toList());
  }

  /** Whether a field has such a name and such an owner. */
  Predicate<Field> test(Verb verb) {
    Predicate<Field> belongs = isByOwner() ? belongs(verb) : field -> true;
    return field -> field.name().startsWith(prefix) && belongs.test(field);
  }

  private Predicate<Field> belongs(Verb verb) {
    Owner meant = whose.of(verb, owner == null ? "" : owner);
    return field -> field.owners().stream().anyMatch(one -> isMeant(one, meant));
  }

  private static boolean isMeant(Owner one, Owner meant) {
    return meant.service().isEmpty()
        ? one.kind() == meant.kind() && one.uid() == meant.uid()
        : one.equals(meant);
  }

  /** The options as they are written on a line, each with a blank before it. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder();
    if (!prefix.isEmpty()) {
      line.append(" --prefix ").append(prefix);
    }
    if (owner != null) {
      line.append(" --owner ").append(owner);
    }
    if (whose.uid != null) {
      line.append(" --uid ").append(Integer.toUnsignedString(whose.uid));
    }
    return whose.container ? line + " --container" : line.toString();
  }
}
