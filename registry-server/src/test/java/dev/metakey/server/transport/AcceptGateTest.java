package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.domain.Limits;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.Errors.NativeIoException;
import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AcceptGateTest {
  private static final int EMFILE = -24;

  static {
    Epoll.ensureAvailability(); // loads what makes descriptors
  }

  private boolean noneLeft;
  private final SpareDescriptors spare = new SpareDescriptors(this::pipe);
  private final Connections connections = new Connections(Limits.DEFAULTS, peer -> false, spare);
  private final EmbeddedChannel listening = new EmbeddedChannel(new AcceptGate(connections));

  private List<FileDescriptor> pipe() throws IOException {
    if (noneLeft) {
      throw new IOException("Too many open files");
    }
    return List.of(FileDescriptor.pipe());
  }

  @AfterEach
  void closeDescriptors() {
    spare.lend();
  }

  /** What netty does when the kernel has no descriptor for a connection that came. */
  private void failToAccept() {
    noneLeft = true;
    listening.pipeline().fireExceptionCaught(new NativeIoException("accept", EMFILE));
  }

  private boolean acceptsLater() {
    listening.advanceTimeBy(1, TimeUnit.SECONDS);
    listening.runScheduledPendingTasks();
    return accepts();
  }

  private List<EmbeddedChannel> accept(int connections) {
    List<EmbeddedChannel> accepted = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      accepted.add(new EmbeddedChannel());
    }
    listening.writeInbound(accepted.toArray());
    return accepted;
  }

  private boolean accepts() {
    listening.runPendingTasks();
    return listening.config().isAutoRead();
  }

  @Test
  void accepting_whenManyAreNotLetInYet_waitsForOneOfThem() {
    List<EmbeddedChannel> accepted = accept(63);
    assertThat(accepts()).isTrue();
    accepted.addAll(accept(1));
    assertThat(accepts()).isFalse();

    AcceptGate.passed(accepted.get(7));

    assertThat(accepts()).isTrue();
  }

  @Test
  void connections_whenLetInAndClosed_countOnce() {
    List<EmbeddedChannel> accepted = accept(64);
    AcceptGate.passed(accepted.get(0));
    var unused = accepted.get(0).close();
    accept(1);

    assertThat(accepts()).isFalse();
  }

  @Test
  void connections_whenClosedBeforeTheyAreLetIn_countNoMore() {
    for (EmbeddedChannel channel : accept(64)) {
      var unused = channel.close();
    }

    assertThat(accepts()).isTrue();
    accept(63);
    assertThat(accepts()).isTrue();
  }

  @Test
  void accepting_whenNoDescriptorIsLeft_goesOnForOneWithTheReserve() {
    assertThat(spare.isKept()).isTrue();

    failToAccept();

    assertThat(spare.isKept()).isFalse();
    assertThat(accepts()).as("one can be accepted").isTrue();
    AcceptGate.passed(accept(1).get(0));
    assertThat(accepts()).as("but no second one").isFalse();
    assertThat(acceptsLater()).isFalse();
    assertThat(connections.noDescriptors).isTrue();

    noneLeft = false;
    assertThat(acceptsLater()).as("the reserve is there again").isTrue();
    assertThat(spare.isKept()).isTrue();
    assertThat(connections.noDescriptors).isFalse();
  }

  @Test
  void accepting_whenOthersTookTheReserve_doesNotTryAgainAtOnce() {
    failToAccept();
    failToAccept();

    assertThat(accepts()).isFalse();
    assertThat(acceptsLater()).isFalse();
    noneLeft = false;
    assertThat(acceptsLater()).isTrue();
  }

  @Test
  void accepting_whenThePeerOfOneCannotBeLookedAt_waitsUntilTheReserveIsBack() {
    List<EmbeddedChannel> accepted = accept(2);
    assertThat(spare.areLeft()).isTrue();
    noneLeft = true;
    assertThat(spare.areLeft()).isFalse();

    List<String> lent = new ArrayList<>();
    AcceptGate.lend(accepted.get(0), () -> lent.add("first"));
    AcceptGate.lend(accepted.get(1), () -> lent.add("second"));
    listening.runPendingTasks();

    assertThat(spare.isKept()).isFalse();
    assertThat(lent).containsExactly("first");
    assertThat(acceptsLater()).isFalse();
    assertThat(lent).containsExactly("first", "second");
    accepted.forEach(AcceptGate::passed);
    assertThat(accepts()).isFalse();
    noneLeft = false;
    assertThat(acceptsLater()).isTrue();
    assertThat(spare.isKept()).isTrue();
  }
}
