package dev.metakey.bench;

import com.google.protobuf.Duration;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.ResolveRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A client that takes all it can of one thing, and goes on wanting more: what is refused, it tries
 * again at once. Prints {@code full} when it has all that one uid may have.
 */
final class Abuser {
  /** What it takes. */
  enum Limit {
    CONNECTIONS("connections on which nothing comes, opened again and again"),
    IDLE("idle connections, opened again and again"),
    HALF_OPEN("requests that never become whole"),
    CALLS("concurrent calls"),
    RATE("calls a second"),
    WAITS("waits"),
    WATCHES("watches"),
    UNREAD("answers that it does not read"),
    IDS("ids"),
    SLOTS("bytes for slots");

    final String words;

    Limit(String words) {
      this.words = words;
    }
  }

  /** On one connection: fewer than may be open on it. */
  private static final int CALLS_EACH = 100;

  private static final int CONNECTIONS = 300;

  /** It has all that it may have when it was refused so often. */
  private static final int REFUSED = 100;

  /** So few bytes may be under way to it, before it reads some. */
  private static final int WINDOW_BYTES = 65_535;

  private static final String REGISTRY = "metakey.v1.Registry/";
  private static final byte[] NOTHING = {};
  private static final byte[] GREETING =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

  private final Path socket;
  private final ExecutorService again = Executors.newSingleThreadExecutor();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger names = new AtomicInteger();
  private boolean sends = true;
  private boolean reads = true;

  private Abuser(Path socket) {
    this.socket = socket;
  }

  /**
   * @param args the socket, and a {@link Limit}
   */
  public static void main(String[] args) throws IOException {
    Abuser abuser = new Abuser(Path.of(args[0]));
    abuser.take(Limit.valueOf(args[1]));
  }

  private void take(Limit limit) throws IOException {
    switch (limit) {
      case CONNECTIONS -> connect(NOTHING);
      case IDLE -> connect(GREETING);
      case HALF_OPEN -> {
        sends = false;
        // as a stream, of which gRPC sends the beginning at once
        call(Floor.method(MethodType.BIDI_STREAMING, REGISTRY + "Resolve"), () -> NOTHING, 550);
      }
      case CALLS ->
          call(
              Floor.method(MethodType.SERVER_STREAMING, "grpc.health.v1.Health/Watch"),
              () -> NOTHING,
              2_200);
      case RATE -> call("Resolve", () -> resolve(0), 64);
      case WAITS -> call("Resolve", () -> resolve(3_600), 1_200);
      case WATCHES -> call(Metakey.WATCH, () -> NOTHING, 1_200);
      case UNREAD -> {
        reads = false;
        call("List", () -> NOTHING, 1_500);
      }
      case IDS -> call("Register", () -> registration(2), 16);
      case SLOTS -> call("Register", () -> registration(8), 16);
    }
  }

  private static byte[] resolve(int waitS) {
    return ResolveRequest.newBuilder()
        .addNames("abuser.not_there")
        .setWait(Duration.newBuilder().setSeconds(waitS))
        .build()
        .toByteArray();
  }

  /** A new name each time. */
  private byte[] registration(int size) {
    String name = "abuser.n" + names.incrementAndGet();
    return RegisterRequest.newBuilder()
        .addFields(FieldSpec.newBuilder().setName(name).setSize(size))
        .build()
        .toByteArray();
  }

  private void connect(byte[] greeting) throws IOException {
    Deque<SocketChannel> open = new ArrayDeque<>();
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      open.add(channel);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        var unused = channel.write(ByteBuffer.wrap(greeting));
      } catch (IOException refusedAtOnce) {
        // It is closed below, when its turn comes.
      }
      if (open.size() > CONNECTIONS) {
        open.remove().close();
        noteRefusal();
      }
    }
  }

  private void noteRefusal() {
    if (refused.incrementAndGet() == REFUSED) {
      System.out.println("full");
    }
  }

  private void call(String method, Supplier<byte[]> request, int atOnce) {
    call(Floor.method(MethodType.UNARY, REGISTRY + method), request, atOnce);
  }

  private void call(MethodDescriptor<byte[], byte[]> method, Supplier<byte[]> request, int atOnce) {
    ManagedChannel channel = null;
    for (int i = 0; i < atOnce; i++) {
      if (channel == null || i % CALLS_EACH == 0) {
        channel = Sockets.connect(socket, WINDOW_BYTES);
      }
      ManagedChannel each = channel;
      again.execute(() -> begin(each, method, request));
    }
  }

  private void begin(
      ManagedChannel channel, MethodDescriptor<byte[], byte[]> method, Supplier<byte[]> request) {
    ClientCall<byte[], byte[]> call = channel.newCall(method, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            if (!status.isOk()) {
              noteRefusal();
            }
            again.execute(() -> begin(channel, method, request));
          }
        },
        new Metadata());
    if (reads) {
      call.request(Integer.MAX_VALUE);
    }
    if (sends) {
      call.sendMessage(request.get());
      call.halfClose();
    }
  }
}
