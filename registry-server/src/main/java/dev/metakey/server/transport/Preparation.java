package dev.metakey.server.transport;

import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.RegistryGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;

/**
 * Has the JVM load and initialise what serving takes, on a thread of its own, while the daemon
 * opens its database: that waits for the disk much of the time. Nothing is served.
 */
public final class Preparation {

  private final Thread thread = new Thread(Preparation::load, "registry-prepare");

  private Preparation() {}

  /** Begins. */
  public static Preparation begin() {
    Preparation preparation = new Preparation();
    preparation.thread.setDaemon(true);
    preparation.thread.setUncaughtExceptionHandler(
        (thread, failure) -> {}); // the server's start will say why it fails
    preparation.thread.start();
    return preparation;
  }

  /** Waits for its end: two threads that initialise the same classes could wait for each other. */
  public void await() throws InterruptedException {
    thread.join();
  }

  private static void load() {
    Epoll.ensureAvailability();
    var unused =
        NettyServerBuilder.forAddress(new DomainSocketAddress("unused"))
            .addService(new RegistryGrpc.RegistryImplBase() {})
            .addService(new AdminGrpc.AdminImplBase() {})
            .addService(new HealthStatusManager().getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .build();
  }
}
