package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import dev.metakey.etcd.v3.AuthGrpc;
import dev.metakey.etcd.v3.AuthenticateRequest;
import dev.metakey.etcd.v3.Compare;
import dev.metakey.etcd.v3.DeleteRangeRequest;
import dev.metakey.etcd.v3.KVGrpc;
import dev.metakey.etcd.v3.KeyValue;
import dev.metakey.etcd.v3.PutRequest;
import dev.metakey.etcd.v3.RangeRequest;
import dev.metakey.etcd.v3.RequestOp;
import dev.metakey.etcd.v3.ResponseOp;
import dev.metakey.etcd.v3.TxnRequest;
import dev.metakey.etcd.v3.TxnResponse;
import dev.metakey.files.Failure;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptors;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * etcd, by its own API (v3).
 *
 * <p><b>Members.</b> A call that a member does not answer goes to the next one. A transaction may
 * then be done twice; the second time what it expects is no longer so, and the caller sees its own
 * work when it reads again.
 *
 * <p><b>Concurrency.</b> For one thread, but for {@link #close}; watches are told on the
 * connection's.
 */
public final class EtcdStore implements FleetStore {
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  /** So many entries are read of one range, and no more. */
  private static final int MOST_ENTRIES = 50_000;

  /** What netty writes before what the system says. */
  private static final Pattern NETTYS = Pattern.compile("^\\S+ failed with error\\(-?\\d+\\): ");

  private static final int MOST_BYTES = 8 << 20;

  private final EtcdAccess access;
  private final List<ManagedChannel> members = new ArrayList<>(); // none until the first call
  private int member;
  private volatile boolean closed;
  private @Nullable String token;

  /** Does something with a member. */
  private interface Call<T> {
    T with(Channel channel);
  }

  public EtcdStore(EtcdAccess access) {
    this.access = access;
    this.member = ThreadLocalRandom.current().nextInt(access.endpoints().size()); // hosts spread
  }

  /** Reads the certificates, which may be others than before. */
  private void open() throws FleetException {
    if (closed) {
      throw new FleetException("metakeyd stops");
    }
    try {
      ChannelCredentials credentials = credentials(access.tls());
      for (String endpoint : access.endpoints()) {
        members.add(
            NettyChannelBuilder.forTarget("dns:///" + endpoint, credentials)
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .maxInboundMessageSize(MOST_BYTES)
                .disableRetry()
                .directExecutor()
                .build());
      }
    } catch (IOException | IllegalArgumentException e) {
      closeAll();
      throw new FleetException(
          "the certificates for etcd cannot be used: %s".formatted(wordsOf(e)), e);
    }
  }

  private static ChannelCredentials credentials(EtcdAccess.@Nullable Tls tls) throws IOException {
    if (tls == null) {
      return InsecureChannelCredentials.create();
    }
    var builder = TlsChannelCredentials.newBuilder().trustManager(tls.ca().toFile());
    if (tls.cert() != null && tls.key() != null) {
      builder.keyManager(tls.cert().toFile(), tls.key().toFile());
    }
    return builder.build();
  }

  private static String wordsOf(Throwable e) {
    return e instanceof IOException io ? Failure.words(io) : String.valueOf(e.getMessage());
  }

  @Override
  public Read read(Collection<String> keys) throws FleetException {
    TxnRequest.Builder request = TxnRequest.newBuilder();
    for (String key : keys) {
      request.addSuccess(
          RequestOp.newBuilder()
              .setRequestRange(
                  RangeRequest.newBuilder()
                      .setKey(bytes(key))
                      .setRangeEnd(end(key))
                      .setLimit(MOST_ENTRIES)));
    }
    TxnResponse response = txn(request.build());
    SortedMap<String, Entry> found = new TreeMap<>();
    for (ResponseOp each : response.getResponsesList()) {
      if (each.getResponseRange().getMore()) {
        throw new FleetException(
            "etcd has more than %d keys of this fleet in one place, which is too many to be read"
                .formatted(MOST_ENTRIES));
      }
      for (KeyValue pair : each.getResponseRange().getKvsList()) {
        Entry entry = entry(pair, false);
        found.put(entry.key(), entry);
      }
    }
    return new Read(response.getHeader().getRevision(), found);
  }

  @Override
  public long count(String keys) throws FleetException {
    RangeRequest range =
        RangeRequest.newBuilder()
            .setKey(bytes(keys))
            .setRangeEnd(end(keys))
            .setCountOnly(true)
            .build();
    TxnRequest request =
        TxnRequest.newBuilder().addSuccess(RequestOp.newBuilder().setRequestRange(range)).build();
    return txn(request).getResponses(0).getResponseRange().getCount();
  }

  @Override
  public boolean commit(Txn txn) throws FleetException {
    TxnRequest.Builder request = TxnRequest.newBuilder();
    txn.expected()
        .forEach(
            (key, revision) ->
                request.addCompare(
                    Compare.newBuilder()
                        .setTarget(Compare.CompareTarget.MOD)
                        .setKey(bytes(key))
                        .setRangeEnd(end(key))
                        .setModRevision(revision)));
    for (String key : txn.deletes()) {
      request.addSuccess(
          RequestOp.newBuilder()
              .setRequestDeleteRange(
                  DeleteRangeRequest.newBuilder().setKey(bytes(key)).setRangeEnd(end(key))));
    }
    txn.puts()
        .forEach(
            (key, value) ->
                request.addSuccess(
                    RequestOp.newBuilder()
                        .setRequestPut(
                            PutRequest.newBuilder().setKey(bytes(key)).setValue(value))));
    return txn(request.build()).getSucceeded();
  }

  private TxnResponse txn(TxnRequest request) throws FleetException {
    return call(
        channel ->
            ClientCalls.blockingUnaryCall(channel, KVGrpc.getTxnMethod(), deadline(), request));
  }

  private CallOptions deadline() {
    return CallOptions.DEFAULT.withDeadlineAfter(access.timeoutMs(), TimeUnit.MILLISECONDS);
  }

  /** Asks one member after the other, beginning with the one that answered last. */
  private <T> T call(Call<T> call) throws FleetException {
    StatusRuntimeException last = null;
    for (int tried = 0; tried < access.endpoints().size(); tried++) {
      try {
        return withToken(call);
      } catch (StatusRuntimeException e) {
        if (!isOfTheMember(e.getStatus().getCode())) {
          throw failed(e);
        }
        last = e;
        member = (member + 1) % access.endpoints().size();
      }
    }
    closeAll();
    throw failed(Objects.requireNonNull(last));
  }

  private static boolean isOfTheMember(Status.Code code) {
    return code == Status.Code.UNAVAILABLE
        || code == Status.Code.DEADLINE_EXCEEDED
        || code == Status.Code.CANCELLED
        || code == Status.Code.UNKNOWN
        || code == Status.Code.INTERNAL;
  }

  /** A token that is too old is made anew, once. */
  private <T> T withToken(Call<T> call) throws FleetException {
    boolean isFresh = token == null;
    try {
      return call.with(channel());
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      boolean mayBeToken =
          code == Status.Code.UNAUTHENTICATED || code == Status.Code.INVALID_ARGUMENT;
      if (access.user().isEmpty() || isFresh || !mayBeToken) {
        throw e;
      }
      token = null;
      return call.with(channel());
    }
  }

  private synchronized ManagedChannel connection() throws FleetException {
    if (members.isEmpty()) {
      open();
    }
    ManagedChannel channel = members.get(member);
    channel.resetConnectBackoff(); // the caller sees to pauses
    return channel;
  }

  private Channel channel() throws FleetException {
    ManagedChannel channel = connection();
    if (access.user().isEmpty()) {
      return channel;
    }
    if (token == null) {
      token =
          ClientCalls.blockingUnaryCall(
                  channel,
                  AuthGrpc.getAuthenticateMethod(),
                  deadline(),
                  AuthenticateRequest.newBuilder()
                      .setName(access.user())
                      .setPassword(password())
                      .build())
              .getToken();
    }
    Metadata headers = new Metadata();
    headers.put(TOKEN, token);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private String password() throws FleetException {
    try {
      String text = Files.readString(Objects.requireNonNull(access.passwordFile()));
      return text.lines().findFirst().orElse("");
    } catch (IOException e) {
      throw new FleetException(
          "the password file %s cannot be read: %s"
              .formatted(access.passwordFile(), Failure.words(e)),
          e);
    }
  }

  private FleetException failed(StatusRuntimeException e) {
    String endpoint = access.endpoints().get(member);
    EtcdAccess.Tls tls = access.tls();
    String why =
        tls != null && tls.cert() != null && isClosed(e)
            ? "etcd at %s closed the connection without a word; if it does so each time, it may not accept the certificate %s: look whether that has expired or was revoked, and at etcd's log"
                .formatted(endpoint, tls.cert())
            : words(endpoint, e.getStatus());
    return new FleetException(why, e);
  }

  /** Whether there was a connection, and the member ended it: so it does with certificates. */
  private static boolean isClosed(StatusRuntimeException e) {
    Metadata said = e.getTrailers();
    boolean isFromMember = said != null && !said.keys().isEmpty();
    return e.getStatus().getCode() == Status.Code.UNAVAILABLE
        && !isFromMember
        && e.getStatus().getCause() == null;
  }

  /** What became of a call, in words. */
  static String words(String endpoint, Status status) {
    if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      return "etcd at %s does not answer in time".formatted(endpoint);
    }
    Throwable cause = status.getCause();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String said =
        cause != null && cause.getMessage() != null
            ? cause.getMessage()
            : Objects.requireNonNullElse(status.getDescription(), status.getCode().name());
    String line = NETTYS.matcher(said.replaceAll("\\p{Cntrl}+", " ")).replaceFirst("");
    return "etcd at %s: %s"
        .formatted(endpoint, line.length() > 300 ? line.substring(0, 300) : line);
  }

  @Override
  public Watch watch(String keys, long afterRevision, Listener listener) {
    Metadata headers = new Metadata();
    headers.put(HAS_LEADER, "true"); // a member that is cut off from the others ends the watch
    EtcdWatch watch = new EtcdWatch(access.endpoints().get(member), listener);
    try {
      Channel channel =
          ClientInterceptors.intercept(
              channel(), MetadataUtils.newAttachHeadersInterceptor(headers));
      watch.start(channel, bytes(keys), end(keys), afterRevision + 1);
    } catch (StatusRuntimeException e) {
      listener.ended(failed(e).why());
    } catch (FleetException e) {
      listener.ended(e.why());
    }
    return watch;
  }

  static Entry entry(KeyValue pair, boolean deleted) {
    return new Entry(
        pair.getKey().toStringUtf8(), deleted ? null : pair.getValue(), pair.getModRevision());
  }

  private static ByteString bytes(String key) {
    return ByteString.copyFrom(key, StandardCharsets.UTF_8);
  }

  /** The first key that no longer begins with this one; empty for a key that stands for itself. */
  private static ByteString end(String key) {
    return key.endsWith("/")
        ? bytes(key.substring(0, key.length() - 1) + (char) ('/' + 1))
        : ByteString.EMPTY;
  }

  private synchronized void closeAll() {
    members.forEach(ManagedChannel::shutdownNow);
    members.clear();
  }

  /** From any thread: whoever waits for an answer waits no longer. */
  @Override
  public void close() {
    closed = true;
    closeAll();
  }
}
