package dev.metakey.server.transport;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.engine.Reply;
import dev.metakey.wire.WireErrors;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Gives calls their answers, and maps what went wrong to a status: the one place for both. */
final class Answers {
  private static final Defects defects = new Defects("a call");

  private Answers() {}

  /** Answers at once. */
  static <A> void now(StreamObserver<A> call, Supplier<A> answer) {
    A message;
    try {
      message = answer.get();
    } catch (RuntimeException | Error e) { // otherwise nobody would answer the call
      call.onError(WireErrors.toStatus(refusal(e)));
      return;
    }
    call.onNext(message);
    call.onCompleted();
  }

  /** Answers on another thread, as making the answer is slow. */
  static <A> void on(Executor executor, StreamObserver<A> call, Supplier<A> answer) {
    try {
      executor.execute(() -> now(call, answer));
    } catch (RejectedExecutionException e) {
      call.onError(WireErrors.toStatus(refusal(e)));
    }
  }

  /**
   * Answers when the engine does; a call that its client cancels is not waited for. The answer is
   * made and written by the thread of the call's connection: so the writer goes on, and what it
   * commits together wakes a thread once.
   */
  static <R, A> void later(
      StreamObserver<A> call,
      Supplier<CompletableFuture<Reply<R>>> submit,
      Function<Reply<R>, A> toWire) {
    ServerCallStreamObserver<A> observer = (ServerCallStreamObserver<A>) call;
    CompletableFuture<Reply<R>> future;
    try {
      future = submit.get();
    } catch (RuntimeException | Error e) {
      call.onError(WireErrors.toStatus(refusal(e)));
      return;
    }
    BiConsumer<@Nullable Reply<R>, @Nullable Throwable> finish =
        (reply, failure) -> finish(observer, reply, failure, toWire);
    if (future.isDone()) {
      var unused = future.whenComplete(finish);
    } else {
      observer.setOnCancelHandler(() -> future.cancel(false));
      var unused = future.whenCompleteAsync(finish, CallerInterceptor.connection().thread);
    }
  }

  private static <R, A> void finish(
      ServerCallStreamObserver<A> call,
      @Nullable Reply<R> reply,
      @Nullable Throwable failure,
      Function<Reply<R>, A> toWire) {
    if (call.isCancelled()) {
      return;
    }
    now(
        call,
        () -> {
          if (reply == null) {
            throw refusal(failure);
          }
          return toWire.apply(reply);
        });
  }

  static MetakeyException refusal(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof MetakeyException refusal) {
      return refusal;
    }
    if (cause instanceof RejectedExecutionException) {
      return new MetakeyException(
          Reason.UNAVAILABLE,
          "too many calls are reading the disk or looking at the kernel, or metakeyd is stopping; nothing was"
              + " changed, try again soon",
          Map.of(),
          cause);
    }
    defects.met(cause == null ? new IllegalStateException("no reply, and no reason") : cause);
    return new MetakeyException(
        Reason.INTERNAL,
        "a defect of metakeyd: %s; please report it with the daemon's log".formatted(cause),
        Map.of(),
        cause);
  }

  /**
   * The limit that was asked for; 0 asks for the most that is allowed.
   *
   * @throws MetakeyException INVALID_REQUEST if it is none
   */
  static int limit(int asked, int most) {
    if (asked < 0 || asked > most) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "limit %d; allowed are 1 to %d, and 0 for the most".formatted(asked, most));
    }
    return asked == 0 ? most : asked;
  }
}
