package dev.metakey.bench;

import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The call that {@link FloorServer} answers: no daemon could answer faster. */
final class Floor {
  /** Does nothing. */
  static final MethodDescriptor<byte[], byte[]> EMPTY = method("Empty");

  static final String SERVICE = "metakey.bench.Floor";
  private static final byte[] NOTHING = {};

  private Floor() {}

  /** An empty call, whatever is to be done. */
  static GrpcConnection.Request<?, ?> request(Op op, String name) {
    return new GrpcConnection.Request<>(EMPTY, NOTHING, answer -> answer.length == 0);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return method(
        MethodDescriptor.MethodType.UNARY, MethodDescriptor.generateFullMethodName(SERVICE, name));
  }

  /** A method whose messages are bytes, whoever serves it. */
  static MethodDescriptor<byte[], byte[]> method(MethodDescriptor.MethodType type, String name) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName(name)
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
