package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.v1.Change;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.WatchRequest;
import dev.metakey.v1.WatchResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Watches from the first change on, resumes after every crash, and keeps a digest of each change,
 * to be compared with the history.
 */
final class Follower implements Runnable {
  private static final long RETRY_NS = 10_000_000;

  private final Supplier<Wiretap> connect;
  private final String registryId;
  private final Ledger ledger;
  private final AtomicInteger resumes = new AtomicInteger();
  private int[] digests = new int[1024];
  private volatile long revision;
  private volatile boolean stopping;

  Follower(Supplier<Wiretap> connect, String registryId, Ledger ledger) {
    this.connect = connect;
    this.registryId = registryId;
    this.ledger = ledger;
  }

  @Override
  public void run() {
    while (!stopping) {
      try (Wiretap connection = connect.get()) {
        follow(connection);
      }
      LockSupport.parkNanos(RETRY_NS);
    }
  }

  void stop() {
    stopping = true;
  }

  /** The revision that was told last. */
  long revision() {
    return revision;
  }

  /** How many streams told something. */
  int resumes() {
    return resumes.get();
  }

  int digest(long ofRevision) {
    return digests[(int) ofRevision];
  }

  static int digest(Change change) {
    return Arrays.hashCode(change.toByteArray());
  }

  private void follow(Wiretap connection) {
    WatchRequest request =
        WatchRequest.newBuilder().setSinceRevision(revision).setRegistryId(registryId).build();
    try {
      Iterator<WatchResponse> stream =
          RegistryGrpc.newBlockingStub(connection.channel()).watch(request);
      boolean first = true;
      while (!stopping && stream.hasNext()) {
        accept(stream.next());
        if (first) {
          resumes.incrementAndGet();
          first = false;
        }
      }
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode())
          .as("%s", e)
          .isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
    }
  }

  private void accept(WatchResponse message) {
    assertThat(message.getRegistry().getRegistryId()).isEqualTo(registryId);
    assertThat(message.hasChanges()).as("changes, not the whole state: all are kept").isTrue();
    long reached = revision;
    for (Change change : message.getChanges().getChangesList()) {
      assertThat(change.getRevision()).as("the next change").isEqualTo(reached + 1);
      reached++;
      if (reached >= digests.length) {
        digests = Arrays.copyOf(digests, digests.length * 2);
      }
      digests[(int) reached] = digest(change);
    }
    assertThat(message.getRegistry().getRevision()).as("where the changes lead").isEqualTo(reached);
    ledger.told(reached);
    revision = reached;
  }
}
