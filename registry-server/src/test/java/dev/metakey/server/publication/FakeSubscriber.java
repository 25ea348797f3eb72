package dev.metakey.server.publication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber that is ready as long as it has room, and checks that what it is told is in order.
 */
final class FakeSubscriber implements Subscriber {
  /**
   * One thing that it was told.
   *
   * @param state null if it was told changes, or the end
   * @param why null before the end
   */
  record Told(
      @Nullable Snapshot state,
      long revision,
      List<Change> changes,
      @Nullable MetakeyException why) {
    boolean isState() {
      return state != null;
    }
  }

  private final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
  private long at;
  private boolean begun;
  private int room = Integer.MAX_VALUE;

  /** Makes it ready for as many messages, and for no more until {@link #room} is called again. */
  synchronized FakeSubscriber room(int messages) {
    room = messages;
    return this;
  }

  @Override
  public synchronized boolean isReady() {
    return room > 0;
  }

  /** One message more than it has room for may come: the last one before the end. */
  private synchronized void take() {
    assertThat(room).as("told more than the last, although it was not ready").isNotNegative();
    room--;
  }

  @Override
  public void state(Snapshot snapshot) {
    take();
    long revision = snapshot.info().revision();
    assertThat(revision).as("goes back").isGreaterThanOrEqualTo(at);
    begun = true;
    at = revision;
    told.add(new Told(snapshot, revision, List.of(), null));
  }

  @Override
  public void changes(RegistryInfo info, List<Change> changes) {
    take();
    for (Change change : changes) {
      if (begun) {
        assertThat(change.revision()).as("twice, or missing").isEqualTo(at + 1);
      }
      begun = true;
      at = change.revision();
    }
    if (!changes.isEmpty()) {
      assertThat(info.revision()).isEqualTo(at);
    }
    told.add(new Told(null, info.revision(), changes, null));
  }

  @Override
  public void end(MetakeyException why) {
    told.add(new Told(null, at, List.of(), why));
  }

  /** The next thing that it is told. */
  Told next() throws InterruptedException {
    Told next = told.poll(10, TimeUnit.SECONDS);
    assertThat(next).as("nothing was told").isNotNull();
    return next;
  }

  /** What it was told and nobody asked about yet. */
  int unseen() {
    return told.size();
  }

  /** Takes messages up to the one that leads to the revision, and returns how many there were. */
  int until(long revision) throws InterruptedException {
    int messages = 1;
    for (Told told = next(); told.revision() < revision; told = next()) {
      assertThat(told.why()).isNull();
      messages++;
    }
    return messages;
  }
}
