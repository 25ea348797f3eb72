package dev.metakey.bench;

import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ResolveRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ClientCalls;

/** The calls that are measured, on one connection, without a client library. */
final class Registrar {
  private final Channel channel;

  Registrar(Channel channel) {
    this.channel = channel;
  }

  void health() {
    var unused =
        ClientCalls.blockingUnaryCall(
            channel,
            HealthGrpc.getCheckMethod(),
            CallOptions.DEFAULT,
            HealthCheckRequest.getDefaultInstance());
  }

  void resolve(String name) {
    var unused =
        ClientCalls.blockingUnaryCall(
            channel,
            RegistryGrpc.getResolveMethod(),
            CallOptions.DEFAULT,
            ResolveRequest.newBuilder().addNames(name).build());
  }

  void register(String name) {
    var unused =
        ClientCalls.blockingUnaryCall(
            channel, RegistryGrpc.getRegisterMethod(), CallOptions.DEFAULT, registration(name));
  }

  void release(String name) {
    var unused =
        ClientCalls.blockingUnaryCall(
            channel, RegistryGrpc.getReleaseMethod(), CallOptions.DEFAULT, releaseOf(name));
  }

  /** How many ids are neither somebody's nor free. */
  int retired() {
    return ClientCalls.blockingUnaryCall(
            channel,
            RegistryGrpc.getGetStatusMethod(),
            CallOptions.DEFAULT,
            GetStatusRequest.getDefaultInstance())
        .getRetiredIds();
  }

  /** Of the smallest size: 64 of them fit into an area. */
  static RegisterRequest registration(String name) {
    return RegisterRequest.newBuilder()
        .addFields(FieldSpec.newBuilder().setName(name).setSize(2))
        .build();
  }

  static ReleaseRequest releaseOf(String name) {
    return ReleaseRequest.newBuilder().setName(name).build();
  }
}
