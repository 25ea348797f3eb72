package dev.metakey.client;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldReport;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Header;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Orphan;
import dev.metakey.model.Registered;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.v1.GetHeaderRequest;
import dev.metakey.v1.GetRequest;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetTagRequest;
import dev.metakey.v1.ListOrphansRequest;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.RegistryGrpc.RegistryBlockingStub;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.wire.Replies;
import dev.metakey.wire.Wire;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
 * again if the daemon was restarted. An interrupted call keeps the interrupt flag and throws
 * UNAVAILABLE.
 *
 * <p>Every call may throw {@link MetakeyException}: UNAVAILABLE if the daemon cannot be reached,
 * INTERNAL for a defect of ours, and what the method names. After {@link #close()}: {@link
 * IllegalStateException}.
 *
 * <p>Where the daemon cannot be reached, {@code resolve}, {@code list}, {@code get} and {@code
 * header} answer from the file that it published last, and mark the answer {@linkplain
 * Answer#stale() stale}: such fields have no description, and of their owners only a user's uid is
 * known. What the file does not know stays UNAVAILABLE. Nothing else ever answers stale.
 */
public final class MetakeyClient implements AutoCloseable {
  /** How long the daemon's answer that a wait is over may take to arrive. */
  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(2);

  private final Connection connection;
  private final MetakeyAdmin admin;
  private final PublishedFile published;
  private final Duration callTimeout;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final Object starting = new Object();
  private @Nullable View view;

  MetakeyClient(Connection connection, PublishedFile published, Duration callTimeout) {
    this.connection = connection;
    this.admin = new MetakeyAdmin(connection);
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

  public static ClientBuilder builder() {
    return new ClientBuilder(System::getenv);
  }

  /** What only admins may do. */
  public MetakeyAdmin admin() {
    return admin;
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
   *     MISMATCH, OWNED_BY_OTHER, QUOTA_EXCEEDED, NO_FREE_ID, NO_FREE_SLOT, STORE_FAILED,
   *     FLEET_AWAY
   */
  public Answer<List<Registered>> register(FieldSpec... fields) {
    return register(List.of(fields));
  }

  /** As {@link #register(FieldSpec...)}. */
  public Answer<List<Registered>> register(List<FieldSpec> fields) {
    var specs = fields.stream().map(Wire::spec).toList();
    var request = RegisterRequest.newBuilder().addAllFields(specs).build();
    var reply = call(stub -> stub.register(request));
    return Answer.of(
        reply.getRegistry(), reply.getResultsList().stream().map(Replies::registered).toList());
  }

  /**
   * As {@link #register(FieldSpec...)}; while the daemon or the fleet is away, tries again.
   *
   * @param wait how long: 1 ms to 24 h
   */
  public Answer<List<Registered>> register(Duration wait, List<FieldSpec> fields) {
    Ranges.check("wait", wait, Ranges.TICK, Ranges.DAY);
    return Retry.within(wait, () -> register(fields));
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
        () -> answered(names),
        snapshot -> PublishedFile.resolve(snapshot, names));
  }

  private Answer<List<Field>> answered(List<String> names) {
    var request = ResolveRequest.newBuilder().addAllNames(names).build();
    var reply = call(stub -> stub.resolve(request));
    return Answer.of(reply.getRegistry(), Replies.fields(reply.getFieldsList()));
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
    return Retry.within(wait, () -> awaited(Ranges.until(endNs), names));
  }

  private Answer<List<Field>> awaited(Duration wait, List<String> names) {
    var request =
        ResolveRequest.newBuilder().addAllNames(names).setWait(Wire.duration(wait)).build();
    Duration limit = wait.plus(ANSWER_PATIENCE);
    var reply =
        connection.call(RegistryGrpc::newBlockingStub, limit, stub -> stub.resolve(request));
    return Answer.of(reply.getRegistry(), Replies.fields(reply.getFieldsList()));
  }

  /**
   * Retires a field that is ours (an admin may retire anybody's), or leaves a shared one to its
   * other owners. {@link MetakeyAdmin#forceRelease(String)} does so even if loaded programs are
   * linked to it.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, IN_USE, STORE_FAILED
   */
  public Answer<Field> release(String name) {
    return release(ReleaseRequest.newBuilder().setName(name).build());
  }

  /**
   * As {@link #release(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #release(String)}
   */
  public Answer<Field> release(String name, int generation) {
    return release(ReleaseRequest.newBuilder().setName(name).setGeneration(generation).build());
  }

  private Answer<Field> release(ReleaseRequest request) {
    var reply = call(stub -> stub.release(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
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
        () -> listed(prefix, states),
        snapshot -> Optional.of(PublishedFile.list(snapshot, prefix, states)));
  }

  private Answer<List<Field>> listed(String prefix, Set<FieldState> states) {
    var wanted = states.stream().map(Wire::state).toList();
    var request = ListRequest.newBuilder().setPrefix(prefix).addAllStates(wanted).build();
    var reply = call(stub -> stub.list(request));
    return Answer.of(reply.getRegistry(), Replies.fields(reply.getFieldsList()));
  }

  /**
   * The field with the name: active, retired, reserved or well-known.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND
   */
  public Answer<Field> get(String name) {
    return report(name).map(FieldReport::field);
  }

  /**
   * The field with the id, whatever its state; a free id shows the field that had it last.
   *
   * @param id 0-63, or the id of a well-known field
   * @throws MetakeyException INVALID_REQUEST, NOT_FOUND
   */
  public Answer<Field> get(int id) {
    return report(id).map(FieldReport::field);
  }

  /** As {@link #get(String)}, with what keeps the field's id from being free. */
  public Answer<FieldReport> report(String name) {
    return orPublished(
        Names.quote(name),
        () -> got(GetRequest.newBuilder().setName(name).build()),
        snapshot -> Optional.ofNullable(snapshot.byName(name)).map(FieldReport::published));
  }

  /** As {@link #get(int)}, with what keeps the id from being free. */
  public Answer<FieldReport> report(int id) {
    return orPublished(
        "id " + id,
        () -> got(GetRequest.newBuilder().setId(id).build()),
        snapshot -> Optional.ofNullable(snapshot.byId(id)).map(FieldReport::published));
  }

  private Answer<FieldReport> got(GetRequest request) {
    var reply = call(stub -> stub.get(request));
    return Answer.of(reply.getRegistry(), Replies.report(reply));
  }

  /**
   * The active fields that no loaded program is linked to, and that nobody has used for some time,
   * 0 to 366 days. Otherwise: INVALID_REQUEST.
   */
  public Answer<List<Orphan>> orphans(Duration unusedFor) {
    var wanted = ListOrphansRequest.newBuilder().setUnusedFor(Wire.duration(unusedFor)).build();
    var reply = call(stub -> stub.listOrphans(wanted));
    return Answer.of(
        reply.getRegistry(), reply.getOrphansList().stream().map(Replies::orphan).toList());
  }

  /** The global header. */
  public Answer<Header> header() {
    return orPublished(
        "a header",
        () -> {
          var reply = call(stub -> stub.getHeader(GetHeaderRequest.getDefaultInstance()));
          return Answer.of(reply.getRegistry(), new Header(reply.getHigh(), reply.getLow()));
        },
        snapshot -> Optional.of(snapshot.header()));
  }

  /**
   * The tag that this host's metadata areas end in: for admins and the members of the group {@code
   * metakey}. While the daemon cannot be reached, the tag is the one that it published last, for
   * those who may read that file.
   *
   * @throws MetakeyException NOT_PERMITTED, READ_ONLY
   */
  public Answer<Tag> tag() {
    try {
      var reply = call(stub -> stub.getTag(GetTagRequest.getDefaultInstance()));
      return Answer.of(reply.getRegistry(), Tag.of(reply.getTag().toByteArray()));
    } catch (MetakeyException e) {
      if (Retry.isWorthwhile(e) && !connection.isClosed()) {
        return published.tag(e);
      }
      throw e;
    }
  }

  /** What the daemon says of itself: its settings, what it holds, and what is wrong. */
  public Answer<DaemonStatus> status() {
    var reply = call(stub -> stub.getStatus(GetStatusRequest.getDefaultInstance()));
    return Answer.of(reply.getRegistry(), Replies.status(reply));
  }

  /**
   * The registry in this process, for look-ups in nanoseconds. The first call starts it and waits
   * for the first state; later calls return the same view.
   *
   * @throws MetakeyException UNAVAILABLE if there is neither a daemon nor a published file. The
   *     view keeps trying: a later call may succeed.
   */
  public View view() {
    View started = startedView();
    started.awaitState(callTimeout);
    return started;
  }

  /**
   * Starts a watch that begins with the whole state. Close it when done; closing the client closes
   * it too.
   */
  public Watch watch() {
    return newWatch(null);
  }

  /**
   * Starts a watch that continues after a known state. If the registry is another one by now, or
   * the revision is no longer kept, it begins with the whole state.
   *
   * @param registryId the registry that the revision belongs to: {@link
   *     dev.metakey.model.RegistryInfo#registryId()}
   * @param revision the last revision that is known
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

  private <R> R call(Function<RegistryBlockingStub, R> rpc) {
    return connection.call(RegistryGrpc::newBlockingStub, rpc);
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
}
