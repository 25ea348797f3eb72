package dev.metakey.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.v1.Changes;
import dev.metakey.v1.WatchResponse;
import dev.metakey.wire.Wire;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a view knows and tells, whatever becomes of the daemon. */
final class ViewTest {
  @TempDir private Path folder;
  private FakeDaemon daemon;

  @BeforeEach
  void start() {
    daemon = FakeDaemon.started(folder.resolve("metakeyd.sock"));
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private ClientBuilder builder() {
    return new ClientBuilder(name -> null).socket(daemon.socket);
  }

  private void publish() throws IOException {
    try (FileChannel file =
        FileChannel.open(
            folder.resolve("registry.bin"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(RegistryFile.create(daemon.snapshot(), 1));
    }
  }

  @Test
  void view_whenStarted_hasTheStateAndFollows() {
    Field field = daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      assertThat(view.get("edge.a")).isEqualTo(field);
      assertThat(view.get(field.id())).isEqualTo(field);
      assertThat(view.get("kernel.rx_hash")).isEqualTo(view.get(65)).isNotNull();
      assertThat(view.get("edge.b")).isNull();
      assertThat(view.get(-1)).isNull();
      assertThat(view.get(63)).isNull();
      assertThat(view.get(67)).isNull();
      assertThat(view.isStale()).isFalse();
      assertThat(client.view()).isSameAs(view);

      daemon.add("edge.b", 8);
      Eventually.await("edge.b", () -> view.get("edge.b") != null);
      assertThat(view.snapshot().info()).isEqualTo(daemon.snapshot().info());
    }
  }

  @Test
  void view_whenANewerDaemonUsesNewConstants_staysFreshAndFollows() {
    Field field = daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      Eventually.await("a watch", () -> daemon.watching() == 1);
      var spec = Wire.spec(field.spec()).toBuilder().setFormatValue(99).setMergeValue(99);
      var after = Wire.field(field).toBuilder().setSpec(spec).setStateValue(99);
      daemon.say(
          WatchResponse.newBuilder()
              .setRegistry(Wire.info(view.snapshot().info().withRevision(2)))
              .setChanges(
                  Changes.newBuilder()
                      .addChanges(
                          dev.metakey.v1.Change.newBuilder()
                              .setRevision(2)
                              .setKindValue(99)
                              .setAfter(after)))
              .build());
      Eventually.await("the change", () -> view.snapshot().info().revision() == 2);
      assertThat(view.isStale()).isFalse();
      assertThat(view.get("edge.a")).isNull();
      assertThat(view.snapshot().byName("edge.a")).isNotNull();
    }
  }

  @Test
  void listener_whenDaemonGoesAndComesBack_hearsOfStaleAndFresh() {
    List<Boolean> told = new CopyOnWriteArrayList<>();
    ViewListener listener =
        new ViewListener() {
          @Override
          public void changed(Snapshot snapshot, List<Change> changes) {}

          @Override
          public void staleness(boolean stale) {
            told.add(stale);
          }
        };
    try (MetakeyClient client = builder().connect()) {
      client.view().addListener(listener);
      assertThat(told).isEmpty();
      daemon.kill();
      Eventually.await("stale", () -> told.equals(List.of(true)));
      daemon.start();
      Eventually.await("fresh", () -> told.equals(List.of(true, false)));
    }
  }

  @Test
  void listener_whenDaemonIsRestarted_isToldEveryStateOnceInOrder() {
    List<Long> told = new CopyOnWriteArrayList<>();
    List<Long> changed = new CopyOnWriteArrayList<>();
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      view.addListener(
          (snapshot, changes) -> {
            told.add(snapshot.info().revision());
            changes.forEach(change -> changed.add(change.revision()));
          });
      for (int outage = 0; outage < 3; outage++) {
        daemon.add("edge.up" + outage, 4);
        daemon.kill();
        Eventually.await("stale", view::isStale);
        daemon.add("edge.down" + outage, 4);
        daemon.start();
        Eventually.await("fresh", () -> !view.isStale());
      }
      daemon.add("edge.last", 4);
      Eventually.await("the last", () -> view.get("edge.last") != null);
      Eventually.await("told", () -> told.contains(7L));
    }
    assertThat(changed).containsExactlyElementsOf(LongStream.rangeClosed(1, 7).boxed().toList());
    assertThat(told).isSorted().doesNotHaveDuplicates().startsWith(0L).endsWith(7L);
  }

