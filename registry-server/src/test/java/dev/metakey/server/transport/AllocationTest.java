package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Register;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.Engines;
import dev.metakey.server.engine.FakeClock;
import dev.metakey.server.engine.FakeStore;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.NameClaims;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListResponse;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.ResolveResponse;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Counts what a look-up allocates between the decoded request and the encoded answer. */
@Timeout(60)
class AllocationTest {
  private static final int CALLS = 10_000;

  /** An answer that is built anew takes at least ten times as much. */
  private static final long MOST_BYTES = 200;

  private final Keeper answered = new Keeper();
  private Context caller;
  private Context outer;
  private Engine engine;
  private WatchHub hub;
  private RegistryService service;

  @BeforeEach
  void start() throws Exception {
    caller = CallerInterceptor.contextOf(new Peer(1000, 1000, 1, "edge"));
    outer = caller.attach();
    engine = Engines.begun(new FakeStore(), new FakeClock());
    List<FieldSpec> all =
        IntStream.range(0, Field.IDS - 16).mapToObj(i -> FieldSpec.of("field.n" + i, 2)).toList();
    engine.run(new Register(all));
    hub = new WatchHub(engine::snapshot, engine::history, Limits.DEFAULTS.watches(), peer -> true);
    service =
        new RegistryService(
            engine,
            NameClaims.NONE,
            new KernelWatch(engine, withPids -> List.of()),
            Runnable::run,
            hub,
            () -> {
              throw new IllegalStateException();
            });
  }

  @AfterEach
  void stop() throws Exception {
    caller.detach(outer);
    hub.close();
  }

  private static long bytesPerCall(Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    call.run(); // the first answer is encoded
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < CALLS; i++) {
      call.run();
    }
    return (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
  }

  @Test
  void resolve_whenOneNameIsAsked_allocatesNextToNothing() throws Exception {
    ResolveRequest request = ResolveRequest.newBuilder().addNames("field.n7").build();

    assertThat(bytesPerCall(() -> service.answerResolve(request, answered)))
        .isLessThanOrEqualTo(MOST_BYTES);

    ResolveResponse answer = ResolveResponse.parseFrom(answered.bytes());
    assertThat(answer.getFields(0).getSpec().getName()).isEqualTo("field.n7");
  }

  @Test
  void list_whenEverythingIsAsked_allocatesNextToNothing() throws Exception {
    ListRequest request = ListRequest.getDefaultInstance();

    assertThat(bytesPerCall(() -> service.answerList(request, answered)))
        .isLessThanOrEqualTo(MOST_BYTES);

    assertThat(ListResponse.parseFrom(answered.bytes()).getFieldsCount())
        .isEqualTo(Field.IDS - 16 + 3);
  }

  @Test
  void answers_whenTheRegistryChanges_areOfTheNewOne() throws Exception {
    ResolveRequest resolve = ResolveRequest.newBuilder().addNames("field.n7").build();
    service.answerResolve(resolve, answered);
    service.answerList(ListRequest.getDefaultInstance(), answered);

    engine.run(new Register(List.of(FieldSpec.of("later", 2))));

    service.answerResolve(resolve, answered);
    assertThat(ResolveResponse.parseFrom(answered.bytes()).getRegistry().getRevision())
        .isEqualTo(engine.snapshot().info().revision());
    service.answerList(ListRequest.getDefaultInstance(), answered);
    assertThat(ListResponse.parseFrom(answered.bytes()).getFieldsList())
        .anyMatch(field -> field.getSpec().getName().equals("later"));
  }

  private static final class Keeper implements StreamObserver<Encoded> {
    private @Nullable Encoded last;

    InputStream bytes() {
      return Encoded.MARSHALLER.stream(last);
    }

    @Override
    public void onNext(Encoded message) {
      last = message;
    }

    @Override
    public void onError(Throwable cause) {
      throw new AssertionError(cause);
    }

    @Override
    public void onCompleted() {}
  }
}
