package dev.metakey.server.transport;

import com.google.protobuf.MessageLite;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** A message that is encoded already, and may be sent to any number of peers. */
final class Encoded {
  /** Writes the bytes as they are. Only for what a server sends. */
  static final Marshaller<Encoded> MARSHALLER =
      new Marshaller<>() {
        @Override
        public InputStream stream(Encoded message) {
          return Encoded.stream(message.bytes);
        }

        @Override
        public Encoded parse(InputStream stream) {
          throw new UnsupportedOperationException("a server does not read what it sends");
        }
      };

  /**
   * Hands over the stream that it is given, which can be read once. gRPC's own would make one of it
   * that can be read again, with a buffer of 8 kB for each message.
   */
  static final Marshaller<InputStream> AS_IT_IS =
      new Marshaller<>() {
        @Override
        public InputStream stream(InputStream message) {
          return message;
        }

        @Override
        public InputStream parse(InputStream stream) {
          return stream;
        }
      };

  private final byte[] bytes;

  private Encoded(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A stream of the bytes, which gRPC reads and writes without a buffer of its own. */
  static InputStream stream(byte[] bytes) {
    return new Bytes(bytes);
  }

  static Encoded of(MessageLite message) {
    return new Encoded(message.toByteArray());
  }

  /** A method of a generated service, answered with encoded messages. */
  static <Q> ServerMethodDefinition<Q, Encoded> method(
      MethodDescriptor<Q, ?> described, ServerCallHandler<Q, Encoded> handler) {
    return ServerMethodDefinition.create(
        described.toBuilder(described.getRequestMarshaller(), MARSHALLER).build(), handler);
  }

  /** A service with some of its methods replaced by others of the same names. */
  static ServerServiceDefinition replace(
      ServerServiceDefinition service, ServerMethodDefinition<?, ?>... instead) {
    Map<String, ServerMethodDefinition<?, ?>> methods = new LinkedHashMap<>();
    service.getMethods().forEach(m -> methods.put(m.getMethodDescriptor().getFullMethodName(), m));
    for (ServerMethodDefinition<?, ?> method : instead) {
      methods.put(method.getMethodDescriptor().getFullMethodName(), method);
    }
    ServiceDescriptor described = service.getServiceDescriptor();
    ServiceDescriptor.Builder names =
        ServiceDescriptor.newBuilder(described.getName())
            .setSchemaDescriptor(described.getSchemaDescriptor());
    methods.values().forEach(method -> names.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder bound = ServerServiceDefinition.builder(names.build());
    methods.values().forEach(bound::addMethod);
    return bound.build();
  }

  /** A stream that spares gRPC a buffer: it tells its length, and writes its bytes itself. */
  private static final class Bytes extends ByteArrayInputStream implements KnownLength, Drainable {
    Bytes(byte[] bytes) {
      super(bytes);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = available();
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
