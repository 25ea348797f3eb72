package dev.metakey.bench;

import com.google.protobuf.Message;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveRequest;
import dev.metakey.v1.Sharing;
import io.grpc.MethodDescriptor;

/** The calls of the daemon that are measured. */
final class Metakey {
  /**
   * Messages are not decoded, as those of the other servers are not either, so that the client's
   * work is the same for all.
   */
  static final MethodDescriptor<byte[], byte[]> WATCH =
      Floor.method(
          MethodDescriptor.MethodType.SERVER_STREAMING,
          RegistryGrpc.getWatchMethod().getFullMethodName());

  private Metakey() {}

  /** What each operation is for the only owner of a name. */
  static GrpcConnection.Request<?, ?> request(Op op, String name) {
    return request(op, name, Sharing.SHARING_EXCLUSIVE);
  }

  /** What each operation is for one of several owners of a name: claiming is joining them. */
  static GrpcConnection.Request<?, ?> sharedRequest(Op op, String name) {
    return request(op, name, Sharing.SHARING_SHARED);
  }

  private static GrpcConnection.Request<?, ?> request(Op op, String name, Sharing sharing) {
    return switch (op) {
      case CLAIM ->
          new GrpcConnection.Request<>(
              RegistryGrpc.getRegisterMethod(),
              registration(name, sharing),
              Message::isInitialized);
      case RELEASE ->
          new GrpcConnection.Request<>(
              RegistryGrpc.getReleaseMethod(),
              ReleaseRequest.newBuilder().setName(name).build(),
              Message::isInitialized);
      case LOOK_UP ->
          new GrpcConnection.Request<>(
              RegistryGrpc.getResolveMethod(),
              ResolveRequest.newBuilder().addNames(name).build(),
              Message::isInitialized);
    };
  }

  /** A field of the smallest size, so that 64 of them fit into an area. */
  private static RegisterRequest registration(String name, Sharing sharing) {
    return RegisterRequest.newBuilder()
        .addFields(FieldSpec.newBuilder().setName(name).setSize(2).setSharing(sharing))
        .build();
  }
}
