package dev.metakey.server.publication;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import dev.metakey.files.AtomicFile;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * The text file {@code keys}, in the form of iproute2's {@code rt_tables}: a line with id and name
 * for each name that resolves, what else is known behind a {@code #}. docs/formats.md shows it.
 */
public final class KeysFile implements Outlet {
  private final Path path;

  public KeysFile(Path path) {
    this.path = path;
  }

  @Override
  public String name() {
    return "keys";
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public void publish(Snapshot snapshot) throws IOException {
    TrustedDirectory.makeFor(Use.RUN, path, "rwxr-xr-x");
    AtomicFile.write(path, UTF_8.encode(text(snapshot)));
  }

  @Override
  public boolean isIntact() {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  static String text(Snapshot snapshot) {
    RegistryInfo info = snapshot.info();
    StringBuilder text = new StringBuilder();
    text.append("# metakey keys: made by metakeyd from each committed change; do not edit\n");
    text.append(
        "# registry=%s revision=%d layout=%s area=%d\n"
            .formatted(info.registryId(), info.revision(), info.layout(), info.areaBytes()));
    text.append("# id\tname\n");
    snapshot.fields().stream().map(KeysFile::line).forEach(text::append);
    return text.toString();
  }

  /** Names that do not resolve are comments: no reader must take their ids. */
  private static String line(Field field) {
    String line =
        "%d\t%s # size=%d slot=%d generation=%d format=%s merge=%s sharing=%s"
            .formatted(
                field.id(),
                field.name(),
                field.size(),
                field.slot(),
                field.generation(),
                field.spec().format(),
                field.spec().merge(),
                field.spec().sharing());
    if (!field.is(FieldState.ACTIVE)) {
      line += " state=" + field.state();
    }
    if (!field.owners().isEmpty()) {
      line += " owner=" + field.owners().stream().map(KeysFile::owner).collect(joining(","));
    }
    return (field.isResolvable() ? line : "# " + line) + "\n";
  }

  private static String owner(Owner owner) {
    return Integer.toUnsignedString(owner.uid()) + ":" + owner.service();
  }
}
