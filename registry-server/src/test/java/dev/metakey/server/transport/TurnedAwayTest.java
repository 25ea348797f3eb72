package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TurnedAwayTest {
  private final TurnedAway turnedAway = new TurnedAway();

  private EmbeddedChannel turnAway(int uid) {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.freezeTime();
    turnedAway.answer(channel, uid, "too many");
    return channel;
  }

  @Test
  void answer_whenTheClientStillWrites_saysWhyAndReadsOn() {
    EmbeddedChannel channel = turnAway(1000);
    ByteBuf said = channel.readOutbound();
    assertThat(said.toString(UTF_8)).contains("too many");

    ByteBuf late = Unpooled.buffer().writeInt(1);
    channel.writeInbound(late);

    assertThat(late.refCnt()).isZero();
    assertThat(channel.isOpen()).isTrue();
    channel.advanceTimeBy(2, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void answer_whenTooManyAreOpen_closesTheOldestOfTheUidThatHasTheMost() {
    EmbeddedChannel other = turnAway(1000);
    EmbeddedChannel first = turnAway(1001);
    for (int i = 2; i < TurnedAway.MOST; i++) {
      turnAway(1001);
    }
    assertThat(first.isOpen()).isTrue();

    EmbeddedChannel last = turnAway(1000);

    assertThat(first.isOpen()).isFalse();
    assertThat(other.isOpen()).isTrue();
    assertThat(last.isOpen()).isTrue();
  }

  @Test
  void cut_whenTheConnectionIsClosedAlready_doesNothing() {
    EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    PeerNegotiator.cut(channel);
    assertThat(channel.isOpen()).isFalse();

    PeerNegotiator.cut(channel);

    assertThat(channel.isOpen()).isFalse();
  }
}
