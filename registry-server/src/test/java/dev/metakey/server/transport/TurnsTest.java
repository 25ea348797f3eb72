package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.FakeLoop;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private static final int BUSY = 1001;
  private static final int HONEST = 1002;

  private final FakeLoop loop = new FakeLoop();
  private final Turns turns = new Turns(loop);
  private final List<EmbeddedChannel> channels = new ArrayList<>();

  @AfterEach
  void close() {
    channels.forEach(EmbeddedChannel::finishAndReleaseAll);
    loop.finish();
  }

  private static Connection connection(int uid) {
    PeerProcess process =
        new PeerProcess(uid, uid, 1, CgroupPlace.of(List.of()), false, false, false, Set.of(), "t");
    return new Connection(process, peer -> false, Runnable::run, () -> {});
  }

  private EmbeddedChannel open(Connection connection) {
    EmbeddedChannel channel = new EmbeddedChannel(new InTurns(turns, connection));
    channels.add(channel);
    return channel;
  }

  /** What comes in one read. */
  private static EmbeddedChannel send(EmbeddedChannel channel, int bytes) {
    var unused = channel.writeInbound(Unpooled.wrappedBuffer(new byte[bytes]));
    return channel;
  }

  private static int passed(EmbeddedChannel channel) {
    int bytes = 0;
    for (ByteBuf next = channel.readInbound(); next != null; next = channel.readInbound()) {
      bytes += next.readableBytes();
      next.release();
    }
    return bytes;
  }

  private static boolean isRead(EmbeddedChannel channel) {
    return channel.config().isAutoRead();
  }

  @Test
  void read_whenAUidSendsOnManyConnections_passesOneReadInATurnAndWhatOthersSendAtOnce() {
    List<EmbeddedChannel> busy = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      busy.add(send(open(connection(BUSY)), Turns.BYTES));
    }
    EmbeddedChannel honest = send(open(connection(HONEST)), 60);

    assertThat(passed(honest)).isEqualTo(60);
    assertThat(busy.stream().filter(TurnsTest::isRead)).hasSize(1);
    for (int turn = 0; turn < 100; turn++) {
      for (int i = 0; i < 100; i++) {
        assertThat(passed(busy.get(i))).isEqualTo(i == turn ? Turns.BYTES : 0);
      }
      loop.turn();
      assertThat(passed(send(honest, 60))).as("in the next turn").isEqualTo(60);
    }
    assertThat(busy).allMatch(TurnsTest::isRead);
  }

  @Test
  void read_whenManySendLittle_passesAsMuchAsOneThatSendsMuch() {
    List<EmbeddedChannel> busy = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      busy.add(send(open(connection(BUSY)), Turns.BYTES / 8));
    }

    assertThat(busy.stream().filter(channel -> passed(channel) > 0)).hasSize(8);
    loop.turn();
    assertThat(busy.stream().filter(channel -> passed(channel) > 0)).hasSize(8);
  }

  @Test
  void read_whenAUidIsAlone_waitsForNothing() {
    EmbeddedChannel only = open(connection(BUSY));

    for (int i = 0; i < 10; i++) {
      assertThat(passed(send(only, Turns.BYTES))).isEqualTo(Turns.BYTES);
      loop.turn();
    }

    assertThat(isRead(only)).isTrue();
    while (loop.turn()) {} // and it comes to an end
  }

  @Test
  void read_whenWhatWaitsIsFollowedByMore_passesAllInOrder() {
    Connection connection = connection(BUSY);
    EmbeddedChannel first = send(open(connection), Turns.BYTES);
    EmbeddedChannel second = send(send(open(connection), 100), 200);

    assertThat(passed(second)).isZero();
    loop.turn();

    assertThat(passed(first) + passed(second)).isEqualTo(Turns.BYTES + 300);
  }

  @Test
  void close_whileSomethingWaits_releasesIt() {
    Connection connection = connection(BUSY);
    send(open(connection), Turns.BYTES);
    ByteBuf waiting = Unpooled.wrappedBuffer(new byte[100]);
    EmbeddedChannel closed = open(connection);
    var unused = closed.writeInbound(waiting);

    var unusedToo = closed.close();
    loop.turn();

    assertThat(waiting.refCnt()).isZero();
  }

  @Test
  void read_whenCallsComeTooOften_restsAsLongAsTheConnectionIsTo() {
    Connection connection = connection(BUSY);
    EmbeddedChannel channel = open(connection);
    channel.freezeTime();
    connection.rest(30);

    send(channel, 60);

    assertThat(passed(channel)).isEqualTo(60);
    assertThat(isRead(channel)).isFalse();
    channel.advanceTimeBy(29, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    assertThat(isRead(channel)).isFalse();
    channel.advanceTimeBy(2, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    assertThat(isRead(channel)).isTrue();
    assertThat(isRead(send(channel, 60))).isTrue();
  }
}
