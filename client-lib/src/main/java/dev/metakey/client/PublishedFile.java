package dev.metakey.client;

import dev.metakey.layout.RegistryFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.model.WellKnown;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What the daemon published last. It gives the answers, all of them stale, while the daemon cannot
 * be reached.
 */
final class PublishedFile {
  private final Path path;

  PublishedFile(Path path) {
    this.path = path;
  }

  Snapshot read() throws IOException {
    return RegistryFile.read(path).snapshot();
  }

  boolean isReadable() {
    try {
      read();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Answers from the file.
   *
   * @param why the daemon could not be reached: thrown if the file cannot be read either
   * @param what is looked for, in words for people
   * @param look finds it in the snapshot; empty if the file does not have it, which is not a
   *     NOT_FOUND, as only the daemon knows what there is now
   */
  <T> Answer<T> answer(MetakeyException why, String what, Function<Snapshot, Optional<T>> look) {
    Snapshot snapshot;
    try {
      snapshot = read();
    } catch (IOException e) {
      why.addSuppressed(e);
      throw why;
    }
    return look.apply(snapshot)
        .map(value -> Answer.stale(snapshot.info(), value))
        .orElseThrow(() -> unknown(why, what, snapshot));
  }

  /**
   * The tag, from the file {@code tag} beside this one.
   *
   * @param why the daemon could not be reached: thrown if that file cannot be read either
   */
  Answer<Tag> tag(MetakeyException why) {
    try {
      TagStruct.Published tag = TagStruct.read(path.resolveSibling("tag"));
      return Answer.stale(tag.info(), tag.tag());
    } catch (IOException e) {
      why.addSuppressed(e);
      throw why;
    }
  }

  private MetakeyException unknown(MetakeyException why, String what, Snapshot snapshot) {
    return new MetakeyException(
        Reason.UNAVAILABLE,
        "%s; %s, published at revision %d, does not have %s"
            .formatted(why.text(), path, snapshot.info().revision(), what),
        why.facts(),
        why);
  }

  /** The fields that the names stand for; empty unless the snapshot has all of them. */
  static Optional<List<Field>> resolve(Snapshot snapshot, List<String> names) {
    List<Field> fields = names.stream().map(snapshot::resolve).filter(Objects::nonNull).toList();
    return fields.size() == names.size() ? Optional.of(fields) : Optional.empty();
  }

  /** See {@link MetakeyClient#list(String, Set)}. */
  static List<Field> list(Snapshot snapshot, String prefix, Set<FieldState> states) {
    return Stream.concat(snapshot.records().stream(), WellKnown.FIELDS.stream())
        .filter(f -> states.isEmpty() ? !f.is(FieldState.FREE) : states.contains(f.state()))
        .filter(f -> f.name().startsWith(prefix))
        .toList();
  }
}
