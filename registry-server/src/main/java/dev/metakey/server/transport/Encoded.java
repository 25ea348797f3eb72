package dev.metakey.server.transport;

import com.google.protobuf.MessageLite;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A message that is encoded already, and may be sent to any number of peers. */
final class Encoded {
  /** Writes the bytes as they are. Only for what a server sends. */
  static final Marshaller<Encoded> MARSHALLER =
      new Marshaller<>() {
        @Override
        public InputStream stream(Encoded message) {
          return new Bytes(message.bytes);
        }

        @Override
        public Encoded parse(InputStream stream) {
          throw new UnsupportedOperationException("a server does not read what it sends");
        }
      };

  private final byte[] bytes;

  private Encoded(byte[] bytes) {
    this.bytes = bytes;
  }

  static Encoded of(MessageLite message) {
    return new Encoded(message.toByteArray());
  }

  /** As gRPC likes it: it asks for the length, and has the bytes written without a buffer. */
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
