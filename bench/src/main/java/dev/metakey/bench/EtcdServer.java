package dev.metakey.bench;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;

/** etcd with its defaults and no other members, which would only make it slower. */
final class EtcdServer extends Server {
  /** etcd wants a host and a port; the socket is a file of that name in its directory. */
  private static final String CLIENTS = "client:1";

  private static final String MEMBERS = "member:1";
  private final WatchChannels watchers = new WatchChannels(2);
  private final Path program;
  private String address = "";

  EtcdServer(Children children, Path directory, Path program) throws IOException {
    super("etcd", children, directory);
    this.program = program;
  }

  /** Is there for hosts of a fleet, too. To be called before it starts. */
  EtcdServer onPort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
      address = "127.0.0.1:" + free.getLocalPort();
    }
    return this;
  }

  /** {@code HOST:PORT}; empty if it has none. */
  String address() {
    return address;
  }

  @Override
  Path socket() {
    return directory.resolve(CLIENTS);
  }

  /** The socket as its command line wants it, relative to its directory. */
  static String endpoint() {
    return "unix://" + CLIENTS;
  }

  @Override
  List<String> command() {
    String members = "unix://" + MEMBERS;
    return List.of(
        program.toString(),
        "--data-dir=data",
        "--listen-client-urls=" + endpoint() + (address.isEmpty() ? "" : ",http://" + address),
        "--advertise-client-urls=" + endpoint(),
        "--listen-peer-urls=" + members,
        "--initial-advertise-peer-urls=" + members,
        "--initial-cluster=default=" + members,
        "--logger=zap",
        "--log-level=error");
  }

  @Override
  Connection connect() {
    return connectAsync(0);
  }

  @Override
  GrpcConnection connectAsync(int client) {
    return new GrpcConnection(Sockets.connect(socket()), Etcd::request);
  }

  @Override
  AutoCloseable watch(String name, Runnable told) {
    ManagedChannel channel = watchers.next(socket());
    var requests =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(Etcd.WATCH, CallOptions.DEFAULT), new Told<byte[]>(told));
    requests.onNext(Etcd.watch(name));
    return channel::shutdownNow;
  }
}
