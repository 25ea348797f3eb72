package dev.metakey.bench;

import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A gRPC server with the daemon's netty settings, which answers a call that does nothing. */
final class FloorServer extends Server {
  private static final byte[] NOTHING = {};
  private final List<String> jvmOptions;

  /**
   * @param jvmOptions the daemon's
   */
  FloorServer(Children children, Path directory, List<String> jvmOptions) throws IOException {
    super("an empty gRPC call", children, directory);
    this.jvmOptions = jvmOptions;
  }

  /**
   * @param args the socket's path
   */
  public static void main(String[] args) throws Exception {
    ServerServiceDefinition service =
        ServerServiceDefinition.builder(Floor.SERVICE)
            .addMethod(
                Floor.EMPTY,
                ServerCalls.asyncUnaryCall(
                    (request, call) -> {
                      call.onNext(NOTHING);
                      call.onCompleted();
                    }))
            .build();
    Sockets.serve(Path.of(args[0]), service).start().awaitTermination();
  }

  @Override
  Path socket() {
    return directory.resolve("floor.sock");
  }

  @Override
  List<String> command() {
    return children.java(jvmOptions, FloorServer.class.getName(), List.of(socket().toString()));
  }

  @Override
  Map<String, String> environment() {
    return Map.of("MALLOC_ARENA_MAX", "1"); // as the daemon's launcher does
  }

  @Override
  Connection connect() {
    return connectAsync(0);
  }

  @Override
  GrpcConnection connectAsync(int client) {
    return new GrpcConnection(Sockets.connect(socket()), Floor::request);
  }
}
