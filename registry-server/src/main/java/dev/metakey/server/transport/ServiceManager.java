package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.server.engine.EngineThreads.Progress;
import dev.metakey.server.log.Event;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tells the service manager how the daemon fares: systemd, or whoever else set {@code
 * NOTIFY_SOCKET}; sd_notify(3) says what it reads. Where nobody set it, nothing is told. A manager
 * that cannot be told is logged once, and keeps nobody from being served. Thread-safe.
 */
public final class ServiceManager implements Progress {
  /** Nobody is told anything. */
  public static final ServiceManager NONE = new ServiceManager(Map.of());

  /** How many signs of life there are in the time after which the manager gives a daemon up. */
  private static final int SIGNS = 4;

  /** For how long it waits for the next word of a start. */
  private static final long MORE_US = TimeUnit.SECONDS.toMicros(60);

  private static final int ATTEMPTS = 100;
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(10);

  private final byte @Nullable [] address;
  private final long signEveryNs;
  private final AtomicLong lastSignNs = new AtomicLong();
  private final AtomicReference<String> lastStatus = new AtomicReference<>("");
  private final AtomicBoolean failed = new AtomicBoolean();

  /**
   * @param environment has NOTIFY_SOCKET (a path, or {@code @} and an abstract name), WATCHDOG_USEC
   *     and WATCHDOG_PID, or none of them
   */
  public ServiceManager(Map<String, String> environment) {
    address = address(environment.getOrDefault("NOTIFY_SOCKET", ""));
    signEveryNs = address == null ? Long.MAX_VALUE : signEveryNs(environment);
    lastSignNs.set(System.nanoTime());
  }

  private static byte @Nullable [] address(String text) {
    if (!text.startsWith("/") && !text.startsWith("@")) {
      return null;
    }
    byte[] address = text.getBytes(UTF_8);
    if (address[0] == '@') {
      address[0] = 0;
    }
    return address;
  }

  /** Long.MAX_VALUE if no signs of life are wanted of this process. */
  private static long signEveryNs(Map<String, String> environment) {
    String pid = environment.get("WATCHDOG_PID");
    String us = environment.get("WATCHDOG_USEC");
    if (us == null || (pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid())))) {
      return Long.MAX_VALUE;
    }
    try {
      return TimeUnit.MICROSECONDS.toNanos(Long.parseLong(us)) / SIGNS;
    } catch (NumberFormatException e) {
      Event.SERVICE_MANAGER_UNTOLD.say(
          "WATCHDOG_USEC is '%s', which is no number of microseconds: no sign of life is sent"
              .formatted(us));
      return Long.MAX_VALUE;
    }
  }

  /**
   * The daemon is starting.
   *
   * @param what as in "reads the registry in /var/lib/metakey"
   * @param goesOn whether it has done something since the last time: the manager is then asked to
   *     wait for more, even beyond the time that it gives a start
   */
  public void starting(String what, boolean goesOn) {
    lastStatus.set("");
    String status = "STATUS=Starting: metakeyd " + what;
    var unused = send(goesOn ? status + "\nEXTEND_TIMEOUT_USEC=" + MORE_US : status);
  }

  /** The daemon has its state, has published it, and serves. Also the end of a reload. */
  public void ready() {
    sendSurely("READY=1");
  }

  /** The config is being read again; {@link #ready} ends that. */
  public void reloading() {
    long monotonicUs = TimeUnit.NANOSECONDS.toMicros(System.nanoTime()); // CLOCK_MONOTONIC
    sendSurely("RELOADING=1\nMONOTONIC_USEC=" + monotonicUs);
  }

  public void stopping() {
    sendSurely("STOPPING=1\nSTATUS=Stopping; calls in flight are answered.");
  }

  /** Says whether changes are possible now, if that is not what was said last. */
  public void takesChanges(boolean possible) {
    String sentence =
        possible
            ? "Serves, and takes changes."
            : "Answers what is known, and refuses changes; 'metakey status' says why.";
    if (!sentence.equals(lastStatus.getAndSet(sentence)) && !send("STATUS=" + sentence)) {
      lastStatus.set(""); // the next look tells it
    }
  }

  @Override
  public long everyMs() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(signEveryNs));
  }

  /** Sends a sign of life if it is time for one. */
  @Override
  public void goesOn() {
    long nowNs = System.nanoTime();
    if (nowNs - lastSignNs.get() >= signEveryNs && send("WATCHDOG=1")) {
      lastSignNs.set(nowNs);
    }
  }

  /** A manager that is busy may have no room at once. */
  private void sendSurely(String text) {
    for (int attempt = 1; !send(text); attempt++) {
      if (attempt == ATTEMPTS) {
        fail("it takes no messages");
        return;
      }
      LockSupport.parkNanos(PAUSE_NS);
    }
  }

  /** Returns false if there is no room now, and it should be tried again. */
  private boolean send(String text) {
    byte[] to = address;
    if (to == null) {
      return true;
    }
    byte[] bytes = text.getBytes(UTF_8);
    try {
      Epoll.ensureAvailability();
      Socket socket = Socket.newSocketDomainDgram();
      try {
        ByteBuffer message = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        return socket.sendToDomainSocket(message, 0, bytes.length, to) > 0;
      } finally {
        socket.close();
      }
    } catch (IOException | RuntimeException | LinkageError e) {
      fail(e.getMessage());
      return true;
    }
  }

  private void fail(@Nullable String why) {
    if (!failed.getAndSet(true)) {
      Event.SERVICE_MANAGER_UNTOLD.say(
          "the service manager cannot be told how metakeyd fares: " + why);
    }
  }
}
