package dev.metakey.bench;

import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A server in a process of its own that shows what an empty call and a synced put cost by
 * themselves: the daemon's netty settings, the daemon's database options, and nothing between.
 */
final class FloorServer {
  private static final byte[] NOTHING = {};

  private final FloorDatabase database;
  private final ExecutorService putting = Executors.newSingleThreadExecutor();

  private FloorServer(FloorDatabase database) {
    this.database = database;
  }

  /**
   * @param args the socket's path, the database's directory
   */
  public static void main(String[] args) throws Exception {
    FloorServer floor = new FloorServer(FloorDatabase.open(Path.of(args[1])));
    Sockets.serve(Path.of(args[0]), floor.service()).start().awaitTermination();
  }

  private ServerServiceDefinition service() {
    return ServerServiceDefinition.builder(Floor.SERVICE)
        .addMethod(Floor.EMPTY, ServerCalls.asyncUnaryCall((q, call) -> answer(call, NOTHING)))
        .addMethod(Floor.PUT_INLINE, ServerCalls.asyncUnaryCall(this::putInline))
        .addMethod(Floor.PUTS, ServerCalls.asyncUnaryCall(this::puts))
        .build();
  }

  private void putInline(byte[] request, StreamObserver<byte[]> call) {
    answer(call, timedPuts(1));
  }

  private void puts(byte[] request, StreamObserver<byte[]> call) {
    int count = ByteBuffer.wrap(request).getInt();
    putting.execute(() -> answer(call, timedPuts(count)));
  }

  private byte[] timedPuts(int count) {
    ByteBuffer elapsedNs = ByteBuffer.allocate(count * Long.BYTES);
    for (int i = 0; i < count; i++) {
      long startNs = System.nanoTime();
      database.put();
      elapsedNs.putLong(System.nanoTime() - startNs);
    }
    return elapsedNs.array();
  }

  private static void answer(StreamObserver<byte[]> call, byte[] message) {
    call.onNext(message);
    call.onCompleted();
  }
}
