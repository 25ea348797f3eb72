package dev.metakey.testing;

import dev.metakey.client.ClientBuilder;
import dev.metakey.client.MetakeyClient;
import dev.metakey.server.MemoryDaemon;
import dev.metakey.server.storage.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A registry in this process, for the tests of an application: the daemon's own rules, calls and
 * watches, on memory. It is empty when it starts, knows nothing of other registries on the host,
 * and leaves nothing behind when it is closed.
 *
 * <pre>{@code
 * try (TestRegistry registry = TestRegistry.start();
 *     MetakeyClient metakey = registry.connect("edge")) {
 *   ...
 * }
 * }</pre>
 *
 * <p>It listens on a unix socket in a temporary directory, so that any client reaches it, even from
 * another process or in another language. Whoever runs the test is an admin. It sees a kernel that
 * has no program loaded. It publishes no files: while it is closed, nothing answers.
 *
 * <p>Safe for any number of threads; any number of registries may run side by side.
 */
public final class TestRegistry implements AutoCloseable {
  private final Path directory;
  private final MemoryDaemon daemon;

  private TestRegistry(Path directory, MemoryDaemon daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  /**
   * Starts an empty registry, layout slotted, area 128.
   *
   * @throws UncheckedIOException if no socket can be made in the temporary directory
   */
  public static TestRegistry start() {
    try {
      Path directory = Files.createTempDirectory("metakey-test-");
      try {
        return new TestRegistry(directory, new MemoryDaemon(directory));
      } catch (IOException | StoreException | RuntimeException e) {
        delete(directory);
        throw e;
      }
    } catch (IOException | StoreException e) {
      throw new UncheckedIOException(
          "no registry can be started here: " + e.getMessage(), new IOException(e));
    }
  }

  /** The path of its socket, for METAKEY_SOCKET or {@link ClientBuilder#socket}. */
  public Path socket() {
    return directory.resolve("metakeyd.sock");
  }

  /** Connects as a service that claims this name. Close it before the registry. */
  public MetakeyClient connect(String service) {
    return MetakeyClient.builder().socket(socket()).service(service).connect();
  }

  /**
   * Lets time pass at once, for a ttl or a quarantine. When this returns, what is due by then has
   * been done.
   *
   * @param time not negative
   */
  public void advance(Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("time does not go back: " + time);
    }
    daemon.advance(time);
  }

  /** Ends the registry and its threads, and removes its socket. */
  @Override
  public void close() {
    try {
      daemon.close();
      delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path directory) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(directory)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.deleteIfExists(file);
    }
  }
}
