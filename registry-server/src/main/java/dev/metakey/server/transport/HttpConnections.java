package dev.metakey.server.transport;

import dev.metakey.server.engine.Defects;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler.Sharable;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpDecoderConfig;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequestDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseEncoder;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Lets connections in, and bounds them: each carries one request and lasts {@value #LIFE_MS} ms at
 * most, unless it is one of the {@link HttpViewers}, and there are {@value #MOST} at a time. The
 * oldest makes room for a new one, so nobody keeps others out by holding all. For the thread of the
 * {@link HttpEndpoint} alone.
 */
@Sharable
final class HttpConnections extends ChannelInitializer<Channel> {
  static final int MOST = 64;
  static final long LIFE_MS = 10_000;

  /** How long the line of a request may be, and all of its headers, bytes. */
  private static final HttpDecoderConfig BOUNDS =
      new HttpDecoderConfig().setMaxInitialLineLength(2_048).setMaxHeaderSize(8_192);

  private final Map<String, HttpPage> pages;
  private final HttpViewers viewers;
  private final boolean checksHost;
  private final Defects defects;

  /** The oldest first. */
  private final Set<Channel> open = new LinkedHashSet<>();

  /**
   * @param pages by path
   * @param viewers who wants to be told more than once; they are bounded by themselves
   * @param checksHost whether requests must name this host
   */
  HttpConnections(
      Map<String, HttpPage> pages, HttpViewers viewers, boolean checksHost, Defects defects) {
    this.pages = Map.copyOf(pages);
    this.viewers = viewers;
    this.checksHost = checksHost;
    this.defects = defects;
  }

  @Override
  protected void initChannel(Channel channel) {
    makeRoom();
    open.add(channel);
    var end = channel.eventLoop().schedule(() -> end(channel), LIFE_MS, TimeUnit.MILLISECONDS);
    var unused =
        channel
            .closeFuture()
            .addListener(
                closed -> {
                  end.cancel(false);
                  open.remove(channel);
                });
    channel
        .pipeline()
        .addLast(
            new HttpRequestDecoder(BOUNDS),
            new HttpResponseEncoder(),
            new HttpCall(pages, viewers, checksHost, defects));
  }

  private void makeRoom() {
    open.removeIf(viewers::contains);
    if (open.size() >= MOST) {
      var unused = open.iterator().next().close();
    }
  }

  private void end(Channel channel) {
    if (!viewers.contains(channel)) {
      var unused = channel.close();
    }
  }
}
