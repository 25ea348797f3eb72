package dev.metakey.server.transport;

import dev.metakey.files.Failure;
import dev.metakey.server.engine.Defects;
import dev.metakey.server.files.SocketAccess;
import dev.metakey.server.log.Event;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves pages over HTTP/1.1, read only, to whoever on this host can connect: on a loopback
 * address, or on a unix socket. {@link HttpConnections} bounds what they can make it hold.
 *
 * <p><b>Concurrency.</b> Everything happens on one thread, {@code registry-http}, which nothing
 * else uses: whoever asks too much here keeps no client of the registry waiting.
 *
 * <p><b>Failure.</b> If it cannot listen, that is a problem, and is tried again every {@value
 * #LOOK_MS} ms; likewise if somebody has removed its unix socket.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final long LOOK_MS = 5_000;
  private static final long GRACE_S = 5;

  private final SocketAddress address;
  private final SocketAccess access;
  private final Defects defects = new Defects("answering over HTTP");
  private final HttpConnections connections;
  private final HttpViewers viewers;
  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("registry-http"), EpollIoHandler.newFactory());
  private @Nullable SocketFile file; // for the thread alone
  private volatile @Nullable Channel listening; // only the thread sets it
  private volatile String problem = "";

  /**
   * @param address an {@link java.net.InetSocketAddress}, or a {@link UnixDomainSocketAddress}
   * @param access who may connect to a unix socket
   * @param pages by path
   * @param feed what viewers are told over and over again; null if there is nothing of the kind
   */
  public HttpEndpoint(
      SocketAddress address,
      SocketAccess access,
      Map<String, HttpPage> pages,
      @Nullable HttpFeed feed) {
    this.address = address;
    this.access = access;
    this.viewers = new HttpViewers(feed, loop.next(), defects);
    this.connections = new HttpConnections(pages, viewers, !isUnix(), defects);
  }

  /** Has viewers told soon, if there is something new. From any thread. */
  public void tellViewers() {
    viewers.tell();
  }

  private boolean isUnix() {
    return address instanceof UnixDomainSocketAddress;
  }

  /** When this returns, it serves, or there is a problem. */
  public void start() throws InterruptedException {
    look();
    var unused =
        loop.scheduleWithFixedDelay(
            defects.guard(this::keepListening), LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
  }

  /** Sees to it that it listens, as it does by itself now and then. */
  void look() throws InterruptedException {
    var looked = loop.submit(defects.guard(this::keepListening));
    var unused = looked.await();
    var told = loop.submit(() -> {}); // binding takes a turn of its own
    var unusedToo = told.await();
  }

  /** The address that it listens at; null if it does not. */
  @Nullable SocketAddress listensAt() {
    Channel channel = listening;
    return channel == null ? null : channel.localAddress();
  }

  /** What an admin should know; empty if all is well. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>(defects.problems());
    if (!problem.isEmpty()) {
      problems.add(problem);
    }
    return problems;
  }

  private void keepListening() {
    try {
      if (listening == null) {
        listen();
      } else if (isUnix()) {
        keepSocket();
      }
    } catch (IOException e) {
      tell(Failure.words(e));
    }
  }

  /** Makes the socket again if somebody has removed it. */
  private void keepSocket() throws IOException {
    SocketFile socket = claimed();
    switch (socket.look()) {
      case OURS -> {
        socket.keepLock();
        problem = "";
      }
      case REPLACED -> tell("somebody has put something else there; remove it");
      case MISSING -> {
        stopListening();
        socket.keepLock();
        listen();
      }
    }
  }

  private SocketFile claimed() throws IOException {
    if (file == null) {
      file = SocketFile.claim(((UnixDomainSocketAddress) address).getPath());
    }
    return file;
  }

  private void listen() throws IOException {
    ServerBootstrap server = new ServerBootstrap().group(loop).childHandler(connections);
    if (isUnix()) {
      SocketFile socket = claimed();
      ListenAddress place = new ListenAddress(socket.path());
      server.channel(EpollServerDomainSocketChannel.class);
      var unused =
          server
              .bind(place)
              .addListener(
                  (ChannelFuture bound) -> {
                    place.forget();
                    begun(bound);
                  });
    } else {
      server.channel(EpollServerSocketChannel.class);
      var unused = server.bind(address).addListener((ChannelFuture bound) -> begun(bound));
    }
  }

  private void begun(ChannelFuture bound) {
    try {
      if (bound.cause() != null) {
        tell(Objects.requireNonNullElse(bound.cause().getMessage(), "it cannot be listened on"));
        return;
      }
      listening = bound.channel();
      if (isUnix()) {
        SocketFile socket = claimed();
        socket.bound();
        access.give(socket.path(), false);
      }
      problem = "";
      Event.METRICS_SERVED.say("metrics and health are served at " + place());
    } catch (IOException e) {
      removeSocket();
      stopListening();
      tell(Failure.words(e));
    }
  }

  private void removeSocket() {
    try {
      if (file != null) {
        file.remove();
      }
    } catch (IOException e) {
      Event.CLOSE_FAILED.say("%s cannot be removed: %s".formatted(place(), Failure.words(e)));
    }
  }

  private void tell(String why) {
    String text =
        "metrics cannot be served at %s: %s. metakeyd tries again every %d seconds; 'metrics' in its config says where"
            .formatted(place(), why, TimeUnit.MILLISECONDS.toSeconds(LOOK_MS));
    if (!text.equals(problem)) {
      Event.METRICS_FAILED.say(text);
    }
    problem = text;
  }

  private String place() {
    return isUnix() ? "unix:" + address : address.toString().replaceFirst(".*/", "");
  }

  private void stopListening() {
    Channel channel = listening;
    listening = null;
    if (channel != null) {
      var unused = channel.close();
    }
  }

  /** Removes the socket while it is still listened on, and ends. */
  @Override
  public void close() throws InterruptedException {
    if (!loop.isShuttingDown()) {
      var removed = loop.submit(defects.guard(this::end));
      var unused = removed.await(GRACE_S, TimeUnit.SECONDS);
    }
    var ended = loop.shutdownGracefully(0, GRACE_S, TimeUnit.SECONDS);
    var unused = ended.await();
  }

  private void end() {
    removeSocket();
    stopListening();
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      Event.CLOSE_FAILED.say(
          "the lock beside %s cannot be closed: %s".formatted(place(), Failure.words(e)));
    }
  }
}
