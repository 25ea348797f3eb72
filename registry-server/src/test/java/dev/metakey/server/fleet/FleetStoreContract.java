package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.fleet.v1.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** What every store of a fleet does. */
abstract class FleetStoreContract {
  private static final Place A = Place.newBuilder().setName("a").build();
  private static final Place B = Place.newBuilder().setName("b").build();

  /** A way to a store in which nothing is. */
  abstract FleetStore connect() throws Exception;

  /** Makes the store forget all changes until now. */
  abstract void compact(long revision) throws Exception;

  @Test
  void commit_putsAll_whenAllIsAsExpected() throws Exception {
    try (FleetStore store = connect()) {
      boolean done =
          store.commit(new Txn().absent("/f/x").absent("/f/d/").put("/f/x", A).put("/f/y", B));

      FleetStore.Read read = store.read(List.of("/f/x", "/f/y", "/f/z"));
      assertThat(done).isTrue();
      assertThat(read.entries().keySet()).containsExactly("/f/x", "/f/y");
      assertThat(Place.parseFrom(read.entries().get("/f/x").value())).isEqualTo(A);
      assertThat(read.entries().get("/f/y").revision()).isEqualTo(read.revision());
    }
  }

  @Test
  void count_isThatOfTheKeysThatBeginSo() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/d/x", A).put("/f/d/y", A).put("/f/e", A));

      assertThat(store.count("/f/d/")).isEqualTo(2);
      assertThat(store.count("/f/none/")).isZero();
    }
  }

  @Test
  void commit_changesNothing_whenOneKeyIsThere() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/x", A));

      assertThat(store.commit(new Txn().absent("/f/y").absent("/f/x").put("/f/y", B))).isFalse();
      assertThat(store.read(List.of("/f/")).entries().keySet()).containsExactly("/f/x");
    }
  }

  @Test
  void commit_changesNothing_whenAKeyHasChanged() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/x", A));
      long seen = store.read(List.of("/f/x")).entries().get("/f/x").revision();
      store.commit(new Txn().put("/f/x", B));

      assertThat(store.commit(new Txn().unchanged("/f/x", seen).delete("/f/x"))).isFalse();
      long now = store.read(List.of("/f/x")).entries().get("/f/x").revision();
      assertThat(store.commit(new Txn().unchanged("/f/x", now).delete("/f/x"))).isTrue();
      assertThat(store.read(List.of("/f/")).entries()).isEmpty();
    }
  }

  @Test
  void commit_changesNothing_whenAnythingIsBelow() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/d/x", A).put("/f/da", A));

      assertThat(store.commit(new Txn().absent("/f/d/").put("/f/z", B))).isFalse();
      store.commit(new Txn().delete("/f/d/"));
      assertThat(store.commit(new Txn().absent("/f/d/").put("/f/z", B))).isTrue();
      assertThat(store.read(List.of("/f/")).entries().keySet()).containsExactly("/f/da", "/f/z");
    }
  }

  @Test
  void watch_tellsEachChangeBelowAfterARevision() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/d/old", A));
      long seen = store.read(List.of()).revision();
      store.commit(new Txn().put("/f/d/x", A));
      Told told = new Told();
      try (FleetStore.Watch watch = store.watch("/f/d/", seen, told)) {
        assertThat(watch).isNotNull();
        store.commit(new Txn().put("/f/else", A));
        store.commit(new Txn().delete("/f/d/x").put("/f/d/y", B));

        assertThat(told.take(3)).containsExactlyInAnyOrder("x put", "x deleted", "y put");
      }
    }
  }

  @Test
  void watch_ends_whenTheChangesAreNoLongerKept() throws Exception {
    try (FleetStore store = connect()) {
      store.commit(new Txn().put("/f/d/x", A));
      long seen = store.read(List.of()).revision();
      store.commit(new Txn().put("/f/d/x", B));
      store.commit(new Txn().put("/f/d/x", A));
      compact(store.read(List.of()).revision());
      Told told = new Told();
      try (FleetStore.Watch watch = store.watch("/f/d/", seen, told)) {
        assertThat(watch).isNotNull();
        assertThat(told.take(1)).containsExactly("ended");
      }
    }
  }

  private static final class Told implements FleetStore.Listener {
    private final BlockingQueue<String> words = new LinkedBlockingQueue<>();

    @Override
    public void changed(List<FleetStore.Entry> entries, long revision) {
      for (FleetStore.Entry entry : entries) {
        words.add(entry.key().substring(5) + (entry.value() == null ? " deleted" : " put"));
      }
    }

    @Override
    public void ended(String why) {
      words.add("ended");
    }

    List<String> take(int count) throws InterruptedException {
      List<String> taken = new ArrayList<>();
      while (taken.size() < count) {
        taken.add(words.take());
      }
      return taken;
    }
  }
}
