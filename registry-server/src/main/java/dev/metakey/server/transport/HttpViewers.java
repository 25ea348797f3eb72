package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.server.engine.Defects;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpContent;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Those who want to be told whenever there is something new in the {@link HttpFeed}.
 *
 * <p><b>Memory.</b> There are {@value #MOST} of them at most, and the oldest makes room for a new
 * one. Each is told the newest, and nothing more before it has taken that; one that has not within
 * {@value #PATIENCE_MS} ms is let go.
 *
 * <p><b>Concurrency.</b> For the thread of the {@link HttpEndpoint} alone, except for {@link
 * #tell}.
 */
final class HttpViewers {
  static final int MOST = 16;
  static final long PATIENCE_MS = 15_000;

  /** How often it looks whether there is something new that nobody told of. */
  static final long LOOK_MS = 2_000;

  /** The shortest time between two looks. */
  private static final long REST_MS = 200;

  /** What goes to one who was told nothing for a while, so that both sides notice an end. */
  private static final byte[] STILL_HERE = "event: here\ndata: 1\n\n".getBytes(UTF_8);

  private final @Nullable HttpFeed feed;
  private final EventExecutor thread;
  private final Defects defects;
  private final Map<Channel, Viewer> viewers = new LinkedHashMap<>(); // the oldest first
  private final AtomicBoolean willLook = new AtomicBoolean();
  private byte[] newest = {};
  private boolean keepsLooking;

  /** One of them. */
  private static final class Viewer {
    private byte[] told = {};
    private long saidNs;
    private boolean isTaking;
  }

  /**
   * @param feed null if there is nothing to tell
   */
  HttpViewers(@Nullable HttpFeed feed, EventExecutor thread, Defects defects) {
    this.feed = feed;
    this.thread = thread;
    this.defects = defects;
  }

  boolean isAt(String path) {
    return feed != null && feed.path().equals(path);
  }

  boolean contains(Channel channel) {
    return viewers.containsKey(channel);
  }

  /** Tells one more, from now on. */
  void add(Channel channel) {
    if (viewers.size() >= MOST) {
      Channel oldest = viewers.keySet().iterator().next();
      viewers.remove(oldest);
      var unusedEnd = oldest.close();
    }
    viewers.put(channel, new Viewer());
    var unused = channel.closeFuture().addListener(closed -> viewers.remove(channel));
    defects.guard(this::look).run();
    if (!keepsLooking) {
      keepsLooking = true;
      lookAgain();
    }
  }

  /** Looks soon whether there is something new. From any thread, and often. */
  void tell() {
    if (feed != null && willLook.compareAndSet(false, true)) {
      Runnable look =
          () -> {
            willLook.set(false);
            look();
          };
      var unused = thread.schedule(defects.guard(look), REST_MS, TimeUnit.MILLISECONDS);
    }
  }

  private void lookAgain() {
    Runnable look =
        () -> {
          keepsLooking = !viewers.isEmpty();
          if (keepsLooking) {
            lookAgain();
            look();
          }
        };
    var unused = thread.schedule(defects.guard(look), LOOK_MS, TimeUnit.MILLISECONDS);
  }

  private void look() {
    if (feed == null || viewers.isEmpty()) {
      return;
    }
    byte[] now = feed.newest().get();
    if (!Arrays.equals(now, newest)) {
      newest = now;
    }
    for (Map.Entry<Channel, Viewer> each : List.copyOf(viewers.entrySet())) {
      serve(each.getKey(), each.getValue());
    }
  }

  private void serve(Channel channel, Viewer viewer) {
    boolean isLate = nowNs() - viewer.saidNs > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
    if (viewer.isTaking) {
      if (isLate) {
        var unused = channel.close();
      }
    } else if (viewer.told != newest) {
      viewer.told = newest;
      byte[] begin = "event: %s\ndata: ".formatted(event()).getBytes(UTF_8);
      send(channel, viewer, begin, newest, "\n\n".getBytes(UTF_8));
    } else if (isLate) {
      send(channel, viewer, STILL_HERE);
    }
  }

  private String event() {
    return feed == null ? "" : feed.event();
  }

  private void send(Channel channel, Viewer viewer, byte[]... parts) {
    viewer.isTaking = true;
    viewer.saidNs = nowNs();
    var unused =
        channel
            .writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(parts)))
            .addListener(
                taken -> {
                  viewer.isTaking = false;
                  if (taken.isSuccess() && viewer.told != newest) {
                    serve(channel, viewer);
                  }
                });
  }

  private long nowNs() {
    return thread.ticker().nanoTime();
  }
}
