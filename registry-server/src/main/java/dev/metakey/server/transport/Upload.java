package dev.metakey.server.transport;

import com.google.protobuf.ByteString;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A request that comes in parts, as it may be longer than a message. The parts are kept until the
 * last one has come, so this is for admins only: a call that was answered gets no more of them.
 *
 * @param <Q> a part
 */
final class Upload<Q> implements StreamObserver<Q> {
  /** Many times what 64 fields take. */
  private static final int MOST_BYTES = 4 << 20;

  /**
   * All parts.
   *
   * @param first has the options
   */
  record Whole<Q>(Q first, ByteString bytes) {}

  private final Function<Q, ByteString> bytesOf;
  private ByteString bytes = ByteString.EMPTY;
  private final CompletableFuture<Whole<Q>> whole = new CompletableFuture<>();
  private @Nullable Q first;

  Upload(Function<Q, ByteString> bytesOf) {
    this.bytesOf = bytesOf;
  }

  /** Completes when the last part has come; fails with INVALID_REQUEST. */
  CompletableFuture<Whole<Q>> whole() {
    return whole;
  }

  @Override
  public void onNext(Q part) {
    ByteString more = bytesOf.apply(part);
    if (bytes.size() + more.size() > MOST_BYTES) {
      refuse(
          "the file has more than %d bytes, which is too much for 64 fields".formatted(MOST_BYTES));
      return;
    }
    first = first == null ? part : first;
    bytes = bytes.concat(more);
  }

  @Override
  public void onError(Throwable gone) {
    whole.completeExceptionally(new CancellationException("the client is gone"));
  }

  @Override
  public void onCompleted() {
    Q options = first;
    if (options == null) {
      refuse("the request has no part");
    } else {
      whole.complete(new Whole<>(options, bytes));
    }
  }

  private void refuse(String text) {
    whole.completeExceptionally(new MetakeyException(Reason.INVALID_REQUEST, text));
  }
}
