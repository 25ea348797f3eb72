package dev.metakey.server.publication;

import static dev.metakey.server.publication.FakeRegistry.register;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.KeysText;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Release;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PublisherTest {
  @TempDir private Path directory;
  private final FakeRegistry registry = new FakeRegistry();
  private final FakeOutlet good = new FakeOutlet("good");
  private final FakeOutlet bad = new FakeOutlet("bad");

  /** Notes what is published. It fails, or waits for leave, when it is told to. */
  private static final class FakeOutlet implements Outlet {
    final BlockingQueue<Long> published = new LinkedBlockingQueue<>();
    final Semaphore leave = new Semaphore(Integer.MAX_VALUE);
    final Semaphore asked = new Semaphore(0);
    private final String name;
    private volatile Throwable failure;
    private volatile boolean intact = true;
    private volatile boolean lookFails;
    private volatile boolean speaks;
    private volatile boolean closed;
    private volatile @Nullable LinkSecret secret;

    FakeOutlet(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public Path path() {
      if (failure instanceof StackOverflowError e) {
        failure = null;
        throw e;
      }
      return Path.of("/run/metakey", name);
    }

    @Override
    public void publish(Snapshot snapshot) throws IOException {
      asked.release();
      leave.acquireUninterruptibly();
      if (failure instanceof IOException e) {
        published.add(-1L);
        throw e;
      }
      if (failure instanceof StackOverflowError e) {
        published.add(-1L);
        throw e;
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof InternalError e) {
        throw e;
      }
      published.add(snapshot.info().revision());
    }

    @Override
    public boolean speaksForDaemon() {
      return speaks;
    }

    @Override
    public @Nullable LinkSecret secret() {
      return secret;
    }

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public boolean isIntact() {
      if (lookFails) {
        lookFails = false;
        throw new OutOfMemoryError("failed to allocate direct memory");
      }
      return intact;
    }

    long next() throws InterruptedException {
      Long revision = published.poll(10, TimeUnit.SECONDS);
      assertThat(revision).as("%s: nothing was published", name).isNotNull();
      return revision;
    }
  }

  private Publisher start(Outlet... outlets) {
    Publisher publisher = new Publisher(registry.snapshot(), List.of(outlets));
    registry.tell(publisher);
    publisher.start();
    return publisher;
  }

  private static DaemonStatus.Publication statusOf(Publisher publisher, int outlet) {
    return publisher.status().get(outlet);
  }

  @Test
  void start_publishesTheFirstStateAtOnceAndEachLaterOne() throws InterruptedException {
    registry.commitMany(4);
    try (Publisher publisher = start(good)) {
      assertThat(good.next()).isEqualTo(4);
      registry.commitMany(1);
      assertThat(good.next()).isEqualTo(5);
      publisher.close();
      assertThat(publisher.status())
          .containsExactly(new DaemonStatus.Publication("good", "/run/metakey/good", 5, ""));
    }
  }

  @Test
  void published_whenSomebodyRemovesIt_isPublishedAgain() throws InterruptedException {
    try (Publisher publisher = start(good)) {
      assertThat(good.next()).isZero();
      good.intact = false; // and nothing more is committed
      assertThat(good.next()).isZero();
      assertThat(statusOf(publisher, 0).problem()).isEmpty();
    }
  }

  @Test
  void committed_whenTheTagStays_isNotPublishedWhereTheTagIs() throws InterruptedException {
    good.secret = new LinkSecret(Tag.of(new byte[] {1, 2, 3, 4, 5, 6}), 990);
    try (Publisher publisher = start(good)) {
      assertThat(good.next()).isZero();
      registry.commitMany(4);
      while (statusOf(publisher, 0).revision() != 4) {
        Thread.onSpinWait();
      }
      assertThat(good.published).isEmpty();

      good.secret = new LinkSecret(Tag.of(new byte[] {6, 5, 4, 3, 2, 1}), 990);
      publisher.retagged();
      assertThat(good.next()).isEqualTo(4);
      publisher.close();
      assertThat(good.published).isEmpty();
    }
  }

  @Test
  void committed_whenPublishingIsSlow_passesOverStates() throws InterruptedException {
    good.leave.drainPermits();
    try (Publisher publisher = start(good)) {
      assertThat(good.asked.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
      registry.commitMany(100);
      good.leave.release(2);
      assertThat(good.next()).isZero();
      assertThat(good.next()).isEqualTo(100);
      good.leave.release(1_000);
      publisher.close();
      assertThat(good.published).isEmpty();
    }
  }

  @Test
  void committed_whenAnOutletFails_publishesTheOthersReportsAndHeals() throws InterruptedException {
    bad.failure = new IOException("no space left");
    try (Publisher publisher = start(bad, good)) {
      var unused = registry.commit(register("a"));
      while (good.next() != 1) {}
      assertThat(statusOf(publisher, 0).problem())
          .isEqualTo("/run/metakey/bad cannot be published: no space left");
      assertThat(statusOf(publisher, 0).isPublished()).isFalse();
      assertThat(statusOf(publisher, 1).problem()).isEmpty();

      bad.failure = null; // nothing more is committed, but publication is tried again
      while (bad.next() != 1) {}
      while (!statusOf(publisher, 0).problem().isEmpty()) {
        Thread.onSpinWait();
      }
      assertThat(statusOf(publisher, 0).revision()).isEqualTo(1);
    }
  }

  @Test
  void committed_whenAnOutletHasADefectOrMeetsASigbus_goesOn() throws InterruptedException {
    bad.failure = new IllegalStateException("a defect");
    try (Publisher publisher = start(bad, good)) {
      assertThat(good.next()).isZero();
      assertThat(statusOf(publisher, 0).problem()).contains("a defect of metakeyd");
      bad.failure = new InternalError("a fault occurred in an unsafe memory access operation");
      while (!statusOf(publisher, 0).problem().contains("was cut")) {
        Thread.onSpinWait();
      }
      assertThat(good.published).as("what is published already is left alone").isEmpty();
      bad.failure = null;
      assertThat(bad.next()).isZero();
    }
  }

  @Test
  void published_whenLookingAtItMeetsAnError_goesOn() throws InterruptedException {
    try (Publisher publisher = start(good)) {
      assertThat(good.next()).isZero();
      good.lookFails = true; // the next look, within five seconds

      assertThat(good.next()).isZero(); // published again
      registry.commitMany(1);
      assertThat(good.next()).isEqualTo(1);
      publisher.close();
      assertThat(statusOf(publisher, 0).problem()).isEmpty();
    }
  }

  @Test
  void close_whenAStateIsNotPublishedYet_publishesItFirst() throws InterruptedException {
    good.leave.drainPermits();
    Publisher publisher = start(good);
    registry.commitMany(7);
    good.leave.release(1_000);

    publisher.close();

    assertThat(good.published).contains(7L);
    registry.commitMany(1);
    assertThat(statusOf(publisher, 0).revision()).isEqualTo(7);
  }

  @Test
  void committed_whenRealFilesArePublished_bothShowTheState() throws Exception {
    KeysFile keys = new KeysFile(directory.resolve("keys"), new UUID(3, 4), null);
    TableFile table = new TableFile(directory.resolve("registry.bin"), () -> 1, new UUID(3, 4));
    try (Publisher publisher = start(keys, table)) {
      var unused = registry.commit(register("a", "b"));
      publisher.close();

      assertThat(keys.path()).hasContent(KeysText.text(registry.snapshot(), new UUID(3, 4)));
      assertThat(RegistryFile.read(table.path()).snapshot().info())
          .isEqualTo(registry.snapshot().info());
      assertThat(publisher.status())
          .allSatisfy(status -> assertThat(status.problem()).isEmpty())
          .allSatisfy(status -> assertThat(status.revision()).isEqualTo(2));
    }
  }

  @Test
  void durable_whenANameEnds_publishesWhereItSpeaksForTheDaemonBeforeItReturns() throws Exception {
    good.speaks = true;
    try (Publisher publisher = new Publisher(registry.snapshot(), List.of(good, bad))) {
      registry.tell(publisher); // its thread does not run

      var unused = registry.commit(register("a", "b"));
      assertThat(good.published).as("who does not find a new name asks").isEmpty();

      var unusedToo = registry.commit(new Release("a", 0));
      assertThat(good.published).containsExactly(3L);
      assertThat(bad.published).isEmpty();
      assertThat(publisher.speaksAt(good.path())).isTrue();
      assertThat(publisher.speaksAt(bad.path())).isFalse();
    }
    assertThat(good.closed).isTrue();
  }

  @Test
  void durable_whileTheThreadPublishesAnOlderState_putsTheNewestOverIt() throws Exception {
    good.speaks = true;
    try (Publisher publisher = start(good)) {
      assertThat(good.next()).isZero();
      good.leave.drainPermits();
      good.asked.drainPermits();
      var unused = registry.commit(register("a"));
      assertThat(good.asked.tryAcquire(10, TimeUnit.SECONDS)).isTrue(); // it waits for leave
      Thread releasing =
          new Thread(
              () -> {
                var unusedToo = registry.commit(new Release("a", 0));
              });
      releasing.start();
      good.leave.release(1_000);
      releasing.join();

      assertThat(good.next()).isEqualTo(1);
      assertThat(good.next()).isEqualTo(2);
      publisher.close();
      assertThat(good.published).isEmpty();
    }
  }

  @Test
  void start_whenItSpeaksForTheDaemon_isPublishedWhenItReturns() throws Exception {
    good.speaks = true;
    try (Publisher publisher = start(good)) {
      assertThat(good.published).containsExactly(0L);
      assertThat(publisher.speaksAt(good.path())).isTrue();
    }
    bad.speaks = true;
    bad.failure = new IOException("no space left");
    try (Publisher publisher = start(bad)) {
      assertThat(publisher.speaksAt(bad.path())).isFalse();
    }
  }

  @Test
  void start_whenReportingAFailureMeetsAnErrorItself_goesOnAndSaysSo() throws Exception {
    try (Publisher publisher = new Publisher(registry.snapshot(), List.of(good))) {
      good.failure = new StackOverflowError("injected");
      publisher.start();

      assertThat(good.next()).isEqualTo(-1);
      assertThat(good.next()).as("tried again by itself").isZero();

      assertThat(publisher.problems())
          .containsExactly(
              "the thread registry-publisher, which publishes the files and maps, met a defect once and goes on; the daemon's log has the cause, please report it");
      assertThat(publisher.isWell()).isTrue();
    }
  }
}
