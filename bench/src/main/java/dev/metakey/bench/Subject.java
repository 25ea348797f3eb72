package dev.metakey.bench;

import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.GetStatusResponse;
import dev.metakey.v1.RegistryGrpc;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The daemon that is measured.
 *
 * @param jvmOptions what its JVM was told: the floor's is told the same
 */
record Subject(Path socket, ProcessHandle process, List<String> jvmOptions) {
  /** How long the daemon keeps a released id apart. */
  static final long QUARANTINE_MS = 50;

  /** Room for 64 fields of two bytes, and no map: maps need root. */
  private static final String CONFIG =
      """
      area: 216
      quarantine: %dms
      bpffs: none
      """
          .formatted(QUARANTINE_MS);

  /** As in the launcher, deploy/src/image/bin/metakeyd. */
  private static final List<String> LAUNCHER_OPTIONS =
      List.of(
          "-Xshare:auto",
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "-Xms16m",
          "-Xmx64m",
          "-Xss512k",
          "-XX:MaxDirectMemorySize=32m",
          "-XX:+ExitOnOutOfMemoryError",
          "-Dio.grpc.netty.shaded.io.netty.jfr.enabled=false",
          "-Dio.grpc.netty.shaded.io.netty.allocator.numDirectArenas=1",
          "-Dio.grpc.netty.shaded.io.netty.allocator.numHeapArenas=0",
          "-Dio.grpc.netty.shaded.io.netty.allocator.maxOrder=3");

  /**
   * Starts one.
   *
   * @param run where socket and published files go: on a host that is a tmpfs
   */
  static Subject start(Arguments arguments, Path data, Path run, Children children)
      throws IOException, InterruptedException {
    Path config = Files.writeString(run.resolve("metakeyd.yaml"), CONFIG);
    Path socket = run.resolve("metakeyd.sock");
    List<String> flags =
        List.of(
            "--config", config.toString(),
            "--socket", socket.toString(),
            "--data", data.resolve("daemon").toString(),
            "--run", run.toString());
    Path launcher = arguments.metakeyd();
    Process process;
    if (launcher == null) {
      process = children.java(LAUNCHER_OPTIONS, "dev.metakey.server.Main", flags);
    } else {
      List<String> command = new ArrayList<>(List.of(launcher.toString()));
      command.addAll(flags);
      process = children.run(command);
    }
    Children.awaitSocket(process, socket);
    return at(socket);
  }

  /**
   * One that runs already.
   *
   * @throws IllegalArgumentException if it has fields, which are no toys
   */
  static Subject at(Path socket) throws InterruptedException {
    ManagedChannel channel = Sockets.connect(socket);
    try {
      GetStatusResponse status =
          RegistryGrpc.newBlockingStub(channel)
              .withWaitForReady()
              .getStatus(GetStatusRequest.getDefaultInstance());
      if (status.getActiveIds() + status.getReservedIds() != 0) {
        throw new IllegalArgumentException(
            "the registry behind %s is in use; measure one that is empty".formatted(socket));
      }
      ProcessHandle process = ProcessHandle.of(status.getPid()).orElseThrow();
      return new Subject(socket, process, jvmOptions(process));
    } finally {
      channel.shutdownNow();
    }
  }

  private static List<String> jvmOptions(ProcessHandle process) {
    String[] all = process.info().arguments().orElseThrow();
    return Arrays.stream(all)
        .takeWhile(word -> !word.equals("-jar") && !word.equals("-cp"))
        .toList();
  }
}
