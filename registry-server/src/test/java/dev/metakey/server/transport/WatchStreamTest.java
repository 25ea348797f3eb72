package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Register;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.Engines;
import dev.metakey.server.engine.FakeClock;
import dev.metakey.server.engine.FakeStore;
import dev.metakey.server.publication.WatchHub;
import dev.metakey.v1.Change;
import dev.metakey.v1.WatchResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What many watchers are told is encoded once for all of them. */
@Timeout(60)
class WatchStreamTest {
  private static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");
  private static final int WATCHERS = 100;

  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final WatchMessages messages = new WatchMessages();
  private final List<Stream> admins = new ArrayList<>();
  private final List<Stream> others = new ArrayList<>();
  private Engine engine;
  private WatchHub hub;

  @BeforeEach
  void start() throws Exception {
    engine = Engines.begun(new FakeStore(), new FakeClock());
    hub = new WatchHub(engine::snapshot, engine::history, Limits.DEFAULTS.watches(), peer -> true);
    engine.addListener(hub);
    for (int i = 0; i < WATCHERS; i++) {
      watch(admins, true);
      watch(others, false);
    }
  }

  @AfterEach
  void stop() throws Exception {
    hub.close();
    thread.shutdown();
  }

  private void watch(List<Stream> streams, boolean toAdmin) {
    Stream stream = new Stream();
    streams.add(stream);
    var unused = hub.subscribe(null, new WatchStream(stream, messages, toAdmin), EDGE, thread);
  }

  private static Set<Encoded> next(List<Stream> streams) throws InterruptedException {
    Set<Encoded> told = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Stream stream : streams) {
      told.add(stream.told.poll(10, TimeUnit.SECONDS));
    }
    return told;
  }

  private static WatchResponse decoded(Set<Encoded> one) throws Exception {
    return WatchResponse.parseFrom(Encoded.MARSHALLER.stream(one.iterator().next()));
  }

  @Test
  void state_whenManyBegin_isEncodedOnce() throws Exception {
    Set<Encoded> told = next(admins);
    told.addAll(next(others));

    assertThat(told).hasSize(1);
    assertThat(decoded(told).hasState()).isTrue();
  }

  @Test
  void changes_whenManyAreTold_areEncodedOnceForAdminsAndOnceForOthers() throws Exception {
    next(admins);
    next(others);
    for (String name : List.of("a", "b")) { // the second is not taken for the first
      engine.run(new Register(List.of(FieldSpec.of(name, 2))));

      Set<Encoded> toAdmins = next(admins);
      Set<Encoded> toOthers = next(others);

      assertThat(toAdmins).hasSize(1);
      assertThat(toOthers).hasSize(1);
      Change full = decoded(toAdmins).getChanges().getChanges(0);
      Change open = decoded(toOthers).getChanges().getChanges(0);
      assertThat(full.getAfter().getSpec().getName()).isEqualTo(name);
      assertThat(open.getAfter()).isEqualTo(full.getAfter());
      assertThat(full.getPeer().getPid()).isEqualTo(Engines.DAEMON.pid());
      assertThat(open.getPeer().getPid()).isZero();
    }
  }

  private static final class Stream extends ServerCallStreamObserver<Encoded> {
    private final BlockingQueue<Encoded> told = new LinkedBlockingQueue<>();

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onNext(Encoded message) {
      told.add(message);
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void disableAutoInboundFlowControl() {}
  }
}
