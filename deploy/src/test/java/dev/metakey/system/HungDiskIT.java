package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A disk that no longer answers: writes do not fail, they never return. */
class HungDiskIT {
  @RegisterExtension final Host host = new Host();

  private static void run(String... command) throws Exception {
    Ran.of(new ProcessBuilder(command), Host.PATIENCE).ok();
  }

  @Test
  void disk_whenItHangs_holdsUpOnlyChangesSaysSoAndGoesOnWhenItAnswers() throws Exception {
    Requires.mounts();
    Requires.loopDevices();
    Requires.program("fsfreeze");
    String image = host.root().resolve("disk.img").toString();
    run("truncate", "-s", "64M", image);
    run("mkfs.ext4", "-q", "-F", image);
    Path disk = host.mount("disk", "-o", "loop", image);
    host.putDataIn(Files.createDirectory(disk.resolve("lib")).resolve("data"));
    host.configure("programs: none");
    host.start();
    host.cli("register", "edge.known:8").ok();

    CompletableFuture<Ran> held;
    run("fsfreeze", "-f", disk.toString());
    try {
      held = CompletableFuture.supplyAsync(() -> register("edge.first"));
      Host.await(
          "the disk is a problem", () -> host.cli("status").out().contains("has not answered for"));
      host.cli("resolve", "edge.late", "--wait", "1s").exits(9);
      host.cli("register", "edge.known:8").ok();
      host.cli("register", "edge.other:8")
          .refuses(8, "the disk of the data directory has not answered", "nothing was changed");
      assertThat(host.cli("id", "edge.known").ok().out()).isEqualTo("0\n");
    } finally {
      run("fsfreeze", "-u", disk.toString());
    }

    assertThat(held.get(30, TimeUnit.SECONDS)).isNotNull();
    Host.await("all is well again", () -> host.cli("status").exit() == 0);
    host.cli("register", "edge.first:8", "edge.other:8").ok();
  }

  /** Returns when the disk answers, or when its own timeout is over. */
  private Ran register(String name) {
    try {
      return host.cli("register", name + ":8");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
