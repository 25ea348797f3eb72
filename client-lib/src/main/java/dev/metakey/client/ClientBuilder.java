package dev.metakey.client;

import com.google.rpc.ErrorInfo;
import dev.metakey.files.PathText;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What to connect to, and how: from {@link MetakeyClient#builder()}. Everything has a default. */
public final class ClientBuilder {
  /** The longest path that the JVM's own sockets take: one byte less than the kernel takes. */
  static final int MAX_SOCKET_BYTES = 106;

  private final Function<String, @Nullable String> environment;
  private @Nullable Path socket;
  private @Nullable String service;
  private @Nullable Path publishedFile;
  private Duration connectTimeout = Duration.ofSeconds(10);
  private Duration callTimeout = Duration.ofSeconds(10);
  private boolean acceptStaleStart;

  ClientBuilder(Function<String, @Nullable String> environment) {
    this.environment = environment;
  }

  /** Where the daemon listens. Default: METAKEY_SOCKET, else /run/metakey/metakeyd.sock. */
  public ClientBuilder socket(Path value) {
    socket = value;
    return this;
  }

  /**
   * The service that this process claims to be; counts only where the daemon cannot tell by itself.
   * Default: METAKEY_SERVICE, else none.
   */
  public ClientBuilder service(String value) {
    service = value;
    return this;
  }

  /**
   * How long {@link #connect()} waits for a daemon that is not up yet. Default: 10 s. Zero: one
   * attempt.
   */
  public ClientBuilder connectTimeout(Duration value) {
    connectTimeout = value;
    return this;
  }

  /**
   * How long a call may take, connecting included; {@link MetakeyClient#await(Duration,
   * java.util.List)} has its own limit instead. Default: 10 s. More than zero.
   */
  public ClientBuilder callTimeout(Duration value) {
    callTimeout = value;
    return this;
  }

  /**
   * The file that the daemon publishes, which gives the answers while the daemon is gone. Default:
   * {@code registry.bin} in METAKEY_RUN, else beside the socket.
   */
  public ClientBuilder publishedFile(Path value) {
    publishedFile = value;
    return this;
  }

  /**
   * Whether the published file is enough to start with: then {@link #connect()} does not wait for a
   * daemon if there is such a file. For tracers, which only read. Default: false.
   */
  public ClientBuilder acceptStaleStart(boolean value) {
    acceptStaleStart = value;
    return this;
  }

  /**
   * Connects.
   *
   * @throws MetakeyException UNAVAILABLE, saying what was found at the socket; INVALID_REQUEST for
   *     a socket path over 106 bytes, an invalid service name, or a timeout out of range; INTERNAL
   *     if a class that calls need is missing or is of another version
   */
  public MetakeyClient connect() {
    try {
      loadWhatCallsNeed();
      return connected();
    } catch (LinkageError e) {
      throw new MetakeyException(
          Reason.INTERNAL,
          "the metakey client does not work with the libraries that were found here (%s); depend on dev.metakey:metakey-client, which brings its own, and on no other artefact of metakey"
              .formatted(e),
          Map.of(),
          e);
    }
  }

  /**
   * Finds a library of the wrong version on the class path now, and not in some later call. Loads
   * one method and what any of them needs: all messages would take 6 ms, and their descriptors as
   * long as a call.
   */
  private static void loadWhatCallsNeed() {
    Stream.of(
            RegistryGrpc.getResolveMethod(),
            Wire.spec(FieldSpec.of("a.name", 8)),
            ErrorInfo.getDefaultInstance())
        .forEach(Objects::requireNonNull);
  }

  private MetakeyClient connected() {
    Ranges.check("connectTimeout", connectTimeout, Duration.ZERO, Ranges.DAY);
    Ranges.check("callTimeout", callTimeout, Ranges.TICK, Ranges.DAY);
    Path where = checkSocket(socket());
    Connection connection = new Connection(where, claimedService(), callTimeout);
    PublishedFile published = new PublishedFile(publishedBeside(where));
    try {
      long endNs = System.nanoTime() + connectTimeout.toNanos();
      Retry.within(connectTimeout, () -> attempt(connection, published, left(endNs)));
      return new MetakeyClient(connection, published, callTimeout);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * @return true if the daemon is there; false if only the published file is, and that is enough
   */
  private boolean attempt(Connection connection, PublishedFile published, Duration limit) {
    try {
      connection.connect(limit);
      return true;
    } catch (MetakeyException e) {
      if (acceptStaleStart && Retry.isWorthwhile(e) && published.isReadable()) {
        return false;
      }
      throw e;
    }
  }

  /**
   * How long an attempt may take. If there is no wait for a daemon, the only one may take as long
   * as a call.
   */
  private Duration left(long endNs) {
    return connectTimeout.isZero() ? callTimeout : Ranges.until(endNs);
  }

  private Path socket() {
    if (socket != null) {
      return socket;
    }
    String named = named("METAKEY_SOCKET");
    return PathText.parse(named != null ? named : "/run/metakey/metakeyd.sock");
  }

  private @Nullable String claimedService() {
    String claimed = service != null ? service : named("METAKEY_SERVICE");
    return claimed == null ? null : Names.checkService(claimed);
  }

  private Path publishedBeside(Path where) {
    if (publishedFile != null) {
      return publishedFile;
    }
    String run = named("METAKEY_RUN");
    return run != null
        ? PathText.parse(run).resolve("registry.bin")
        : where.resolveSibling("registry.bin");
  }

  /** An empty variable counts as unset. */
  private @Nullable String named(String variable) {
    String value = environment.apply(variable);
    return value == null || value.isEmpty() ? null : value;
  }

  private static Path checkSocket(Path socket) {
    PathText.check(socket);
    int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_SOCKET_BYTES) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "socket path %s is %d bytes long; at most %d are allowed: use a shorter one"
              .formatted(socket, bytes, MAX_SOCKET_BYTES),
          Map.of("socket", socket.toString(), "limit", Integer.toString(MAX_SOCKET_BYTES)));
    }
    return socket;
  }
}
