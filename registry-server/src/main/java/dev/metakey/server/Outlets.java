package dev.metakey.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import dev.metakey.layout.KeysText;
import dev.metakey.server.config.Config;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import dev.metakey.server.kernel.PinnedMaps;
import dev.metakey.server.kernel.PinnedTag;
import dev.metakey.server.log.Event;
import dev.metakey.server.publication.KeysFile;
import dev.metakey.server.publication.LinkSecret;
import dev.metakey.server.publication.Outlet;
import dev.metakey.server.publication.TableFile;
import dev.metakey.server.publication.TagFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ways of publication that the config asks for. What it no longer asks for is withdrawn, so
 * that no reader goes on believing it.
 *
 * <p>A file beside the published ones remembers where maps are pinned: it is as short-lived as they
 * are, as neither survives a reboot.
 */
final class Outlets {

  private final Config config;
  private final Path run;
  private final UUID registryId;
  private final UUID bootId;
  private final KeysText.@Nullable Daemon daemon;
  private final Supplier<LinkSecret> secret;
  private final LongSupplier clockMs;
  private final Consumer<String> problem;
  private final List<Outlet> wanted = new ArrayList<>();

  /**
   * @param daemon this daemon; null if it does not know how to name itself
   * @param problem is told what could not be withdrawn
   */
  Outlets(
      Config config,
      Engine engine,
      UUID bootId,
      KeysText.@Nullable Daemon daemon,
      LongSupplier clockMs,
      Consumer<String> problem) {
    this.config = config;
    this.run = config.paths().run();
    this.registryId = engine.snapshot().info().registryId();
    this.bootId = bootId;
    this.daemon = daemon;
    this.secret = () -> new LinkSecret(engine.tag(), engine.rules().policy().linkersGid());
    this.clockMs = clockMs;
    this.problem = problem;
  }

  /**
   * The outlets. There are none where another daemon publishes, and nothing there is touched.
   *
   * @param own the ids that the registry has, and had before it was recovered
   */
  List<Outlet> besides(Published published, Collection<UUID> own) {
    String othersFiles = published.othersFiles(own, config.paths().data());
    String othersMaps = published.othersMaps(own, config.paths().data());
    if (othersFiles.isEmpty()) {
      keepAside(published);
      offer(config.publish().keys(), new KeysFile(run.resolve("keys"), bootId, daemon));
      offer(config.publish().table(), new TableFile(run.resolve("registry.bin"), clockMs, bootId));
      offer(config.publish().tag(), new TagFile(run.resolve("tag"), secret));
    } else {
      problem.accept(othersFiles);
    }
    if (othersMaps.isEmpty()) {
      offerMaps(config.paths().bpffs(), othersFiles.isEmpty());
    } else {
      problem.accept(othersMaps);
    }
    return wanted;
  }

  private void keepAside(Published published) {
    try {
      for (Path kept : published.keepAside()) {
        Event.PUBLISHED_KEPT_ASIDE.say(
            "what was published there could not be read; it is kept in " + kept);
      }
    } catch (IOException e) {
      problem.accept("what was published could be neither read nor kept: " + Failure.words(e));
    }
  }

  private void offer(boolean on, Outlet outlet) {
    if (on) {
      wanted.add(outlet);
    } else {
      withdraw(outlet);
    }
  }

  private void withdraw(Outlet outlet) {
    try {
      outlet.withdraw(registryId);
    } catch (IOException e) {
      problem.accept(
          "%s is not published any more, but what is there could not be removed: %s; remove it"
              .formatted(outlet.path(), Failure.words(e)));
    }
  }

  private void offerMaps(String bpffs, boolean runIsOurs) {
    Path record = run.resolve(".maps");
    Path earlier = runIsOurs ? read(record) : null;
    if (earlier != null && !earlier.toString().equals(bpffs)) {
      withdraw(
          new PinnedTag(earlier, secret)); // before the maps, whose directory is removed with them
      withdraw(new PinnedMaps(earlier, clockMs));
    }
    if (!bpffs.equals("none")) {
      wanted.add(new PinnedMaps(Path.of(bpffs), clockMs));
      wanted.add(new PinnedTag(Path.of(bpffs), secret));
    }
    if (runIsOurs) {
      note(record, bpffs);
    }
  }

  /** Where an earlier daemon pinned its maps; null if it did not. */
  private static @Nullable Path read(Path record) {
    try {
      TrustedDirectory.checkFile(Use.RUN, record);
      String path = Files.readString(record).strip();
      return path.startsWith("/") ? Path.of(path) : null;
    } catch (IOException e) { // none there, or not one of ours
      return null;
    }
  }

  private static void note(Path record, String bpffs) {
    try {
      if (bpffs.equals("none")) {
        Files.deleteIfExists(record);
      } else {
        TrustedDirectory.makeFor(Use.RUN, record, "rwxr-xr-x");
        AtomicFile.write(record, UTF_8.encode(bpffs + "\n"));
      }
    } catch (IOException e) {
      // the published files meet the same, and their outlets report it
    }
  }
}