  @Test
  void listener_whenTheSameStateComesAgain_isNotToldTwice() {
    List<Long> told = new CopyOnWriteArrayList<>();
    daemon.forgetHistory();
    daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      view.addListener((snapshot, changes) -> told.add(snapshot.info().revision()));
      daemon.kill();
      Eventually.await("stale", view::isStale);
      daemon.start();
      Eventually.await("fresh", () -> !view.isStale());
      daemon.add("edge.b", 4);
      Eventually.await("told", () -> told.contains(2L));
    }
    assertThat(told).containsExactly(1L, 2L);
  }

  @Test
  void listener_whenItThrows_doesNotStopTheOthers() {
    List<Long> told = new CopyOnWriteArrayList<>();
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      view.addListener(
          (snapshot, changes) -> {
            throw new AssertionError("of the listener");
          });
      ViewListener second = (snapshot, changes) -> told.add(snapshot.info().revision());
      view.addListener(second);
      daemon.add("edge.a", 4);
      Eventually.await("told", () -> told.contains(1L));
      view.removeListener(second);
      daemon.add("edge.b", 4);
      Eventually.await("edge.b", () -> view.get("edge.b") != null);
    }
    assertThat(told).containsExactly(0L, 1L);
  }

  @Test
  void listener_whenItClosesTheClient_comesBack() throws InterruptedException {
    MetakeyClient client = builder().connect();
    View view = client.view();
    List<String> closedOn = new CopyOnWriteArrayList<>();
    view.addListener(
        (snapshot, changes) -> {
          if (!changes.isEmpty()) {
            client.close();
            closedOn.add(Thread.currentThread().getName());
          }
        });
    daemon.add("edge.a", 4);
    Eventually.await("closed", () -> !closedOn.isEmpty());
    assertThat(closedOn).containsExactly("metakey-view");
  }

  @Test
  void view_whenDaemonIsGone_keepsTheLastStateAsStale() {
    daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      RegistryInfo last = view.snapshot().info();
      daemon.kill();
      Eventually.await("stale", view::isStale);
      assertThat(view.snapshot().info()).isEqualTo(last);
      assertThat(view.get("edge.a")).isNotNull();
    }
  }

  @Test
  void view_whenOnlyTheFileIsThere_startsFromItAndCatchesUp() throws IOException {
    daemon.add("edge.a", 4);
    publish();
    daemon.kill();
    List<Snapshot> told = new CopyOnWriteArrayList<>();
    try (MetakeyClient client = builder().acceptStaleStart(true).connect()) {
      View view = client.view();
      assertThat(view.isStale()).isTrue();
      assertThat(view.get("edge.a").owners().get(0).service()).isEqualTo("?");
      view.addListener((snapshot, changes) -> told.add(snapshot));
      daemon.start();
      Eventually.await("fresh", () -> !view.isStale());
      assertThat(view.get("edge.a").owners().get(0).service()).isEqualTo("fake");
      Eventually.await("told", () -> told.size() == 2);
    }
  }

  @Test
  void view_whenThereIsNeitherDaemonNorFile_saysSoAndRecovers() {
    try (MetakeyClient client = builder().callTimeout(Duration.ofSeconds(5)).connect()) {
      daemon.kill();
      assertThatThrownBy(client::view)
          .isInstanceOf(MetakeyException.class)
          .hasMessageContaining("no metakey daemon at");
      daemon.start();
      Eventually.await("a view", () -> hasView(client));
      assertThat(client.view().isStale()).isFalse();
    }
  }

  private static boolean hasView(MetakeyClient client) {
    try {
      client.view();
      return true;
    } catch (MetakeyException e) {
      return false;
    }
  }

  @Test
  void get_whenCalled_allocatesNothing() {
    daemon.add("edge.a", 4);
    try (MetakeyClient client = builder().connect()) {
      View view = client.view();
      assertThat(lookUp(view, 100_000)).isEqualTo(300_000); // loads and compiles
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long thread = Thread.currentThread().getId();
      long before = threads.getThreadAllocatedBytes(thread);
      int found = lookUp(view, 100_000);
      long after = threads.getThreadAllocatedBytes(thread);
      assertThat(found).isEqualTo(300_000);
      assertThat(after - before).isLessThan(100_000); // less than a byte each: none by them
    }
  }

  private static int lookUp(View view, int times) {
    int found = 0;
    for (int i = 0; i < times; i++) {
      found += view.get("edge.a") != null ? 1 : 0;
      found += view.get(0) != null ? 1 : 0;
      found += view.get(66) != null ? 1 : 0;
    }
    return found;
  }
}
