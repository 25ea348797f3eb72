package dev.metakey.client;

import dev.metakey.files.PathText;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUser;
import dev.metakey.model.Header;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Pending;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Snapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the host's metakey daemon.
 *
 * <pre>{@code
 * try (MetakeyClient metakey = MetakeyClient.connect()) {
 *   Field id = metakey.register(FieldSpec.of("edge.packet_id", 8)).value().get(0).field();
 * }
 * }</pre>
 *
 * <p>Safe for any number of threads. Every call blocks, at most for the call timeout, and connects
 * again where the daemon was restarted. An interrupted call keeps the interrupt flag and throws
 * UNAVAILABLE.
 *
 * <p>Every call may throw {@link MetakeyException}: UNAVAILABLE if the daemon cannot be reached,
 * INTERNAL for a defect of ours, and what the method names. After {@link #close()}: {@link
 * IllegalStateException}.
 *
 * <p>Where the daemon cannot be reached, {@code resolve}, {@code list}, {@code get} and {@code
 * header} answer from the file that it published last, and mark the answer {@linkplain
 * Answer#stale() stale}: such fields have no description, and their owners no service. What the
 * file does not know stays UNAVAILABLE. Nothing else ever answers stale.
 */
public final class MetakeyClient implements AutoCloseable {
  private final Connection connection;
  private final Calls daemon;
  private final PublishedFile published;
  private final Duration callTimeout;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final Object starting = new Object();
  private @Nullable View view;

  private MetakeyClient(Connection connection, PublishedFile published, Duration callTimeout) {
    this.connection = connection;
    this.daemon = new Calls(connection);
    this.published = published;
    this.callTimeout = callTimeout;
  }

  /**
   * Connects with what the environment says: METAKEY_SOCKET, METAKEY_SERVICE, METAKEY_RUN.
   *
   * @throws MetakeyException UNAVAILABLE, INVALID_REQUEST
   */
  public static MetakeyClient connect() {
    return builder().connect();
  }

  public static Builder builder() {
    return new Builder(System::getenv);
  }

  /** Where the daemon listens. */
  public Path socket() {
    return connection.socket();
  }

  /**
   * Gives every field its id and place, for good: all of them, or none. Idempotent.
   *
   * @param fields 1-64, no name twice
   * @return in the order of {@code fields}
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE, INVALID_REQUEST,
   *     MISMATCH, OWNED_BY_OTHER, QUOTA_EXCEEDED, NO_FREE_ID, NO_FREE_SLOT, STORE_FAILED
   */
  public Answer<List<Registered>> register(FieldSpec... fields) {
    return register(List.of(fields));
  }

  /** As {@link #register(FieldSpec...)}. */
  public Answer<List<Registered>> register(List<FieldSpec> fields) {
    return daemon.register(fields);
  }

  /**
   * What the names stand for. Never creates anything.
   *
   * @param names 1-64
   * @return in the order of {@code names}
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, NOT_FOUND
   */
  public Answer<List<Field>> resolve(String... names) {
    return resolve(List.of(names));
  }

  /** As {@link #resolve(String...)}. */
  public Answer<List<Field>> resolve(List<String> names) {
    return orPublished(
        "all of " + names,
        () -> daemon.resolve(names),
        snapshot -> PublishedFile.resolve(snapshot, names));
  }

  /** As {@link #await(Duration, List)}. */
  public Answer<List<Field>> await(Duration wait, String... names) {
    return await(wait, List.of(names));
  }

  /**
   * What the names stand for, as soon as all of them are there; a daemon that is restarted
   * meanwhile is asked again. Never stale.
   *
   * @param wait 1 ms to 24 h
   * @param names 1-64
   * @return in the order of {@code names}
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, TOO_MANY_WAITERS, DEADLINE_EXCEEDED
   *     naming what is missing
   */
  public Answer<List<Field>> await(Duration wait, List<String> names) {
    Ranges.check("wait", wait, Ranges.TICK, Ranges.DAY);
    long endNs = System.nanoTime() + wait.toNanos();
    return Retry.within(wait, () -> daemon.await(remaining(endNs), names));
  }

  /**
   * Retires a field of ours (of anybody's: an admin), or leaves a shared one.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, IN_USE, STORE_FAILED
   */
  public Answer<Field> release(String name) {
    return daemon.release(name);
  }

  /**
   * As {@link #release(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #release(String)}
   */
  public Answer<Field> release(String name, int generation) {
    return daemon.release(name, generation);
  }

  /**
   * Retires a field although loaded programs are linked to it: its id is set aside until they are
   * gone. For admins.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> forceRelease(String name) {
    return daemon.forceRelease(name);
  }

  /**
   * As {@link #forceRelease(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #forceRelease(String)}
   */
  public Answer<Field> forceRelease(String name, int generation) {
    return daemon.forceRelease(name, generation);
  }

  /** Every field by ascending id, well-known ones last; free ones left out. */
  public Answer<List<Field>> list() {
    return list("", Set.of());
  }

  /**
   * Fields by ascending id, well-known ones last.
   *
   * @param prefix only names that start with it; empty: all
   * @param states only fields in one of them; empty: all but free ones
   */
  public Answer<List<Field>> list(String prefix, Set<FieldState> states) {
    return orPublished(
        "a list",
        () -> daemon.list(prefix, states),
        snapshot -> Optional.of(PublishedFile.list(snapshot, prefix, states)));
  }

  /**
   * The field with the name, whatever its state.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND
   */
  public Answer<Field> get(String name) {
    return orPublished(
        Names.quote(name),
        () -> daemon.get(name),
        snapshot -> Optional.ofNullable(snapshot.byName(name)));
  }

  /**
   * The field with the id, whatever its state.
   *
   * @param id 0-63, or the id of a well-known field
   * @throws MetakeyException INVALID_REQUEST, NOT_FOUND
   */
  public Answer<Field> get(int id) {
    return orPublished(
        "id " + id, () -> daemon.get(id), snapshot -> Optional.ofNullable(snapshot.byId(id)));
  }

  /** The global header. */
  public Answer<Header> header() {
    return orPublished("a header", daemon::header, snapshot -> Optional.of(snapshot.header()));
  }

  /** How the daemon is. */
  public Answer<DaemonStatus> status() {
    return daemon.status();
  }

  /**
   * Ties a name to an id and size before anybody registers it. For admins. Idempotent.
   *
   * @param spec what a registration will have to agree with
   * @param id 0-63
   * @param foreign some program hard-codes the id: the name resolves at once
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE, INVALID_REQUEST,
   *     NOT_PERMITTED, ID_TAKEN, MISMATCH, NO_FREE_SLOT, STORE_FAILED
   */
  public Answer<Field> reserve(FieldSpec spec, int id, boolean foreign) {
    return daemon.reserve(spec, id, foreign);
  }

  /**
   * Unties a name from its id. For admins.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> unreserve(String name) {
    return daemon.unreserve(name);
  }

  /**
   * Brings a retired field back, as it was. For admins.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> undelete(String name) {
    return daemon.undelete(name);
  }

  /**
   * Hands a field to another owner, who is then its only one. A retired field stays retired, and
   * its new owner may bring it back. For admins. Idempotent.
   *
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> transfer(String name, Owner to) {
    return daemon.transfer(name, to);
  }

  /**
   * Committed changes, oldest first, as far back as they are kept. For admins.
   *
   * @param sinceRevision changes after this one; 0: from the start
   * @param name only changes of this name; empty: all
   * @param limit at most this many: 1-1000; 0: 1000
   * @throws MetakeyException INVALID_REQUEST, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<History> history(long sinceRevision, String name, int limit) {
    return daemon.history(sinceRevision, name, limit);
  }

  /**
   * Who waits for which names. For admins.
   *
   * @throws MetakeyException NOT_PERMITTED
   */
  public Answer<List<Pending>> pending() {
    return daemon.pending();
  }

  /**
   * The loaded programs, with each field that they name: by ascending program id. For admins.
   *
   * @throws MetakeyException NOT_PERMITTED; UNAVAILABLE, also where the daemon cannot see them
   */
  public Answer<List<FieldUser>> users() {
    return daemon.users();
  }

  /**
   * The registry in this process, for look-ups in nanoseconds: started by the first call, which
   * waits for the first state; the same one ever after.
   *
   * @throws MetakeyException UNAVAILABLE if there is neither a daemon nor a published file. The
   *     view keeps trying: a later call may succeed.
   */
  public View view() {
    View started = startedView();
    started.awaitState(callTimeout);
    return started;
  }

  /** Watches from the whole state on. Close it; closing the client does so too. */
  public Watch watch() {
    return newWatch(null);
  }

  /**
   * Watches from after a known state on; if that registry is not there any more, or the revision is
   * no longer kept, from the whole state on.
   *
   * @param registryId whose revision it is: {@link dev.metakey.model.RegistryInfo#registryId()}
   * @param revision the last one that is known
   */
  public Watch watch(UUID registryId, long revision) {
    return newWatch(new Watch.Position(registryId, revision));
  }

  /** Ends the connection, the view and every watch, and leaves no thread behind. */
  @Override
  public void close() {
    View started;
    synchronized (starting) {
      connection.refuse();
      started = view;
    }
    watches.forEach(Watch::close);
    if (started != null) {
      started.close();
    }
    connection.close();
  }

  private static Duration remaining(long endNs) {
    Duration left = Duration.ofNanos(endNs - System.nanoTime());
    return left.compareTo(Ranges.TICK) < 0 ? Ranges.TICK : left;
  }

  private View startedView() {
    synchronized (starting) {
      connection.requireOpen();
      if (view == null) {
        view = new View(connection, published);
        view.start();
      }
      return view;
    }
  }

  private Watch newWatch(Watch.@Nullable Position since) {
    Watch watch = new Watch(connection, since, Retry::isWorthwhile, watches::remove);
    synchronized (starting) {
      connection.requireOpen();
      watches.add(watch);
    }
    return watch;
  }

  private <T> Answer<T> orPublished(
      String what, Supplier<Answer<T>> call, Function<Snapshot, Optional<T>> look) {
    try {
      return call.get();
    } catch (MetakeyException e) {
      if (Retry.isWorthwhile(e) && !connection.isClosed()) {
        return published.answer(e, what, look);
      }
      throw e;
    }
  }

  /** What to connect to, and how. Everything has a default. */
  public static final class Builder {
    /** The room for a path in {@code struct sockaddr_un}, less the NUL. */
    static final int MAX_SOCKET_BYTES = 107;

    private final Function<String, @Nullable String> environment;
    private @Nullable Path socket;
    private @Nullable String service;
    private @Nullable Path publishedFile;
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration callTimeout = Duration.ofSeconds(10);
    private boolean acceptStaleStart;

    Builder(Function<String, @Nullable String> environment) {
      this.environment = environment;
    }

    /** Where the daemon listens. Default: METAKEY_SOCKET, else /run/metakey/metakeyd.sock. */
    public Builder socket(Path value) {
      socket = value;
      return this;
    }

    /**
     * The service that this process claims to be; counts only where the daemon cannot tell by
     * itself. Default: METAKEY_SERVICE, else none.
     */
    public Builder service(String value) {
      service = value;
      return this;
    }

    /**
     * How long {@link #connect()} waits for a daemon that is not up yet. Default: 10 s. Zero: one
     * attempt.
     */
    public Builder connectTimeout(Duration value) {
      connectTimeout = value;
      return this;
    }

    /**
     * How long a call may take, connecting included; {@link #await} has its own limit instead.
     * Default: 10 s. More than zero.
     */
    public Builder callTimeout(Duration value) {
      callTimeout = value;
      return this;
    }

    /**
     * What the daemon publishes: the answers while it is gone. Default: {@code registry.bin} in
     * METAKEY_RUN, else beside the socket.
     */
    public Builder publishedFile(Path value) {
      publishedFile = value;
      return this;
    }

    /**
     * Whether the published file is enough to start with: then {@link #connect()} does not wait for
     * a daemon if there is such a file. For tracers, which only read. Default: false.
     */
    public Builder acceptStaleStart(boolean value) {
      acceptStaleStart = value;
      return this;
    }

    /**
     * Connects.
     *
     * @throws MetakeyException UNAVAILABLE, saying what was found at the socket; INVALID_REQUEST
     *     for a socket path over 107 bytes, a service name that is none, or a timeout out of range
     */
    public MetakeyClient connect() {
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
     * @return whether the daemon is there; false: but the published file is, and that is enough
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

    /** What an attempt may take; the only one where nobody waits for a daemon: a call's time. */
    private Duration left(long endNs) {
      return connectTimeout.isZero() ? callTimeout : remaining(endNs);
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

    /** An empty variable counts as none. */
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
            "socket path %s is %d bytes long; the kernel allows %d: use a shorter one"
                .formatted(socket, bytes, MAX_SOCKET_BYTES),
            Map.of("socket", socket.toString(), "limit", Integer.toString(MAX_SOCKET_BYTES)));
      }
      return socket;
    }
  }
}
