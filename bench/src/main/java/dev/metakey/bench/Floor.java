package dev.metakey.bench;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;

/** The calls that {@link FloorServer} answers: what no daemon could do faster. */
final class Floor {
  /** Does nothing. */
  static final MethodDescriptor<byte[], byte[]> EMPTY = method("Empty");

  /**
   * Does one synced put on the thread that the call came in on; tells how long it took (u64, ns).
   */
  static final MethodDescriptor<byte[], byte[]> PUT_INLINE = method("PutInline");

  /** Does so many synced puts (u32), one after the other; tells how long each took (u64, ns). */
  static final MethodDescriptor<byte[], byte[]> PUTS = method("Puts");

  static final String SERVICE = "metakey.bench.Floor";
  private static final byte[] NOTHING = {};

  private Floor() {}

  static void empty(Channel channel) {
    call(channel, EMPTY, NOTHING);
  }

  /** Tells how long the put took, nanoseconds. */
  static long putInline(Channel channel) {
    return ByteBuffer.wrap(call(channel, PUT_INLINE, NOTHING)).getLong();
  }

  static long[] puts(Channel channel, int count) {
    byte[] request = ByteBuffer.allocate(Integer.BYTES).putInt(count).array();
    LongBuffer answer = ByteBuffer.wrap(call(channel, PUTS, request)).asLongBuffer();
    long[] elapsedNs = new long[answer.remaining()];
    answer.get(elapsedNs);
    return elapsedNs;
  }

  private static byte[] call(
      Channel channel, MethodDescriptor<byte[], byte[]> method, byte[] request) {
    return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
