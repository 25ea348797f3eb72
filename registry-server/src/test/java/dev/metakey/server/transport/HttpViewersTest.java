package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.metakey.server.engine.Defects;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The clock stands still but where a test moves it. */
class HttpViewersTest {
  private static final String ASK = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

  private final Defects defects = new Defects("a test");
  private final EmbeddedChannel clock = new EmbeddedChannel();
  private final List<ChannelPromise> untaken = new ArrayList<>();
  private @Nullable String newest = "one";
  private final HttpViewers viewers =
      new HttpViewers(
          new HttpFeed("/events", "news", () -> Objects.requireNonNull(newest).getBytes(UTF_8)),
          clock.eventLoop(),
          defects);

  HttpViewersTest() {
    clock.freezeTime();
  }

  private EmbeddedChannel connect() {
    return new EmbeddedChannel(new HttpConnections(Map.of(), viewers, true, defects));
  }

  private EmbeddedChannel viewer() {
    EmbeddedChannel channel = connect();
    channel.writeInbound(Unpooled.copiedBuffer(ASK, UTF_8));
    return channel;
  }

  /** A viewer that takes nothing of what it is told, from its second answer on. */
  private EmbeddedChannel slowViewer() {
    EmbeddedChannel channel = viewer();
    channel
        .pipeline()
        .addFirst(
            new ChannelOutboundHandlerAdapter() {
              @Override
              public void write(ChannelHandlerContext context, Object part, ChannelPromise taken) {
                ((ByteBuf) part).release();
                untaken.add(taken);
              }
            });
    return channel;
  }

  private void pass(long ms) {
    clock.advanceTimeBy(ms, TimeUnit.MILLISECONDS);
    clock.runScheduledPendingTasks();
  }

  /** What came since this was asked last. */
  @CanIgnoreReturnValue
  private static String told(EmbeddedChannel channel) {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(ISO_8859_1));
      part.release();
    }
    return text.toString();
  }

  @Test
  void viewer_isToldTheNewestAtOnce() {
    assertThat(told(viewer()))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\r\ncontent-type: text/event-stream\r\n")
        .doesNotContain("content-length")
        .endsWith("\r\n\r\nevent: news\ndata: one\n\n");
  }

  @Test
  void head_tellsOfNothing() {
    EmbeddedChannel channel = connect();
    channel.writeInbound(Unpooled.copiedBuffer(ASK.replace("GET", "HEAD"), UTF_8));

    assertThat(told(channel)).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void viewer_whenThereIsNews_isToldOnce() {
    EmbeddedChannel viewer = viewer();
    told(viewer);

    newest = "two";
    viewers.tell();
    viewers.tell();
    pass(HttpViewers.LOOK_MS);
    assertThat(told(viewer)).isEqualTo("event: news\ndata: two\n\n");
  }

  @Test
  void viewer_whenNobodyTellsOfNews_isToldSoonAllTheSame() {
    EmbeddedChannel viewer = viewer();
    told(viewer);

    newest = "two";
    pass(HttpViewers.LOOK_MS);
    assertThat(told(viewer)).isEqualTo("event: news\ndata: two\n\n");
  }

  @Test
  void viewer_whenThereIsNoNews_hearsThatSomebodyIsThere() {
    EmbeddedChannel viewer = viewer();
    told(viewer);

    for (long ms = 0; ms <= HttpViewers.PATIENCE_MS; ms += HttpViewers.LOOK_MS) {
      pass(HttpViewers.LOOK_MS);
    }
    assertThat(told(viewer)).isEqualTo("event: here\ndata: 1\n\n");
  }

  @Test
  void viewer_thatIsSlow_isToldTheNewestWhenItHasTakenTheRest() {
    EmbeddedChannel viewer = slowViewer();
    for (String news : List.of("two", "three", "four")) {
      newest = news;
      pass(HttpViewers.LOOK_MS);
    }
    assertThat(untaken).hasSize(1);

    viewer.pipeline().removeFirst();
    told(viewer);
    var unused = untaken.get(0).setSuccess();
    assertThat(told(viewer)).isEqualTo("event: news\ndata: four\n\n");
  }

  @Test
  void viewer_thatTakesNothing_isLetGo() {
    EmbeddedChannel viewer = slowViewer();
    newest = "two";

    for (long ms = 0; ms <= HttpViewers.PATIENCE_MS; ms += HttpViewers.LOOK_MS) {
      assertThat(viewer.isOpen()).isTrue();
      pass(HttpViewers.LOOK_MS);
    }
    pass(HttpViewers.LOOK_MS);
    assertThat(viewer.isOpen()).isFalse();
    assertThat(viewers.contains(viewer)).isFalse();
  }

  @Test
  void viewers_whenThereAreTooMany_theOldestMakesRoom() {
    List<EmbeddedChannel> all = new ArrayList<>();
    for (int i = 0; i <= HttpViewers.MOST; i++) {
      all.add(viewer());
    }

    assertThat(all.get(0).isOpen()).isFalse();
    assertThat(all.subList(1, all.size())).allMatch(EmbeddedChannel::isOpen);
  }

  @Test
  void viewer_isNotClosedLikeOtherConnections() {
    EmbeddedChannel viewer = new EmbeddedChannel();
    viewer.freezeTime();
    viewer.pipeline().addLast(new HttpConnections(Map.of(), viewers, true, defects));
    viewer.writeInbound(Unpooled.copiedBuffer(ASK, UTF_8));

    viewer.advanceTimeBy(2 * HttpConnections.LIFE_MS, TimeUnit.MILLISECONDS);
    viewer.runScheduledPendingTasks();
    assertThat(viewer.isOpen()).isTrue();
  }

  @Test
  void look_whenTheFeedHasADefect_goesOnAndTellsOfIt() {
    EmbeddedChannel viewer = viewer();
    told(viewer);
    newest = null;
    pass(HttpViewers.LOOK_MS);
    newest = "two";
    pass(HttpViewers.LOOK_MS);

    assertThat(told(viewer)).isEqualTo("event: news\ndata: two\n\n");
    assertThat(defects.problems()).hasSize(1);
  }
}
