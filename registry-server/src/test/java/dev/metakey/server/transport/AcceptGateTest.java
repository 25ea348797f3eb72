package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptGateTest {
  private final EmbeddedChannel listening = new EmbeddedChannel(new AcceptGate());

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
}
