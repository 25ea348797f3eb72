package dev.metakey.bench;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The calls of etcd's v3 API that are measured, by the field numbers of its rpc.proto. */
final class Etcd {
  static final MethodDescriptor<byte[], byte[]> TXN = unary("KV", "Txn");
  static final MethodDescriptor<byte[], byte[]> RANGE = unary("KV", "Range");
  static final MethodDescriptor<byte[], byte[]> DELETE = unary("KV", "DeleteRange");
  static final MethodDescriptor<byte[], byte[]> PUT = unary("KV", "Put");
  static final MethodDescriptor<byte[], byte[]> WATCH =
      Floor.method(
          MethodDescriptor.MethodType.BIDI_STREAMING,
          MethodDescriptor.generateFullMethodName("etcdserverpb.Watch", "Watch"));

  private static final int COMPARE_CREATED = 1;
  private static final int TXN_SUCCEEDED = 2;
  private static final int DELETED = 2;
  private static final int RANGE_COUNT = 4;

  private Etcd() {}

  /** What each operation is in etcd. */
  static GrpcConnection.Request<?, ?> request(Op op, String name) {
    return switch (op) {
      case CLAIM ->
          new GrpcConnection.Request<>(TXN, claim(name), a -> number(a, TXN_SUCCEEDED) == 1);
      case RELEASE -> new GrpcConnection.Request<>(DELETE, key(name), a -> number(a, DELETED) == 1);
      case LOOK_UP ->
          new GrpcConnection.Request<>(RANGE, key(name), a -> number(a, RANGE_COUNT) == 1);
    };
  }

  /** Puts the name only if it is not there: its key was never created. */
  private static byte[] claim(String name) {
    byte[] compare =
        message(
            to -> {
              to.writeEnum(2, COMPARE_CREATED);
              to.writeByteArray(3, bytes(name));
              to.writeInt64(5, 0);
            });
    return message(
        to -> {
          to.writeByteArray(1, compare);
          to.writeByteArray(2, message(op -> op.writeByteArray(2, put(name, "2"))));
        });
  }

  static byte[] put(String name, String value) {
    return message(
        to -> {
          to.writeByteArray(1, bytes(name));
          to.writeByteArray(2, bytes(value));
        });
  }

  static byte[] watch(String name) {
    return message(to -> to.writeByteArray(1, key(name)));
  }

  private static byte[] key(String name) {
    return message(to -> to.writeByteArray(1, bytes(name)));
  }

  /** The number in a field of an answer; 0 where it is not there. */
  private static long number(byte[] answer, int field) {
    CodedInputStream in = CodedInputStream.newInstance(answer);
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == field << 3) {
          return in.readInt64();
        }
        in.skipField(tag);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return 0;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private interface Fields {
    void write(CodedOutputStream to) throws IOException;
  }

  private static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream to = CodedOutputStream.newInstance(bytes);
    try {
      fields.write(to);
      to.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static MethodDescriptor<byte[], byte[]> unary(String service, String method) {
    return Floor.method(
        MethodDescriptor.MethodType.UNARY,
        MethodDescriptor.generateFullMethodName("etcdserverpb." + service, method));
  }
}
