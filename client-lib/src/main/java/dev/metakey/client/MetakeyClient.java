package dev.metakey.client;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Header;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Pending;
import dev.metakey.model.Registered;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;

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
@SuppressWarnings("DoNotCallSuggester") // bodies follow
public final class MetakeyClient implements AutoCloseable {
  MetakeyClient() {}

  /**
   * Connects with what the environment says: METAKEY_SOCKET, METAKEY_SERVICE, METAKEY_RUN.
   *
   * @throws MetakeyException UNAVAILABLE, INVALID_REQUEST
   */
  public static MetakeyClient connect() {
    return builder().connect();
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Where the daemon listens. */
  public Path socket() {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  /**
   * Retires a field of ours (of anybody's: an admin), or leaves a shared one.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, IN_USE, STORE_FAILED
   */
  public Answer<Field> release(String name) {
    throw new UnsupportedOperationException();
  }

  /**
   * As {@link #release(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #release(String)}
   */
  public Answer<Field> release(String name, int generation) {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  /**
   * The field with the name, whatever its state.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND
   */
  public Answer<Field> get(String name) {
    throw new UnsupportedOperationException();
  }

  /**
   * The field with the id, whatever its state.
   *
   * @param id 0-63, or the id of a well-known field
   * @throws MetakeyException INVALID_REQUEST, NOT_FOUND
   */
  public Answer<Field> get(int id) {
    throw new UnsupportedOperationException();
  }

  /** The global header. */
  public Answer<Header> header() {
    throw new UnsupportedOperationException();
  }

  /** How the daemon is. */
  public Answer<DaemonStatus> status() {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  /**
   * Unties a name from its id. For admins.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> unreserve(String name) {
    throw new UnsupportedOperationException();
  }

  /**
   * Brings a retired field back, as it was. For admins.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> undelete(String name) {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  /**
   * Who waits for which names. For admins.
   *
   * @throws MetakeyException NOT_PERMITTED
   */
  public Answer<List<Pending>> pending() {
    throw new UnsupportedOperationException();
  }

  /**
   * The registry in this process, for look-ups in nanoseconds: started by the first call, which
   * waits for the first state; the same one ever after.
   *
   * @throws MetakeyException UNAVAILABLE if there is neither a daemon nor a published file. The
   *     view keeps trying: a later call may succeed.
   */
  public View view() {
    throw new UnsupportedOperationException();
  }

  /** Watches from the whole state on. Close it; closing the client does so too. */
  public Watch watch() {
    throw new UnsupportedOperationException();
  }

  /**
   * Watches from after a known state on; if that registry is not there any more, or the revision is
   * no longer kept, from the whole state on.
   *
   * @param registryId whose revision it is: {@link dev.metakey.model.RegistryInfo#registryId()}
   * @param revision the last one that is known
   */
  public Watch watch(UUID registryId, long revision) {
    throw new UnsupportedOperationException();
  }

  /** Ends the connection, the view and every watch, and leaves no thread behind. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }

  /** What to connect to, and how. Everything has a default. */
  public static final class Builder {
    Builder() {}

    /** Where the daemon listens. Default: METAKEY_SOCKET, else /run/metakey/metakeyd.sock. */
    public Builder socket(Path value) {
      throw new UnsupportedOperationException();
    }

    /**
     * The service that this process claims to be; counts only where the daemon cannot tell by
     * itself. Default: METAKEY_SERVICE, else none.
     */
    public Builder service(String value) {
      throw new UnsupportedOperationException();
    }

    /**
     * How long {@link #connect()} waits for a daemon that is not up yet. Default: 10 s. Zero: one
     * attempt.
     */
    public Builder connectTimeout(Duration value) {
      throw new UnsupportedOperationException();
    }

    /** How long a call may take; a wait comes on top. Default: 10 s. More than zero. */
    public Builder callTimeout(Duration value) {
      throw new UnsupportedOperationException();
    }

    /**
     * What the daemon publishes: the answers while it is gone. Default: {@code registry.bin} in
     * METAKEY_RUN, else beside the socket.
     */
    public Builder publishedFile(Path value) {
      throw new UnsupportedOperationException();
    }

    /**
     * Whether the published file is enough to start with: then {@link #connect()} does not wait for
     * a daemon if there is such a file. For tracers, which only read. Default: false.
     */
    public Builder acceptStaleStart(boolean value) {
      throw new UnsupportedOperationException();
    }

    /**
     * Connects.
     *
     * @throws MetakeyException UNAVAILABLE, saying what was found at the socket; INVALID_REQUEST
     *     for a socket path over 107 bytes, a service name that is none, or a timeout out of range
     */
    public MetakeyClient connect() {
      throw new UnsupportedOperationException();
    }
  }
}
